"""
The rules of the month board (B1): states worst first, steps, expected dates.

No Django and no clock: days and months come in, words and dates go out.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum, StrEnum
from itertools import takewhile
from statistics import median

MONTHS_LEARNT_FROM = 6
DAYS_OF_GRACE = 2
WORKING_DAYS_TO_SEND = 2
MOST_DAYS_TO_SEND = 10
OPENS_BEFORE = 7
"""A period is the one that journals are expected for from so many days before the first is due."""
_SATURDAY = 5


class RowState(IntEnum):
    """What a company's month is, worst first: the number is its place."""

    NEEDS_PERSON = 1
    UNKNOWN = 2
    BLOCKED = 3
    LATE = 4
    HELD = 6
    READY = 7
    UNDER_WAY = 8
    PROVEN = 9
    NOT_EXPECTED = 10
    NOTHING = 11
    OFF = 12

    @property
    def key(self) -> str:
        """Return its name in addresses."""
        return self.name.lower()


NEEDS_YOU = (RowState.NEEDS_PERSON, RowState.UNKNOWN, RowState.BLOCKED, RowState.LATE)
ON_THE_WAY = (RowState.HELD, RowState.READY, RowState.UNDER_WAY)
DONE = (RowState.PROVEN, RowState.NOT_EXPECTED, RowState.NOTHING, RowState.OFF)
UNFINISHED = (*NEEDS_YOU, *ON_THE_WAY)

OF_JOURNAL: Mapping[str, RowState] = {
    "needs_person": RowState.NEEDS_PERSON,
    "stopped": RowState.NEEDS_PERSON,
    "unknown": RowState.UNKNOWN,
    "held": RowState.HELD,
    "imported": RowState.READY,
    "reversed": RowState.READY,
    "checking": RowState.UNDER_WAY,
    "sending": RowState.UNDER_WAY,
    "sent": RowState.PROVEN,
    "closed": RowState.PROVEN,
    "booked_before": RowState.PROVEN,
}
"""What a journal's own state makes of its row. A reversed one counts as not sent."""

MAY_BE_BLOCKED = (RowState.HELD, RowState.READY, RowState.UNDER_WAY)
MAY_BE_LATE = (RowState.HELD, RowState.READY)


def row_state(
    journals: Collection[str],
    *,
    changed: bool = False,
    blocked: bool = False,
    signed_out: bool = False,
    served: bool = True,
    nothing: bool = False,
    expected: date | None = None,
    to_send: date | None = None,
    today: date,
) -> RowState:
    """
    Return the state of one company's month.

    :param journals: the states of its journals of that period
    :param changed: payroll delivered a journal again with other content, and nobody decided
    :param blocked: a test company, or one of a blocked debtor: nothing of it is sent
    :param signed_out: its account at the vendor lets nobody in
    :param served: it has a mapping and is not blocked
    :param nothing: a person said that nothing comes this month
    :param expected: the day by which a journal is imported, if that is known
    :param to_send: the day by which it is sent, if that is known
    """
    if not journals:
        if nothing:
            return RowState.NOTHING
        if not served:
            return RowState.OFF
        if expected is None:
            return RowState.NOT_EXPECTED
        if today > expected:
            return RowState.LATE
        return RowState.BLOCKED if signed_out else RowState.NOT_EXPECTED
    worst = min(OF_JOURNAL[state] for state in journals)
    if changed:
        worst = RowState.NEEDS_PERSON
    if worst in MAY_BE_BLOCKED and (blocked or signed_out or not served):
        return RowState.BLOCKED
    if worst in MAY_BE_LATE and to_send is not None and today > to_send:
        return RowState.LATE
    return worst


class Step(StrEnum):
    """One column of the board."""

    IMPORTED = "imported"
    CHECKED = "checked"
    SENT = "sent"
    PROVEN = "proven"


