"""Does the ledger hold the first journal of a mapping already, from before the hub (B17)?"""

import calendar
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from connectors import base
from journals.rules.planning import PlannedBatch
from journals.rules.posting_periods import find_period

_KEPT = 10


@dataclass(frozen=True, slots=True)
class Held:
    """
    A batch that the ledger holds in a period of the journal, and that is not ours.

    :param of: the period of the batch of ours that it looks like; empty for another one
    """

    number: str
    period: str
    posted_on: str
    total: str
    description: str
    of: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """
    What the ledger holds in the periods of a journal.

    :param held: those that look like ours, then some of the others
    :param count: how many it holds in all
    """

    held: tuple[Held, ...]
    count: int

    @property
    def alike(self) -> tuple[Held, ...]:
        """Return those that look like ours."""
        return tuple(one for one in self.held if one.of)


def periods_to_look_in(
    planned: Iterable[PlannedBatch], periods: Sequence[base.Period]
) -> list[str]:
    """
    Return the ledger's periods to be listed: where the batches go, and where they belong.

    The two differ where a period is closed: what was booked by hand stands in its own.
    """
    wanted: set[str] = set()
    for batch in planned:
        own = find_period(_month_end(batch.period), periods)
        wanted |= {batch.posting_period, own.id if own else ""}
    return sorted(wanted - {""})


def _month_end(period: str) -> date:
    year, month = int(period[:4]), int(period[5:7])
    return date(year, month, calendar.monthrange(year, month)[1])


def look(
    planned: Sequence[PlannedBatch],
    ledger: Iterable[base.LedgerBatch],
    *,
    known: Collection[str],
    ours: Collection[str] = (),
) -> Look:
    """
    Return what the ledger holds, those first whose date and total are those of a batch of ours.

    A batch without a date, or of ours whose period is closed, is held against the total alone.
    The description of ours proves it whatever the amounts.

    :param known: numbers that the hub has given rows to already
    :param ours: descriptions of other batches of the hub that may be under way
    """
    alike: list[Held] = []
    others: list[Held] = []
    for there in ledger:
        is_void = there.status is base.BatchStatus.VOIDED
        if is_void or there.number in known or there.description in ours:
            continue
        like = next((one.period for one in planned if _is_alike(one, there)), "")
        (alike if like else others).append(
            Held(
                number=there.number,
                period=there.period,
                posted_on=str(there.posted_on or ""),
                total=str(there.debit_total),
                description=there.description,
                of=like,
            )
        )
    return Look(held=(*alike, *others[:_KEPT]), count=len(alike) + len(others))


def _is_alike(ours: PlannedBatch, there: base.LedgerBatch) -> bool:
    if there.description.strip() == ours.description:
        return True
    if ours.total not in (there.debit_total, there.credit_total):
        return False
    return ours.is_delayed or there.posted_on in (None, ours.posted_on)
