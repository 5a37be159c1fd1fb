"""The open invoices among which a person picks for a payment of the queue."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Q
from django.urls import reverse

from connectors.base import ZERO
from payments.models import Invoice, Payment
from payments.queries.invoices import with_open

MOST = 50


@dataclass(slots=True)
class CandidateRow:
    """An invoice, or credit note, with what is open on it, and what the person chose and typed."""

    pk: int
    number: str
    url: str
    customer: str
    due_on: date | None
    open: Decimal
    is_credit_note: bool
    chosen: bool = False
    typed: str = ""
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a person picks from; `more`: there are others that only a search brings."""

    rows: list[CandidateRow]
    more: bool


def candidates_of(
    payment: Payment, *, rest: Decimal, search: str = "", chosen: tuple[int, ...] = ()
) -> Candidates:
    """
    Return the payer's open invoices, the oldest first, or what a search finds of the client.

    Money that goes out is matched with credit notes, or with invoices by their number.

    :param chosen: invoices that are shown in any case
    """
    of_client = Invoice.objects.filter(
        client_id=payment.client_id,
        posted_amount__isnull=False,
        currency=F("client__currency"),
    ).select_related("customer")
    if search:
        wanted = (
            Q(number__startswith=search)
            | Q(customer__number=search)
            | Q(customer__name__icontains=search)
        )
    else:
        wanted = Q(customer__number=payment.customer_number)
    if not search and not payment.customer_number:
        wanted = Q(pk=None)
    found = with_open(of_client.filter(wanted))
    if rest > 0:
        found = found.filter(is_credit_note=False, open__gt=0)
    elif not search:
        found = found.filter(is_credit_note=True, open__lt=0)
    rows = list(found.order_by("issued_on", "pk")[: MOST + 1])
    more = len(rows) > MOST
    missing = set(chosen) - {one.pk for one in rows[:MOST]}
    if missing:
        rows = [*with_open(of_client.filter(pk__in=missing)).order_by("pk"), *rows[:MOST]]
    elif more:
        rows = rows[:MOST]
    return Candidates([_row(one, payment) for one in rows], more)


def _row(one: Any, payment: Payment) -> CandidateRow:
    other = one.customer is not None and one.customer.number != payment.customer_number
    return CandidateRow(
        pk=one.pk,
        number=one.number,
        url=reverse("payments:invoice", args=[one.pk]),
        customer=str(one.customer) if other else "",
        due_on=one.due_on,
        open=one.open or ZERO,
        is_credit_note=one.is_credit_note,
    )
