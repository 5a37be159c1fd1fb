"""What a person sees before deciding, reversing, or sending again: finished rows, no calls."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from django.utils.translation import gettext

from connectors.base import BatchStatus, BatchToPost, LedgerBatch, LedgerLine, PostingLine
from connectors.words import gettext_noop as _
from journals.models import Batch, Journal
from journals.operations import reversing
from journals.operations.contents import to_post
from journals.queries.wording import shown_failure
from journals.rules import read_back as rules
from journals.rules.refusals import NumberGivenAgain, StoppedBeforeSending
from ui.failures import FailureRow

MOST_LINES = 100
_STATUS_WORDS = {
    BatchStatus.HOLD: _("On hold"),
    BatchStatus.BALANCED: _("Balanced, not released"),
    BatchStatus.RELEASED: _("Released"),
    BatchStatus.VOIDED: _("Voided"),
    BatchStatus.OTHER: _("Another state"),
}


def status_words(status: str) -> str:
    """Return where a batch stands in the ledger, in words."""
    try:
        return gettext(_STATUS_WORDS[BatchStatus(status)])
    except ValueError:
        return status


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line of a batch, as a page shows it."""

    account: str
    dimensions: str
    debit: Decimal | None
    credit: Decimal | None
    text: str
    reference: str


def line_row(line: PostingLine | LedgerLine) -> LineRow:
    """Return a line as a page shows it."""
    return LineRow(
        account=line.account,
        dimensions=", ".join(f"{s.segment_id} {s.value}" for s in line.segments),
        debit=line.debit or None,
        credit=line.credit or None,
        text=line.text,
        reference=line.reference,
    )


# --- Deciding about a unknown batch -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a candidate says of itself, and whether it is what was sent."""

    value: Any
    same: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One line of a candidate beside the line that was sent."""

    kind: str
    words: str
    row: LineRow | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    One batch of the ledger that may be ours.

    :param known: its content was kept when it was found
    :param cut: it has more lines than are kept, so lines are not compared
    """

    number: str
    known: bool
    cut: bool = False
    description: Fact | None = None
    period: Fact | None = None
    total: Fact | None = None
    lines: Fact | None = None
    status: str = ""
    changed_at: str = ""
    equal: bool = False


@dataclass(frozen=True, slots=True)
class LineAcross:
    """One line that was sent (or none), and what each candidate has for it."""

    sent: LineRow | None
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What was sent beside all candidates."""

    sent: BatchToPost | None
    candidates: list[Candidate]
    lines: list[LineAcross]
    more_lines: int
    failure: FailureRow | None
    found_at: datetime | None
    was_never_sent: bool
    was_deleted: bool
    """It was in the ledger, proven, and its number is another batch's now."""


def _is_prepared(batch: Batch) -> bool:
    return bool(batch.lines_json) and batch.prepared_at is not None


def decision(batch: Batch, journal: Journal) -> Decision:
    """Return what a person needs to say which batch of the ledger is ours."""
    sent = to_post(batch, currency=journal.currency) if _is_prepared(batch) else None
    seen = {str(one["number"]): one for one in batch.candidates_seen}
    candidates: list[Candidate] = []
    columns: list[Sequence[rules.Pair]] = []
    for number in map(str, batch.candidates):
        stored = seen.get(number)
        if stored is None or sent is None:
            candidates.append(Candidate(number=number, known=False))
            columns.append(())
            continue
        held = rules.batch_from_json(stored)
        cut = len(held.lines) < int(stored["line_count"])
        pairs = () if cut else rules.pair_lines(sent.lines, held.lines)
        candidates.append(_candidate(sent, held, pairs, count=int(stored["line_count"]), cut=cut))
        columns.append(pairs)
    lines = _across(sent, columns) if sent else []
    return Decision(
        was_never_sent=batch.failure_code == StoppedBeforeSending.code(),
        was_deleted=batch.failure_code == NumberGivenAgain.code(),
        sent=sent,
        candidates=candidates,
        lines=lines[:MOST_LINES],
        more_lines=max(len(lines) - MOST_LINES, 0),
        failure=shown_failure(
            code=batch.failure_code,
            params=batch.failure_params,
            detail=batch.failure_detail,
            at=batch.failure_at,
            company_id=journal.company_id,
        ),
        found_at=batch.failure_at,
    )


