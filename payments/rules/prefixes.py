"""
Prefixes of invoice numbers that a person has confirmed for an invoice client (B11).

`F-20018` or "nr. 20308" in a payment names invoice 20018 or 20308 once the client has learnt the
prefix. It may also be the invoice whose number has a prefix that payers leave out.
"""

import re
from collections.abc import Collection
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from payments.rules.matching import numbers_in, without_zeros

LONGEST = 20
_SEPARATORS = " \t,;+/&"
_NO_PREFIXES = frozenset(
    ["kr", "kr.", "nok", "sek", "dkk", "eur", "usd", "gbp", "isk", "€", "$", "£", "-"]
)
"""What stands before an amount."""
_NUMBER = r"[0-9][0-9A-Za-z]*(?:-[0-9A-Za-z]+)*"
_BEGINS = r"(?<![^\s(\[\"',;])"
_ENDS = r"(?!\w|-\w|[/.,:][0-9])"
"""What follows is no more of the number, nor of an amount, a date or a range."""


class Side(StrEnum):
    """Who writes the prefix."""

    PAYMENT = "payment"
    """Payers write it; the invoice's number is what follows."""
    INVOICE = "invoice"
    """The invoice's number begins with it; payers leave it out."""


class Prefix(NamedTuple):
    """What stands before an invoice number, as it was first seen; any case is meant."""

    text: str
    side: Side = Side.PAYMENT

    @property
    def key(self) -> str:
        """Return what two writings of the same prefix have in common."""
        return self.text.lower()


def is_prefix(text: str) -> bool:
    """Return whether a text can be learnt: no figures, no blanks, no currency, no bare marks."""
    return (
        0 < len(text) <= LONGEST
        and text.isprintable()
        and not any(mark.isdigit() or mark.isspace() for mark in text)
        and text.lower() not in _NO_PREFIXES
        and bool(text.strip(_SEPARATORS + "-.:()"))
    )


def prefix_of(invoice: str, *, reference: str, text: str) -> Prefix | None:
    """
    Return by which prefix a payment names an invoice; None: by none that can be learnt.

    :param reference: the invoice numbers that the payment gives, as its source has them
    :param text: what else is written on it
    """
    if not invoice or set(numbers_in(reference)) == {invoice}:
        return None
    for words in (reference, text):
        if (found := _before(invoice, words)) and is_prefix(found):
            return Prefix(found)
    own = re.match(r"[^0-9\s]+", invoice)
    rest = invoice[own.end() :] if own else ""
    if own and rest and is_prefix(own[0]):
        named = {without_zeros(number) for number in numbers_in(reference)}
        if without_zeros(rest) in named:
            return Prefix(own[0], Side.INVOICE)
    return None


def _before(invoice: str, words: str) -> str:
    """Return what stands directly before a number, or the word before it; the last of several."""
    pattern = rf"{_BEGINS}([^0-9\s(\[\"',;][^0-9\s]*)\s*0*{re.escape(invoice)}{_ENDS}"
    found = re.findall(pattern, words, flags=re.IGNORECASE)
    return found[-1] if found else ""


def numbers_behind(
    prefixes: Collection[Prefix], *, reference: str, text: str
) -> tuple[tuple[str, ...], ...]:
    """
    Return the invoice numbers that a payment names by learnt prefixes, each with its readings.

    What the source gives as invoice numbers comes first; only where that names nothing, the text
    is read, and there only what stands behind a prefix.
    """
    if not prefixes:
        return ()
    written = frozenset(one.key for one in prefixes if one.side is Side.PAYMENT)
    behind = _behind(written) if written else None
    named = numbers_in(reference)
    if named:
        if behind is not None:
            named = numbers_in(behind.sub(lambda found: f" {found['number']} ", reference))
    elif behind is not None:
        named = tuple(dict.fromkeys(found["number"] for found in behind.finditer(text)))
    own = [one.text for one in prefixes if one.side is Side.INVOICE]
    return tuple(
        (number, *(f"{start}{without_zeros(number)}" for start in own)) for number in named
    )


@lru_cache(maxsize=256)
def _behind(prefixes: frozenset[str]) -> re.Pattern[str]:
    # The longest first: "faktura nr." before "nr.".
    words = "|".join(re.escape(one) for one in sorted(prefixes, key=lambda one: (-len(one), one)))
    return re.compile(rf"{_BEGINS}(?:{words})\s*(?P<number>{_NUMBER}){_ENDS}", re.IGNORECASE)
