"""The tags that pages are built from; docs/face.md shows each with an example."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BaseForm, BoundField, CheckboxInput
from django.forms.widgets import CheckboxSelectMultiple, RadioSelect
from django.http import QueryDict
from django.template.context import Context
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from ui import dates
from ui.amounts import NBSP, NO_VALUE, amount
from ui.badges import BADGES, Badge

register = template.Library()

# --- small pieces ------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, label: str = "", size: str = "") -> SafeString:
    """Print one icon of the sprite; silent for screen readers unless it has a label."""
    css = f"icon icon--{size}" if size else "icon"
    href = f"{static('icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>',
            css,
            label,
            href,
        )
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}"></use></svg>',
        css,
        href,
    )


@register.simple_tag
def state_badge(state: str, label: str = "") -> SafeString:
    """Print a state as icon, word and colour; `label` replaces the usual word."""
    usual = BADGES.get(str(state), Badge(str(state).replace("_", " "), "info", "quiet"))
    return format_html(
        '<span class="badge badge--{}" data-state="{}">{}{}</span>',
        usual.tone,
        state,
        icon(usual.icon),
        label or usual.label,
    )


@register.simple_tag
def journal_icon(sent: bool, words: str = "") -> SafeString:
    """
    Print the journal's icon with words beside it: outlined before sending, dark after (S8).

    :param words: what to say in place of sent or not, where the state stands beside it
    """
    usual = pgettext("journal", "Sent") if sent else pgettext("journal", "Not sent")
    return _icon_with_words(
        name="journal-sent" if sent else "journal",
        words=words or usual,
        css="pair pair--sent" if sent else "pair",
    )


@register.simple_tag
def connection_icon(authorised: bool) -> SafeString:
    """Print the connection's icon with words beside it: grey, or coloured if authorised (S4)."""
    return _icon_with_words(
        name="connection-on" if authorised else "connection",
        words=gettext("Authorised") if authorised else gettext("Not authorised"),
        css="pair pair--on" if authorised else "pair",
    )


def _icon_with_words(*, name: str, words: str, css: str) -> SafeString:
    return format_html('<span class="{}">{}{}</span>', css, icon(name, size="m"), words)


# --- numbers and times -------------------------------------------------------------------------


register.filter(amount)


@register.simple_tag
def money(value: Decimal | int | None, currency: str = "") -> SafeString:
    """Print an amount with its currency, in figures of equal width."""
    negative = value is not None and value < 0
    return format_html(
        '<span class="money{}">{}{}</span>',
        " money--negative" if negative else "",
        amount(value),
        format_html('{}<span class="money-currency">{}</span>', NBSP, currency)
        if currency and value is not None
        else "",
    )


@register.simple_tag(takes_context=True)
def age(context: Context, at: datetime | None) -> SafeString | str:
    """Print how long ago something was: "3 min ago", then the clock, then the date."""
    return NO_VALUE if at is None else _time(at, dates.age(at, now=_now(context)))


@register.simple_tag(takes_context=True)
def as_of(context: Context, at: datetime | None) -> SafeString | str:
    """Print the age that every status carries: "at 09:14", or "on 3 Mar, 09:14"."""
    return "" if at is None else _time(at, dates.as_of(at, now=_now(context)))


def _now(context: Context) -> datetime:
    given = context.get("now")
    return given if isinstance(given, datetime) else timezone.now()


def _time(at: datetime, words: str) -> SafeString:
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        formats.date_format(local, "j F Y H:i:s"),
        words,
    )


# --- addresses ---------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def query_string(context: Context, **changes: object) -> str:
    """Return the page's query string with some parameters replaced; None or "" removes one."""
    query = _query(context).copy()
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else "?"


def _query(context: Context) -> QueryDict:
    request = context.get("request")
    return request.GET if request is not None else QueryDict()


@register.inclusion_tag("parts/kept_query.html", takes_context=True)
def kept_query(context: Context, *names: str) -> dict[str, object]:
    """Print hidden inputs that carry these parameters along when a filter form is sent."""
    query = _query(context)
    return {"pairs": [(name, value) for name in names for value in query.getlist(name)]}


# --- navigation --------------------------------------------------------------------------------


