"""Dates and amounts out of the cells of a text table; nothing is guessed."""

import re
from datetime import date
from decimal import Decimal

_BLANKS = re.compile("[\\s\u00a0\u202f\u2009'’]")
_DATES = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"),
    re.compile(r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"),
    re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})"),
    re.compile(r"(?P<day>\d{1,2})-(?P<month>\d{1,2})-(?P<year>\d{4})"),
)


def day_from(text: str) -> date:
    """
    Return a date written 2026-08-31, 20260831, 31.08.2026 or 31-08-2026.

    With slashes nobody knows which is the month, and two figures are no year.

    :raises ValueError: if it is nothing of these, or not in the calendar
    """
    # Some programs add a time of midnight.
    text = re.sub(r"[ T]00:00(:00)?$", "", text.strip())
    for pattern in _DATES:
        if found := pattern.fullmatch(text):
            return date(int(found["year"]), int(found["month"]), int(found["day"]))
    raise ValueError(text)


class TwoWays(ValueError):
    """The text is an amount in two readings: 1.234 may be a thousand or one and a bit."""


_LONGEST = 22  # 16 figures before the decimals, with their marks and a minus
_PLAIN = re.compile(r"-?\d{1,16}(?:[.,]\d{1,2})?")
_THREE = re.compile(r"-?\d{1,3}[.,]\d{3}")
_GROUPED = (
    re.compile(r"-?\d{1,3}(?:\.\d{3})+,\d{1,2}"),
    re.compile(r"-?\d{1,3}(?:,\d{3})+\.\d{1,2}"),
    re.compile(r"-?\d{1,3}(?:\.\d{3}){2,}"),
    re.compile(r"-?\d{1,3}(?:,\d{3}){2,}"),
)


def amount_from(text: str) -> Decimal:
    """
    Return an amount with two decimals, its mark a point or a comma, thousands set apart or not.

    :raises TwoWays: if a single mark before three figures may be either
    :raises ValueError: if it is no such amount
    """
    tidy = _BLANKS.sub("", text).replace("\u2212", "-").replace("–", "-")
    if tidy.endswith("-"):
        tidy = f"-{tidy[:-1]}"
    if not tidy.isascii() or len(tidy) > _LONGEST:
        raise ValueError(text)
    if _PLAIN.fullmatch(tidy):
        return Decimal(tidy.replace(",", ".")).quantize(Decimal("0.01"))
    if _THREE.fullmatch(tidy):
        raise TwoWays(text)
    if any(pattern.fullmatch(tidy) for pattern in _GROUPED):
        # Without thousands marks but for the last one, if one or two figures follow it.
        figures = re.sub(r"[.,](?=\d{3})", "", tidy).replace(",", ".")
        return Decimal(figures).quantize(Decimal("0.01"))
    raise ValueError(text)
