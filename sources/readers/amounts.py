"""
Amounts from text, in whole minor units (öre, cents), exactly. Floats are never money.

Reading counts in int because adding a million ints is many times faster than adding Decimals;
`to_decimal` gives the Decimal that leaves the reader.
"""

import re
from decimal import Decimal, InvalidOperation

from connectors.bounds import AMOUNT_FIGURES

MINOR_DIGITS = 2
MAX_DIGITS = AMOUNT_FIGURES
"""Digits before the decimal mark, so that amount and sums are exact on every database."""

_HUNDRED = Decimal(100)
_LARGEST = 10 ** (MAX_DIGITS + MINOR_DIGITS) - 1
_SPACES = " \u00a0\u202f\u2009"
_APOSTROPHES = "'\u2019"
_MINUS = "-\u2212\u2013"
_GROUPED = {
    mark: re.compile(
        rf"[0-9]{{1,3}}|[1-9][0-9]{{0,2}}([{_SPACES}{_APOSTROPHES}{other}])[0-9]{{3}}(?:\1[0-9]{{3}})*"
    )
    for mark, other in ((",", "."), (".", ","))
}


class AmountError(ValueError):
    """The amount cannot be read. `code` is the code of the problem to report."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def to_decimal(minor: int) -> Decimal:
    """Return minor units as an amount with two decimals."""
    return Decimal(minor).scaleb(-MINOR_DIGITS)


def to_minor(amount: Decimal) -> int:
    """
    Return an amount in minor units.

    :raises ValueError: if it has value beyond two decimals
    """
    scaled = amount.scaleb(MINOR_DIGITS)
    minor = int(scaled)
    if minor != scaled:
        raise ValueError(f"{amount} has value beyond {MINOR_DIGITS} decimals")
    return minor


def minor_from_text(text: str, *, decimal_mark: str) -> int:
    """
    Return the amount in minor units.

    Takes thousands marks (space, no-break space, apostrophe, and whichever of ``.`` and ``,``
    is not the decimal mark) between groups of three, a minus before or after, or parentheses.

    :raises AmountError: if it is not such a number, or has value beyond two decimals
    """
    whole, mark, decimals = text.partition(decimal_mark)
    # The common spelling first: -1234,50 needs nothing of what follows.
    digits = whole[1:] if whole[:1] == "-" else whole
    if (
        (len(decimals) == MINOR_DIGITS or not mark)
        and len(digits) < MAX_DIGITS
        and digits.isdigit()
        and digits.isascii()
        and (not mark or (decimals.isdigit() and decimals.isascii()))
    ):
        return int(whole + decimals) if mark else int(whole) * 100
    return _minor_from_odd_text(text, decimal_mark=decimal_mark)


def _minor_from_odd_text(text: str, *, decimal_mark: str) -> int:
    rest = text.strip(_SPACES + "\t\r\n")
    negative = False
    if rest[:1] == "(" and rest[-1:] == ")":
        negative, rest = True, rest[1:-1].strip(_SPACES)
    elif rest[:1] and rest[0] in _MINUS:
        negative, rest = True, rest[1:].strip(_SPACES)
    elif rest[-1:] and rest[-1] in _MINUS:
        negative, rest = True, rest[:-1].strip(_SPACES)
    elif rest[:1] == "+":
        rest = rest[1:].strip(_SPACES)
    whole, mark, decimals = rest.partition(decimal_mark)
    if mark and not (decimals.isdigit() and decimals.isascii()):
        raise AmountError("amount_unreadable")
    if not (whole.isdigit() and whole.isascii()):
        if whole or not mark:
            if not _GROUPED[decimal_mark].fullmatch(whole):
                raise AmountError("amount_unreadable")
            whole = "".join(letter for letter in whole if letter.isdigit())
        else:
            whole = "0"  # ",50"
    if decimals[MINOR_DIGITS:].strip("0"):
        raise AmountError("amount_too_precise")
    if len(whole.lstrip("0")) > MAX_DIGITS:
        raise AmountError("amount_too_large")
    minor = int(whole + decimals[:MINOR_DIGITS].ljust(MINOR_DIGITS, "0"))
    return -minor if negative else minor


def minor_from_number(number: int | float | Decimal) -> tuple[int, bool]:
    """
    Return a spreadsheet's number in minor units, and whether it had to be rounded.

    A spreadsheet keeps binary fractions, so 25764.4 may arrive with noise far behind the
    decimals; that is not rounding. Half a minor unit or more is never rounded away.

    :raises AmountError: if it is not finite, too large, or rounding would change it by half
    """
    if isinstance(number, int):
        minor, rounded = number * 100, False
    else:
        try:
            exact = Decimal(str(number)) * _HUNDRED
            minor = int(exact.to_integral_value())
        except (InvalidOperation, OverflowError, ValueError) as exc:
            raise AmountError("amount_unreadable") from exc
        off = abs(exact - minor)
        if off >= Decimal("0.5"):
            raise AmountError("amount_too_precise")
        rounded = off > Decimal("0.0001")
    if abs(minor) > _LARGEST:
        raise AmountError("amount_too_large")
    return minor, rounded
