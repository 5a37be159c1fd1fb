"""Payments find their invoices: a fixed number of statements for any number of payments."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar

from django.db.models import Q

from connectors.base import ZERO
from connectors.receivables.shared import PaymentKey
from connectors.receivables.source import SourcePayment
from organisations.models import User
from payments.models import (
    FetchRun,
    Invoice,
    InvoiceClient,
    LearntPrefix,
    Payment,
    Registration,
    Settlement,
)
from payments.models.money import total_of
from payments.rules import kid as kids
from payments.rules import matching as rules
from payments.rules.matching import Candidate, Incoming, Match, OpenInvoices, Part
from payments.rules.prefixes import Prefix, Side, numbers_behind
from payments.rules.references import reference_of

T = TypeVar("T")
# A database takes a plain text at once, and asks around for what a member of an enum may be.
_RULES: dict[rules.Rule | None, str] = {rule: rule.value for rule in rules.Rule}
_OUTCOMES = {outcome: outcome.value for outcome in rules.Outcome}
_COLUMNS = ("number", "kid", "customer__number", "currency", "posted_amount", "is_credit_note")
_AT_ONCE = 900
"""Values in one IN list; SQLite takes no more than 999 in a statement."""


@dataclass(frozen=True, slots=True)
class Open:
    """The sums of an invoice's events."""

    total: Decimal = ZERO
    paid: Decimal = ZERO


def portions(values: Iterable[T], *, at_once: int = _AT_ONCE) -> Iterator[list[T]]:
    """Yield the values, as they come, in lists that fit into one statement."""
    rest = iter(values)
    while some := list(islice(rest, at_once)):
        yield some


def settled_on(invoice_ids: Iterable[int]) -> dict[int, Open]:
    """Return the sums of the events of those invoices that have any."""
    found: dict[int, Open] = {}
    for some in portions(invoice_ids):
        rows = (
            Settlement.objects.filter(invoice_id__in=some)
            .order_by()
            .values_list("invoice_id")
            .annotate(
                total=total_of("amount"), paid=total_of("amount", filter=Q(payment__isnull=False))
            )
        )
        found |= {pk: Open(total=total, paid=paid or ZERO) for pk, total, paid in rows}
    return found


def used_of(credit_note_ids: Iterable[int]) -> dict[int, Decimal]:
    """Return how much of those credit notes was set off."""
    found: dict[int, Decimal] = {}
    for some in portions(credit_note_ids):
        found |= dict(
            Settlement.objects.filter(credit_note_id__in=some)
            .order_by()
            .values_list("credit_note_id")
            .annotate(total=total_of("amount"))
        )
    return found


def foreign_of(payment: Payment | SourcePayment, *, home: str) -> str:
    """Return the currency of a payment that is not in the client's own, else nothing."""
    known = len(payment.currency) == 3 and payment.currency.isalpha()
    if known:
        return "" if payment.currency == home else payment.currency
    # A source without currency codes: its own number of the currency, or none.
    return "" if payment.amount == payment.amount_in_currency else payment.currency or "?"


def prefixes_of(client: InvoiceClient) -> list[Prefix]:
    """Return the prefixes of invoice numbers that the client has learnt."""
    rows = LearntPrefix.objects.filter(client=client).order_by("pk")
    return [Prefix(text, Side(side)) for text, side in rows.values_list("text", "side")]


def incoming_of(
    payment: Payment, *, id: int, home: str, prefixes: Sequence[Prefix] = ()
) -> Incoming:
    """Return a payment as the rules of matching see it."""
    return Incoming(
        id=id,
        customer=payment.customer_number,
        amount=payment.amount,
        kid=payment.kid,
        invoice_number=payment.invoice_number,
        foreign=foreign_of(payment, home=home),
        unknown_outcome=payment.unknown_outcome,
        behind=numbers_behind(prefixes, reference=payment.invoice_number, text=payment.text),
    )


def hold(client_id: int) -> None:
    """
    Let nobody else settle invoices of the client until this transaction ends.

    Whoever reads what is open and then settles begins with this, and so takes turns: a page of
    fetched payments and a person. New rows that name the client are not kept waiting.
    """
    one = InvoiceClient.objects.select_for_update(no_key=True).filter(pk=client_id)
    list(one.values_list("pk"))


def match(client: InvoiceClient, arrived: Sequence[Incoming]) -> Iterator[Match]:
    """Read what may be settled, then match each payment when it is asked for, in the same order."""
    invoices = OpenInvoices(_candidates(client, arrived), tolerance=client.rounding_tolerance)
    return map(invoices.match, arrived)