def _candidate(
    sent: BatchToPost, held: LedgerBatch, pairs: Sequence[rules.Pair], *, count: int, cut: bool
) -> Candidate:
    total = held.debit_total
    facts = {
        "description": Fact(held.description, held.description.strip() == sent.description),
        "period": Fact(held.period, held.period == sent.period),
        "total": Fact(total, total == sent.total == held.credit_total),
        "lines": Fact(count, count == len(sent.lines)),
    }
    return Candidate(
        number=held.number,
        known=True,
        cut=cut,
        status=status_words(held.status),
        changed_at=held.modified_at.replace("T", " ")[:19],
        equal=not cut
        and held.status is not BatchStatus.VOIDED
        and all(fact.same for fact in facts.values())
        and all(pair.kind is rules.Pairing.EQUAL for pair in pairs),
        **facts,
    )


def _across(sent: BatchToPost, columns: Sequence[Sequence[rules.Pair]]) -> list[LineAcross]:
    count = len(sent.lines)
    rows = [
        LineAcross(
            sent=line_row(line),
            cells=tuple(_cell(pairs[place]) if pairs else None for pairs in columns),
        )
        for place, line in enumerate(sent.lines)
    ]
    rows.extend(
        LineAcross(None, tuple(_cell(pair) if pair else None for pair in added))
        for added in zip_longest(*(pairs[count:] for pairs in columns))
    )
    return rows


_PAIR_WORDS = {
    rules.Pairing.EQUAL: _("Equal"),
    rules.Pairing.CHANGED: _("Differs"),
    rules.Pairing.MISSING: _("Not in the ledger"),
    rules.Pairing.ADDED: _("Only in the ledger"),
}
_FIELD_WORDS = {
    "account": _("account"),
    "amount": _("amount"),
    "dimensions": _("dimensions"),
    "text": _("text"),
    "reference": _("reference"),
    "description": _("Description"),
    "period": _("Period"),
    "debit": _("Debit"),
    "credit": _("Credit"),
}


def pair_words(kind: str, fields: Iterable[str] = ()) -> str:
    """Return how two lines belong together, in words: "Differs: amount, text"."""
    words = gettext(_PAIR_WORDS[rules.Pairing(kind)])
    which = ", ".join(field_words(name) for name in fields)
    return f"{words}: {which}" if which else words


def field_words(name: str) -> str:
    """Return the name of a field of a line or batch."""
    return gettext(_FIELD_WORDS.get(name, name))


def _cell(pair: rules.Pair) -> Cell:
    return Cell(
        kind=pair.kind.value,
        words=pair_words(pair.kind, pair.fields),
        row=line_row(pair.held) if pair.held else None,
    )


# --- Reversing -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MirrorRow:
    """What would be posted to take one batch back."""

    pk: int
    label: str
    number: str
    total: Decimal
    description: str
    period: str
    posted_on: date
    lines: list[LineRow]
    more_lines: int
    closed: bool
    moved: bool
    chosen: bool
    proven_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReversalPage:
    """What the confirm page of a reversal shows."""

    rows: list[MirrorRow]
    facts_read_at: datetime | None
    some_closed: bool
    in_open_period: bool


def reversal_page(
    journal: Journal, *, chosen: set[int] | None, in_open_period: bool
) -> ReversalPage:
    """
    Return what would be posted for every batch that can be reversed.

    :param chosen: ids of batches that are ticked; all, if None
    """
    mirrors = reversing.mirrors_to_be(reversing.reversible(journal), in_open_period=in_open_period)
    return ReversalPage(
        rows=[
            MirrorRow(
                pk=mirror.batch.pk,
                label=mirror.batch.period,
                number=mirror.batch.vendor_number,
                total=mirror.total,
                description=mirror.description,
                period=mirror.period,
                posted_on=mirror.posted_on,
                lines=[line_row(line) for line in mirror.lines[:MOST_LINES]],
                more_lines=max(len(mirror.lines) - MOST_LINES, 0),
                closed=mirror.closed,
                moved=mirror.moved,
                chosen=chosen is None or mirror.batch.pk in chosen,
                proven_at=mirror.batch.proven_at,
            )
            for mirror in mirrors
        ],
        facts_read_at=next((m.facts_read_at for m in mirrors if m.facts_read_at), None),
        some_closed=any(mirror.closed for mirror in mirrors),
        in_open_period=in_open_period,
    )
