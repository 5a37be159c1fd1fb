"""A worker reads a file, and takes it as far as it gets without a person."""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, BinaryIO

import structlog
from django.db import InterfaceError, OperationalError, models, transaction

from background import claims
from background.queue import Due, not_enqueued
from connectors.organisation_numbers import digits_of
from organisations.models import Company
from sources.models import Content, ImportedFile
from sources.operations import readings, storing
from sources.operations.adopting import adopt, name_unknown_company
from sources.operations.files import State, kept, set_problems
from sources.operations.receiving import limits
from sources.readers.catalogue import PROBLEMS
from sources.readers.catalogue.kinds import ERROR
from sources.readers.lines import FileHead, Reading
from sources.readers.problems import Problem, problem
from sources.readers.reading import read
from sources.readers.settling import Settled, settle
from sources.readers.suggesting import Suggestion

Clock = Callable[[], datetime]
log = structlog.get_logger(__name__)

_TRIES = 3
_MENDED_BY_COLUMNS = PROBLEMS["missing_column"].remedy
_COME_OF_OTHER_PROBLEMS = ("amount_too_precise", "no_lines", "period_unbalanced")
_PASSES = 3
"""By the lay-out; as its company's files are; by what those values settle."""


class LostClaim(Exception):
    """Another worker has the file."""


def due_files(*, now: datetime) -> Due:
    """Return the files to be read now, and those whose reader has not been heard of."""
    due = (
        ImportedFile.objects.due(now=now)
        .filter(not_enqueued(now=now))
        .order_by("uploaded_at", "pk")
    )
    return due.values_list("organisation_id", "pk")


def read_file(*, file_id: int, clock: Clock) -> None:
    """Read one file and take it as far as it gets without a person. Twice changes nothing."""
    owner, now = claims.new_owner(), clock()
    begun: dict[str, Any] = {"state_at": now, "rows_read": 0, "rows_expected": None}
    if not ImportedFile.objects.take(file_id, owner=owner, now=now, **begun):
        return
    file = ImportedFile.objects.select_related("organisation", "company", "source").get(pk=file_id)
    tries = int(file.head.get("tries", 0)) + 1
    file.head["tries"] = tries
    ImportedFile.objects.filter(pk=file_id).update(head=file.head)
    if tries > _TRIES:
        # It took three workers with it; a fourth would not fare better.
        _refuse(file, [problem("reading_failed", value=tries - 1)], now=clock(), owner=owner)
        return
    try:
        with tempfile.TemporaryFile() as stream:
            for piece in file.pieces.order_by("number").iterator(chunk_size=1):
                stream.write(piece.content)
            _read(file, stream, owner=owner, clock=clock)
    except LostClaim:
        return
    except (OperationalError, InterfaceError):
        raise  # the database is away, which says nothing of the file
    except Exception:
        # A second try would fail alike; the person learns of it at once.
        mark = file.request_id or f"file-{file.pk}"
        log.exception("journals.file_unreadable", file_id=file.pk, asked_by=mark)
        unreadable = problem("file_unreadable", value=mark)
        with suppress(LostClaim):
            _refuse(file, [unreadable], now=clock(), owner=owner)


def _read(file: ImportedFile, stream: BinaryIO, *, owner: str, clock: Clock) -> None:
    def tell(done: int, total: int | None) -> None:
        mine = _mine(file, owner)
        if not mine.update(rows_read=done, rows_expected=total, lease_until=_lease(clock())):
            raise LostClaim

    layout = readings.layout_of(file, stream, limits=limits())
    file.source = layout.source
    company = file.company
    plan = readings.plan(file, layout, company)
    settled = Settled(plan.settings)
    for _ in range(_PASSES):
        how = settled.settings
        reading = read(stream, settings=how, limits=limits(), on_progress=tell)
        company = company or _named_company(file, reading.head)
        plan = readings.plan(file, layout, company)
        settled = settle(plan.settings, reading.evidence, chosen=plan.chosen)
        if settled.settings == how:
            break
    else:
        # Read in a way that is not the settled one: nothing of it is used, a person is asked.
        plan = replace(plan, confirmed=False)
    file.file_format = reading.head.format
    file.head["read_by"] = how.to_json() if layout.is_table else {}
    if "wanted_rules" in file.head and plan.confirmed and "answers" not in file.head:
        file.head["answers"] = readings.answers(how, plan.chosen, by=file.uploaded_by, now=clock())
    _go_on(file, layout, plan, settled, reading, company=company, owner=owner, clock=clock)