def _candidates(client: InvoiceClient, arrived: Sequence[Incoming]) -> list[Candidate]:
    kid_keys = {kids.key_of(p.kid) for p in arrived if p.kid and kids.is_valid(p.kid)}
    numbers = {number for p in arrived for number in rules.numbers_in(p.invoice_number)}
    numbers |= {number for p in arrived for readings in p.behind for number in readings}
    numbers |= {rules.without_zeros(number) for number in numbers if number[0] == "0"}
    invoices = Invoice.objects.filter(client=client)
    found: dict[int, tuple[Any, ...]] = {}
    for kind, words in (("kid_key", kid_keys), ("number", numbers)):
        for some in portions(sorted(words)):
            rows = invoices.filter(**{f"{kind}__in": some}).exclude(**{kind: ""})
            found |= {row[0]: row for row in rows.values_list("pk", *_COLUMNS)}
    settled, used = settled_on(found), used_of(pk for pk, row in found.items() if row[-1])
    rounded = _rounded(found) if any(p.amount < 0 for p in arrived) else {}
    candidates = []
    for pk, number, kid, customer, currency, posted, is_credit_note in found.values():
        events = settled.get(pk, Open())
        candidates.append(
            Candidate(
                id=pk,
                number=number,
                customer=customer or "",
                open=None if posted is None else posted + used.get(pk, ZERO) - events.total,
                paid=events.paid,
                kid=kid,
                foreign="" if currency == client.currency else currency,
                is_credit_note=is_credit_note,
                rounded=rounded.get(pk, ZERO),
            )
        )
    return candidates


def _rounded(invoice_ids: Iterable[int]) -> dict[int, Decimal]:
    """Return the differences of rounding that are closed on those invoices."""
    found: dict[int, Decimal] = {}
    for some in portions(invoice_ids):
        found |= dict(
            Settlement.objects.filter(
                invoice_id__in=some, rule=rules.Rule.ROUNDING, undoes=None, undone_by=None
            )
            .order_by()
            .values_list("invoice_id")
            .annotate(total=total_of("amount"))
        )
    return found


def store_matches(
    client: InvoiceClient,
    payments: Sequence[tuple[int, PaymentKey]],
    matches: Sequence[Match],
    *,
    run: FetchRun | None,
    now: datetime,
) -> int:
    """
    Write the events of stored payments, and what is to stand in the target; return how many.

    :param payments: primary key and key in the source; `Match.payment_id` counts them from 0
    """
    parts = [(one, part) for one in matches for part in one.parts]
    stored = Settlement.objects.bulk_create(
        Settlement(
            organisation_id=client.organisation_id,
            client_id=client.pk,
            run=run,
            made_at=now,
            payment_id=payments[one.payment_id][0],
            invoice_id=part.invoice_id,
            amount=part.amount,
            rule=_RULES[one.rule],
            outcome=_OUTCOMES[part.outcome],
        )
        for one, part in parts
    )
    keys = [row.pk for row in stored]
    _store_roundings(client, dict(zip(keys, (part for _, part in parts), strict=True)), run, now)
    if client.target_id is not None:
        events = [
            _Event(key, *payments[one.payment_id], part.invoice_id, part.amount)
            for key, (one, part) in zip(keys, parts, strict=True)
        ]
        _register(client, events, now=now)
    return len(keys)


def _store_roundings(
    client: InvoiceClient, parts: Mapping[int, Part], run: FetchRun | None, now: datetime
) -> None:
    """Close differences of rounding, and open them again where their payment was returned."""
    for key, part in parts.items():
        if part.rounding:
            rounding_of(client, key, part, run=run, now=now).save(force_insert=True)
    returned = [p.invoice_id for p in parts.values() if p.outcome is rules.Outcome.RETURNED]
    if returned:
        open_roundings_again(returned, now=now)


def open_roundings_again(
    invoices: Sequence[int],
    *,
    now: datetime,
    by: User | None = None,
    reason: str = "",
    besides: int | None = None,
) -> None:
    """
    Undo the differences that were closed on invoices which are settled no longer.

    :param besides: an event that is undone by itself
    """
    closed = Settlement.objects.filter(
        invoice__in=invoices, rule=rules.Rule.ROUNDING, undoes=None, undone_by=None
    ).exclude(pk=besides or 0)
    Settlement.objects.bulk_create(
        mirror_of(one, now=now, by=by, reason=reason) for one in closed.order_by("pk")
    )


