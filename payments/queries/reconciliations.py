"""Three sides next to each other, and how they went over time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.core.paginator import Page
from django.urls import reverse
from django.utils.translation import gettext as _

from payments.models import InvoiceClient, Reconciliation, ReconciliationLine
from payments.models.money import total_of
from payments.queries.pages import page_of
from payments.queries.wording import DIFFERENCES
from payments.rules.reconciling import Difference
from ui.sheets import Cell

WIDTH, HEIGHT, GROUND, WIDEST = 640, 176, 140, 120
_KEPT = 24
_MARKED = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart, in the units of its drawing."""

    x: int
    y: int
    width: int
    height: int
    label: str
    amount: Decimal
    tone: str
    mark: str = ""
    """What is written below it, short enough for a telephone; the label is for the figures."""
    anchor: str = "start"

    @property
    def mark_x(self) -> int:
        """Return where its mark begins, or ends."""
        return self.x if self.anchor == "start" else self.x + self.width


def newest(client: InvoiceClient) -> Reconciliation | None:
    """Return the last comparison of a client."""
    return Reconciliation.objects.filter(client=client).order_by("-made_at", "-pk").first()


def lines(made: Reconciliation, *, reason: str, search: str, page: str) -> Page[Any]:
    """Return one page of the lines, those that differ first in the order of their reasons."""
    found = ReconciliationLine.objects.filter(reconciliation=made)
    if reason == "all":
        pass
    elif reason in set(Difference):
        found = found.filter(difference=reason)
    else:
        found = found.exclude(difference=Difference.NONE)
    if search:
        found = found.filter(customer_number=search) | found.filter(invoice_number=search)
    in_order = found.order_by("difference", "customer_number", "invoice_number", "pk")
    return page_of(in_order, _line_rows, page=page)


def _line_rows(lines: list[ReconciliationLine]) -> list[dict[str, Any]]:
    return [
        {
            "customer": f"{line.customer_number} {line.customer_name}".strip(),
            "invoice": line.invoice_number,
            "url": reverse("payments:invoice", args=[line.invoice_id]) if line.invoice_id else "",
            "due_on": line.due_on,
            "source": line.source,
            "hub": line.hub,
            "target": line.target,
            "differs": line.difference != Difference.NONE,
            "word": DIFFERENCES[Difference(line.difference)][0],
            "look": DIFFERENCES[Difference(line.difference)][1],
        }
        for line in lines
    ]


def customer_sums(made: Reconciliation) -> list[dict[str, Any]]:
    """Return the sums of each customer that differ; added up by the database."""
    rows = (
        ReconciliationLine.objects.filter(reconciliation=made)
        .exclude(difference=Difference.NONE)
        .order_by("customer_number")
        .values("customer_number", "customer_name")
        .annotate(source=total_of("source"), hub=total_of("hub"), target=total_of("target"))[:200]
    )
    return list(rows)


def reasons(made: Reconciliation) -> list[dict[str, Any]]:
    """Return how many lines there are of each reason, with the address that lists them."""
    return [
        {
            "label": DIFFERENCES[reason][0],
            "look": DIFFERENCES[reason][1],
            "count": made.counts.get(reason.value, 0),
            "url": f"?reason={reason.value}",
        }
        for reason in Difference
        if made.counts.get(reason.value, 0)
    ]


def ageing_bars(made: Reconciliation) -> list[Bar]:
    """Return what is open by age as bars."""
    labels = (
        _("Not due"),
        _("1–30 days"),
        _("31–60 days"),
        _("61–90 days"),
        _("Over 90 days"),
    )
    amounts = [Decimal(text) for text in made.ageing]
    bars = _bars(list(zip(labels, amounts, strict=False)), tones=("", "", "warn", "warn", "bad"))
    marks = ("0", "1–30", "31–60", "61–90", ">90")
    return [replace(bar, mark=mark) for bar, mark in zip(bars, marks, strict=False)]


def history_bars(client: InvoiceClient) -> list[Bar]:
    """Return what was open in the hub at the last comparisons as bars, oldest first."""
    made = Reconciliation.objects.filter(client=client).order_by("-made_at", "-pk")[:_KEPT]
    rows = [(one.on.isoformat(), one.hub_total) for one in reversed(made)]
    bars = _bars(rows, tones=("",) * len(rows))
    # All at most five, else the first and the last one: more would run into each other.
    if len(bars) > _MARKED:
        return [
            replace(bars[0], mark=bars[0].label),
            *bars[1:-1],
            replace(bars[-1], mark=bars[-1].label, anchor="end"),
        ]
    return [replace(bar, mark=bar.label[5:]) for bar in bars]


def _bars(rows: list[tuple[str, Decimal]], *, tones: tuple[str, ...]) -> list[Bar]:
    if not rows:
        return []
    highest = max((abs(amount) for _label, amount in rows), default=Decimal(0)) or Decimal(1)
    step = WIDTH // len(rows)
    bars = []
    for place, (label, amount) in enumerate(rows):
        height = int(abs(amount) / highest * (GROUND - 20))
        bars.append(
            Bar(
                x=place * step + 4,
                y=GROUND - height,
                width=min(max(step - 8, 2), WIDEST),
                height=height,
                label=label,
                amount=amount,
                tone=tones[place] if place < len(tones) else "",
            )
        )
    return bars


HEADINGS = (
    "customer_number",
    "customer_name",
    "invoice_number",
    "due_on",
    "visma_open",
    "hub_open",
    "target_open",
    "hub_less_visma",
    "target_less_hub",
    "difference",
)


def export_rows(made: Reconciliation) -> Iterator[list[Cell]]:
    """Yield every line for a file; names do not change with the language."""
    rows = ReconciliationLine.objects.filter(reconciliation=made).order_by(
        "customer_number", "invoice_number", "pk"
    )
    for line in rows.iterator(chunk_size=2000):
        yield [
            line.customer_number,
            line.customer_name,
            line.invoice_number,
            line.due_on or "",
            line.source if line.source is not None else "",
            line.hub if line.hub is not None else "",
            line.target if line.target is not None else "",
            line.hub_less_source,
            line.target_less_hub,
            line.difference,
        ]
