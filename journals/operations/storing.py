"""What was read becomes rows: one content, its lines, the journal and a batch per period."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import count, islice

from accounts.operations import installation
from journals.domain.planning import batch_key, marked_key
from journals.domain.states import BatchState
from journals.models import Batch, Content, ImportedFile, Journal, JournalLine
from organisations.models import Company, User
from sources.readers import lines as domain
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


def create_journal(
    *,
    company: Company,
    content: Content,
    reference: str,
    run: str,
    by: User | None,
    now: datetime,
    request_id: str,
    anew_of: Journal | None = None,
) -> Journal:
    """
    Make the journal of a content, with one batch per period, not sent.

    :param anew_of: the journal whose reversed batches this one sends anew
    """
    journal = Journal.objects.create(
        organisation_id=company.organisation_id,
        company=company,
        content=content,
        reference=reference,
        run=run,
        run_period=content.run_period,
        currency=content.currency,
        line_count=content.line_count,
        total=total_of(content),
        state_at=now,
        imported_at=now,
        imported_by=by,
        request_id=request_id,
        anew_of=anew_of,
    )
    rebuild_batches(journal=journal, content=content, now=now)
    return journal


def content_of_periods(content: Content, periods: set[str], *, now: datetime) -> Content:
    """Return the content cut down to these periods: itself, where it holds no other."""
    totals = [total for total in totals_from_json(content.totals) if total.period in periods]
    if len(totals) == len(content.totals) and totals:
        return content
    lines = [line for line in lines_of(content) if line.period in periods]
    totals = totals or list(domain.totals_of(lines))
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


def _row(line: domain.JournalLine, content: Content) -> JournalLine:
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


def rebuild_batches(*, journal: Journal, content: Content, now: datetime) -> None:
    """
    Give the journal one unsent batch per period of the content.

    A batch that is there keeps its row and with it the history of its attempts, but gets a new
    key: other content is never sent under a key that was used. The caller has made sure that
    none of them is, or may be, in the ledger.
    """
    there = {batch.period: batch for batch in Batch.objects.filter(journal=journal)}
    own = installation.identity()
    for total in totals_from_json(content.totals):
        batch = there.pop(total.period, None) or Batch(
            organisation_id=journal.organisation_id, journal=journal, period=total.period
        )
        batch.key = _key_for(batch, journal=journal, content=content, own=own)
        batch.total, batch.line_count = total.debit, total.lines
        batch.state, batch.state_at = BatchState.DRAFT, now
        batch.prepared_at, batch.digest, batch.lines_json = None, "", ""
        batch.not_before, batch.failures, batch.problems = now, 0, []
        batch.failure_code, batch.failure_params = "", {}
        batch.failure_detail, batch.failure_at = "", None
        batch.claim_owner, batch.lease_until = "", None
        batch.sent_at, batch.empty_look_ups = None, 0
        batch.save()
    Batch.objects.filter(pk__in=[batch.pk for batch in there.values()]).delete()


def _key_for(batch: Batch, *, journal: Journal, content: Content, own: str) -> str:
    """
    Return the key of a batch: other content has another one.

    It is made of what the batch is, not drawn: a journal that is imported again into a restored
    database gets the description that the ledger may hold already.

    :param own: identity of the installation, whose mark the key carries
    """
    what = (
        str(journal.organisation_id),
        journal.company.number,
        journal.reference,
        batch.period,
        content.digest,
    )
    others = Batch.objects.exclude(pk=batch.pk)
    for again in count():
        seed = "\x1f".join((*what, str(again)))
        key = marked_key(batch_key(hashlib.sha256(seed.encode()).digest()), installation=own)
        if not others.filter(key=key).exists():
            return key
        # One of 34 thousand million is taken; the next is as certain to come again.
    raise AssertionError("count() does not end")


def lines_of(content: Content) -> Iterator[domain.JournalLine]:
    """Return the stored lines as the domain knows them, in the order of the file."""
    rows = JournalLine.objects.filter(content=content).order_by("line_number", "pk")
    for row in rows.iterator(chunk_size=_LINES_AT_ONCE):
        yield domain.JournalLine(
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


def _portions(lines: Iterable[domain.JournalLine]) -> Iterator[list[domain.JournalLine]]:
    rest = iter(lines)
    while some := list(islice(rest, _LINES_AT_ONCE)):
        yield some
