"""Compares what is open in Visma, in the hub and in the target at the same time (S21)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from audit import trail
from background.models import BackgroundRequest
from background.operations import handles, request_in_background
from connectors.base import ZERO
from organisations.models import User
from payments.models import InvoiceClient, Payment, Reconciliation, ReconciliationLine
from payments.models.money import total_of
from payments.operations.open_items import Book, Line, read_book
from payments.operations.rights import check_active, check_right
from payments.rules import refusals
from payments.rules.reconciling import Difference, Explained, ageing, explain

RECONCILE = "payments.reconcile"
_KEEP = 60
"""Reconciliations of a client whose lines are kept; of older ones only the sums."""


def request_reconciliation(
    *, client: InvoiceClient, by: User | None, on: date
) -> BackgroundRequest:
    """Let a worker read what is open on the other sides, and compare."""
    check_right(client.organisation, by)
    check_active(client.organisation)
    return request_in_background(
        organisation=client.organisation,
        kind=RECONCILE,
        by=by,
        params={"client": client.pk, "on": on.isoformat()},
    )


@handles(RECONCILE)
def run_request(background_request: BackgroundRequest, now: datetime) -> dict[str, Any]:
    """Compare, and say which comparison it was."""
    client = (
        InvoiceClient.objects.of(background_request.organisation)
        .select_related("organisation", "source", "target")
        .get(pk=background_request.params["client"])
    )
    made = reconcile(
        client,
        on=date.fromisoformat(background_request.params["on"]),
        by=background_request.requested_by,
        now=now,
    )
    return {"reconciliation": made.pk}


def reconcile(client: InvoiceClient, *, on: date, by: User | None, now: datetime) -> Reconciliation:
    """
    Read the open items of both systems, compare them with ours, and keep the comparison.

    :raises ConnectorError: if one of the systems cannot be asked
    """
    return _store(read_book(client, on=on), on=on, by=by, now=now)


@transaction.atomic
def _store(book: Book, *, on: date, by: User | None, now: datetime) -> Reconciliation:
    client = book.client
    made = Reconciliation(
        organisation_id=client.organisation_id,
        client=client,
        on=on,
        made_at=now,
        made_by=by,
        has_source=book.has_source,
        has_target=book.has_target,
    )
    rows = [*_compared(book, made), *_unread(book, made)]
    counts = Counter(row.difference for row in rows)
    made.source_total = sum((row.source or ZERO for row in rows), ZERO)
    made.hub_total = sum((row.hub or ZERO for row in rows), ZERO)
    made.target_total = sum((row.target or ZERO for row in rows), ZERO)
    made.lines, made.counts = len(rows), dict(counts)
    made.ageing = [str(amount) for amount in ageing(_ages(rows, on=on))]
    made.save()
    ReconciliationLine.objects.bulk_create(rows, batch_size=500)
    _forget_old_lines(client)
    trail.record(
        organisation=client.organisation,
        action="payments.reconciled",
        subject=client,
        user=by,
        details={"on": on.isoformat(), "differences": sum(counts.values()) - counts["none"]},
    )
    return made


def _compared(book: Book, made: Reconciliation) -> Iterator[ReconciliationLine]:
    """Yield what stands on any side, with how far the sides are apart and why."""
    unplaced = _Unplaced(book)
    compressed: dict[str, Decimal] = dict(
        Payment.objects.filter(client=book.client)
        .exclude(vanished_at=None)
        .order_by()
        .values_list("customer_number")
        .annotate(total=total_of("amount"))
    )
    # What stands on no invoice comes after the invoices of its customer, which may explain it.
    in_turn = sorted(book.lines.items(), key=lambda one: (one[0][0], not one[0][1], one[0][1]))
    for (number, invoice), line in in_turn:
        if not (line.source or line.hub or line.target):
            continue
        line.compressed = compressed.get(number, ZERO)
        found = unplaced.of_invoice(line, number) if invoice else unplaced.of_rest(line, number)
        customer = book.customers.get(number)
        yield ReconciliationLine(
            organisation_id=made.organisation_id,
            reconciliation=made,
            customer=customer,
            invoice_id=line.invoice_id,
            customer_number=number,
            customer_name=customer.name if customer else "",
            invoice_number=invoice[:60],
            due_on=line.due_on,
            source=line.source,
            hub=line.hub,
            target=line.target,
            hub_less_source=found.hub_less_source,
            target_less_hub=found.target_less_hub,
            difference=found.difference,
        )


class _Unplaced:
    """What a customer has open without an invoice, and explains on its invoices: each once."""

    def __init__(self, book: Book) -> None:
        self.unmatched: dict[str, Decimal] = defaultdict(lambda: ZERO)
        self.placed_here: dict[str, Decimal] = defaultdict(lambda: ZERO)
        self.used_up: set[str] = set()
        for (number, invoice), line in book.lines.items():
            if not invoice:
                # What both hold as unplaced explains nothing on an invoice.
                more_here = (line.source or ZERO) - (line.hub or ZERO)
                self.unmatched[number] = max(more_here, ZERO)
                self.placed_here[number] = max(-more_here, ZERO) if book.has_source else ZERO

    def of_invoice(self, line: Line, number: str) -> Explained:
        """Return why the sides differ on an invoice; no payment explains a second line."""
        line.unmatched, line.placed_here = self.unmatched[number], self.placed_here[number]
        found = explain(line)
        if found.difference is Difference.UNMATCHED:
            self.unmatched[number] -= found.hub_less_source
        elif found.difference is Difference.PLACED_HERE:
            self.placed_here[number] += found.hub_less_source
            if not self.placed_here[number]:
                self.used_up.add(number)
        return found

    def of_rest(self, line: Line, number: str) -> Explained:
        """Return why the sides differ on what a customer has open without an invoice."""
        # What no invoice has is never registered in the target.
        line.waits = -(line.hub or ZERO) if line.has_target else ZERO
        found = explain(line)
        if found.difference is not Difference.UNKNOWN:
            return found
        if line.hub and not line.source:
            # Waits in our queue, and Visma has placed it: the other half of UNMATCHED.
            return replace(found, difference=Difference.UNMATCHED)
        if number in self.used_up:
            # Waits in Visma, and stands here on the invoices that were explained by it.
            return replace(found, difference=Difference.PLACED_HERE)
        return found


def _unread(book: Book, made: Reconciliation) -> Iterator[ReconciliationLine]:
    for side, unread in book.unreadable:
        amount = unread.amount
        yield ReconciliationLine(
            organisation_id=made.organisation_id,
            reconciliation=made,
            customer_name=f"{unread.field}: {unread.value}"[:200],
            source=amount if side == "source" else None,
            target=amount if side == "target" else None,
            hub_less_source=-(amount or ZERO) if side == "source" else ZERO,
            target_less_hub=(amount or ZERO) if side == "target" else ZERO,
            difference=Difference.UNREADABLE,
        )


def _ages(rows: Iterable[ReconciliationLine], *, on: date) -> Iterable[tuple[int, Decimal]]:
    for row in rows:
        if row.hub and row.hub > 0:
            yield ((on - row.due_on).days if row.due_on else 0), row.hub


def _forget_old_lines(client: InvoiceClient) -> None:
    kept = Reconciliation.objects.filter(client=client).order_by("-made_at")
    old = list(kept.values_list("pk", flat=True)[_KEEP:])
    if old:
        ReconciliationLine.objects.filter(reconciliation_id__in=old).delete()


def check_can(client: InvoiceClient) -> None:
    """
    Let it pass if there is something to compare with.

    :raises NoSourceCompany: if the client has no Visma company
    """
    if client.source is None and client.target is None:
        raise refusals.NoSourceCompany(client=client.name)
