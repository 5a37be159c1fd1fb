"""Reads what is open in Visma, in the hub and in the target into one book of lines."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Exists, F, OuterRef, QuerySet

from accounts.operations.access import source_for, target_for
from connectors.base import ZERO
from connectors.receivables.shared import Unreadable
from connectors.receivables.source import PaymentSource
from connectors.receivables.target import PaymentTarget
from payments.models import Customer, Invoice, InvoiceClient, Payment, Registration, Settlement
from payments.models.money import total_of
from payments.operations.fetching import check_company
from payments.operations.rights import integration_of
from payments.rules.matching import Outcome, Rule
from payments.rules.reconciling import Sides
from payments.rules.states import RegistrationState

_S = RegistrationState
_BEING_REVERSED = (_S.TO_REVERSE, _S.REVERSING)
_NOT_THERE = (_S.READY, _S.SENDING, _S.UNKNOWN, _S.REJECTED, _S.NEEDS_PERSON)


@dataclass
class Line(Sides):
    """What the sides hold of one invoice, or of one customer without an invoice."""

    invoice_id: int | None = None
    due_on: date | None = None


@dataclass
class Book:
    """Lines by customer (Visma's number) and invoice; without an invoice: what is unassigned."""

    client: InvoiceClient
    customers: dict[str, Customer]
    lines: dict[tuple[str, str], Line] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    """Whose each invoice of the hub is."""
    rests: dict[int, tuple[str, Decimal]] = field(default_factory=dict)
    """Payer and rest of each payment of which a part stands on invoices, by its primary key."""
    unreadable: list[tuple[str, Unreadable]] = field(default_factory=list)
    """What could not be read, with the side that it is on."""

    @property
    def has_source(self) -> bool:
        """Return whether Visma was asked."""
        return self.client.source is not None

    @property
    def has_target(self) -> bool:
        """Return whether the target was asked."""
        return self.client.target is not None

    def line(self, customer: str, invoice: str) -> Line:
        """Return the line of a customer, begun if it is not there yet."""
        if (customer, invoice) not in self.lines:
            self.lines[customer, invoice] = Line(
                has_source=self.has_source, has_target=self.has_target
            )
        return self.lines[customer, invoice]

    def of_invoice(self, invoice: str, *, otherwise: str = "") -> Line:
        """
        Return the line of an invoice; blank: of what the customer has open without one.

        :param otherwise: whose it is if the hub does not know the invoice
        """
        return self.line(self.owners.get(invoice, otherwise) if invoice else otherwise, invoice)

    def less_in_source(self) -> list[str]:
        """Return the invoices of which the source holds less than we."""
        return sorted(
            invoice
            for (_number, invoice), line in self.lines.items()
            if invoice and (line.hub or ZERO) > (line.source or ZERO)
        )


def read_book(client: InvoiceClient, *, on: date) -> Book:
    """
    Return what is open on all sides.

    :raises ConnectorError: if one of the systems cannot be asked
    """
    customers = {c.pk: c for c in Customer.objects.filter(client=client)}
    book = Book(client, {c.number: c for c in customers.values()})
    _read_hub(book, customers)
    source = source_for(client.source) if client.source is not None else None
    start = client.start_in(integration_of(client.organisation))
    if source is not None:
        _read_source(book, source, start=start)
    if client.target is not None:
        _read_target(book, target_for(client.target), on=on)
    if source is not None:
        _read_write_offs(book, source)
        _place_left_over(book)
        if start is not None:
            _read_earlier(book, source, start=start)
    _across(book)
    _in_transit(book)
    _place_overpaid(book)
    return book


def _totals(settlements: "QuerySet[Settlement]", by: str) -> dict[int, Decimal]:
    return dict(settlements.order_by().values_list(by).annotate(total=total_of("amount")))


def _read_hub(book: Book, customers: dict[int, Customer]) -> None:
    """Enter what is open in the hub, and whose each invoice is."""
    client = book.client
    events = Settlement.objects.filter(client=client)
    settled = _totals(events, "invoice_id")
    rounded = _totals(events.filter(rule=Rule.ROUNDING), "invoice_id")
    used = _totals(events.filter(credit_note__isnull=False), "credit_note_id")
    rows = Invoice.objects.filter(client=client).values_list(
        "pk", "number", "customer_id", "posted_amount", "due_on", "currency"
    )
    for pk, number, customer_id, posted, due_on, currency in rows.iterator():
        customer = customers.get(customer_id) if customer_id else None
        book.owners[number] = customer.number if customer else ""
        line = book.of_invoice(number)
        line.hub = (posted or ZERO) - settled.get(pk, ZERO) + used.get(pk, ZERO)
        line.due_on, line.invoice_id = due_on, pk
        line.rounded = rounded.get(pk, ZERO)
        line.foreign = currency != client.currency
    assigned = _totals(events.filter(payment__isnull=False), "payment_id")
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


def _read_source(book: Book, source: PaymentSource, *, start: date | None) -> None:
    check_company(book.client, source.read_company())
    for item in source.read_open_items():
        if isinstance(item, Unreadable):
            book.unreadable.append(("source", item))
            continue
        # The ledger's own words for an invoice may hold blanks.
        invoice = item.invoice_number.strip()
        line = book.of_invoice(invoice, otherwise=str(item.customer_number))
        line.source = (line.source or ZERO) + item.outstanding
        line.due_on = line.due_on or item.due_on
        if not invoice and start and item.posted_on and item.posted_on < start:
            line.before_start -= item.outstanding


def _read_target(book: Book, target: PaymentTarget, *, on: date) -> None:
    numbers = {c.target_number: c.number for c in book.customers.values() if c.target_number}
    placed = _places_of_references(book.client)
    for item in target.read_open_items(on=on):
        if isinstance(item, Unreadable):
            book.unreadable.append(("target", item))
            continue
        number = numbers.get(item.customer_number, item.customer_number)
        invoice = item.invoice_number.strip()
        line = book.of_invoice(invoice, otherwise=number)
        if item.is_write_off:
            line.written_off += abs(item.amount)
        line.target = (line.target or ZERO) + item.balance
        joined_with = placed.get(item.reference) if not invoice else None
        if joined_with is not None:
            # Ours, registered, and open: the target did not join it to its invoice.
            book.of_invoice(joined_with, otherwise=number).not_joined -= item.balance
            line.not_joined += item.balance


def _place_left_over(book: Book) -> None:
    """
    Put what the source holds over on an invoice beside what waits of its payment here.

    The source keeps what was paid too much under the invoice's number, the hub in its queue.
    """
    over = Settlement.objects.filter(
        client=book.client,
        outcome=Outcome.OVER,
        undoes=None,
        undone_by=None,
        payment__in=list(book.rests),
    )
    for pk, invoice in over.values_list("payment_id", "invoice__number").order_by("pk"):
        payer, rest = book.rests.get(pk, ("", ZERO))
        line = book.of_invoice(invoice)
        above = max(-(line.source or ZERO), ZERO) - max(-(line.hub or ZERO), ZERO)
        moved = min(above, rest)
        if moved > 0:
            line.source = (line.source or ZERO) + moved
            unplaced = book.line(payer, "")
            unplaced.source = (unplaced.source or ZERO) - moved


def _place_overpaid(book: Book) -> None:
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


def _read_write_offs(book: Book, source: PaymentSource) -> None:
    """Ask the source what it wrote off, of the invoices only on which it holds less than we."""
    asked = book.less_in_source()
    for one in source.read_write_offs(asked) if asked else ():
        line = book.of_invoice(one.invoice_number.strip(), otherwise=str(one.customer_number))
        line.written_off_in_source += one.amount


def _read_earlier(book: Book, source: PaymentSource, *, start: date) -> None:
    """Ask the source for payments that are older than what is fetched, of the same invoices."""
    asked, types = book.less_in_source(), frozenset(book.client.voucher_types)
    if not asked or not types:
        return
    for one in source.read_earlier_payments(asked, before=start, voucher_types=types):
        line = book.of_invoice(one.invoice_number.strip(), otherwise=str(one.customer_number))
        line.before_start += one.amount


def _places_of_references(client: InvoiceClient) -> dict[str, str]:
    """Return the invoice of each payment that stands in the target, by its reference."""
    there = Registration.objects.filter(client=client, state=_S.REGISTERED)
    return dict(there.values_list("reference", "settlement__invoice__number").iterator())


def _across(book: Book) -> None:
    """Enter what was matched here with the invoice of another customer than the payer."""
    rows = (
        Settlement.objects.filter(client=book.client, payment__isnull=False)
        .exclude(payment__customer_number=F("invoice__customer__number"))
        .order_by()
        .values_list("invoice__number", "payment__customer_number")
        .annotate(total=total_of("amount"))
    )
    for invoice, payer, total in rows:
        if total and book.owners.get(invoice, payer) != payer:
            book.of_invoice(invoice).across += total
            book.line(payer, "").across -= total


def _in_transit(book: Book) -> None:
    """Enter what the target does not hold as it stands here, and why."""
    undone = Settlement.objects.filter(undoes=OuterRef("settlement"))
    rows = (
        Registration.objects.filter(client=book.client, state__in=(*_NOT_THERE, *_BEING_REVERSED))
        .annotate(is_undone=Exists(undone))
        .order_by()
        .values_list("settlement__invoice__number", "state", "is_undone")
        .annotate(total=total_of("amount"))
    )
    for number, state, is_undone, total in rows:
        line = book.of_invoice(number)
        # What is undone here stands there still: less is open there.
        amount = -total if is_undone or state in _BEING_REVERSED else total
        line.in_transit += amount
        if state == _S.REJECTED:
            line.refused += amount
        elif state in (_S.UNKNOWN, _S.NEEDS_PERSON):
            line.unknown_outcome += amount
