"""
Which invoice a payment settles (B11).

By KID, then by the invoice number that the source gives. Customer and amount are a suggestion
for a person and nothing more. Where anything is uncertain the payment is left unmatched with its
reason: nothing is guessed, and nothing is hidden.

What is made for each payment is a tuple: a frozen dataclass takes three times as long to make.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from connectors.base import ZERO
from payments.rules import kid as kids

_BETWEEN_NUMBERS = re.compile(r"[\s,;+/&]+")
_MOST_NUMBERS = 20


class Rule(StrEnum):
    """How a payment came to its invoice."""

    KID = "kid"
    INVOICE_NUMBER = "invoice_number"
    PREFIX = "prefix"
    """By an invoice number behind a prefix that a person has confirmed."""
    MANUAL = "manual"
    ACROSS = "across"
    """By hand, on an invoice of another customer than the payer."""
    CREDIT = "credit"
    ROUNDING = "rounding"


class Outcome(StrEnum):
    """What a payment did to its invoice."""

    SETTLED = "settled"
    PART = "part"
    OVER = "over"
    RETURNED = "returned"


class Left(StrEnum):
    """Why a payment is left to a person."""

    NO_REFERENCE = "no_reference"
    NOT_FOUND = "not_found"
    WRONG_KID = "wrong_kid"
    CURRENCY = "currency"
    EXCHANGE_RATE = "exchange_rate"
    OTHER_CUSTOMER = "other_customer"
    SEVERAL = "several"
    NOTHING_TO_RETURN = "nothing_to_return"
    CREDIT_NOTE = "credit_note"
    NOTHING_OPEN = "nothing_open"
    OVER = "over"
    MAY_BE_NO_MONEY = "may_be_no_money"


class Incoming(NamedTuple):
    """
    A payment to be matched.

    :param amount: in the client's own currency; below zero: it was returned
    :param foreign: it was paid in another currency than the client's own; the currency's name
    :param unknown_outcome: why a person must decide whether it is a payment at all; empty: it is
    :param behind: the numbers that it names by learnt prefixes, each with its possible readings
    """

    id: int
    customer: str
    amount: Decimal
    kid: str = ""
    invoice_number: str = ""
    foreign: str = ""
    unknown_outcome: str = ""
    behind: tuple[tuple[str, ...], ...] = ()


class Candidate(NamedTuple):
    """
    An invoice that a payment may settle.

    :param open: in the client's own currency; None when the invoice has no amount in it. A
        credit note has less than nothing open
    :param paid: what was paid on it so far, less what was returned or paid out
    :param rounded: the differences of rounding that were closed on it
    """

    id: int
    number: str
    customer: str
    open: Decimal | None
    paid: Decimal
    kid: str = ""
    foreign: str = ""
    is_credit_note: bool = False
    rounded: Decimal = ZERO


class Part(NamedTuple):
    """
    So much of a payment on one invoice.

    :param rounding: the difference that is closed with it; above zero: so much was paid too little
    """

    invoice_id: int
    amount: Decimal
    outcome: Outcome
    rounding: Decimal = ZERO


class Match(NamedTuple):
    """What came of one payment: its parts, and why it, or the rest of it, is left."""

    payment_id: int
    parts: tuple[Part, ...] = ()
    rule: Rule | None = None
    left: Left | None = None


@lru_cache(maxsize=4096)  # asked when invoices are looked for, and again for the payment
def numbers_in(text: str) -> tuple[str, ...]:
    """Return the invoice numbers that a text names, each once, in its order."""
    if text.isalnum():
        return (text,) if text.strip("0") else ()
    found = (number for number in _BETWEEN_NUMBERS.split(text.strip()) if number.strip("0"))
    return tuple(dict.fromkeys(found))[:_MOST_NUMBERS]


def without_zeros(number: str) -> str:
    """Return a number without the zeros with which banks fill it up."""
    return number.lstrip("0")


class OpenInvoices:
    """
    The invoices that some payments may settle, with what is open as payments are matched.

    :param candidates: all invoices with a KID or number that one of the payments names
    :param tolerance: up to which a difference is one of rounding, and closed
    """

    def __init__(self, candidates: Iterable[Candidate], *, tolerance: Decimal = ZERO) -> None:
        self._tolerance = tolerance
        self._by_kid: dict[str, list[Candidate]] = defaultdict(list)
        self._by_number: dict[str, Candidate] = {}
        self._open: dict[int, Decimal | None] = {}
        self._paid: dict[int, Decimal] = {}
        self._rounded: dict[int, Decimal] = {}
        for candidate in candidates:
            self._by_number[candidate.number] = candidate
            self._open[candidate.id], self._paid[candidate.id] = candidate.open, candidate.paid
            if candidate.rounded:
                self._rounded[candidate.id] = candidate.rounded
            if key := kids.key_of(candidate.kid):
                self._by_kid[key].append(candidate)

    def match(self, payment: Incoming) -> Match:
        """Place one payment, and remember what it leaves open."""
        if payment.unknown_outcome:
            return Match(payment.id, left=Left.MAY_BE_NO_MONEY)
        found, rule, why = self._find(payment)
        if not found:
            return Match(payment.id, left=why)
        why = self._why_left(payment, found)
        if why is not None:
            return Match(payment.id, left=why)
        left = None
        if found[0].is_credit_note:
            parts = self._of_credit_note(payment, found[0])
        elif payment.amount < 0:
            parts = self._returned(payment, found)
        else:
            parts, left = self._spread(payment, found)
        for part in parts:
            open_now = self._open[part.invoice_id]
            if part.rounding:
                self._rounded[part.invoice_id] = part.rounding
            elif open_now is not None and part.outcome is Outcome.RETURNED:
                # What was closed as a difference of rounding is open again with it.
                open_now += self._rounded.pop(part.invoice_id, ZERO)
            if open_now is not None:
                self._open[part.invoice_id] = open_now - part.amount - part.rounding
            self._paid[part.invoice_id] += part.amount
        return Match(payment.id, parts=parts, rule=rule if parts else None, left=left)

    def _find(self, payment: Incoming) -> tuple[list[Candidate], Rule | None, Left | None]:
        why = Left.NO_REFERENCE
        if payment.kid:
            if kids.is_valid(payment.kid):
                found = self._by_kid.get(kids.key_of(payment.kid), [])
                if len(found) > 1:
                    return [], None, Left.SEVERAL
                if found:
                    return found, Rule.KID, None
                why = Left.NOT_FOUND
            else:
                why = Left.WRONG_KID
        numbers = numbers_in(payment.invoice_number)
        if not numbers and not payment.behind:
            return [], None, why
        named = [one for number in numbers if (one := self._numbered(number)) is not None]
        if (not numbers or len(named) < len(numbers)) and payment.behind:
            return self._behind(payment.behind)
        if len(named) < len(numbers):
            # One of several is unknown: how much belongs to it is nothing that we can know.
            return [], None, Left.NOT_FOUND
        if len(named) > 1:
            named = list({one.id: one for one in named}.values())
        return named, Rule.INVOICE_NUMBER, None

    def _behind(
        self, numbers: Sequence[tuple[str, ...]]
    ) -> tuple[list[Candidate], Rule | None, Left | None]:
        """Return the invoices that learnt prefixes lead to: each number to exactly one."""
        named: dict[int, Candidate] = {}
        for readings in numbers:
            found = {one.id: one for text in readings if (one := self._numbered(text)) is not None}
            if len(found) != 1:
                return [], None, Left.SEVERAL if found else Left.NOT_FOUND
            named |= found
        return list(named.values()), Rule.PREFIX, None

    def _numbered(self, number: str) -> Candidate | None:
        found = self._by_number.get(number)
        if found is None and number.startswith("0"):
            found = self._by_number.get(without_zeros(number))
        return found

    def _why_left(self, payment: Incoming, found: Sequence[Candidate]) -> Left | None:
        if len(found) > 1 and any(candidate.is_credit_note for candidate in found):
            return Left.CREDIT_NOTE
        for candidate in found:
            if payment.customer and candidate.customer and candidate.customer != payment.customer:
                return Left.OTHER_CUSTOMER
        total = ZERO
        for candidate in found:
            open_now = self._open[candidate.id]
            if candidate.foreign != payment.foreign:
                return Left.CURRENCY
            if open_now is None:
                return Left.EXCHANGE_RATE if payment.foreign else Left.CURRENCY
            total += open_now
        if payment.foreign and payment.amount != total:
            # In the same foreign currency only an exact amount is certain: any
            # difference may be one of the exchange rate.
            return Left.EXCHANGE_RATE
        if found[0].is_credit_note:
            return self._unclear_payout(payment, found[0], open=total)
        if payment.amount < 0 and (len(found) > 1 or self._paid[found[0].id] < -payment.amount):
            return Left.NOTHING_TO_RETURN
        if payment.amount > 0 and total <= 0:
            return Left.NOTHING_OPEN
        return None

    def _unclear_payout(self, payment: Incoming, note: Candidate, *, open: Decimal) -> Left | None:
        """Money goes out on a note as far as it is open, and comes back as far as it went."""
        if payment.amount < 0:
            return None if payment.amount >= open else Left.NOTHING_OPEN
        return None if self._paid[note.id] <= -payment.amount else Left.CREDIT_NOTE

    def _of_credit_note(self, payment: Incoming, note: Candidate) -> tuple[Part, ...]:
        open_now = self._open[note.id] or ZERO
        outcome = outcome_of(share=payment.amount, open=open_now, is_credit_note=True)
        return (Part(note.id, payment.amount, outcome),)

    @staticmethod
    def _returned(payment: Incoming, found: Sequence[Candidate]) -> tuple[Part, ...]:
        return (Part(found[0].id, payment.amount, Outcome.RETURNED),)

    def _spread(
        self, payment: Incoming, found: Sequence[Candidate]
    ) -> tuple[tuple[Part, ...], Left | None]:
        """Fill the invoices in their order, none beyond what is open; the rest is left over."""
        parts: list[Part] = []
        rest = payment.amount
        # One that is settled already takes nothing.
        takers = [c for c in found if (self._open[c.id] or 0) > 0]
        for candidate in takers:
            open_now = self._open[candidate.id] or ZERO
            share = min(rest, open_now)
            parts.append(Part(candidate.id, share, outcome_of(share=share, open=open_now)))
            rest -= share
            if not rest:
                break
        last = parts.pop()
        short = (self._open[last.invoice_id] or ZERO) - last.amount
        if rest:
            if is_rounding(-rest, amount=payment.amount, tolerance=self._tolerance):
                parts.append(
                    Part(last.invoice_id, last.amount + rest, Outcome.SETTLED, rounding=-rest)
                )
                return tuple(parts), None
            parts.append(last._replace(outcome=Outcome.OVER))
            return tuple(parts), Left.OVER
        if len(parts) + 1 == len(takers) and is_rounding(
            short, amount=payment.amount, tolerance=self._tolerance
        ):
            last = last._replace(outcome=Outcome.SETTLED, rounding=short)
        return (*parts, last), None


def outcome_of(*, share: Decimal, open: Decimal, is_credit_note: bool = False) -> Outcome:
    """Return what a share does to an invoice, or credit note, of which so much is open."""
    if is_credit_note:
        share, open = -share, -open
    if share < 0:
        return Outcome.RETURNED
    if share == open:
        return Outcome.SETTLED
    return Outcome.PART if share < open else Outcome.OVER


def is_rounding(difference: Decimal, *, amount: Decimal, tolerance: Decimal) -> bool:
    """
    Return whether a difference is one of rounding: within the tolerance, below the amount.

    :param tolerance: of the client; nothing: no difference is
    """
    return 0 < abs(difference) <= tolerance and abs(difference) < abs(amount)


def share_by_hand(*, left: Decimal, open: Decimal, is_credit_note: bool = False) -> Decimal:
    """
    Return what of a payment goes on an invoice when a person names no amount.

    All that is left of it, and never more than is open: the rest stays in the queue.
    """
    if is_credit_note:
        return max(left, min(open, ZERO)) if left < 0 else left
    return min(left, max(open, ZERO)) if left > 0 else left
