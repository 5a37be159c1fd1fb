"""What was read becomes rows: one content and its lines."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice

from sources.models import Content, ImportedFile, JournalLine
from sources.readers import lines as read
from sources.readers.adding_up import content_digest
from sources.readers.lines import ZERO, PeriodTotal, Reading

_LINES_AT_ONCE = 2_000


def store_content(
    *, file: ImportedFile, reading: Reading, now: datetime, before_each: Callable[[], None]
) -> Content:
    """
    Write the lines of a reading. The newest period of the file is the run's.

    Each portion is committed by itself, so that a large file keeps nobody else from writing;
    nothing refers to the content before the caller says so.

    :param before_each: called before each portion; what it raises ends the writing
    """
    content = Content.objects.create(
        organisation_id=file.organisation_id,
        file=file,
        digest=reading.digest,
        currency=reading.head.currency,
        run_period=reading.totals[-1].period,
        line_count=len(reading.lines),
        totals=totals_to_json(reading.totals),
        created_at=now,
    )
    try:
        for some in _portions(reading.lines):
            before_each()
            JournalLine.objects.bulk_create(_row(line, content) for line in some)
    except BaseException:
        content.delete()  # half of it is worth nothing
        raise
    return content


def content_of_periods(content: Content, periods: set[str], *, now: datetime) -> Content:
    """Return the content cut down to these periods: itself, where it holds no other."""
    totals = [total for total in totals_from_json(content.totals) if total.period in periods]
    if len(totals) == len(content.totals) and totals:
        return content
    lines = [line for line in lines_of(content) if line.period in periods]
    totals = totals or list(read.totals_of(lines))
    part = Content.objects.create(
        organisation_id=content.organisation_id,
        file_id=content.file_id,
        digest=content_digest(lines),
        currency=content.currency,
        run_period=totals[-1].period,
        line_count=len(lines),
        totals=totals_to_json(totals),
        created_at=now,
    )
    for some in _portions(lines):
        JournalLine.objects.bulk_create(_row(line, part) for line in some)
    return part


def _row(line: read.JournalLine, content: Content) -> JournalLine:
    return JournalLine(
        organisation_id=content.organisation_id,
        content=content,
        line_number=line.line_number,
        period=line.period,
        posted_on=line.posted_on,
        account=line.account,
        cost_centre=line.cost_centre,
        cost_unit=line.cost_unit,
        amount=line.amount,
        text=line.text,
        merged=line.merged,
    )


def lines_of(content: Content) -> Iterator[read.JournalLine]:
    """Return the stored lines as they were read, in the order of the file."""
    rows = JournalLine.objects.filter(content=content).order_by("line_number", "pk")
    for row in rows.iterator(chunk_size=_LINES_AT_ONCE):
        yield read.JournalLine(
            line_number=row.line_number,
            period=row.period,
            posted_on=row.posted_on,
            account=row.account,
            cost_centre=row.cost_centre,
            cost_unit=row.cost_unit,
            amount=row.amount,
            text=row.text,
            merged=row.merged,
        )


def total_of(content: Content) -> Decimal:
    """Return the debit sum of all periods."""
    return sum((total.debit for total in totals_from_json(content.totals)), ZERO)


def totals_to_json(totals: Iterable[PeriodTotal]) -> list[dict[str, str | int]]:
    """Return the sums per period as plain values; amounts stay text."""
    return [
        {"period": t.period, "lines": t.lines, "debit": str(t.debit), "credit": str(t.credit)}
        for t in totals
    ]


def totals_from_json(stored: Iterable[dict[str, str | int]]) -> list[PeriodTotal]:
    """Return the sums of `totals_to_json`."""
    return [
        PeriodTotal(
            str(row["period"]), int(row["lines"]), Decimal(row["debit"]), Decimal(row["credit"])
        )
        for row in stored
    ]


def _portions(lines: Iterable[read.JournalLine]) -> Iterator[list[read.JournalLine]]:
    rest = iter(lines)
    while some := list(islice(rest, _LINES_AT_ONCE)):
        yield some
