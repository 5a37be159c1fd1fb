"""
What was sent against what the ledger holds, line by line (B4): two batches, and a whole period.

A line is found again by what it says, never by its place: by everything, then without text and
reference, then by account and dimensions, then by amount, then by account alone.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from connectors import base
from connectors.words import gettext_noop as _

MOST_PAIRS = 300
"""A stored finding holds at most so many lines that differ; how many there are is kept."""


class Outcome(StrEnum):
    """What a comparison says of one batch. The order is that of a person's attention."""

    DELETED = "deleted"
    VOIDED = "voided"
    STRANGE = "strange"
    UNKNOWN_OUTCOME = "unknown_outcome"
    CHANGED = "changed"
    MOVED = "moved"
    RELEASED = "released"
    EQUAL = "equal"


OUTCOME_WORDS = {
    Outcome.DELETED: _("No longer in the ledger"),
    Outcome.VOIDED: _("Voided in the ledger"),
    Outcome.STRANGE: _("In the ledger, unknown to the hub"),
    Outcome.UNKNOWN_OUTCOME: _("In the ledger, outcome still being checked"),
    Outcome.CHANGED: _("Changed in the ledger"),
    Outcome.MOVED: _("Moved to another period"),
    Outcome.RELEASED: _("Equal, released there"),
    Outcome.EQUAL: _("Equal"),
}
DIFFERS = frozenset(Outcome) - {Outcome.EQUAL, Outcome.RELEASED}


class Pairing(StrEnum):
    """How a line that was sent and one that is there belong together."""

    EQUAL = "equal"
    CHANGED = "changed"
    MISSING = "missing"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Pair:
    """
    One line that was sent beside the one that is there.

    :param fields: what differs, of account, amount, dimensions, text and reference
    """

    kind: Pairing
    sent: base.PostingLine | None
    held: base.LedgerLine | None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """One field of the batch itself that differs: its name, what was sent, what is there."""

    field: str
    sent: str
    held: str


@dataclass(frozen=True, slots=True)
class BatchComparison:
    """
    One batch, as it was sent and as it is there.

    :param pairs: the lines that differ
    :param equal_lines: how many do not
    """

    outcome: Outcome
    number: str
    held: base.LedgerBatch | None
    headers: tuple[Header, ...] = ()
    pairs: tuple[Pair, ...] = ()
    equal_lines: int = 0

    @property
    def differs(self) -> bool:
        """Return whether a person should look."""
        return self.outcome in DIFFERS


@dataclass(frozen=True, slots=True)
class Known:
    """
    A batch of ours that should be in the ledger.

    :param number: the ledger's number of it; empty while the hub still asks
    """

    id: int
    number: str
    sent: base.BatchToPost
    released_by_us: bool = False


@dataclass(frozen=True, slots=True)
class PeriodComparison:
    """What a period holds of ours; `strange` are batches that carry our marks unknown to us."""

    batches: Mapping[int, BatchComparison] = field(default_factory=dict)
    strange: tuple[base.LedgerBatch, ...] = ()


# --- Two batches ---------------------------------------------------------------------------


def compare_batch(known: Known, held: base.LedgerBatch | None) -> BatchComparison:
    """Return how the ledger's batch differs from what was sent."""
    if held is None:
        return BatchComparison(Outcome.DELETED, known.number, None)
    pairs = pair_lines(known.sent.lines, held.lines)
    differing = tuple(pair for pair in pairs if pair.kind is not Pairing.EQUAL)
    headers = tuple(_headers(known.sent, held))
    changed = bool(differing) or any(header.field != "period" for header in headers)
    released = held.status is base.BatchStatus.RELEASED and not known.released_by_us
    if held.status is base.BatchStatus.VOIDED:
        outcome = Outcome.VOIDED
    elif changed:
        outcome = Outcome.CHANGED
    elif headers:
        outcome = Outcome.MOVED
    else:
        outcome = Outcome.RELEASED if released else Outcome.EQUAL
    return BatchComparison(
        outcome=outcome,
        number=held.number,
        held=held,
        headers=headers,
        pairs=differing,
        equal_lines=len(pairs) - len(differing),
    )


