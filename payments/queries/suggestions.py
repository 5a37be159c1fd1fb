"""What is offered for payments that wait: a fixed number of statements for a page of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F

from connectors.base import ZERO
from payments.models import Invoice, Payment
from payments.operations.matching import foreign_of, portions
from payments.queries.invoices import with_open
from payments.queries.wording import SUGGESTIONS
from payments.rules.proposals import OpenInvoice, Proposal, propose
from ui.amounts import MINUS, NBSP
from ui.amounts import amount as shown

_MOST = 5_000
"""Invoices of the payers of a page that are looked at, the newest: what is older is not offered."""


@dataclass(frozen=True, slots=True)
class Part:
    """An invoice, and how much of the payment goes on it."""

    invoice_id: int
    number: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a person is offered for a payment, in words, and what a press on it matches."""

    words: str
    short: str
    """What is matched, without why: where several fit the why stands once."""
    parts: tuple[Part, ...]
    credit_note: str
    credit_note_id: int | None
    amount: Decimal
    reason: str

    @property
    def invoice(self) -> str:
        """Return the number of the invoice; nothing where they are several."""
        return self.parts[0].number if len(self.parts) == 1 else ""


def suggestions_for(payments: Sequence[Payment]) -> dict[int, tuple[Suggestion, ...]]:
    """
    Return what fits to what is left of payments that `with_assigned` gave, by their keys.

    :param payments: with their clients
    """
    asked = {
        one.pk: one.amount - one.assigned  # type: ignore[attr-defined]
        for one in payments
        if not foreign_of(one, home=one.client.currency) and not one.unknown_outcome
    }
    wanted = [one for one in payments if asked.get(one.pk) and one.customer_number]
    opened = _open_invoices(wanted)
    found = {}
    for one in wanted:
        rest = asked[one.pk]
        invoices = opened.get((one.client_id, one.customer_number), [])
        offers = propose(rest, invoices, is_part=rest != one.amount)
        found[one.pk] = tuple(_suggestion(offer, rest=rest) for offer in offers)
    return found


def _open_invoices(payments: Sequence[Payment]) -> dict[tuple[int, str], list[OpenInvoice]]:
    """Return what is open of the payers, the oldest first."""
    clients = {one.client_id for one in payments}
    payers = {(one.client_id, one.customer_number) for one in payments}
    found: dict[tuple[int, str], list[OpenInvoice]] = defaultdict(list)
    for some in portions(sorted({number for _client, number in payers})):
        invoices = Invoice.objects.filter(
            client__in=clients,
            customer__number__in=some,
            posted_amount__isnull=False,
            currency=F("client__currency"),
        )
        newest = invoices.order_by("-issued_on", "-pk").values("pk")[:_MOST]
        rows = with_open(Invoice.objects.filter(pk__in=newest)).exclude(open=0)
        rows = rows.order_by("issued_on", "pk")
        columns = ("client_id", "customer__number", "pk", "number", "open", "is_credit_note")
        for client, payer, pk, number, open_now, is_note in rows.values_list(*columns).iterator():
            if (client, payer) in payers:
                found[client, payer].append(OpenInvoice(pk, number, open_now or ZERO, is_note))
    return found


def _suggestion(one: Proposal, *, rest: Decimal) -> Suggestion:
    note = one.credit_note
    text, reason = SUGGESTIONS[one.why]
    several = len(one.invoices) > 1
    parts = tuple(
        Part(bill.id, bill.number, bill.open if several else rest) for bill in one.invoices
    )
    number, less = parts[0].number, note.number if note else ""
    together = " + ".join(f"{part.number}{NBSP}({shown(part.amount)})" for part in parts)
    return Suggestion(
        words=text % {"number": number, "note": less, "sum": together},
        short=f"{number} {MINUS} {less}{NBSP}({shown(-note.open)})" if note else together,
        parts=parts,
        credit_note=less,
        credit_note_id=note.id if note else None,
        amount=rest,
        reason=str(reason),
    )
