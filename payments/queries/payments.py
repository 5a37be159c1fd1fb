"""Payments in lists and alone: where each one stands, and what a run did."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.paginator import Page
from django.urls import reverse

from accounts.models import Connection
from connectors.base import ZERO
from organisations.models import Organisation
from payments.models import Customer, FetchRun, InvoiceClient, Payment, Registration, Settlement
from payments.models.money import total_of
from payments.operations.matching import portions
from payments.operations.running import left_out_of
from payments.queries.invoices import unmatched_of, with_assigned
from payments.queries.pages import page_of
from payments.queries.suggestions import Suggestion, suggestions_for
from payments.queries.waits import state_words
from payments.queries.wording import left_words, mark_words, unknown_words


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """One payment of a list."""

    pk: int
    url: str
    key: str
    client: str
    paid_on: date
    customer: str
    amount: Decimal
    currency: str
    reference: str
    rest: Decimal
    why: str
    registrations: list[tuple[str, str]]
    mark: str
    mark_reason: str
    suggestions: tuple[Suggestion, ...] = ()
    """Of a row of the queue: what a person is offered."""


def payment_rows(payments: list[Payment]) -> list[PaymentRow]:
    """Return the rows of payments that `with_assigned` gave; three statements for all of them."""
    ids = [payment.pk for payment in payments]
    states: dict[int, list[tuple[str, str]]] = {}
    for some in portions(ids):
        rows = Registration.objects.filter(payment_id__in=some).order_by("pk")
        held_back = set(rows.filter(Registration.objects.held_back()).values_list("pk", flat=True))
        columns = ("pk", "payment_id", "state", "client__target__state")
        for pk, payment_id, state, access in rows.values_list(*columns):
            words = state_words(
                state,
                needs_sign_in=access not in (None, Connection.State.AUTHORISED),
                held_back=pk in held_back,
            )
            states.setdefault(payment_id, []).append(words)
    names = _names(payments)
    return [
        PaymentRow(
            pk=payment.pk,
            url=reverse("payments:payment", args=[payment.pk]),
            key=str(payment),
            client=payment.client.name,
            paid_on=payment.paid_on,
            customer=f"{payment.customer_number} "
            f"{names.get((payment.client_id, payment.customer_number), '')}".strip(),
            amount=payment.amount,
            currency=payment.client.currency,
            reference=payment.kid or payment.invoice_number or payment.text,
            rest=payment.amount - payment.assigned,  # type: ignore[attr-defined]
            why=". ".join(
                filter(None, (left_words(payment.left), unknown_words(payment.unknown_outcome)))
            )
            if payment.left
            else "",
            registrations=states.get(payment.pk, []),
            mark=str(Payment.Mark(payment.mark).label) if payment.mark else "",
            mark_reason=mark_words(payment.mark_reason),
        )
        for payment in payments
    ]


def _names(payments: list[Payment]) -> dict[tuple[int, str], str]:
    clients = {payment.client_id for payment in payments}
    numbers = sorted({payment.customer_number for payment in payments})
    found: dict[tuple[int, str], str] = {}
    for some in portions(numbers):
        rows = Customer.objects.filter(client_id__in=clients, number__in=some)
        found |= {(c, n): name for c, n, name in rows.values_list("client_id", "number", "name")}
    return found


def paged(payments: Any, *, page: str, order: tuple[str, ...] = ("-paid_on", "-pk")) -> Page[Any]:
    """Return one page of payments as rows."""
    found = with_assigned(payments).select_related("client").order_by(*order)
    return page_of(found, payment_rows, page=page)


# --- The unmatched queue ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tie:
    """The sum of a client's queue, tied to what Visma itself adds up."""

    client: InvoiceClient
    control_count: int | None
    control_amount: Decimal | None
    at: datetime | None
    total: Decimal
    on_invoices: Decimal
    unmatched: Decimal
    left_out: Decimal
    difference: Decimal | None


def unmatched(organisation: Organisation, *, client: InvoiceClient | None, page: str) -> Page[Any]:
    """Return one page of the payments of which something stands on no invoice, oldest first."""
    payments = Payment.objects.of(organisation)
    if client is not None:
        payments = payments.filter(client=client)
    found = unmatched_of(payments).select_related("client").order_by("paid_on", "pk")
    return page_of(found, _rows_with_suggestions, page=page)


def _rows_with_suggestions(payments: list[Payment]) -> list[PaymentRow]:
    offered = suggestions_for(payments)
    return [replace(row, suggestions=offered.get(row.pk, ())) for row in payment_rows(payments)]


def tie_of(client: InvoiceClient) -> Tie:
    """Return how the queue's sum is tied: on invoices + unmatched + left out = Visma's total."""
    run = (
        FetchRun.objects.filter(client=client, state=FetchRun.State.DONE)
        .exclude(control_count=None)
        .order_by("-finished_at")
        .first()
    )
    payments = Payment.objects.filter(client=client, vanished_at=None)
    if run is not None:
        payments = payments.filter(paid_on__gte=run.since, voucher_type__in=run.voucher_types)
    total = payments.aggregate(total=total_of("amount"))["total"] or ZERO
    events = Settlement.objects.filter(payment__in=payments.order_by().values("pk"))
    assigned = events.aggregate(total=total_of("amount"))["total"] or ZERO
    left_out = left_out_of(run).amount if run else ZERO
    control = run.control_amount if run else None
    return Tie(
        client=client,
        control_count=run.control_count if run else None,
        control_amount=control,
        at=run.finished_at if run else None,
        total=total,
        on_invoices=assigned,
        unmatched=total - assigned,
        left_out=left_out,
        difference=None if control is None else control - total - left_out,
    )


# --- One payment --------------------------------------------------------------------------------


# --- Runs ---------------------------------------------------------------------------------------


def sum_of(rows: Any) -> Decimal:
    """Return what payments, or skipped rows, add up to."""
    total: Decimal | None = rows.order_by().aggregate(total=total_of("amount"))["total"]
    return total or ZERO