STEPS = tuple(Step)
_FINISHED: Mapping[str, Collection[Step]] = {
    "imported": {Step.IMPORTED},
    "stopped": {Step.IMPORTED},
    "held": {Step.IMPORTED, Step.CHECKED},
    "checking": {Step.IMPORTED},
    "sending": {Step.IMPORTED, Step.CHECKED},
    "unknown": {Step.IMPORTED, Step.CHECKED},
    "needs_person": {Step.IMPORTED, Step.CHECKED},
    "reversed": {Step.IMPORTED, Step.CHECKED},
    "sent": set(STEPS),
    "closed": {Step.IMPORTED},
    "booked_before": {Step.IMPORTED},
}


@dataclass(frozen=True, slots=True)
class Mark:
    """One cell: ``done``, ``now`` (words and age stand there), ``todo`` or ``skipped``."""

    step: Step
    look: str


def marks(journal: str) -> list[Mark]:
    """
    Return the marks of a row whose worst journal is in that state; empty: none has come.

    What is booked without the hub skips the steps that the hub would have taken.
    """
    if not journal:
        return [Mark(Step.IMPORTED, "now"), *(Mark(step, "todo") for step in STEPS[1:])]
    finished = _FINISHED[journal]
    if journal in ("closed", "booked_before"):
        return [Mark(step, "done" if step in finished else "skipped") for step in STEPS]
    done = list(takewhile(lambda step: step in finished, STEPS))
    return [
        Mark(step, "done" if step in done else "now" if place == len(done) else "todo")
        for place, step in enumerate(STEPS)
    ]


def first_day(period: str) -> date:
    """Return the first day of a period, YYYY-MM."""
    return date(int(period[:4]), int(period[5:7]), 1)


def moved(period: str, months: int) -> str:
    """Return the period so many months later, or earlier."""
    count = int(period[:4]) * 12 + int(period[5:7]) - 1 + months
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def period_of(day: date) -> str:
    """Return the period that the day lies in."""
    return f"{day:%Y-%m}"


def learnt_offset(arrivals: Iterable[tuple[str, date]]) -> int | None:
    """
    Return after how many days from the first of its period a journal is here, or None.

    The median of the last six months, and two days of grace (B1).

    :param arrivals: period and day of arrival of each first journal of a month
    """
    latest = sorted(arrivals, reverse=True)[:MONTHS_LEARNT_FROM]
    offsets = [(day - first_day(period)).days for period, day in latest]
    return round(median(offsets)) + DAYS_OF_GRACE if offsets else None


def offset_of_day(period: str, *, day: int, month_after: bool) -> int:
    """
    Return the days from the first of the period to that day of it, or of the month after.

    A month without such a day has its last one instead.
    """
    first = first_day(period)
    second, third = first_day(moved(period, 1)), first_day(moved(period, 2))
    if month_after:
        return (second - first).days + min(day, (third - second).days) - 1
    return min(day, (second - first).days) - 1


def due(period: str, offset: int) -> date:
    """Return the day that lies so many days after the first of the period."""
    return first_day(period) + timedelta(days=offset)


def working_days_after(day: date, count: int) -> date:
    """Return the day that is so many working days later; Saturdays and Sundays do not count."""
    while count > 0:
        day += timedelta(days=1)
        if day.weekday() < _SATURDAY:
            count -= 1
    return day


def expected_now(today: date, *, first_offset: int | None, newest: str) -> str:
    """
    Return the period whose journals are expected now.

    A period begins a week before its first journal is expected. Where nothing is learnt yet it is
    that of the newest journal, else the present month.

    :param first_offset: the earliest expectation of any company, in days from the first
    :param newest: the period of the newest journal, or empty
    """
    present = period_of(today)
    if first_offset is None:
        return newest or present
    for months in (1, 0):
        period = moved(present, months)
        if today >= due(period, first_offset - OPENS_BEFORE):
            return period
    return moved(present, -1)
