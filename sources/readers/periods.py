"""Dates and periods in all the ways that payroll systems write them."""

import re
from datetime import date, datetime
from decimal import Decimal

from connectors.bounds import FIRST_YEAR, LAST_YEAR
from sources.readers.settings import DMY, MDY, YMD


class OutOfRange(ValueError):
    """The date is one of the calendar, but no day on which anybody books payroll."""


_MONTHS = (
    "january januari januar jänner tammikuu tammi jan",
    "february februari februar helmikuu helmi feb",
    "march mars marts maart märz maaliskuu maalis mar mrt mrs",
    "april huhtikuu huhti apr",
    "may maj mai mei toukokuu touko",
    "june juni kesäkuu kesä jun",
    "july juli heinäkuu heinä jul",
    "august augusti augustus elokuu elo aug",
    "september syyskuu syys sep sept",
    "october oktober lokakuu loka oct okt",
    "november marraskuu marras nov",
    "december desember dezember joulukuu joulu dec des dez",
)
_FINNISH_ENDINGS = re.compile(r"(?<=kuu)(?:ta|ssa|n)$")
MONTH_NUMBERS = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}

_YEAR_FIRST = re.compile(r"((?:19|20)[0-9]{2})[\s./-]?[mp]?[\s./-]?([0-9]{1,2})", re.IGNORECASE)
_MONTH_FIRST = re.compile(r"[mp]?([0-9]{1,2})[\s./-]?((?:19|20)[0-9]{2})", re.IGNORECASE)
_NAMED = re.compile(r"([^\W\d_]+)\.?[\s./-]*((?:19|20)[0-9]{2})")
_NAMED_YEAR_FIRST = re.compile(r"((?:19|20)[0-9]{2})[\s./-]*([^\W\d_]+)\.?")
_MONTH_ONLY = re.compile(r"[mp]?([0-9]{1,2})", re.IGNORECASE)
_FULL_DATE = re.compile(r"((?:19|20)[0-9]{2})[./-][0-9]{1,2}[./-][0-9]{1,2}(?:[T ].*)?")
_YEAR_POINT_ONE = re.compile(r"(?:19|20)[0-9]{2}[.,]1")
_DATE = re.compile(
    r"([0-9]{1,4})[\s./-]+([0-9]{1,2})[\s./-]+([0-9]{1,4})"
    r"(?:[T ]([0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)(Z|[-+][0-9]{2}:?[0-9]{2})?)?"
)
_DAY_NAME_YEAR = re.compile(r"([0-9]{1,4})\.?[\s/.-]*([^\W\d_]+)\.?,?[\s/.-]*([0-9]{1,4})")
_NAME_DAY_YEAR = re.compile(r"([^\W\d_]+)\.?\s*([0-9]{1,2})(?:\.?,\s*|\.?\s+)([0-9]{4})")
_SERIAL = re.compile(r"([3-7][0-9]{4})(?:[.,][0-9]+)?")
_SERIAL_ZERO = date.fromisoformat("1899-12-30")


def period_of(day: date) -> str:
    """Return the period of a day, ``YYYY-MM``."""
    return f"{day.year:04d}-{day.month:02d}"


