"""Dates and amounts out of the cells of a text table; nothing is guessed."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation

from connectors.bounds import is_amount, is_day

_DATES = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"),
    re.compile(r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"),
    re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})"),
)
HYPHENS = re.compile(r"(?P<one>\d{1,2})-(?P<two>\d{1,2})-(?P<year>\d{4})")
"""Either order is in use: Danes and Dutch put the day first, Americans the month."""
_MIDNIGHT = re.compile(r"[ T]00:00(:00)?$")

DAY_FIRST, MONTH_FIRST = "day", "month"


class NoDay(ValueError):
    """The text is a date, but of a year in which nothing was invoiced: a program's empty date."""


class TooLarge(ValueError):
    """The text is an amount with more figures than are stored exactly."""


class TwoDays(ValueError):
    """The text is a date in two readings: 03-04-2026 may be in March or in April."""


def day_from(text: str, *, first: str = "") -> date:
    """
    Return a date written 2026-08-31, 20260831, 31.08.2026, or 31-08-2026 where it is certain.

    With slashes nobody knows which is the month, and two figures are no year.

    :param first: which comes first between hyphens, where the rest of the column tells
    :raises TwoDays: if it does not tell, and both may
    :raises NoDay: if it lies outside the years in which anything is booked
    :raises ValueError: if it is nothing of these, or not in the calendar
    """
    text = _MIDNIGHT.sub("", text.strip())  # which some programs add
    for pattern in _DATES:
        if found := pattern.fullmatch(text):
            return _booked(int(found["year"]), int(found["month"]), int(found["day"]), text)
    readings = _readings(text)
    if first:
        readings = {order: day for order, day in readings.items() if order == first}
    if len(set(readings.values())) > 1:
        raise TwoDays(text)
    for day in readings.values():
        return _booked(day.year, day.month, day.day, text)
    raise ValueError(text)


def order_of(texts: Iterable[str]) -> str:
    """Return which comes first in a column of dates with hyphens; empty if none proves it."""
    proven: set[str] = set()
    for text in texts:
        readings = _readings(_MIDNIGHT.sub("", text.strip()))
        if len(readings) == 1:
            proven |= readings.keys()
    return proven.pop() if len(proven) == 1 else ""


def _readings(text: str) -> dict[str, date]:
    found = HYPHENS.fullmatch(text)
    readings: dict[str, date] = {}
    if found is None:
        return readings
    one, two, year = int(found["one"]), int(found["two"]), int(found["year"])
    for order, month, day in ((DAY_FIRST, two, one), (MONTH_FIRST, one, two)):
        try:
            readings[order] = date(year, month, day)
        except ValueError:
            continue
    return readings


def _booked(year: int, month: int, day: int, text: str) -> date:
    found = date(year, month, day)
    if not is_day(found):
        raise NoDay(text)
    return found


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
