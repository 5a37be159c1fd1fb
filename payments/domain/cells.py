"""Dates and amounts out of the cells of a text table; nothing is guessed."""

import re
from datetime import date
from decimal import Decimal, InvalidOperation

from connectors.bounds import is_amount, is_day

_DATES = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"),
    re.compile(r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"),
    re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})"),
    re.compile(r"(?P<day>\d{1,2})-(?P<month>\d{1,2})-(?P<year>\d{4})"),
)


class NoDay(ValueError):
    """The text is a date, but of a year in which nothing was invoiced: a program's empty date."""


class TooLarge(ValueError):
    """The text is an amount with more figures than are stored exactly."""


def day_from(text: str) -> date:
    """
    Return a date written 2026-08-31, 20260831, 31.08.2026 or 31-08-2026.

    With slashes nobody knows which is the month, and two figures are no year.

    :raises NoDay: if it lies outside the years in which anything is booked
    :raises ValueError: if it is nothing of these, or not in the calendar
    """
    # Some programs add a time of midnight.
    text = re.sub(r"[ T]00:00(:00)?$", "", text.strip())
    for pattern in _DATES:
        if found := pattern.fullmatch(text):
            day = date(int(found["year"]), int(found["month"]), int(found["day"]))
            if not is_day(day):
                raise NoDay(text)
            return day
    raise ValueError(text)


class TwoWays(ValueError):
    """The text is an amount in two readings: 1.230 may be a thousand or one and a bit."""

    def readings(self) -> tuple[Decimal, Decimal]:
        """Return the amount with the mark between thousands, and with it before decimals."""
        text = str(self.args[0])
        fine = Decimal(text.replace(",", "."))
        cents = fine.quantize(Decimal("0.01"))
        return Decimal(re.sub("[.,]", "", text)), cents if cents == fine else fine


_LONGEST = 40
_PLAIN = re.compile(r"-?[0-9]+(?:[.,][0-9]{1,2})?")
_TWO_WAYS = re.compile(r"-?[0-9]{1,3}[.,][0-9]{3}")
_BLANK = "[ \u00a0\u202f\u2009'’]"
_GROUPED = tuple(
    re.compile(pattern)
    for pattern in (
        r"-?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]{1,2}",
        r"-?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]{1,2}",
        r"-?[0-9]{1,3}(?:\.[0-9]{3}){2,}",
        r"-?[0-9]{1,3}(?:,[0-9]{3}){2,}",
        rf"-?[0-9]{{1,3}}(?:{_BLANK}[0-9]{{3}})+(?:[.,][0-9]{{1,2}})?",
    )
)


def amount_from(text: str) -> Decimal:
    """
    Return an amount with two decimals, its mark a point or a comma, thousands set apart or not.

    Thousands are set apart in threes, by one kind of mark or by blanks.

    :raises TwoWays: if a single mark before three figures may be either
    :raises TooLarge: if it is larger than what is stored exactly
    :raises ValueError: if it is no such amount
    """
    tidy = text.strip().replace("\u2212", "-").replace("–", "-")
    if tidy.endswith("-") and not tidy.startswith("-"):
        tidy = f"-{tidy[:-1].rstrip()}"
    elif tidy.startswith("-"):
        tidy = f"-{tidy[1:].lstrip()}"
    if len(tidy) > _LONGEST:
        raise ValueError(text)
    if _TWO_WAYS.fullmatch(tidy):
        raise TwoWays(tidy)
    if not _PLAIN.fullmatch(tidy):
        if not any(pattern.fullmatch(tidy) for pattern in _GROUPED):
            raise ValueError(text)
        # Without marks between thousands: what is left before one or two figures is decimal.
        tidy = re.sub(rf"(?:[.,]|{_BLANK})(?=[0-9]{{3}})", "", tidy)
    try:
        amount = Decimal(tidy.replace(",", ".")).quantize(Decimal("0.01"))
    except InvalidOperation:
        raise TooLarge(text) from None  # more figures than a Decimal is counted with
    if not is_amount(amount):
        raise TooLarge(text)
    return amount
