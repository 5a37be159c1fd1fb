"""
A file comes in, is read by a worker, waits for a person where something is open, and becomes a
journal.

    waiting -> reading -> refused
                 |  |---> needs_columns, needs_company -> waiting
                 |        needs_company, needs_run, needs_confirmation -> (the next, or)
                 +------> imported | unchanged | changed -> imported | discarded

The bytes may name people. They are deleted as soon as the file is read to its end, its company
is known, or it is refused; what waits after that are lines in which no person is named. How a file
is read may depend on its company, so a file whose company must be chosen is read again then.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, BinaryIO

import structlog
from django.conf import settings as django_settings
from django.db import IntegrityError, InterfaceError, OperationalError, models, transaction
from django.utils.translation import gettext

from connectors.bounds import as_text
from journals.domain.lines import FileHead, Limits, Reading
from journals.domain.organisations import organisation_number
from journals.domain.problems import ERROR, PROBLEMS, Problem, problem
from journals.domain.reading import read
from journals.domain.run_marks import Replacing
from journals.domain.settings import CSV, XLSX, SourceSettings
from journals.domain.settling import Settled, settle
from journals.domain.suggesting import Suggestion
from journals.models import Batch, Content, FilePiece, ImportedFile, Journal, Source
from journals.operations import going_live, readings, runs, storing
from journals.operations.reversing import new_reference
from journals.operations.sending import refresh_state, remember
from organisations.models import Company, Organisation, User
from organisations.operations import audit, claims
from organisations.operations.waking import wake

Clock = Callable[[], datetime]
log = structlog.get_logger(__name__)
State = ImportedFile.State

PIECE_BYTES = 1_000_000
RUN_LENGTH = 24
"""What is left for the run in a reference of 40 characters."""
_RING_AGAIN = timedelta(seconds=15)
_TRIES = 3
_MENDED_BY_COLUMNS = PROBLEMS["missing_column"].remedy
_COME_OF_OTHER_PROBLEMS = ("amount_too_precise", "no_lines", "period_unbalanced")
_PASSES = 3
"""By the lay-out; as its company's files are; by what those values settle."""
_SAID_BY_A_PERSON = ("wanted_encoding", "wanted_rules", "source_named", "answers")

WAITS_FOR_PERSON = (
    State.NEEDS_COLUMNS,
    State.NEEDS_COMPANY,
    State.NEEDS_RUN,
    State.NEEDS_CONFIRMATION,
    State.CHANGED,
)


class ImportRefused(Exception):
    """What was asked cannot be done; the text says why, in the reader's language."""


class _LostClaim(Exception):
    """Another worker has the file."""


# --- Coming in ----------------------------------------------------------------------------


def limits() -> Limits:
    """Return how large a file may be in this installation."""
    return Limits(
        max_bytes=django_settings.HUB_MAX_UPLOAD_MB * 1_000_000,
        max_rows=django_settings.HUB_MAX_ROWS,
        max_unzipped_bytes=django_settings.HUB_MAX_UNZIPPED_MB * 1_000_000,
    )


