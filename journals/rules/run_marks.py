"""Is a file the same payroll run again, corrected, or another run of the same pay day?"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from journals.rules.states import MAY_BE_IN_LEDGER, BatchState


class Likeness(StrEnum):
    """What the marks of two contents say about their runs. Never a decision: a person decides."""

    SAME = "same"
    OTHER = "other"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class RunMarks:
    """
    What tells one run from another of the same pay day.

    :param vouchers: series and number as payroll wrote them; many programs leave them empty
    :param texts: of the lines
    """

    vouchers: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()


def likeness(before: RunMarks, now: RunMarks) -> Likeness:
    """Return what the marks say: voucher numbers first, then texts."""
    if before.vouchers and now.vouchers and not before.vouchers & now.vouchers:
        return Likeness.OTHER
    if not before.texts or not now.texts:
        return Likeness.OPEN
    if not before.texts & now.texts:
        return Likeness.OTHER
    return Likeness.SAME if before.texts == now.texts else Likeness.OPEN


def is_repeated(before: RunMarks, now: RunMarks) -> bool:
    """Say whether equal lines are the same run again: its voucher numbers do not contradict."""
    return not (before.vouchers and now.vouchers) or bool(before.vouchers & now.vouchers)


def free_run(run: str, *, taken: Collection[str], length: int) -> str:
    """
    Return the run with the first free ending: ``3`` becomes ``3-2``, then ``3-3``.

    :param taken: runs of the same company and period
    :raises ValueError: if ten thousand are taken
    """
    for count in range(2, 10_000):
        ending = f"-{count}"
        name = run[: length - len(ending)].rstrip(" -/") + ending
        if name not in taken:
            return name
    raise ValueError(f"no run is free beside {run}")


class Replacing(StrEnum):
    """Whether other content may take the place of what was imported."""

    POSSIBLE = "possible"
    AFTER_REVERSAL = "after_reversal"
    """All of it was reversed: the new content becomes the journal that is sent instead."""
    IN_LEDGER = "in_ledger"


def replacing(states: Iterable[BatchState], *, is_reversed: bool) -> Replacing:
    """
    Return whether new content may be taken: never while the old is, or may be, in the ledger.

    :param states: of the journal's batches, mirrors left out
    """
    if not MAY_BE_IN_LEDGER.intersection(states):
        return Replacing.POSSIBLE
    return Replacing.AFTER_REVERSAL if is_reversed else Replacing.IN_LEDGER