def _headers(sent: base.BatchToPost, held: base.LedgerBatch) -> Iterable[Header]:
    for name, ours, theirs in (
        ("description", sent.description, held.description.strip()),
        ("period", sent.period, held.period),
        ("debit", sent.total, held.debit_total),
        ("credit", sent.total, held.credit_total),
    ):
        if ours != theirs:
            yield Header(name, str(ours), str(theirs))


def pair_lines(
    sent: Sequence[base.PostingLine], held: Sequence[base.LedgerLine]
) -> tuple[Pair, ...]:
    """Return every line once, in the order it was sent, what was added there at the end."""
    partner: dict[int, int] = {}
    left = dict(enumerate(held))
    for key in (_all, _without_words, _by_place, _by_amount, _by_account):
        _match(sent, left, partner, key)
    pairs = []
    for place, line in enumerate(sent):
        if place not in partner:
            pairs.append(Pair(Pairing.MISSING, line, None))
            continue
        found = held[partner[place]]
        fields = tuple(_differing(line, found))
        pairs.append(Pair(Pairing.CHANGED if fields else Pairing.EQUAL, line, found, fields))
    pairs += [Pair(Pairing.ADDED, None, line) for line in left.values()]
    return tuple(pairs)


_Line = base.PostingLine | base.LedgerLine
_Key = Callable[[_Line], Hashable]


def _match(
    sent: Sequence[base.PostingLine],
    left: dict[int, base.LedgerLine],
    partner: dict[int, int],
    key: _Key,
) -> None:
    """Give each line without a partner the first one left of equal key that fits it."""
    places: dict[Hashable, list[int]] = {}
    for place, line in left.items():
        places.setdefault(key(line), []).append(place)
    # Lines with dimensions choose first, so that one without takes what is left.
    order = sorted(range(len(sent)), key=lambda place: -len(sent[place].segments))
    strict = key is not _by_account and key is not _by_amount
    for place in order:
        if place in partner:
            continue
        choices = places.get(key(sent[place]), [])
        for index, there in enumerate(choices):
            if not strict or _dimensions_fit(sent[place], left[there]):
                partner[place] = there
                del left[there], choices[index]
                break


def _all(line: _Line) -> Hashable:
    return (line.account, line.debit, line.credit, line.text.strip(), line.reference.strip())


def _without_words(line: _Line) -> Hashable:
    return (line.account, line.debit, line.credit)


def _by_place(line: _Line) -> Hashable:
    return (line.account, line.debit > 0)


def _by_amount(line: _Line) -> Hashable:
    return (line.debit, line.credit)


def _by_account(line: _Line) -> Hashable:
    return line.account


def _dimensions_fit(sent: base.PostingLine, held: base.LedgerLine) -> bool:
    # Only what was sent is compared: the target fills in its own for the rest.
    values = {segment.segment_id: segment.value for segment in held.segments}
    return all(values.get(segment.segment_id) == segment.value for segment in sent.segments)


def _differing(sent: base.PostingLine, held: base.LedgerLine) -> Iterable[str]:
    if sent.account != held.account:
        yield "account"
    if (sent.debit, sent.credit) != (held.debit, held.credit):
        yield "amount"
    if not _dimensions_fit(sent, held):
        yield "dimensions"
    if sent.text.strip() != held.text.strip():
        yield "text"
    if sent.reference.strip() != held.reference.strip():
        yield "reference"


# --- A whole period ------------------------------------------------------------------------