@register.inclusion_tag("parts/tabs.html")
def tabs(items: Iterable[object], label: str = "") -> dict[str, object]:
    """Print tabs that are links; an item has label, url, current, and perhaps count and icon."""
    return {"items": items, "label": label or gettext("Parts of this page")}


@register.inclusion_tag("parts/stepper.html")
def stepper(steps: Iterable[object], current: int) -> dict[str, object]:
    """Print the steps of a wizard; `current` counts from 1, a step is a text or has label, url."""
    rows = []
    for number, step in enumerate(steps, start=1):
        if isinstance(step, Mapping):
            text, url = step["label"], step.get("url", "")
        else:
            text, url = getattr(step, "label", step), getattr(step, "url", "")
        place = "done" if number < current else "current" if number == current else "next"
        rows.append({"number": number, "label": text, "url": url, "place": place})
    return {"steps": rows, "current": current, "total": len(rows)}


@register.inclusion_tag("parts/pagination.html", takes_context=True)
def pagination(
    context: Context, page: Any, parameter: str = "page", at: str = ""
) -> dict[str, object]:
    """
    Print the links to the other pages of a list, keeping its filters and sorting.

    :param at: the id of the part of the page that the list is, where it is not all of it
    """

    def url(number: int | str) -> str:
        return query_string(context, **{parameter: number}) + (f"#{at}" if at else "")

    links = [
        {
            "number": number,
            "gap": number == page.paginator.ELLIPSIS,
            "current": number == page.number,
            "url": url(number),
        }
        for number in page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    ]
    return {
        "page": page,
        "links": links,
        "previous_url": page.has_previous() and url(page.previous_page_number()),
        "next_url": page.has_next() and url(page.next_page_number()),
    }


@register.inclusion_tag("parts/sort_header.html", takes_context=True)
def sort_header(
    context: Context, label: str, field: str, numeric: bool = False, default: str = ""
) -> dict[str, object]:
    """
    Print a column heading that sorts by `field`; a second press turns the order round.

    :param default: the order of the list when the address names none, e.g. ``-imported_at``
    """
    order = _query(context).get("sort") or default
    direction = {field: "ascending", f"-{field}": "descending"}.get(order, "")
    turned = f"-{field}" if direction == "ascending" else field
    return {
        "label": label,
        "direction": direction,
        "numeric": numeric,
        "url": query_string(context, sort=turned, page=None),
    }


# --- buttons and forms -------------------------------------------------------------------------


@register.inclusion_tag("parts/button.html")
def button(label: str, kind: str = "primary", icon: str = "", **more: str) -> dict[str, object]:
    """
    Print a submit button.

    :param kind: primary, secondary, danger or quiet
    :param more: busy, name, value, formaction, form, type, disabled, hint,
        confirm (the question), confirm_text, confirm_yes
    """
    return {"label": label, "kind": kind, "icon": icon, **more}


@register.inclusion_tag("parts/button_link.html")
def button_link(label: str, url: str, kind: str = "secondary", icon: str = "") -> dict[str, object]:
    """Print a link that looks like a button."""
    return {"label": label, "url": url, "kind": kind, "icon": icon}


@register.inclusion_tag("parts/field.html")
def field(bound: BoundField, hint: str = "", filters: bool = False) -> dict[str, object]:
    """
    Print one form field with its label, help and errors, tied together for screen readers.

    :param filters: it narrows a list, so that it need not say that it may stay empty
    """
    widget = bound.field.widget
    group = isinstance(widget, RadioSelect | CheckboxSelectMultiple)
    help_text = hint or bound.help_text
    described = [f"{bound.auto_id}_help"] if help_text else []
    noted: list[str] = getattr(bound.field, "noted", [])
    if bound.errors or noted:
        described.append(f"{bound.auto_id}_problem")
    attrs: dict[str, str | bool] = (
        {"aria-describedby": " ".join(described)} if described and not group else {}
    )
    return {
        "field": bound,
        "control": bound if group else bound.as_widget(attrs=attrs),
        "help_text": help_text,
        "described": " ".join(described),
        "group": group,
        "checkbox": isinstance(widget, CheckboxInput),
        "optional": not (filters or bound.field.required or isinstance(widget, CheckboxInput)),
        "wide": filters and getattr(widget, "searches", False),
    }


