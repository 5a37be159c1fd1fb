"""What a person decides about a file that waits."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from background.enqueueing import wake
from journals.domain.run_marks import Replacing
from journals.models import Batch, Content, ImportedFile, Journal, Source
from journals.operations import going_live, readings, runs, storing
from journals.operations.importing.adopting import adopt, make_journal
from journals.operations.importing.files import (
    WAITS_FOR_PERSON,
    ImportRefused,
    State,
    become,
    clean_run,
    kept,
    locked,
    problems_of,
    record,
    set_problems,
    waiting_content,
)
from journals.operations.reversing import new_reference
from journals.operations.sending import refresh_state, remember
from organisations.models import Company, User
from sources.readers.organisation_numbers import organisation_number
from sources.readers.settings import CSV, XLSX, SourceSettings


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
        found = locked(file, State.NEEDS_COLUMNS)
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
        said = {name: value for name, value in kept(found).items() if name != "wanted_encoding"}
        found.head = said | {"answers": readings.answers(settings, chosen, by=by, now=now)}
        set_problems(found, ())
        become(found, State.WAITING, now=now)
        record(found, "journal.columns_confirmed", by=by, source=name)
        wake("journals.tasks.read_file", file_id=found.pk)
    return source


def choose_company(*, file: ImportedFile, company: Company, by: User | None, now: datetime) -> None:
    """
    Say whose journal the file holds.

    :raises ImportRefused: if the file names another organisation number than the company has
    """
    with transaction.atomic():
        found = locked(file, State.NEEDS_COMPANY)
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
            adopt(found, by=by, now=now)
            found.pieces.all().delete()
            return
        Content.objects.filter(file=found).delete()
        found.head, found.rung_at = kept(found), None
        set_problems(found, ())
        become(found, State.WAITING, now=now)
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
    run = clean_run(run)
    with transaction.atomic():
        found = locked(file, State.NEEDS_RUN)
        found.run = run
        adopt(found, by=by, now=now)


def confirm(*, file: ImportedFile, by: User | None, now: datetime) -> None:
    """Import the file although something in it made a person look twice."""
    with transaction.atomic():
        found = locked(file, State.NEEDS_CONFIRMATION)
        found.confirmed = True
        if any(one.code == readings.BOTH_SIDES for one in problems_of(found)):
            readings.keep_both_sides(found, by=by, now=now)
        adopt(found, by=by, now=now)


def discard(*, file: ImportedFile, now: datetime) -> None:
    """Forget a file that waits for a person, with its bytes and lines."""
    with transaction.atomic():
        found = locked(file, *WAITS_FOR_PERSON)
        found.pieces.all().delete()
        Content.objects.filter(file=found).delete()
        found.head = {key: value for key, value in found.head.items() if key != "suggestion"}
        become(found, State.DISCARDED, now=now)


def throw_away(*, file: ImportedFile, by: User | None, now: datetime) -> None:
    """
    Discard a file because a person says so.

    :raises ImportRefused: if it does not wait for a person
    """
    with transaction.atomic():
        discard(file=file, now=now)
        record(file, "journal.file_thrown_away", by=by)


def decide(*, file: ImportedFile, take: bool, by: User | None, now: datetime) -> None:
    """
    Take the other content into the journal, or leave the journal as it is.

    :raises ImportRefused: if the journal is, or may be, in the ledger
    """
    if not take:
        throw_away(file=file, by=by, now=now)
        return
    with transaction.atomic():
        found = locked(file, State.CHANGED)
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
        record(found, "journal.replace", journal=journal, by=by, reference=journal.reference)
        refresh_state(journal.pk, now=now)
        going_live.mark_new(journal, now=now)
        become(found, State.IMPORTED, now=now)


def _send_instead(
    file: ImportedFile, content: Content, journal: Journal, *, by: User | None, now: datetime
) -> None:
    """Make the new content the journal that is sent in place of a reversed one."""
    reference = new_reference(journal)
    file.run = journal.run
    make_journal(
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
    run = clean_run(run)
    with transaction.atomic():
        found = locked(file, State.CHANGED)
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
        return make_journal(
            found, content, company=found.company, reference=reference, by=by, now=now
        )


def compare_with(*, file: ImportedFile, journal: Journal, now: datetime) -> None:
    """
    Hold a changed file against another run of the same pay day.

    :raises ImportRefused: if that is none of them
    """
    with transaction.atomic():
        found = locked(file, State.CHANGED)
        if journal.pk not in {one.pk for one in runs.of_the_same_day(found)}:
            raise ImportRefused(gettext("That journal is not another run of the same pay day."))
        found.journal = journal
        become(found, State.CHANGED, now=now)