def compare_period(
    known: Sequence[Known],
    listed: Iterable[base.LedgerBatch],
    *,
    read_alone: Callable[[str], base.LedgerBatch | None],
    numbers: Collection[str],
    references: Collection[str],
    keys: Mapping[str, int],
) -> PeriodComparison:
    """
    Return what the period holds of what was sent, and what carries our marks besides.

    :param known: batches of ours that should be there
    :param listed: all batches that the ledger holds in the period
    :param read_alone: asks for one batch by number; one not listed may stand in another period
    :param numbers: all numbers that the hub knows there, whatever their period
    :param references: line references that only we write
    :param keys: key of a description -> id of the batch it was made for
    """
    there = {batch.number: batch for batch in listed}
    batches: dict[int, BatchComparison] = {}
    for one in known:
        if one.number:
            held = there.get(one.number) or read_alone(one.number)
            batches[one.id] = compare_batch(one, held)
    asking = {one.id: one for one in known if not one.number}
    strange = []
    for batch in there.values():
        if batch.number in numbers:
            continue
        key = batch.description.strip().rpartition(" ")[2]
        owner = keys.get(key)
        if owner in asking and owner not in batches:
            found = compare_batch(asking[owner], batch)
            batches[owner] = BatchComparison(
                Outcome.UNKNOWN_OUTCOME,
                batch.number,
                batch,
                found.headers,
                found.pairs,
                found.equal_lines,
            )
        elif owner is not None or any(line.reference in references for line in batch.lines):
            strange.append(batch)
    return PeriodComparison(batches, tuple(strange))


# --- As plain values, to be stored ---------------------------------------------------------


def batch_as_json(held: base.LedgerBatch, *, most: int = MOST_PAIRS) -> dict[str, Any]:
    """Return a ledger's batch as plain values; amounts stay text."""
    return {
        "number": held.number,
        "description": held.description,
        "period": held.period,
        "status": held.status.value,
        "debit": str(held.debit_total),
        "credit": str(held.credit_total),
        "modified_at": held.modified_at,
        "line_count": len(held.lines),
        "lines": [_line_as_json(line) for line in held.lines[:most]],
    }


def batch_from_json(stored: Mapping[str, Any]) -> base.LedgerBatch:
    """Return the batch of `batch_as_json`."""
    return base.LedgerBatch(
        number=stored["number"],
        description=stored["description"],
        period=stored["period"],
        status=base.BatchStatus(stored["status"]),
        debit_total=Decimal(stored["debit"]),
        credit_total=Decimal(stored["credit"]),
        lines=tuple(
            base.LedgerLine(
                number=line["number"],
                account=line["account"],
                debit=Decimal(line["debit"]),
                credit=Decimal(line["credit"]),
                text=line["text"],
                reference=line["reference"],
                segments=tuple(base.SegmentValue(i, value) for i, value in line["segments"]),
            )
            for line in stored["lines"]
        ),
        modified_at=stored["modified_at"],
    )


def comparison_as_json(found: BatchComparison) -> dict[str, Any]:
    """Return what differs as plain values."""
    held = found.held
    return {
        "headers": [[header.field, header.sent, header.held] for header in found.headers],
        "pairs": [
            {
                "kind": pair.kind.value,
                "fields": list(pair.fields),
                "sent": _line_as_json(pair.sent) if pair.sent else None,
                "held": _line_as_json(pair.held) if pair.held else None,
            }
            for pair in found.pairs[:MOST_PAIRS]
        ],
        "differing_lines": len(found.pairs),
        "equal_lines": found.equal_lines,
        "description": held.description if held else "",
        "period": held.period if held else "",
        "debit": str(held.debit_total) if held else "",
        "modified_at": held.modified_at if held else "",
    }


def _line_as_json(line: _Line) -> dict[str, Any]:
    return {
        "number": line.number if isinstance(line, base.LedgerLine) else 0,
        "account": line.account,
        "debit": str(line.debit),
        "credit": str(line.credit),
        "text": line.text,
        "reference": line.reference,
        "segments": [[segment.segment_id, segment.value] for segment in line.segments],
    }
