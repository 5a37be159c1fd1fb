"""
Taking a batch back: its mirror, with a key of its own that follows from the batch's key.

The key is not drawn: after a restored backup the same press makes the same description, by
which the mirror that is in the ledger already is found.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from msgspec.structs import replace

from connectors import base
from journals.rules.keys import batch_description, batch_key
from journals.rules.planning import Unbalanced
from journals.rules.posting_periods import MOVED, NEXT_OPEN, choose_posting_period
from sources.readers.lines import ZERO

REFERENCE_LENGTH = 40
_MARK = "REV"


@dataclass(frozen=True, slots=True)
class WhereTo:
    """
    In which period a mirror is posted, and on which day.

    :param closed: the batch's own period takes no journals, as far as is known
    :param moved: it is another period than the batch's
    """

    period: str
    posted_on: date
    closed: bool = False
    moved: bool = False


def where_to_post(
    *, period: str, posted_on: date, periods: Sequence[base.Period], in_open_period: bool
) -> WhereTo:
    """
    Return where the mirror goes: the batch's own period, else the first open one if asked for.

    :param periods: what is known of the ledger; without it the own period is taken for open
    """
    own = next((each for each in periods if each.id == period), None)
    if own is None or own.open:
        return WhereTo(period, posted_on)
    if in_open_period:
        chosen = choose_posting_period(own.starts_on, periods=periods, rule=NEXT_OPEN)
        if chosen.outcome == MOVED and chosen.period is not None:
            return WhereTo(chosen.period.id, chosen.posted_on, closed=True, moved=True)
    return WhereTo(period, posted_on, closed=True)


def mirror_key(key: str, posting_period: str) -> str:
    """Return the key of the mirror of that batch in that period: always the same one."""
    return batch_key(hashlib.sha256(f"mirror {key} {posting_period}".encode()).digest())


def mirror_description(*, number: str, reference: str, period: str, key: str) -> str:
    """Return the description of a mirror: it names the number that it reverses."""
    return batch_description(f"{_MARK} {number} {reference}", period, key)


def mirrored(lines: Iterable[base.PostingLine]) -> tuple[base.PostingLine, ...]:
    """
    Return the lines with debit and credit changed places, and all else as it is.

    :raises Unbalanced: if the lines do not balance, since their mirror would not either
    """
    turned = tuple(replace(line, debit=line.credit, credit=line.debit) for line in lines)
    off = sum((line.debit - line.credit for line in turned), ZERO)
    if off:
        raise Unbalanced({"": -off})
    return turned


def resend_reference(reference: str, taken: Iterable[str]) -> str:
    """
    Return the reference under which a journal is sent again: it names the old one.

    ``LON-2026-03`` becomes ``LON-2026-03 (2)``, and that one ``LON-2026-03 (3)``.

    :param taken: references of the company that begin alike
    """
    used = set(taken)
    root, bracket, number = reference.rpartition(" (")
    if not (bracket and number.endswith(")") and number[:-1].isdecimal()):
        root = reference
    for count in range(2, 10_000):
        ending = f" ({count})"
        name = root[: REFERENCE_LENGTH - len(ending)].rstrip() + ending
        if name not in used and name != reference:
            return name
    raise ValueError(f"{reference} was resent too often")
