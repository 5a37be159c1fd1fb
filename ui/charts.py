"""Charts drawn on our side as SVG: no script, dark and light by the page's colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_WIDTH, _HEIGHT, _TOP, _BOTTOM, _GAP = 640, 190, 22, 24, 0.28


@dataclass(frozen=True, slots=True)
class Bar:
    """
    One bar.

    :param value: None: there was nothing to measure, which is not the same as zero
    :param text: the value as people write it
    :param is_now: it is the one that the chart is about, drawn darker and written in bold
    """

    label: str
    value: Decimal | None
    text: str
    is_now: bool = False


def bars(title: str, of: Sequence[Bar]) -> SafeString:
    """Return a bar chart whose accessible name tells every value; its table belongs beside it."""
    values = [bar.value or Decimal(0) for bar in of]
    highest, lowest = max([Decimal(0), *values]), min([Decimal(0), *values])
    span = (highest - lowest) or Decimal(1)
    per_unit = Decimal(_HEIGHT - _TOP - _BOTTOM) / span
    base = _TOP + highest * per_unit
    step = Decimal(_WIDTH) / max(len(of), 1)
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<line class="base" x1="0" y1="{}" x2="{}" y2="{}"/>{}</svg>',
        _WIDTH,
        _HEIGHT,
        f"{title}: " + "; ".join(f"{bar.label} {bar.text}" for bar in of),
        _at(base),
        _WIDTH,
        _at(base),
        format_html_join(
            "",
            "{}",
            ((_bar(bar, n * step, step, base, per_unit),) for n, bar in enumerate(of)),
        ),
    )


def _bar(bar: Bar, left: Decimal, step: Decimal, base: Decimal, per_unit: Decimal) -> SafeString:
    middle, strong = left + step / 2, ' class="strong"' if bar.is_now else ""
    label = format_html(
        '<text{} x="{}" y="{}" text-anchor="middle">{}</text>',
        SafeString(strong),
        _at(middle),
        _HEIGHT - 6,
        bar.label,
    )
    if bar.value is None:
        return label
    height = abs(bar.value) * per_unit
    top = base - height if bar.value > 0 else base
    return format_html(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="2"><title>{}</title></rect>{}',
        "bar-now" if bar.is_now else "bar",
        _at(left + step * Decimal(_GAP) / 2),
        _at(top),
        _at(step * Decimal(1 - _GAP)),
        _at(max(height, Decimal(1))),
        f"{bar.label}: {bar.text}",
        label,
    )


def _at(value: Decimal) -> str:
    return f"{value:.1f}"