def rounding_of(
    client: InvoiceClient, settlement_id: int, part: Part, *, run: FetchRun | None, now: datetime
) -> Settlement:
    """Return the event that closes the difference which a payment left on its invoice."""
    return Settlement(
        organisation_id=client.organisation_id,
        client=client,
        invoice_id=part.invoice_id,
        rounds_id=settlement_id,
        amount=part.rounding,
        rule=rules.Rule.ROUNDING,
        run=run,
        made_at=now,
        reason=f"{abs(part.rounding)} ≤ {client.rounding_tolerance}",
    )


def mirror_of(
    one: Settlement, *, now: datetime, by: User | None = None, reason: str = ""
) -> Settlement:
    """Return the event that undoes another one."""
    return Settlement(
        organisation_id=one.organisation_id,
        client_id=one.client_id,
        invoice_id=one.invoice_id,
        payment_id=one.payment_id,
        credit_note_id=one.credit_note_id,
        rounds_id=one.rounds_id,
        amount=-one.amount,
        rule=one.rule,
        made_at=now,
        made_by=by,
        reason=reason,
        undoes=one,
    )


def store_settlement(client: InvoiceClient, settlement: Settlement, *, now: datetime) -> None:
    """Write one event of a payment, with its registration if the client has a target."""
    settlement.save(force_insert=True)
    if client.target_id is not None and settlement.payment is not None:
        event = _Event(
            settlement.pk,
            settlement.payment.pk,
            settlement.payment.key,
            settlement.invoice_id,
            settlement.amount,
            settlement.round,
        )
        _register(client, [event], now=now)


@dataclass(frozen=True, slots=True)
class _Event:
    """A settlement that is to stand in the target."""

    settlement_id: int
    payment_id: int
    payment_key: PaymentKey
    invoice_id: int
    amount: Decimal
    round: int = 0


def _register(client: InvoiceClient, events: Sequence[_Event], *, now: datetime) -> None:
    numbers: dict[int, str] = {}
    for some in portions({event.invoice_id for event in events}):
        numbers |= dict(Invoice.objects.filter(pk__in=some).values_list("pk", "number"))
    source = client.source
    vendor = source.vendor if source else ""
    company = source.tenant_id if source else f"client-{client.pk}"
    Registration.objects.bulk_create(
        Registration(
            organisation_id=client.organisation_id,
            client_id=client.pk,
            state_at=now,
            not_before=now,
            settlement_id=event.settlement_id,
            payment_id=event.payment_id,
            reference=reference_of(
                vendor=vendor,
                company=company,
                journal_number=event.payment_key.journal_number,
                audit_number=event.payment_key.audit_number,
                invoice_number=numbers[event.invoice_id],
                round=event.round,
            ),
            amount=event.amount,
        )
        for event in events
    )


def apply_credit_notes(client: InvoiceClient, *, run: FetchRun | None, now: datetime) -> int:
    """
    Set credit notes that name their invoice off against it, each once; return how many.

    What a person has undone is not done again: such a note has events already.
    """
    hold(client.pk)
    unused = (
        Invoice.objects.filter(
            client=client,
            is_credit_note=True,
            posted_amount__lt=0,
            uses__isnull=True,
            settlements__isnull=True,
        )
        .exclude(credits_number="")
        .order_by("issued_on", "pk")
    )
    # Whoever uses one by hand at the same time is waited for, and then seen.
    for some in portions(sorted(unused.values_list("pk", flat=True))):
        list(Invoice.objects.select_for_update().filter(pk__in=some).order_by("pk"))
    notes = list(unused)
    if not notes:
        return 0
    targets: dict[str, Invoice] = {}
    for some in portions({note.credits_number for note in notes}):
        found = Invoice.objects.filter(client=client, number__in=some, is_credit_note=False)
        targets |= {invoice.number: invoice for invoice in found}
    settled = settled_on(invoice.pk for invoice in targets.values())
    left = {
        invoice.pk: invoice.posted_amount - settled.get(invoice.pk, Open()).total
        for invoice in targets.values()
        if invoice.posted_amount is not None
    }
    made = []
    for note in notes:
        invoice = targets.get(note.credits_number)
        if invoice is None or invoice.pk not in left or invoice.currency != note.currency:
            continue
        share = min(-note.posted_amount, left[invoice.pk])
        if share <= 0:
            continue
        left[invoice.pk] -= share
        made.append(
            Settlement(
                organisation_id=client.organisation_id,
                client=client,
                invoice=invoice,
                credit_note=note,
                amount=share,
                rule=rules.Rule.CREDIT,
                run=run,
                made_at=now,
            )
        )
    Settlement.objects.bulk_create(made)
    return len(made)