@register.inclusion_tag("parts/form_errors.html")
def form_errors(form: BaseForm) -> dict[str, object]:
    """Print all problems of a form at its top, each linked to its field."""
    return {
        "fields": [bound for bound in form if bound.errors],
        "general": form.non_field_errors(),
        "count": sum(len(problems) for problems in form.errors.values()),
    }


@register.inclusion_tag("parts/drop_zone.html")
def drop_zone(bound: BoundField, accept: str = "", limit: str = "") -> dict[str, object]:
    """Print a file field onto which a file can also be dropped."""
    ids = [f"{bound.auto_id}_hint"]
    if bound.errors:
        ids.append(f"{bound.auto_id}_problem")
    attrs: dict[str, str | bool] = {"aria-describedby": " ".join(ids), "class": "drop-input"}
    if accept:
        attrs["accept"] = accept
    several = getattr(bound.field.widget, "allow_multiple_selected", False)
    control = bound.as_widget(attrs=attrs)
    return {"field": bound, "control": control, "limit": limit, "several": several}


# --- what a page says --------------------------------------------------------------------------


@register.inclusion_tag("parts/failure.html", takes_context=True)
def failure_box(context: Context, failure: object, heading: str = "h3") -> dict[str, object]:
    """
    Print what happened, what was not booked, whose job it is and the next step.

    :param failure: summary, remedy, not_booked, who_text, action_url, action_label,
        action_post, detail, trace_id, at, tone; all but summary may be empty
    """
    return {
        "failure": failure,
        "led_on": _may_write_all(context, getattr(failure, "action_rights", ())),
        "heading": heading,
        "now": _now(context),
        "csrf_token": context.get("csrf_token"),
    }


def _may_write_all(context: Context, rights: Iterable[str]) -> bool:
    membership = getattr(context.get("request"), "membership", None)
    return all(membership is not None and membership.role.allows(key, "write") for key in rights)


@register.inclusion_tag("parts/problems.html")
def problems(rows: Iterable[object], title: str = "") -> dict[str, object]:
    """Print a list of problems; a row has summary, and perhaps place, remedy, url, tone."""
    return {"rows": list(rows), "title": title}


@register.inclusion_tag("parts/empty_state.html")
def empty_state(
    title: str, text: str = "", icon: str = "info", url: str = "", action: str = ""
) -> dict[str, object]:
    """Print what stands in an empty list: what will be here, and how it gets here."""
    return {"title": title, "text": text, "icon": icon, "url": url, "action": action}


@register.inclusion_tag("parts/empty_row.html")
def empty_row(
    columns: int, title: str, text: str = "", icon: str = "info", url: str = "", action: str = ""
) -> dict[str, object]:
    """Print the one row of a table that has none, over all its columns."""
    return {"columns": columns} | empty_state(title, text, icon, url, action)


@register.inclusion_tag("parts/progress.html")
def progress(done: int, total: int, words: str = "") -> dict[str, object]:
    """Print how far something has come, as a bar and in words."""
    return {
        "done": done,
        "total": total,
        "words": words or gettext("%(done)d of %(total)d done") % {"done": done, "total": total},
    }


@register.inclusion_tag("parts/timeline.html", takes_context=True)
def timeline(context: Context, entries: Iterable[object]) -> dict[str, object]:
    """Print a history; an entry has at, title, and perhaps tone, icon, text, detail, by, took."""
    return {"entries": list(entries), "now": _now(context)}


@register.inclusion_tag("parts/first_steps.html", takes_context=True)
def first_steps_list(context: Context, steps: Iterable[Any] | None) -> dict[str, object]:
    """Print the first steps until all are done; a step has done, label, text, url, sample_url."""
    rows = list(steps or ())
    done = sum(1 for row in rows if (row["done"] if isinstance(row, Mapping) else row.done))
    return {
        "steps": rows,
        "done": done,
        "total": len(rows),
        "finished": done == len(rows),
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("parts/copyable.html")
def copyable(text: str, label: str = "") -> dict[str, object]:
    """Print a text with a button that copies it."""
    return {"text": text, "label": label}


@register.simple_tag
def key_values(*pairs: object) -> SafeString:
    """Print a list of names and values: {% key_values "Reference" ref "Period" period %}."""
    rows = zip(pairs[::2], pairs[1::2], strict=True)
    return format_html(
        '<dl class="key-values">{}</dl>',
        format_html_join("", "<div><dt>{}</dt><dd>{}</dd></div>", rows),
    )
