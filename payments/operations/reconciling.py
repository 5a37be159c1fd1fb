"""What is open in Visma, in the hub and in the target at the same time, side by side (S21)."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from accounts.operations.access import source_for, target_for
from audit import trail
from background.models import BackgroundRequest
from background.operations import handles, request_in_background
from connectors.base import ZERO
from connectors.receivables import PaymentSource, Unreadable
from organisations.models import User
from payments.domain import refusals
from payments.domain.matching import Outcome, Rule
from payments.domain.reconciling import Difference, Sides, ageing, explain
from payments.domain.states import RegistrationState
from payments.models import (
    Customer,
    Invoice,
    InvoiceClient,
    Payment,
    Reconciliation,
    ReconciliationLine,
    Registration,
    Settlement,
)
from payments.models.money import Total
from payments.operations.fetching import check_company
from payments.operations.rights import check_active, check_right, integration_of

RECONCILE = "payments.reconcile"
_KEEP = 60
"""Reconciliations of a client whose lines are kept; of older ones only the sums."""
_S = RegistrationState
_TAKEN_BACK = (_S.TO_REVERSE, _S.REVERSING)
_NOT_THERE = (_S.READY, _S.SENDING, _S.UNKNOWN, _S.REJECTED, _S.NEEDS_PERSON)


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


@dataclass
class _Line:
    customer: str = ""
    name: str = ""
    customer_id: int | None = None
    invoice_id: int | None = None
    due_on: date | None = None
    source: Decimal | None = None
    hub: Decimal | None = None
    target: Decimal | None = None
    in_transit: Decimal = ZERO
    refused: Decimal = ZERO
    unknown_outcome: Decimal = ZERO
    not_joined: Decimal = ZERO
    across: Decimal = ZERO
    before_start: Decimal = ZERO
    written_off: Decimal = ZERO
    written_off_in_source: Decimal = ZERO
    foreign: bool = False
    rounded: Decimal = ZERO


@dataclass
class _Book:
    """Lines by customer (Visma's number) and invoice; without an invoice: what is unassigned."""

    lines: dict[tuple[str, str], _Line] = field(default_factory=dict)
    rests: dict[int, tuple[str, Decimal]] = field(default_factory=dict)
    """Payer and rest of each payment of which a part stands on invoices, by its primary key."""
    unreadable: list[tuple[str, Unreadable]] = field(default_factory=list)
    """What could not be read, with the side that it is on."""

    def line(self, customer: str, invoice: str) -> _Line:
        found = self.lines.get((customer, invoice))
        if found is None:
            found = self.lines[customer, invoice] = _Line(customer=customer)
        return found


def reconcile(client: InvoiceClient, *, on: date, by: User | None, now: datetime) -> Reconciliation:
    """
    Read the open items of both systems, compare them with ours, and keep the comparison.

    :raises ConnectorError: if one of the systems cannot be asked
    """
    book = _Book()
    customers = {c.pk: c for c in Customer.objects.filter(client=client)}
    by_target = {c.target_number: c for c in customers.values() if c.target_number}
    owners = _read_hub(client, book, customers)
    source = source_for(client.source) if client.source is not None else None
    start = client.start_in(integration_of(client.organisation))
    if source is not None:
        check_company(client, source.read_company())
        for item in source.read_open_items():
            if isinstance(item, Unreadable):
                book.unreadable.append(("source", item))
                continue
            number = str(item.customer_number)
            # The ledger's own words for an invoice may hold blanks.
            invoice = item.invoice_number.strip()
            owner = owners.get(invoice, number) if invoice else number
            line = book.line(owner, invoice)
            line.source = (line.source or ZERO) + item.outstanding
            line.due_on = line.due_on or item.due_on
            if not invoice and start and item.posted_on and item.posted_on < start:
                line.before_start -= item.outstanding
    if client.target is not None:
        placed = _places_of_references(client)
        for open_item in target_for(client.target).read_open_items(on=on):
            if isinstance(open_item, Unreadable):
                book.unreadable.append(("target", open_item))
                continue
            customer = by_target.get(open_item.customer_number)
            number = customer.number if customer else open_item.customer_number
            invoice = open_item.invoice_number.strip()
            owner = owners.get(invoice, number) if invoice else number
            line = book.line(owner, invoice)
            if open_item.is_write_off:
                line.written_off += abs(open_item.amount)
            line.target = (line.target or ZERO) + open_item.balance
            joined_with = placed.get(open_item.reference) if not invoice else None
            if joined_with is not None:
                # Ours, registered, and open: the target did not join it to its invoice.
                book.line(
                    owners.get(joined_with, number), joined_with
                ).not_joined -= open_item.balance
                line.not_joined += open_item.balance
    if source is not None:
        _read_write_offs(source, book, owners)
        _place_left_over(client, book, owners)
        if start is not None:
            _read_earlier(source, book, owners, client=client, start=start)
    _across(client, book, owners)
    _in_transit(client, book, owners)
    _place_overpaid(book)
    return _store(client, book, customers, on=on, by=by, now=now)


def _read_hub(client: InvoiceClient, book: _Book, customers: dict[int, Customer]) -> dict[str, str]:
    """Enter what is open in the hub; return whose each invoice is."""
    owners: dict[str, str] = {}
    settled = dict(
        Settlement.objects.filter(client=client)
        .order_by()
        .values_list("invoice_id")
        .annotate(total=Total("amount"))
    )
    rounded = dict(
        Settlement.objects.filter(client=client, rule=Rule.ROUNDING)
        .order_by()
        .values_list("invoice_id")
        .annotate(total=Total("amount"))
    )
    used = dict(
        Settlement.objects.filter(client=client, credit_note__isnull=False)
        .order_by()
        .values_list("credit_note_id")
        .annotate(total=Total("amount"))
    )
    rows = Invoice.objects.filter(client=client).values_list(
        "pk", "number", "customer_id", "posted_amount", "due_on", "currency"
    )
    for pk, number, customer_id, posted, due_on, currency in rows.iterator():
        customer = customers.get(customer_id) if customer_id else None
        owner = customer.number if customer else ""
        owners[number] = owner
        left = (posted or ZERO) - settled.get(pk, ZERO) + used.get(pk, ZERO)
        line = book.line(owner, number)
        line.hub, line.due_on, line.invoice_id = left, due_on, pk
        line.rounded = rounded.get(pk, ZERO)
        line.foreign = currency != client.currency
    assigned = dict(
        Settlement.objects.filter(client=client, payment__isnull=False)
        .order_by()
        .values_list("payment_id")
        .annotate(total=Total("amount"))
    )
    payments = Payment.objects.filter(client=client, vanished_at=None).values_list(
        "pk", "customer_number", "amount"
    )
    for pk, number, amount in payments.iterator():
        rest = amount - assigned.get(pk, ZERO)
        if rest:
            line = book.line(number, "")
            line.hub = (line.hub or ZERO) - rest
        if rest > 0 and pk in assigned:
            book.rests[pk] = (number, rest)
    return owners


def _place_left_over(client: InvoiceClient, book: _Book, owners: dict[str, str]) -> None:
    """
    Put what the source holds over on an invoice beside what waits of its payment here.

    The source keeps what was paid too much under the invoice's number, the hub in its queue.
    """
    over = Settlement.objects.filter(
        client=client,
        outcome=Outcome.OVER,
        undoes=None,
        undone_by=None,
        payment__in=list(book.rests),
    )
    for pk, invoice in over.values_list("payment_id", "invoice__number").order_by("pk"):
        payer, rest = book.rests.get(pk, ("", ZERO))
        line = book.line(owners.get(invoice, ""), invoice)
        above = max(-(line.source or ZERO), ZERO) - max(-(line.hub or ZERO), ZERO)
        moved = min(above, rest)
        if moved > 0:
            line.source = (line.source or ZERO) + moved
            unplaced = book.line(payer, "")
            unplaced.source = (unplaced.source or ZERO) - moved


def _place_overpaid(book: _Book) -> None:
    """
    Put what the target holds over on a payment beside the invoice that was overpaid.

    The hub and Visma keep it on the invoice, the target on the payment's own entry, which names
    no invoice.
    """
    for (number, invoice), line in sorted(book.lines.items()):
        if not invoice or line.target or line.hub is None or line.hub >= 0:
            continue
        unplaced = book.lines.get((number, ""))
        if unplaced is None or unplaced.target is None or unplaced.target >= 0:
            continue
        line.target = max(line.hub, unplaced.target)
        unplaced.target = (unplaced.target - line.target) or None
        if line.not_joined:
            line.not_joined += line.target
            unplaced.not_joined -= line.target


def _read_write_offs(source: PaymentSource, book: _Book, owners: dict[str, str]) -> None:
    """Ask the source what it wrote off, of the invoices only on which it holds less than we."""
    asked = sorted(
        invoice
        for (_number, invoice), line in book.lines.items()
        if invoice and (line.hub or ZERO) > (line.source or ZERO)
    )
    for one in source.read_write_offs(asked) if asked else ():
        invoice = one.invoice_number.strip()
        line = book.line(owners.get(invoice, str(one.customer_number)), invoice)
        line.written_off_in_source += one.amount


def _read_earlier(
    source: PaymentSource,
    book: _Book,
    owners: dict[str, str],
    *,
    client: InvoiceClient,
    start: date,
) -> None:
    """Ask the source for payments that are older than what is fetched, of the same invoices."""
    asked = sorted(
        invoice
        for (_number, invoice), line in book.lines.items()
        if invoice and (line.hub or ZERO) > (line.source or ZERO)
    )
    types = frozenset(client.voucher_types)
    if not asked or not types:
        return
    for one in source.read_earlier_payments(asked, before=start, voucher_types=types):
        invoice = one.invoice_number.strip()
        line = book.line(owners.get(invoice, str(one.customer_number)), invoice)
        line.before_start += one.amount


def _places_of_references(client: InvoiceClient) -> dict[str, str]:
    """Return the invoice of each payment that stands in the target, by its reference."""
    there = Registration.objects.filter(client=client, state=_S.REGISTERED)
    return dict(there.values_list("reference", "settlement__invoice__number").iterator())


def _across(client: InvoiceClient, book: _Book, owners: dict[str, str]) -> None:
    """Enter what was matched here with the invoice of another customer than the payer."""
    rows = (
        Settlement.objects.filter(client=client, payment__isnull=False)
        .exclude(payment__customer_number=F("invoice__customer__number"))
        .order_by()
        .values_list("invoice__number", "payment__customer_number")
        .annotate(total=Total("amount"))
    )
    for invoice, payer, total in rows:
        if total and owners.get(invoice, payer) != payer:
            book.line(owners[invoice], invoice).across += total
            book.line(payer, "").across -= total


def _in_transit(client: InvoiceClient, book: _Book, owners: dict[str, str]) -> None:
    """Enter what the target does not hold as it stands here, and why."""
    undone = Settlement.objects.filter(undoes=OuterRef("settlement"))
    rows = (
        Registration.objects.filter(client=client, state__in=(*_NOT_THERE, *_TAKEN_BACK))
        .annotate(is_undone=Exists(undone))
        .order_by()
        .values_list("settlement__invoice__number", "state", "is_undone")
        .annotate(total=Total("amount"))
    )
    for number, state, is_undone, total in rows:
        line = book.line(owners.get(number, ""), number)
        # What is undone here stands there still: less is open there.
        amount = -total if is_undone or state in _TAKEN_BACK else total
        line.in_transit += amount
        if state == _S.REJECTED:
            line.refused += amount
        elif state in (_S.UNKNOWN, _S.NEEDS_PERSON):
            line.unknown_outcome += amount


@transaction.atomic
def _store(
    client: InvoiceClient,
    book: _Book,
    customers: dict[int, Customer],
    *,
    on: date,
    by: User | None,
    now: datetime,
) -> Reconciliation:
    has_source, has_target = client.source is not None, client.target is not None
    by_number = {c.number: c for c in customers.values()}
    unmatched: dict[str, Decimal] = defaultdict(lambda: ZERO)
    placed_here: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for (number, invoice), line in book.lines.items():
        if not invoice:
            # What both hold as unplaced explains nothing on an invoice.
            more_here = (line.source or ZERO) - (line.hub or ZERO)
            unmatched[number] = max(more_here, ZERO)
            placed_here[number] = max(-more_here, ZERO) if has_source else ZERO
    compressed: dict[str, Decimal] = dict(
        Payment.objects.filter(client=client)
        .exclude(vanished_at=None)
        .order_by()
        .values_list("customer_number")
        .annotate(total=Total("amount"))
    )
    made = Reconciliation(
        organisation_id=client.organisation_id,
        client=client,
        on=on,
        made_at=now,
        made_by=by,
        has_source=has_source,
        has_target=has_target,
    )
    counts: Counter[str] = Counter()
    sums = {"source": ZERO, "hub": ZERO, "target": ZERO}
    rows = []
    used_up: set[str] = set()
    # What stands on no invoice comes after the invoices of its customer, which may explain it.
    in_turn = sorted(book.lines.items(), key=lambda one: (one[0][0], not one[0][1], one[0][1]))
    for (number, invoice), line in in_turn:
        if not (line.source or line.hub or line.target):
            continue
        sides = Sides(
            source=line.source,
            hub=line.hub,
            target=line.target,
            in_transit=line.in_transit,
            refused=line.refused,
            unknown_outcome=line.unknown_outcome,
            not_joined=line.not_joined,
            # What no invoice has is never registered in the target.
            waits=-(line.hub or ZERO) if not invoice and has_target else ZERO,
            across=line.across,
            before_start=line.before_start,
            unmatched=unmatched[number] if invoice else ZERO,
            placed_here=placed_here[number] if invoice else ZERO,
            written_off=line.written_off,
            written_off_in_source=line.written_off_in_source,
            compressed=compressed.get(number, ZERO),
            rounded=line.rounded,
            foreign=line.foreign,
            has_source=has_source,
            has_target=has_target,
        )
        found = explain(sides)
        reason = found.difference
        if not invoice and reason is Difference.UNKNOWN and line.hub and not line.source:
            # Waits in our queue, and Visma has placed it: the other half of UNMATCHED.
            reason = Difference.UNMATCHED
        if not invoice and reason is Difference.UNKNOWN and number in used_up:
            # Waits in Visma, and stands here on the invoices that were explained by it.
            reason = Difference.PLACED_HERE
        if invoice and reason is Difference.UNMATCHED:
            # The same payment explains no second line.
            unmatched[number] -= found.hub_less_source
        if invoice and reason is Difference.PLACED_HERE:
            placed_here[number] += found.hub_less_source
            if not placed_here[number]:
                used_up.add(number)
        counts[reason] += 1
        for side in sums:
            sums[side] += getattr(line, side) or ZERO
        customer = by_number.get(number)
        rows.append(
            ReconciliationLine(
                organisation_id=client.organisation_id,
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
                difference=reason,
            )
        )
    for side, unread in book.unreadable:
        amount = unread.amount
        counts[Difference.UNREADABLE] += 1
        sums[side] += amount or ZERO
        rows.append(
            ReconciliationLine(
                organisation_id=client.organisation_id,
                reconciliation=made,
                customer_name=f"{unread.field}: {unread.value}"[:200],
                source=amount if side == "source" else None,
                target=amount if side == "target" else None,
                hub_less_source=-(amount or ZERO) if side == "source" else ZERO,
                target_less_hub=(amount or ZERO) if side == "target" else ZERO,
                difference=Difference.UNREADABLE,
            )
        )
    made.source_total, made.hub_total = sums["source"], sums["hub"]
    made.target_total = sums["target"]
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
