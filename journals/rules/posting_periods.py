"""Which period of the ledger a batch is posted in, and what to do when it is closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from connectors import base

REFUSE, HOLD, NEXT_OPEN = "refuse", "hold", "next_open"
CLOSED_PERIOD_RULES = (REFUSE, HOLD, NEXT_OPEN)

POST, MOVED, HELD, REFUSED, NO_PERIOD = "post", "moved", "held", "refused", "no_period"

_USUAL_LENGTH = timedelta(days=31)
_PERIODS_OF_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class PostingPeriod:
    """
    What was decided for one batch.

    :param outcome: post · moved · held · refused · no_period
    :param period: where to post (post, moved), else the closed period, else None
    :param posted_on: the batch's own date, or the first day of the period it was moved to
    """

    outcome: str
    period: base.Period | None
    posted_on: date


def find_period(day: date, periods: Sequence[base.Period]) -> base.Period | None:
    """
    Return the period that holds the day: the one with the latest start not after it.

    Never by formatting the date: a financial year need not follow the calendar. Where two
    periods start on the same day (an adjustment period) the one that comes first is it.
    """
    begun = [period for period in periods if period.starts_on <= day]
    if not begun:
        return None
    found = max(begun, key=lambda period: period.starts_on)
    is_last = all(period.starts_on <= found.starts_on for period in periods)
    if is_last and day >= _probable_end(found, periods):
        return None  # the next financial year is not made yet
    return found


def _probable_end(last: base.Period, periods: Sequence[base.Period]) -> date:
    """
    Return the first day after the last period of the list, which no next start tells.

    At most as long as the longest period, and never beyond the end of the financial year.
    """
    starts = sorted({period.starts_on for period in periods})
    gaps = [after - before for before, after in pairwise(starts)]
    end = last.starts_on + max(gaps, default=_USUAL_LENGTH)
    if len(starts) >= _PERIODS_OF_A_YEAR:
        year_ends = (_same_day(starts[0], year=last.starts_on.year + more) for more in (0, 1))
        end = min(end, *(day for day in year_ends if day > last.starts_on), date.max)
    return end


def _same_day(day: date, *, year: int) -> date:
    return date(year, day.month, min(day.day, 28))


def choose_posting_period(
    posted_on: date, *, periods: Sequence[base.Period], rule: str
) -> PostingPeriod:
    """
    Return where a batch of that date is posted, by the rule for closed periods.

    With `next_open` the posting date becomes the first day of the period it is moved to, so
    that date and period agree; the true period stays in the batch's text.
    """
    if rule not in CLOSED_PERIOD_RULES:
        raise ValueError(f"no such rule for closed periods: {rule!r}")
    own = find_period(posted_on, periods)
    if own is None:
        return PostingPeriod(NO_PERIOD, None, posted_on)
    if own.open:
        return PostingPeriod(POST, own, posted_on)
    if rule == NEXT_OPEN:
        later = [p for p in periods if p.open and p.starts_on > own.starts_on]
        if later:
            chosen = min(later, key=lambda period: period.starts_on)
            return PostingPeriod(MOVED, chosen, chosen.starts_on)
        return PostingPeriod(REFUSED, own, posted_on)
    return PostingPeriod(HELD if rule == HOLD else REFUSED, own, posted_on)