def last_day(period: str) -> date:
    """Return the last day of ``YYYY-MM``."""
    year, month = int(period[:4]), int(period[5:7])
    following = date(year + month // 12, month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)


def period_from_text(text: str) -> str:
    """
    Return ``YYYY-MM`` from ``2026-03``, ``202603``, ``03/2026``, ``mars 2026`` and the like.

    :raises ValueError: if it holds no year, or no month of the calendar
    """
    text = text.strip()
    if found := _YEAR_FIRST.fullmatch(text):
        return _period(found[1], found[2])
    if found := _MONTH_FIRST.fullmatch(text):
        return _period(found[2], found[1])
    if found := _NAMED.fullmatch(text):
        return _period(found[2], found[1])
    if found := _NAMED_YEAR_FIRST.fullmatch(text):
        return _period(found[1], found[2])
    if _FULL_DATE.fullmatch(text):
        return period_of(date_from_text(text, date_format=YMD))
    raise ValueError(text)


def may_have_lost_a_zero(cell: object) -> bool:
    """
    Say whether a period is, or was, a number of which the last zero may be gone.

    A spreadsheet keeps 2026.10 as 2026.1: January to one reader, October to another.
    """
    if isinstance(cell, float | Decimal):
        return not float(cell).is_integer()
    return isinstance(cell, str) and bool(_YEAR_POINT_ONE.fullmatch(cell.strip()))


def period_from_year_and_month(year: str, month: str) -> str:
    """
    Return ``YYYY-MM`` of two fields; the month may be ``3``, ``03``, ``P3`` or ``mars``.

    :raises ValueError: if either cannot be read
    """
    year, month = year.strip(), month.strip()
    found = _MONTH_ONLY.fullmatch(month)
    if found:
        return _period(year, found[1])
    if _month_number(month):
        return _period(year, month)
    period = period_from_text(month)  # "2026-03" beside the year: must agree
    if period[:4] != year:
        raise ValueError(f"{year} {month}")
    return period


def _period(year: str, month: str) -> str:
    number = _month_number(month) or _digits(month)
    if not (1 <= number <= 12 and FIRST_YEAR <= _digits(year) <= LAST_YEAR):
        raise ValueError(f"{year} {month}")
    return f"{year}-{number:02d}"


def _month_number(name: str) -> int | None:
    """Return the number of a month by its name; None if it has none of that name."""
    return MONTH_NUMBERS.get(_FINNISH_ENDINGS.sub("", name.casefold().rstrip(".")))


def _digits(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return int(text)


def date_from_text(text: str, *, date_format: str, short_years: bool = False) -> date:
    """
    Return the date. A year of four figures that comes first with a mark after it is read whatever
    the format, and so is a month in words; eight figures without marks are read in the order of
    the format. A time of UTC after midnight may be of the next day where its reader is.

    :param date_format: order of the parts
    :param short_years: whether 26-03-25 may be a year of two figures that comes first
    :raises ValueError: if it is not a date of that format
    """
    text = text.strip()
    if len(text) == 8 and text.isascii() and text.isdigit():
        if date_format == YMD:
            return _in_range(date(int(text[:4]), int(text[4:6]), int(text[6:])))
        return _by_order(text[:2], text[2:4], text[4:], date_format)
    found = _DATE.fullmatch(text)
    if not found:
        return _with_month_in_words(text, date_format, short_years=short_years)
    one, two, three, time, zone = found.groups()
    if zone == "Z" and time.strip("0:."):
        raise ValueError(text)
    if len(one) == 4:
        return _in_range(date(int(one), int(two), _digits(three)))
    if date_format == YMD and short_years and len(one) == 2 and len(three) <= 2:
        return _in_range(date(2000 + int(one), int(two), int(three)))
    return _by_order(one, two, three, date_format)


def _with_month_in_words(text: str, date_format: str, *, short_years: bool) -> date:
    if found := _DAY_NAME_YEAR.fullmatch(text):
        one, name, three = found.groups()
    elif found := _NAME_DAY_YEAR.fullmatch(text):
        name, one, three = found.groups()
    else:
        raise ValueError(text)
    month = _month_number(name)
    if month is None:
        raise ValueError(text)
    if len(one) == 4 or (date_format == YMD and short_years and len(one) == len(three) == 2):
        one, three = three, one
    elif len(three) == 2 and date_format == YMD:
        raise ValueError(text)
    if len(three) not in (2, 4) or len(one) > 2:
        raise ValueError(text)
    year = int(three) + (2000 if len(three) == 2 else 0)
    return _in_range(date(year, month, int(one)))


def date_of_serial(text: str) -> date | None:
    """Return the day that a spreadsheet keeps as that number; None if it is hardly one."""
    found = _SERIAL.fullmatch(text)
    return date.fromordinal(_SERIAL_ZERO.toordinal() + int(found[1])) if found else None


def _by_order(one: str, two: str, three: str, date_format: str) -> date:
    if date_format == YMD or len(three) not in (2, 4) or max(len(one), len(two)) > 2:
        raise ValueError("-".join((one, two, three)))
    year = int(three) + (2000 if len(three) == 2 else 0)
    if date_format == DMY:
        return _in_range(date(year, int(two), int(one)))
    if date_format == MDY:
        return _in_range(date(year, int(one), int(two)))
    raise ValueError(date_format)


def _in_range(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise OutOfRange(day.isoformat())
    return day


def date_of_cell(cell: object) -> date | None:
    """Return the date of a spreadsheet's date cell, or None if it is not one."""
    if isinstance(cell, datetime):
        return _in_range(cell.date())
    if isinstance(cell, date):
        return _in_range(cell)
    return None