def receive(
    *,
    organisation: Organisation,
    name: str,
    chunks: Iterable[bytes],
    by: User | None,
    now: datetime,
    company: Company | None = None,
    request_id: str = "",
    run: str = "",
    encoding: str = "",
    source: Source | None = None,
    rules: Mapping[str, Any] | None = None,
) -> ImportedFile:
    """
    Store a file for a worker to read.

    A file whose bytes are those of a journal's present content is not stored: its row says so.

    :param rules: settings of a table that a person gives with the file, for its company
    :param encoding: chosen by a person who saw wrong letters; empty = by the file itself
    :raises ImportRefused: if the file is larger than may be, or the run's name is too long
    """
    run = _clean_run(run) if run else ""
    most = limits().max_bytes
    digest, size = hashlib.sha256(), 0
    with tempfile.TemporaryFile() as spool:
        for chunk in chunks:
            size += len(chunk)
            if size > most:
                raise ImportRefused(
                    gettext(
                        "{name} is larger than {limit} MB. Export one payroll run per file, "
                        "or ask for a higher limit (HUB_MAX_UPLOAD_MB)."
                    ).format(name=name, limit=most // 1_000_000)
                )
            digest.update(chunk)
            spool.write(chunk)
        spool.seek(0)
        file = ImportedFile(
            organisation=organisation,
            company=company,
            source=source,
            name=as_text(name)[-255:],
            size=size,
            sha256=digest.hexdigest(),
            state_at=now,
            run=as_text(run),
            head=({"wanted_encoding": encoding} if encoding else {})
            | ({"source_named": True} if source else {})
            | ({"wanted_rules": dict(rules)} if rules else {}),
            uploaded_by=by,
            uploaded_at=now,
            request_id=request_id,
        )
        with transaction.atomic():
            known = None if encoding or rules else _imported_before(file)
            if known is not None:
                file.state, file.journal, file.company = State.UNCHANGED, known, known.company
                file.save()
                return file
            file.save()
            _store_pieces(file, spool)
            wake("journals.tasks.read_file", file_id=file.pk)
    return file


def _imported_before(file: ImportedFile) -> Journal | None:
    """Return the journal whose present content was read from the same bytes."""
    found = Journal.objects.filter(
        organisation=file.organisation, content__file__sha256=file.sha256
    ).select_related("company", "content__file")
    if file.company is not None:
        found = found.filter(company=file.company)
    if file.run:
        found = found.filter(run=file.run)
    known = found.first()
    if known is not None and readings.changed_since(
        known.company, known.content.created_at, known.content.file
    ):
        return None  # the same bytes are read in another way by now
    return known


def _store_pieces(file: ImportedFile, spool: BinaryIO) -> None:
    number = 0
    while piece := spool.read(PIECE_BYTES):
        FilePiece.objects.create(file=file, number=number, content=piece)
        number += 1


# --- Being read ---------------------------------------------------------------------------


def due_files(*, now: datetime, limit: int) -> list[int]:
    """
    Return the files to be read now, and those whose reader has not been heard of.

    Who rings for them notes it in `rung_at`; those rung for just now are left out.
    """
    not_rung = models.Q(rung_at=None) | models.Q(rung_at__lt=now - _RING_AGAIN)
    due = _due(now).filter(not_rung).order_by("uploaded_at", "pk")
    return list(due.values_list("pk", flat=True)[:limit])


def _due(now: datetime) -> models.QuerySet[ImportedFile]:
    return ImportedFile.objects.filter(
        models.Q(state=State.WAITING) | models.Q(state=State.READING, lease_until__lt=now)
    )


def read_file(*, file_id: int, clock: Clock) -> None:
    """Read one file and take it as far as it gets without a person. Twice changes nothing."""
    owner = claims.new_owner()
    if (
        not _due(clock())
        .filter(pk=file_id)
        .update(
            state=State.READING,
            state_at=clock(),
            lease_owner=owner,
            lease_until=_lease(clock()),
            rows_read=0,
            rows_expected=None,
        )
    ):
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
    except _LostClaim:
        return
    except (OperationalError, InterfaceError):
        raise  # the database is away, which says nothing of the file
    except Exception:
        # A second try would meet the same; the person is told at once.
        mark = file.request_id or f"file-{file.pk}"
        log.exception("journals.file_unreadable", file_id=file.pk, asked_by=mark)
        unreadable = problem("file_unreadable", value=mark)
        with suppress(_LostClaim):
            _refuse(file, [unreadable], now=clock(), owner=owner)


def _read(file: ImportedFile, stream: BinaryIO, *, owner: str, clock: Clock) -> None:
    def tell(done: int, total: int | None) -> None:
        mine = _mine(file, owner)
        if not mine.update(rows_read=done, rows_expected=total, lease_until=_lease(clock())):
            raise _LostClaim

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
    number = organisation_number(head.organisation_number)
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
    return ImportedFile.objects.filter(pk=file.pk, state=State.READING, lease_owner=owner)


def _lease(now: datetime) -> datetime:
    return now + timedelta(seconds=claims.lease_seconds())


def _end_reading(file: ImportedFile, state: State, *, owner: str, now: datetime) -> None:
    """
    Leave READING in one UPDATE that names the claim; called first in its transaction.

    :raises _LostClaim: if another worker has the file by now
    """
    changes: dict[str, Any] = {
        "state": state,
        "state_at": now,
        "lease_owner": "",
        "lease_until": None,
        "rung_at": None,
        "head": file.head,
        "problems": file.problems,
        "problem_count": file.problem_count,
        "file_format": file.file_format,
        "source": file.source,
        "company": file.company,
    }
    if not _mine(file, owner).update(**changes):
        raise _LostClaim
    file.state, file.state_at = state, now
    file.lease_owner, file.lease_until, file.rung_at = "", None, None


def _kept(file: ImportedFile) -> dict[str, Any]:
    """Return what a person said about the file, which outlives every reading of it."""
    return {name: file.head[name] for name in _SAID_BY_A_PERSON if name in file.head}


def _head(file: ImportedFile, reading: Reading) -> dict[str, Any]:
    """Return what the page shows of the file; people are not in it."""
    head: FileHead = reading.head
    return _kept(file) | {
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


def _set_problems(file: ImportedFile, found: Iterable[Problem], count: int | None = None) -> None:
    file.problems = [one.to_json() for one in found]
    file.problem_count = len(file.problems) if count is None else count


def _refuse(
    file: ImportedFile,
    found: Iterable[Problem],
    *,
    now: datetime,
    owner: str,
    counts: Mapping[str, int] | None = None,
) -> None:
    _set_problems(file, found, sum(counts.values()) if counts else None)
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
    _set_problems(file, found)
    file.file_format = suggestion["settings"]["format"]
    file.head = {name: value for name, value in _kept(file).items() if name != "answers"}
    file.head["suggestion"] = suggestion
    with transaction.atomic():
        _end_reading(file, State.NEEDS_COLUMNS, owner=owner, now=now)


def _wait_for_company(file: ImportedFile, reading: Reading, *, owner: str, now: datetime) -> None:
    """Let a person say whose file it is before it is read as that company's files are."""
    file.head = _head(file, reading)
    _set_problems(file, ())
    _name_unknown_company(file)
    with transaction.atomic():
        _end_reading(file, State.NEEDS_COMPANY, owner=owner, now=now)


def _store(file: ImportedFile, reading: Reading, *, owner: str, clock: Clock) -> None:
    _set_problems(file, reading.problems, sum(reading.problem_counts.values()))
    file.head = _head(file, reading)

    def stay() -> None:
        if not _mine(file, owner).update(lease_until=_lease(clock())):
            raise _LostClaim

    stay()
    # What a worker that died has left; nothing refers to it yet.
    Content.objects.filter(file=file).delete()
    storing.store_content(file=file, reading=reading, now=clock(), before_each=stay)
    now = clock()
    with transaction.atomic():
        _end_reading(file, State.NEEDS_COMPANY, owner=owner, now=now)
        ImportedFile.objects.filter(pk=file.pk).update(rows_read=reading.rows_read)
        _settle(file, by=file.uploaded_by, now=now)
        if file.state != State.NEEDS_COMPANY:
            file.pieces.all().delete()


# --- From what was read to a journal ------------------------------------------------------


def waiting_content(file: ImportedFile) -> Content | None:
    """Return the lines that wait for a decision about their file."""
    return Content.objects.filter(file=file).order_by("-pk").first()


def _settle(file: ImportedFile, *, by: User | None, now: datetime) -> None:
    """Go on as far as nothing is open; called within a transaction."""
    content = waiting_content(file)
    if content is None:
        raise ValueError(f"file {file.pk} has no lines")
    number = organisation_number(str(file.head.get("organisation_number", "")))
    if file.company is None and number:
        file.company = (
            Company.objects.of(file.organisation).with_organisation_number(number).first()
        )
    if file.company is None:
        _name_unknown_company(file)
        _become(file, State.NEEDS_COMPANY, now=now)
        return
    _drop_problem(file, "company_unknown")
    own = file.company.organisation_number
    if number and own and organisation_number(own) != number:
        _add_problem(
            file,
            problem("company_differs", column="company", value=number, company=str(file.company)),
        )
        content.delete()
        _become(file, State.REFUSED, now=now)
        return
    readings.keep_answers(file, company=file.company)
    run = (file.run or str(file.head.get("run", ""))).strip()
    _drop_problem(file, "run_too_long")
    if not run or len(run) > RUN_LENGTH:
        if run:
            found = problem("run_too_long", value=run, length=len(run), limit=RUN_LENGTH)
            _add_problem(file, found)
        _become(file, State.NEEDS_RUN, now=now)
        return
    file.run = run
    if not file.confirmed and any(found.needs_confirmation for found in problems_of(file)):
        _become(file, State.NEEDS_CONFIRMATION, now=now)
        return
    _adopt(file, content, company=file.company, by=by, now=now)


def _name_unknown_company(file: ImportedFile) -> None:
    _drop_problem(file, "company_unknown")
    if number := organisation_number(str(file.head.get("organisation_number", ""))):
        _add_problem(file, problem("company_unknown", column="company", value=number))


def _adopt(
    file: ImportedFile, content: Content, *, company: Company, by: User | None, now: datetime
) -> None:
    # One at a time per company, so that two files of one run cannot both make its journal.
    Company.objects.select_for_update().get(pk=company.pk)
    if not content.currency:
        content.currency = company.currency
        content.save(update_fields=["currency"])
    reference = f"PAYROLL {content.run_period}/{file.run}"
    found = runs.recognise(file, content, company=company, reference=reference)
    if found is None:
        _make_journal(file, content, company=company, reference=reference, by=by, now=now)
        return
    file.journal = found.journal
    if found.repeated:
        content.delete()
    _become(file, State.UNCHANGED if found.repeated else State.CHANGED, now=now)


def _make_journal(
    file: ImportedFile,
    content: Content,
    *,
    company: Company,
    reference: str,
    by: User | None,
    now: datetime,
    anew_of: Journal | None = None,
) -> Journal:
    journal = storing.create_journal(
        company=company,
        content=content,
        reference=reference,
        run=file.run,
        by=by,
        now=now,
        request_id=file.request_id,
        anew_of=anew_of,
    )
    remember(journal, "imported", user=by, now=now, file=file.name)
    going_live.mark_new(journal, now=now)
    _audit(file, "journal.import", journal=journal, by=by, reference=reference)
    file.journal = journal
    _become(file, State.IMPORTED, now=now)
    return journal


def _become(file: ImportedFile, state: State, *, now: datetime) -> None:
    file.state, file.state_at = state, now
    file.save(
        update_fields=[
            "state", "state_at", "company", "run", "confirmed", "journal", "problems",
            "problem_count", "source", "head", "rung_at",
        ]
    )  # fmt: skip


def _add_problem(file: ImportedFile, found: Problem) -> None:
    file.problems = [found.to_json(), *file.problems]
    file.problem_count += 1


def _drop_problem(file: ImportedFile, code: str) -> None:
    kept = [stored for stored in file.problems if stored["code"] != code]
    file.problem_count -= len(file.problems) - len(kept)
    file.problems = kept


def problems_of(file: ImportedFile) -> list[Problem]:
    """Return what was found in the file, errors first."""
    return [Problem.from_json(stored) for stored in file.problems]


def errors_of(file: ImportedFile) -> list[Problem]:
    """Return what stands against importing the file."""
    return [found for found in problems_of(file) if found.severity == ERROR]


def _audit(
    file: ImportedFile,
    action: str,
    *,
    by: User | None,
    journal: Journal | None = None,
    **details: str,
) -> None:
    audit.record(
        organisation=file.organisation,
        action=action,
        subject=journal or file,
        user=by,
        details={"file": file.name} | details,
        request_id=file.request_id,
    )


# --- What a person decides ----------------------------------------------------------------


def _locked(file: ImportedFile, *states: State) -> ImportedFile:
    """
    Return the file as it is now, kept from others until the transaction ends.

    :raises ImportRefused: if it does not wait for this any more
    """
    found: ImportedFile = (
        ImportedFile.objects.select_for_update(of=("self",))
        .select_related("organisation", "company", "source")
        .get(pk=file.pk)
    )
    if found.state not in states:
        raise ImportRefused(
            gettext("This was decided already, perhaps in another window. Nothing was changed.")
        )
    return found


def confirm_columns(
    *,
    file: ImportedFile,
    settings: SourceSettings,
    name: str,
    by: User | None,
    now: datetime,
) -> Source:
    """
    Let the file be read like this; it is remembered for its company once that has succeeded, and
    proposed for other companies' files with these headings.

    :raises ImportRefused: if the settings are not possible, or the name is another source's
    """
    if faults := settings.faults():
        raise ImportRefused(
            gettext("These settings are not possible: {names}.").format(names=", ".join(faults))
        )
    with transaction.atomic():
        found = _locked(file, State.NEEDS_COLUMNS)
        fingerprint = found.head.get("suggestion", {}).get("fingerprint", "")
        mine = Source.objects.filter(organisation=found.organisation)
        source = (
            found.source
            or mine.filter(file_format=settings.format, fingerprint=fingerprint)
            .exclude(fingerprint="")
            .first()
            or Source(organisation=found.organisation, fingerprint=fingerprint)
        )
        source.name, source.file_format = name, settings.format
        source.settings = settings.to_json()
        source.confirmed_at, source.confirmed_by = now, by
        chosen = readings.rules_chosen(found.head["suggestion"], settings)
        try:
            with transaction.atomic():
                source.save()
        except IntegrityError:
            raise ImportRefused(
                gettext("Another source is named {name}. Choose another name.").format(name=name)
            ) from None
        found.source, found.rung_at = source, None
        kept = {name: value for name, value in _kept(found).items() if name != "wanted_encoding"}
        found.head = kept | {"answers": readings.answers(settings, chosen, by=by, now=now)}
        _set_problems(found, ())
        _become(found, State.WAITING, now=now)
        _audit(found, "journal.columns_confirmed", by=by, source=name)
        wake("journals.tasks.read_file", file_id=found.pk)
    return source


def choose_company(*, file: ImportedFile, company: Company, by: User | None, now: datetime) -> None:
    """
    Say whose journal the file holds.

    :raises ImportRefused: if the file names another organisation number than the company has
    """
    with transaction.atomic():
        found = _locked(file, State.NEEDS_COMPANY)
        number = str(found.head.get("organisation_number", ""))
        own = organisation_number(company.organisation_number)
        if number and own and own != number:
            raise ImportRefused(
                gettext(
                    "The file is for organisation number {number}, {company} has {own}."
                ).format(number=number, company=company, own=own)
            )
        found.company = company
        if _is_read_as_of(found, company):
            _settle(found, by=by, now=now)
            found.pieces.all().delete()
            return
        Content.objects.filter(file=found).delete()
        found.head, found.rung_at = _kept(found), None
        _set_problems(found, ())
        _become(found, State.WAITING, now=now)
        wake("journals.tasks.read_file", file_id=found.pk)


def _is_read_as_of(file: ImportedFile, company: Company) -> bool:
    """Say whether the lines that wait were read as the files of that company are."""
    if waiting_content(file) is None:
        return False
    if file.file_format in (CSV, XLSX) or file.source is not None:
        return True  # by what a person answered about this very file
    usual = readings.settings_without_source(file.file_format, None)
    return readings.settings_without_source(file.file_format, company) == usual


def give_run(*, file: ImportedFile, run: str, by: User | None, now: datetime) -> None:
    """
    Give the number of the payroll run, where the file does not.

    :raises ImportRefused: if it is empty or too long
    """
    run = _clean_run(run)
    with transaction.atomic():
        found = _locked(file, State.NEEDS_RUN)
        found.run = run
        _settle(found, by=by, now=now)


def _clean_run(run: str) -> str:
    run = " ".join(run.replace("\0", "").split())
    if not run or len(run) > RUN_LENGTH:
        raise ImportRefused(
            gettext(
                "A run is at least 1 and at most {limit} characters; {run} has {length}."
            ).format(limit=RUN_LENGTH, run=run or "–", length=len(run))
        )
    return run


def confirm(*, file: ImportedFile, by: User | None, now: datetime) -> None:
    """Import the file although something in it made a person look twice."""
    with transaction.atomic():
        found = _locked(file, State.NEEDS_CONFIRMATION)
        found.confirmed = True
        _settle(found, by=by, now=now)


def discard(*, file: ImportedFile, now: datetime) -> None:
    """Forget a file that waits for a person, with its bytes and lines."""
    with transaction.atomic():
        found = _locked(file, *WAITS_FOR_PERSON)
        found.pieces.all().delete()
        Content.objects.filter(file=found).delete()
        found.head = {key: value for key, value in found.head.items() if key != "suggestion"}
        _become(found, State.DISCARDED, now=now)


def throw_away(*, file: ImportedFile, by: User | None, now: datetime) -> None:
    """
    Discard a file because a person says so.

    :raises ImportRefused: if it does not wait for a person
    """
    with transaction.atomic():
        discard(file=file, now=now)
        _audit(file, "journal.file_thrown_away", by=by)


def decide(*, file: ImportedFile, take: bool, by: User | None, now: datetime) -> None:
    """
    Take the other content into the journal, or leave the journal as it is.

    :raises ImportRefused: if the journal is, or may be, in the ledger
    """
    if not take:
        throw_away(file=file, by=by, now=now)
        return
    with transaction.atomic():
        found = _locked(file, State.CHANGED)
        content = waiting_content(found)
        journal = Journal.objects.select_for_update().get(pk=found.journal_id)
        if content is None:
            raise ValueError(f"file {found.pk} has no lines")
        batches = list(Batch.objects.select_for_update().filter(journal=journal))
        match runs.replacing_of(journal, batches):
            case Replacing.IN_LEDGER:
                raise ImportRefused(runs.why_not_replaced(journal, batches))
            case Replacing.AFTER_REVERSAL:
                _send_instead(found, content, journal, by=by, now=now)
                return
        journal.content = content
        journal.line_count, journal.currency = content.line_count, content.currency
        journal.total = storing.total_of(content)
        journal.send_requested_at = journal.send_requested_by = None
        journal.preflight_at, journal.preflight_problems = None, []
        journal.save()
        storing.rebuild_batches(journal=journal, content=content, now=now)
        remember(journal, "content_replaced", user=by, now=now, file=found.name)
        _audit(found, "journal.replace", journal=journal, by=by, reference=journal.reference)
        refresh_state(journal.pk, now=now)
        going_live.mark_new(journal, now=now)
        _become(found, State.IMPORTED, now=now)


def _send_instead(
    file: ImportedFile, content: Content, journal: Journal, *, by: User | None, now: datetime
) -> None:
    """Make the new content the journal that is sent in place of a reversed one."""
    reference = new_reference(journal)
    file.run = journal.run
    _make_journal(
        file,
        content,
        company=journal.company,
        reference=reference,
        by=by,
        now=now,
        anew_of=journal,
    )
    remember(journal, "made_anew", now=now, user=by, reference=reference)


def import_as_another_run(
    *, file: ImportedFile, run: str, by: User | None, now: datetime
) -> Journal:
    """
    Make a journal of its own of a file that was taken for a run which is here already.

    :param run: what this run is called, ``runs.suggested_run`` or what a person made of it
    :raises ImportRefused: if the name is too long, or another journal of the period has it
    """
    run = _clean_run(run)
    with transaction.atomic():
        found = _locked(file, State.CHANGED)
        content = waiting_content(found)
        if content is None or found.company is None:
            raise ValueError(f"file {found.pk} has no lines or no company")
        Company.objects.select_for_update().get(pk=found.company.pk)
        reference = f"PAYROLL {content.run_period}/{run}"
        if Journal.objects.filter(company=found.company, reference=reference).exists():
            raise ImportRefused(
                gettext("{reference} is there already. Choose another name for this run.").format(
                    reference=reference
                )
            )
        found.head = found.head | {"first_run": found.head.get("first_run") or found.run}
        found.run = run
        return _make_journal(
            found, content, company=found.company, reference=reference, by=by, now=now
        )


def compare_with(*, file: ImportedFile, journal: Journal, now: datetime) -> None:
    """
    Hold a changed file against another run of the same pay day.

    :raises ImportRefused: if that is none of them
    """
    with transaction.atomic():
        found = _locked(file, State.CHANGED)
        if journal.pk not in {one.pk for one in runs.of_the_same_day(found)}:
            raise ImportRefused(gettext("That journal is not another run of the same pay day."))
        found.journal = journal
        _become(found, State.CHANGED, now=now)
