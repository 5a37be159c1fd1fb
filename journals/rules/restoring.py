"""After a restore: does the ledger hold, unknown to us, what is about to be sent first?"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from connectors.base import BatchToPost, LedgerBatch
from journals.rules.keys import own_key_in
from journals.rules.proving import NONE, ONE, SEVERAL, Match, match_lost_batch


@dataclass(frozen=True, slots=True)
class UnknownBatch:
    """
    A batch that would be sent for the first time since the restore.

    :param period: the period that payroll gave, as it stands in the description
    """

    id: int
    period: str
    payload: BatchToPost


def find_unknown(
    unknown: Sequence[UnknownBatch], ledger: Sequence[LedgerBatch], *, known: Collection[str]
) -> dict[int, Match]:
    """
    Return for each unknown batch whether the ledger holds it.

    Its own description with the same content is the batch itself. Its own description or number
    with other content, and any other batch of the same period that carries its reference, may be
    what was sent before the restore from another file or mapping: then a person must look.

    :param known: numbers that rows of ours have already
    """
    strange = [there for there in ledger if there.number not in known]
    found = {one.id: _by_own_name(one, strange) for one in unknown}
    taken = {match.batch.number for match in found.values() if match.batch is not None}
    left = [there for there in strange if there.number not in taken]
    for one in unknown:
        if found[one.id].outcome == NONE:
            akin = tuple(there for there in left if _is_akin(one, there))
            if akin:
                found[one.id] = Match(SEVERAL, None, akin)
    return found


def _by_own_name(one: UnknownBatch, ledger: Sequence[LedgerBatch]) -> Match:
    match = match_lost_batch(one.payload, ledger)
    if match.outcome == NONE and one.payload.own_number:
        same = tuple(there for there in ledger if there.number == one.payload.own_number)
        return Match(SEVERAL, None, same) if same else match
    return match


def _is_akin(one: UnknownBatch, there: LedgerBatch) -> bool:
    references = {line.reference for line in one.payload.lines if line.reference}
    if not references.intersection(line.reference for line in there.lines):
        return False
    return there.period == one.payload.period or f" {one.period} " in there.description


def own_and_unknown(
    ledger: Iterable[LedgerBatch], *, installation: str, known: Collection[str]
) -> dict[str, LedgerBatch]:
    """
    Return by key what carries this installation's mark and has a number that nobody here knows.

    Another hub's batches carry another mark: those of a trial beside production, for example.

    :param known: numbers that rows of ours have, and those that a restore has settled
    """
    found = {}
    for there in ledger:
        if there.number not in known:
            key = own_key_in(there.description, installation=installation)
            if key:
                found[key] = there
    return found


__all__ = ["NONE", "ONE", "SEVERAL", "UnknownBatch", "find_unknown", "own_and_unknown"]
