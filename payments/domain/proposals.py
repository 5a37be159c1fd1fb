"""What a person is offered for a payment, or its rest, that waits: nothing is matched by it."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from connectors.base import ZERO


class Why(StrEnum):
    """What speaks for a proposal."""

    SAME_AMOUNT = "same_amount"
    NET_OF_CREDIT_NOTE = "net_of_credit_note"
    OLDEST_OPEN = "oldest_open"
    PAYOUT = "payout"


class OpenInvoice(NamedTuple):
    """An invoice, or credit note, of the payer with something open on it; the oldest come first."""

    id: int
    number: str
    open: Decimal
    is_credit_note: bool = False


class Proposal(NamedTuple):
    """An invoice to match with, and the credit note to set off first."""

    why: Why
    invoice: OpenInvoice
    credit_note: OpenInvoice | None = None


def propose(
    rest: Decimal, invoices: Sequence[OpenInvoice], *, is_part: bool = False, most: int = 3
) -> tuple[Proposal, ...]:
    """
    Return what fits to what is left of a payment, the best first.

    :param invoices: of the same customer, in the client's own currency, the oldest first
    :param is_part: it was paid too much: then the oldest invoice that can take it is offered
    """
    bills = [one for one in invoices if not one.is_credit_note and one.open > 0]
    notes = [one for one in invoices if one.is_credit_note and one.open < 0]
    if rest < 0:
        out = [Proposal(Why.PAYOUT, one) for one in notes if one.open == rest]
        return tuple(out[:most])
    found = [Proposal(Why.SAME_AMOUNT, one) for one in bills if one.open == rest]
    by_amount: dict[Decimal, list[OpenInvoice]] = defaultdict(list)
    for note in notes:
        by_amount[note.open].append(note)
    if rest > ZERO:
        found += [
            Proposal(Why.NET_OF_CREDIT_NOTE, bill, note)
            for bill in bills
            for note in by_amount.get(rest - bill.open, ())[:most]
        ]
    if not found and is_part:
        found += [Proposal(Why.OLDEST_OPEN, one) for one in bills if one.open > rest][:1]
    return tuple(found[:most])