def _go_on(
    file: ImportedFile,
    layout: readings.Layout,
    plan: readings.Plan,
    settled: Settled,
    reading: Reading,
    *,
    company: Company | None,
    owner: str,
    clock: Clock,
) -> None:
    """Store what was read, ask a person, or refuse the file."""
    answered = "answers" in file.head and "wanted_rules" not in file.head
    suggestion = layout.suggestion
    wrong = (*settled.contradictions, *reading.problems)
    counts = dict(reading.problem_counts)
    counts[ERROR] = counts.get(ERROR, 0) + len(settled.contradictions)

    def ask(found: Iterable[Problem]) -> None:
        if suggestion is not None:
            shown = _shown_suggestion(file, suggestion, plan, settled, reading)
            _ask_columns(file, shown, found, owner=owner, now=clock())

    if suggestion is None or (settled.contradictions and plan.confirmed and not answered):
        if reading.ok:
            _store(file, reading, owner=owner, clock=clock)
            return
        file.head = _head(file, reading)
        _refuse(file, wrong, now=clock(), owner=owner, counts=counts)
    elif company is None and layout.source is not None and not answered:
        _wait_for_company(file, reading, owner=owner, now=clock())
    elif settled.contradictions:
        ask(wrong)
    elif not reading.evidence and reading.errors and not _is_about_columns(reading):
        # Nothing of it could be read, whatever a person would answer.
        file.head = _head(file, reading)
        _refuse(file, reading.problems, now=clock(), owner=owner, counts=counts)
    elif settled.questions or (
        suggestion.complete and not suggestion.problems and not plan.confirmed
    ):
        found = (*reading.errors, *reading.to_confirm)
        ask(one for one in found if not _may_be_mended_by_an_answer(one))
    elif reading.ok and plan.confirmed:
        _store(file, reading, owner=owner, clock=clock)
    elif reading.ok or _is_about_columns(reading):
        ask(reading.problems)
    else:
        file.head = _head(file, reading)
        _refuse(file, reading.problems, now=clock(), owner=owner, counts=counts)


def _named_company(file: ImportedFile, head: FileHead) -> Company | None:
    """Return the company with the organisation number that the file names."""
    number = digits_of(head.organisation_number)
    if not number:
        return None
    found: Company | None = (
        Company.objects.of(file.organisation).with_organisation_number(number).first()
    )
    return found


def _is_about_columns(reading: Reading) -> bool:
    """Say whether another column map may mend what is wrong."""
    return any(found.remedy == _MENDED_BY_COLUMNS for found in reading.errors)


def _may_be_mended_by_an_answer(found: Problem) -> bool:
    """Say whether a problem may only come of reading a file before it is known how."""
    return found.remedy == _MENDED_BY_COLUMNS or found.code in _COME_OF_OTHER_PROBLEMS


def _mine(file: ImportedFile, owner: str) -> models.QuerySet[ImportedFile]:
    return ImportedFile.objects.filter(pk=file.pk, state=State.READING, claim_owner=owner)


def _lease(now: datetime) -> datetime:
    return now + timedelta(seconds=claims.lease_seconds())


def _end_reading(file: ImportedFile, state: State, *, owner: str, now: datetime) -> None:
    """
    Leave READING in one UPDATE that names the claim; called first in its transaction.

    :raises LostClaim: if another worker has the file by now
    """
    changes: dict[str, Any] = {
        "state": state,
        "state_at": now,
        "claim_owner": "",
        "lease_until": None,
        "enqueued_at": None,
        "head": file.head,
        "problems": file.problems,
        "problem_count": file.problem_count,
        "file_format": file.file_format,
        "source": file.source,
        "company": file.company,
    }
    if not _mine(file, owner).update(**changes):
        raise LostClaim
    file.state, file.state_at = state, now
    file.claim_owner, file.lease_until, file.enqueued_at = "", None, None


