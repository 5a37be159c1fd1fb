"""The first payroll period that is sent through a mapping (B17)."""

import re
from datetime import date

_PERIOD = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_YEARS = range(1990, 2100)


def read_period(text: str) -> str:
    """
    Return a month as ``YYYY-MM``.

    :raises ValueError: if it is no month of the years 1990 to 2099
    """
    found = _PERIOD.fullmatch(text.strip())
    if found is None or int(found[1]) not in _YEARS or not 1 <= int(found[2]) <= 12:
        raise ValueError(text)
    return text.strip()


def month_of(day: date) -> str:
    """Return the month of a day, which a new mapping proposes."""
    return f"{day:%Y-%m}"


def is_before(run_period: str, first_period: str) -> bool:
    """
    Say whether a run was booked before the hub took over.

    :param first_period: empty for a mapping from before the question was asked: none was
    """
    return bool(first_period) and run_period < first_period
