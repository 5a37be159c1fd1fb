"""What the month board's pages print: months, days, steps."""

from datetime import date
from functools import lru_cache

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, pgettext

from office.queries.rows import Row
from office.rules import Mark, RowState, Step
from office.wording import ROW_STATES
from ui.dates import month, short_day
from ui.templatetags.hub import icon

register = template.Library()

_LOOKS = {"done": "check-circle", "skipped": "minus"}


@register.simple_tag
def month_name(period: str) -> str:
    """Write a period as "November 2026"."""
    return month(period)


@register.simple_tag
def day(value: date) -> str:
    """Write a day as "24 Nov", with its year where that is another one."""
    return short_day(value, with_year=value.year != timezone.localdate().year)


@register.simple_tag
def step_cell(mark: Mark, row: Row) -> SafeString:
    """Print one step of a row: a mark, and on the present one the words of its state."""
    words = row.words if mark.look == "now" else ""
    return _cell(mark, row.state, words, get_language() or "")


@lru_cache(maxsize=1_000)
def _cell(mark: Mark, state: RowState, words: str, _language: str) -> SafeString:
    """Return a cell; a page has hundreds, and a few of them are different."""
    heading = _heading(mark.step)
    if mark.look == "now":
        look = ROW_STATES[state]
        return format_html(
            '<td class="step-now" data-label="{}"><span class="pair tone-{}">{}{}</span></td>',
            heading,
            look.tone,
            icon(look.icon),
            words,
        )
    hidden = {
        "done": gettext("done"),
        "todo": gettext("not begun"),
        "skipped": gettext("not needed"),
    }[mark.look]
    return format_html(
        '<td class="step-{}" data-label="{}"><span class="month-mark">{}</span>'
        '<span class="unseen">{}</span></td>',
        mark.look,
        heading,
        icon(_LOOKS[mark.look]) if mark.look in _LOOKS else "",
        hidden,
    )


def _heading(step: Step) -> str:
    return {
        Step.IMPORTED: gettext("Imported"),
        Step.CHECKED: pgettext("step", "Checked"),
        Step.SENT: pgettext("step", "Sent"),
        Step.PROVEN: pgettext("month", "Proven"),
    }[step]
