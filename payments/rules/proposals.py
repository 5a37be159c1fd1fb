"""What a person is offered for a payment, or its rest, that waits: nothing is matched by it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from itertools import combinations, islice
from typing import NamedTuple

from connectors.base import ZERO

_LOOKED_AT = 3_000
"""Sets of invoices that are tried for one payment: a page shows fifty of them."""
_LARGEST_SET = 5


class Why(StrEnum):
    """What speaks for a proposal."""

    SAME_AMOUNT = "same_amount"
    SAME_SUM = "same_sum"
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
    """The invoices to match with, and the credit note to set off first."""

    why: Why
    invoices: tuple[OpenInvoice, ...]
    credit_note: OpenInvoice | None = None


def propose(
    rest: Decimal, invoices: Sequence[OpenInvoice], *, is_part: bool = False, most: int = 3
) -> tuple[Proposal, ...]:
    """
    Return what fits to what is left of a payment, the best first.

    Several that fit are several choices: none of them is better founded than the others.

    :param invoices: of the same customer, in the client's own currency, the oldest first
    :param is_part: it was paid too much: then the oldest invoice that can take it is offered
    """
    bills = [one for one in invoices if not one.is_credit_note and one.open > 0]
    notes = [one for one in invoices if one.is_credit_note and one.open < 0]
    if rest < 0:
        out = [Proposal(Why.PAYOUT, (one,)) for one in notes if one.open == rest]
        return tuple(out[:most])
    found = [Proposal(Why.SAME_AMOUNT, (one,)) for one in bills if one.open == rest]
    if rest > ZERO:
        found += [Proposal(Why.SAME_SUM, some) for some in islice(_that_add_up(rest, bills), most)]
        by_amount: dict[Decimal, list[OpenInvoice]] = defaultdict(list)
        for note in notes:
            by_amount[note.open].append(note)
        found += [
            Proposal(Why.NET_OF_CREDIT_NOTE, (bill,), note)
            for bill in bills
            for note in by_amount.get(rest - bill.open, ())[:most]
        ]
    if not found and is_part:
        found += [Proposal(Why.OLDEST_OPEN, (one,)) for one in bills if one.open > rest][:1]
    return tuple(found[:most])


def _that_add_up(rest: Decimal, bills: Sequence[OpenInvoice]) -> Iterator[tuple[OpenInvoice, ...]]:
    """
    Yield sets of two invoices and more that are exactly the rest together, small sets first.

    After so many tries no more are looked for; only that all that is open fits is always seen.
    """
    small = [one for one in bills if one.open < rest]
    places: dict[Decimal, list[int]] = defaultdict(list)
    for place, bill in enumerate(small):
        places[bill.open].append(place)
    left = _LOOKED_AT
    largest = min(_LARGEST_SET, len(small))
    for size in range(2, largest + 1):
        for some in combinations(range(len(small)), size - 1):
            if not left:
                break
            left -= 1
            missing = rest - sum(small[place].open for place in some)
            for last in places.get(missing, ()):
                if last > some[-1]:
                    yield tuple(small[place] for place in (*some, last))
    if len(small) > largest and sum((one.open for one in small), ZERO) == rest:
        yield tuple(small)
