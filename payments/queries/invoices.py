"""Invoice clients and invoices with what is open on each, ours and theirs side by side."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.paginator import Page
from django.db.models import Count, Exists, ExpressionWrapper, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse

from connectors.base import ZERO
from organisations.models import Organisation
from payments.models import (
    FetchRun,
    Integration,
    Invoice,
    InvoiceClient,
    MoneyField,
    Payment,
    Reconciliation,
    ReconciliationLine,
    Settlement,
)
from payments.models.money import total_of
from payments.operations.fetching import refusal_of
from payments.operations.matching import portions, used_of
from payments.queries import standing
from payments.queries.failures import failure_row_of
from payments.queries.pages import page_of
from payments.queries.standing import StandingRow
from payments.queries.wording import STATES
from payments.rules.open_amounts import InvoiceState, Settled, open_amount, state_of
from ui.failures import FailureRow

_NOTHING = Value(ZERO, output_field=MoneyField())


@dataclass(frozen=True, slots=True)
class ClientRow:
    """One invoice client of the overview."""

    client: InvoiceClient
    url: str
    open: Decimal
    unmatched: int
    source_open: Decimal | None
    target_open: Decimal | None
    compared_at: datetime | None
    run: FetchRun | None
    refusal: FailureRow | None
    standing: list[StandingRow]


def client_rows(
    organisation: Organisation,
    integration: Integration,
    *,
    search: str = "",
    page: str = "1",
    to_compare: bool = False,
) -> Page[Any]:
    """
    Return one page of the clients, with sums that are added up here and now.

    :param to_compare: only those that were not compared since they were fetched
    """
    clients = InvoiceClient.objects.of(organisation).select_related("source", "target")
    if to_compare:
        clients = not_compared(clients)
    if search:
        clients = clients.filter(Q(name__icontains=search) | Q(number__icontains=search))

    def rows_of(shown: list[InvoiceClient]) -> list[ClientRow]:
        return _client_rows(shown, integration)

    return page_of(clients.order_by("number", "pk"), rows_of, page=page)


def not_compared(clients: Any) -> Any:
    """Return the clients of which nobody has compared the sides since their last fetch."""
    since = Reconciliation.objects.filter(
        client=OuterRef("pk"), made_at__gte=OuterRef("fetched_at")
    )
    return clients.filter(~Exists(since), fetched_at__isnull=False)


def _client_rows(shown: list[InvoiceClient], integration: Integration) -> list[ClientRow]:
    ids = [client.pk for client in shown]
    billed = _sums(Invoice.objects.filter(client__in=ids), "posted_amount")
    # What is set off of a credit note lowers one invoice and raises another.
    paid = _sums(Settlement.objects.filter(client__in=ids, credit_note__isnull=True), "amount")
    waiting = unmatched_counts(ids)
    newest = newest_reconciliations(ids)
    stand = standing.of_clients(ids)
    runs = {
        run.client_id: run
        for run in FetchRun.objects.filter(
            pk__in=_newest(FetchRun.objects.order_by("-created_at", "-pk"), ids)
        )
    }
    rows = []
    for client in shown:
        compared = newest.get(client.pk)
        refusal = refusal_of(client, integration)
        rows.append(
            ClientRow(
                client=client,
                url=reverse("payments:client", args=[client.pk]),
                open=billed.get(client.pk, ZERO) - paid.get(client.pk, ZERO),
                unmatched=waiting.get(client.pk, 0),
                source_open=compared.source_total if compared and compared.has_source else None,
                target_open=compared.target_total if compared and compared.has_target else None,
                compared_at=compared.made_at if compared else None,
                run=runs.get(client.pk),
                refusal=failure_row_of(refusal) if refusal else None,
                standing=standing.rows(stand.get(client.pk, {}), client=client),
            )
        )
    return rows


def _sums(rows: Any, column: str) -> dict[int, Decimal]:
    found = rows.order_by().values_list("client_id").annotate(total=total_of(column))
    return {client_id: total or ZERO for client_id, total in found}


def newest_reconciliations(client_ids: Iterable[int]) -> dict[int, Reconciliation]:
    """Return the last comparison of each client that has one."""
    newest = _newest(Reconciliation.objects.order_by("-made_at", "-pk"), client_ids)
    return {one.client_id: one for one in Reconciliation.objects.filter(pk__in=newest)}


def _newest(ordered: Any, client_ids: Iterable[int]) -> Any:
    """Return the key of the first row of each client; asked once a client, not once a row."""
    first = ordered.filter(client=OuterRef("pk")).values("pk")[:1]
    clients = InvoiceClient.objects.filter(pk__in=list(client_ids))
    return clients.annotate(newest=Subquery(first)).values("newest")


def with_assigned(payments: Any) -> Any:
    """Return the payments with how much of each stands on invoices, added up by the database."""
    return payments.annotate(assigned=_sum_of_events("payment"))


def _sum_of_events(side: str) -> Any:
    """Return the sum of the events that name a row as their payment, invoice or credit note."""
    events = (
        Settlement.objects.filter(**{side: OuterRef("pk")})
        .order_by()
        .values(side)
        .annotate(total=total_of("amount"))
        .values("total")
    )
    return Coalesce(Subquery(events), _NOTHING)


def unmatched_of(payments: Any) -> Any:
    """Return those of which something stands on no invoice."""
    return with_assigned(payments.filter(vanished_at=None)).exclude(assigned=F("amount"))


def unmatched_counts(client_ids: Iterable[int]) -> dict[int, int]:
    """Return how many payments of each client wait for a person."""
    found = unmatched_of(Payment.objects.filter(client__in=list(client_ids)))
    return dict(found.order_by().values_list("client_id").annotate(n=Count("pk")))


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """One invoice with its three open amounts."""

    pk: int
    url: str
    number: str
    customer: str
    issued_on: date
    due_on: date | None
    amount: Decimal
    currency: str
    open: Decimal | None
    source: Decimal | None
    target: Decimal | None
    state: str
    look: str
    differs: bool
    is_compared: bool = True
    """False: it came after the last comparison, so the other sides are not known."""


FILTERS = ("open", "over", "settled")


def list_invoices(
    client: InvoiceClient, *, search: str = "", state: str = "", page: str = "1"
) -> Page[Any]:
    """Return one page of a client's invoices, newest first."""
    found = Invoice.objects.filter(client=client).select_related("customer")
    if search:
        found = found.filter(
            Q(number__startswith=search)
            | Q(customer__name__icontains=search)
            | Q(customer__number=search)
        )
    if state in FILTERS:
        found = _by_state(found, state)
    return page_of(found.order_by("-issued_on", "-pk"), invoice_rows, page=page)