def _head(file: ImportedFile, reading: Reading) -> dict[str, Any]:
    """Return what the page shows of the file; people are not in it."""
    head: FileHead = reading.head
    return kept(file) | {
        "read_by": file.head.get("read_by", {}),
        "encoding": head.encoding,
        "organisation_number": head.organisation_number,
        "company_number": head.company_number,
        "company_name": head.company_name,
        "run": head.run,
        "currency": head.currency,
        "program": head.program,
        "generated_on": str(head.generated_on or ""),
        "first_names": list(head.first_names),
        "vouchers": list(head.vouchers),
        "dimensions": dict(head.declared_dimensions),
        "rows": reading.rows_read,
        "totals": storing.totals_to_json(reading.totals),
        "findings": [found.to_json() for found in reading.evidence],
    }


def _refuse(
    file: ImportedFile,
    found: Iterable[Problem],
    *,
    now: datetime,
    owner: str,
    counts: Mapping[str, int] | None = None,
) -> None:
    set_problems(file, found, sum(counts.values()) if counts else None)
    with transaction.atomic():
        _end_reading(file, State.REFUSED, owner=owner, now=now)
        file.pieces.all().delete()


def _shown_suggestion(
    file: ImportedFile,
    suggestion: Suggestion,
    plan: readings.Plan,
    settled: Settled,
    reading: Reading,
) -> dict[str, Any]:
    """Return what the page shows that asks how a table is read."""
    how = settled.settings
    mapped = [heading for heading in how.columns.values() if heading not in suggestion.headings]
    return {
        # What must be chosen has no value that could be taken by mistake.
        "settings": how.to_json() | {question.rule: "" for question in settled.questions},
        "confidence": readings.confidence_of(file, suggestion, plan, settled),
        "findings": [found.to_json() for found in reading.evidence],
        "confirmed": plan.confirmed,
        "headings": [*suggestion.headings, *mapped],
        "sample_rows": [list(row) for row in suggestion.sample_rows],
        "sheets": list(suggestion.sheets),
        "fingerprint": suggestion.fingerprint,
    }


def _ask_columns(
    file: ImportedFile,
    suggestion: dict[str, Any],
    found: Iterable[Problem],
    *,
    owner: str,
    now: datetime,
) -> None:
    set_problems(file, found)
    file.file_format = suggestion["settings"]["format"]
    file.head = {name: value for name, value in kept(file).items() if name != "answers"}
    file.head["suggestion"] = suggestion
    with transaction.atomic():
        _end_reading(file, State.NEEDS_COLUMNS, owner=owner, now=now)


def _wait_for_company(file: ImportedFile, reading: Reading, *, owner: str, now: datetime) -> None:
    """Let a person say whose file it is before it is read as that company's files are."""
    file.head = _head(file, reading)
    set_problems(file, ())
    name_unknown_company(file)
    with transaction.atomic():
        _end_reading(file, State.NEEDS_COMPANY, owner=owner, now=now)


def _store(file: ImportedFile, reading: Reading, *, owner: str, clock: Clock) -> None:
    set_problems(file, reading.problems, sum(reading.problem_counts.values()))
    file.head = _head(file, reading)

    def stay() -> None:
        if not _mine(file, owner).update(lease_until=_lease(clock())):
            raise LostClaim

    stay()
    # What a worker that died has left; nothing refers to it yet.
    Content.objects.filter(file=file).delete()
    storing.store_content(file=file, reading=reading, now=clock(), before_each=stay)
    now = clock()
    with transaction.atomic():
        _end_reading(file, State.NEEDS_COMPANY, owner=owner, now=now)
        ImportedFile.objects.filter(pk=file.pk).update(rows_read=reading.rows_read)
        adopt(file, by=file.uploaded_by, now=now)
        if file.state != State.NEEDS_COMPANY:
            file.pieces.all().delete()
