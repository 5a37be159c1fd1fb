"""The exact content of batches, before and after they are sent (S12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator

from connectors.base import PostingLine
from journals.models import Batch, Journal
from journals.operations import previewing
from journals.operations.contents import read_lines
from journals.operations.sending import mapping_of
from journals.queries.wording import ProblemRow, problem_row_of, shown_refusal
from journals.rules.planning import PlannedBatch
from journals.rules.states import MAY_BE_IN_LEDGER
from sources.models import JournalLine
from ui.failures import FailureRow, words

ZERO = Decimal("0.00")
LINES_ON_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class BatchContent:
    """
    What is posted for one batch.

    :param frozen: it was checked against the ledger and is what was, or will be, sent; else it
        is the plan by what the hub knows of the ledger now
    """

    batch_id: int
    reference: str
    period: str
    posting_period: str
    posted_on: date | None
    description: str
    key: str
    currency: str
    branch: str
    ledger: str
    own_number: str
    vendor_number: str
    lines: tuple[PostingLine, ...]
    notes: tuple[str, ...]
    frozen: bool

    @property
    def debit(self) -> Decimal:
        """Return the sum of the debits."""
        return sum((line.debit for line in self.lines), ZERO)

    @property
    def credit(self) -> Decimal:
        """Return the sum of the credits."""
        return sum((line.credit for line in self.lines), ZERO)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the hub knows of a journal's sending without asking the ledger."""

    planned: Mapping[str, PlannedBatch]
    problems: tuple[ProblemRow, ...] = ()
    facts_read_at: datetime | None = None
    refusal: FailureRow | None = None


NO_OUTLOOK = Outlook(planned={})


def is_frozen(batch: Batch) -> bool:
    """Return whether the stored lines are what was, or will be, sent."""
    if not batch.lines_json:
        return False
    if batch.reverses_id is not None:
        return True  # a mirror is never planned: it follows from what was posted
    return batch.prepared_at is not None or batch.state in MAY_BE_IN_LEDGER


def outlook(journal: Journal, *, now: datetime) -> Outlook:
    """Return the plan of the journal's batches, by what is stored of the ledger."""
    seen = previewing.preview(journal=journal, now=now)
    refusal = seen.refusal
    return Outlook(
        planned={batch.period: batch for batch in seen.batches},
        problems=tuple(problem_row_of(problem) for problem in seen.problems),
        facts_read_at=seen.facts_read_at,
        refusal=shown_refusal(refusal, company_id=journal.company_id) if refusal else None,
    )


def content_of(batch: Batch, *, journal: Journal, now: datetime) -> BatchContent | None:
    """Return what is posted for a batch, or None if it cannot be planned yet."""
    return content_by(batch, journal, NO_OUTLOOK if is_frozen(batch) else outlook(journal, now=now))


def content_by(batch: Batch, journal: Journal, seen: Outlook) -> BatchContent | None:
    """Return what is posted for a batch: the stored lines, else those of the plan."""
    planned = seen.planned.get(batch.period)
    frozen = is_frozen(batch)
    if not frozen and planned is None:
        return None
    if frozen or planned is None:
        return BatchContent(
            batch_id=batch.pk,
            reference=journal.reference,
            period=batch.period,
            posting_period=batch.posting_period,
            posted_on=batch.posted_on,
            description=batch.description,
            key=batch.key,
            currency=journal.currency,
            branch=batch.branch,
            ledger=batch.ledger,
            own_number=batch.own_number,
            vendor_number=batch.vendor_number,
            lines=read_lines(batch.lines_json),
            notes=(),
            frozen=True,
        )
    mapping = mapping_of(journal.company)
    return BatchContent(
        batch_id=batch.pk,
        reference=journal.reference,
        period=batch.period,
        posting_period=planned.posting_period,
        posted_on=planned.posted_on,
        description=planned.description,
        key=planned.key,
        currency=planned.currency,
        branch=mapping.branch if mapping else "",
        ledger=mapping.ledger if mapping else "",
        own_number="",
        vendor_number="",
        lines=planned.lines,
        notes=tuple(words(note.message, note.params) for note in planned.notes),
        frozen=False,
    )


@dataclass(frozen=True, slots=True)
class PostedRow:
    """One line of a batch, as a page shows it."""

    account: str
    segments: tuple[str, ...]
    debit: Decimal | None
    credit: Decimal | None
    text: str
    reference: str


@dataclass(frozen=True, slots=True)
class PayrollRow:
    """One line as payroll gave it."""

    line_number: int
    account: str
    cost_centre: str
    cost_unit: str
    debit: Decimal | None
    credit: Decimal | None
    text: str
    merged: int


@dataclass(frozen=True, slots=True)
class SideBySide:
    """What came from payroll beside what is posted, one page of it."""

    said: list[PayrollRow]
    said_debit: Decimal
    said_credit: Decimal
    posted: list[PostedRow]
    content: BatchContent | None
    page: Page[Any]


def side_by_side(
    batch: Batch, journal: Journal, *, content: BatchContent | None, page: str
) -> SideBySide:
    """Return one page of a batch's lines, as payroll gave them and as they are posted."""
    lines = JournalLine.objects.filter(content_id=journal.content_id, period=batch.period)
    # The database of the trial adds decimals up as floats: added up here, they stay exact.
    amounts = list(lines.values_list("amount", flat=True))
    count = len(amounts)
    longest = max(count, len(content.lines) if content else 0)
    here = Paginator(range(longest), LINES_ON_A_PAGE).get_page(page)
    start = (here.number - 1) * LINES_ON_A_PAGE
    end = start + LINES_ON_A_PAGE
    names = _segment_names(journal)
    return SideBySide(
        said=[
            PayrollRow(
                line_number=line.line_number,
                account=line.account,
                cost_centre=line.cost_centre,
                cost_unit=line.cost_unit,
                debit=line.amount if line.amount > 0 else None,
                credit=-line.amount if line.amount <= 0 else None,
                text=line.text,
                merged=line.merged,
            )
            for line in lines.order_by("line_number", "pk")[start:end]
        ],
        said_debit=sum((a for a in amounts if a > 0), ZERO),
        said_credit=-sum((a for a in amounts if a < 0), ZERO),
        posted=[
            PostedRow(
                account=line.account,
                segments=tuple(
                    f"{s.segment_id} {names.get(s.segment_id, '')} {s.value}".replace("  ", " ")
                    for s in line.segments
                ),
                debit=line.debit or None,
                credit=line.credit or None,
                text=line.text,
                reference=line.reference,
            )
            for line in (content.lines[start:end] if content else ())
        ],
        content=content,
        page=here,
    )


def _segment_names(journal: Journal) -> dict[int, str]:
    mapping = mapping_of(journal.company)
    if mapping is None:
        return {}
    pairs = (
        (mapping.cost_centre_segment, mapping.cost_centre_description),
        (mapping.cost_unit_segment, mapping.cost_unit_description),
    )
    return {segment: name for segment, name in pairs if segment is not None}
