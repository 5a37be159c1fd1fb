"""From the lines of a file to a journal, and what a person decides where one is there already."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from journals.models import Batch, FileOfJournal, Journal
from journals.operations import creating, going_live, last_month, runs
from journals.operations.resending import new_reference
from journals.rules.run_marks import Replacing
from organisations.models import Company, User
from sources.models import Content, ImportedFile
from sources.operations import deciding, readings, storing
from sources.operations.files import (
    ImportRefused,
    State,
    become,
    clean_run,
    locked,
    record,
    waiting_content,
)


@dataclass(frozen=True)
class Journals:
    """Makes journals of the lines of files: the destination that the app sources asks for."""

    def take_known(self, file: ImportedFile, *, now: datetime) -> bool:
        """Take a file with the bytes that a journal's present content was read from."""
        found = Journal.objects.filter(
            organisation=file.organisation, content__file__sha256=file.sha256
        ).select_related("company", "content__file")
        if file.company is not None:
            found = found.filter(company=file.company)
        if file.run:
            found = found.filter(run=file.run)
        known = found.first()
        if known is None or readings.changed_since(
            known.company, known.content.created_at, known.content.file
        ):
            return False  # unknown, or the same bytes are read in another way by now
        _keep_journal_of(file, known)
        file.company = known.company
        become(file, State.UNCHANGED, now=now)
        return True

    def take(self, file: ImportedFile, content: Content, by: User | None, now: datetime) -> None:
        """Make a journal of the lines, unless one of this run is there."""
        # One at a time per company, so that two files of one run cannot both make its journal.
        company = Company.objects.select_for_update().get(pk=file.company_id)
        if not content.currency:
            content.currency = company.currency
            content.save(update_fields=["currency"])
        reference = f"PAYROLL {content.run_period}/{file.run}"
        found = runs.recognise(file, content, company=company, reference=reference)
        if found is None:
            make_journal(file, content, company=company, reference=reference, by=by, now=now)
            return
        _keep_journal_of(file, found.journal)
        if found.repeated:
            content.delete()
        become(file, State.UNCHANGED if found.repeated else State.CHANGED, now=now)


def _keep_journal_of(file: ImportedFile, journal: Journal) -> None:
    link, _made = FileOfJournal.objects.update_or_create(file=file, defaults={"journal": journal})
    file.of_journal = link


def make_journal(
    file: ImportedFile,
    content: Content,
    *,
    company: Company,
    reference: str,
    by: User | None,
    now: datetime,
    resend_of: Journal | None = None,
) -> Journal:
    """Make the journal of lines that nothing stands against."""
    journal = creating.create_journal(
        company=company,
        content=content,
        reference=reference,
        run=file.run,
        by=by,
        now=now,
        request_id=file.request_id,
        resend_of=resend_of,
    )
    journal.remember("imported", user=by, now=now, file=file.name)
    going_live.mark_new(journal, now=now)
    last_month.refresh(journal, today=timezone.localdate(now))
    record(file, "journal.import", subject=journal, by=by, reference=reference)
    _keep_journal_of(file, journal)
    become(file, State.IMPORTED, now=now)
    return journal


def decide(*, file: ImportedFile, take: bool, by: User | None, now: datetime) -> None:
    """
    Take the other content into the journal, or leave the journal as it is.

    :raises ImportRefused: if the journal is, or may be, in the ledger
    """
    if not take:
        deciding.throw_away(file=file, by=by, now=now)
        return
    with transaction.atomic():
        found = locked(file, State.CHANGED)
        content = waiting_content(found)
        journal = Journal.objects.select_for_update().get(of_files__file=found)
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
        creating.rebuild_batches(journal=journal, content=content, now=now)
        journal.remember("content_replaced", user=by, now=now, file=found.name)
        record(found, "journal.replace", subject=journal, by=by, reference=journal.reference)
        journal.refresh_state(now=now)
        going_live.mark_new(journal, now=now)
        last_month.refresh(journal, today=timezone.localdate(now))
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
        resend_of=journal,
    )
    journal.remember("regenerated", now=now, user=by, reference=reference)


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
                gettext("{reference} already exists. Choose another name for this run.").format(
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
        _keep_journal_of(found, journal)
        become(found, State.CHANGED, now=now)