def _by_state(found: Any, state: str) -> Any:
    found = with_open(found.filter(posted_amount__isnull=False))
    if state == "open":
        return found.exclude(open=0)
    if state == "over":
        return found.filter(open__lt=0, is_credit_note=False)
    return found.filter(open=0)


def with_open(invoices: Any) -> Any:
    """Return the invoices with what is open on each; of a credit note that is below zero."""
    left = F("posted_amount") - _sum_of_events("invoice") + _sum_of_events("credit_note")
    return invoices.annotate(open=ExpressionWrapper(left, output_field=MoneyField()))


def settled_sums(invoices: list[Invoice]) -> dict[int, Settled]:
    """Return the sums of the events of each invoice, by kind."""
    found: dict[int, Settled] = {}
    for some in portions(invoice.pk for invoice in invoices):
        rows = (
            Settlement.objects.filter(invoice_id__in=some)
            .order_by()
            .values_list("invoice_id")
            .annotate(
                paid=total_of("amount", filter=Q(payment__amount__gt=0)),
                returned=total_of("amount", filter=Q(payment__amount__lt=0)),
                credited=total_of("amount", filter=Q(credit_note__isnull=False)),
                rounded=total_of("amount", filter=Q(rounds__isnull=False)),
            )
        )
        for pk, *sums in rows:
            paid, returned, credited, rounded = (one or ZERO for one in sums)
            found[pk] = Settled(paid=paid, returned=returned, credited=credited, rounded=rounded)
    for pk, used in used_of([i.pk for i in invoices if i.is_credit_note]).items():
        found[pk] = replace(found.get(pk, Settled()), credited=-used)
    return found


def _came_after(compared: Reconciliation, invoices: list[Invoice]) -> set[int]:
    """
    Return those that the hub did not know when it compared.

    What had nothing open then has no line either; until then its events distinguish it.
    """
    ids = [invoice.pk for invoice in invoices]
    events = Settlement.objects.filter(made_at__lte=compared.made_at).order_by()
    used: dict[int, Decimal] = {}
    for some in portions(ids):
        for side, sign in (("invoice_id", 1), ("credit_note_id", -1)):
            found = events.filter(**{f"{side}__in": some}).values_list(side)
            for pk, total in found.annotate(total=total_of("amount")):
                used[pk] = used.get(pk, ZERO) + sign * total
    return {
        invoice.pk
        for invoice in invoices
        if (invoice.posted_amount or ZERO) != used.get(invoice.pk, ZERO)
    }


def invoice_rows(invoices: list[Invoice]) -> list[InvoiceRow]:
    """Return the rows of these invoices of one client; three statements for all of them."""
    settled = settled_sums(invoices)
    theirs: dict[int, ReconciliationLine] = {}
    compared: Reconciliation | None = None
    came_later: set[int] = set()
    if invoices:
        compared = newest_reconciliations([invoices[0].client_id]).get(invoices[0].client_id)
    if compared is not None:
        lines = ReconciliationLine.objects.filter(
            reconciliation=compared, invoice_id__in=[i.pk for i in invoices]
        )
        theirs = {line.invoice_id: line for line in lines if line.invoice_id is not None}
        came_later = _came_after(compared, [i for i in invoices if i.pk not in theirs])
    rows = []
    for invoice in invoices:
        sums = settled.get(invoice.pk, Settled())
        left, state = None, InvoiceState.OPEN
        if invoice.posted_amount is not None:
            left = open_amount(amount=invoice.posted_amount, settled=sums)
            state = state_of(amount=invoice.posted_amount, settled=sums)
        line = theirs.get(invoice.pk)
        source = target = None
        is_compared = compared is not None and invoice.pk not in came_later
        if compared is not None and is_compared and compared.has_source:
            source = line.source if line and line.source is not None else ZERO
        if compared is not None and is_compared and compared.has_target:
            target = line.target if line and line.target is not None else ZERO
        elif invoice.target_balance is not None and invoice.pk not in came_later:
            target = invoice.target_balance
        word, look = STATES[state]
        rows.append(
            InvoiceRow(
                pk=invoice.pk,
                url=reverse("payments:invoice", args=[invoice.pk]),
                number=invoice.number,
                customer=str(invoice.customer) if invoice.customer else "",
                issued_on=invoice.issued_on,
                due_on=invoice.due_on,
                amount=invoice.amount,
                currency=invoice.currency,
                open=left,
                source=source,
                target=target,
                state=str(word),
                look=look,
                is_compared=compared is None or is_compared,
                # What was read beside the invoice is older than what was registered since.
                differs=compared is not None
                and any(side is not None and side != left for side in (source, target)),
            )
        )
    return rows
