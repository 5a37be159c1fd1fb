"""From what was read to a journal, as far as nothing is open."""

from datetime import datetime

from journals.models import Content, ImportedFile, Journal
from journals.operations import going_live, readings, runs, storing
from journals.operations.importing.files import (
    RUN_LENGTH,
    State,
    add_problem,
    become,
    drop_problem,
    problems_of,
    record,
    waiting_content,
)
from journals.operations.sending import remember
from organisations.models import Company, User
from sources.readers.organisation_numbers import organisation_number
from sources.readers.problems import problem


def adopt(file: ImportedFile, *, by: User | None, now: datetime) -> None:
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
        name_unknown_company(file)
        become(file, State.NEEDS_COMPANY, now=now)
        return
    drop_problem(file, "company_unknown")
    own = file.company.organisation_number
    if number and own and organisation_number(own) != number:
        add_problem(
            file,
            problem("company_differs", column="company", value=number, company=str(file.company)),
        )
        content.delete()
        become(file, State.REFUSED, now=now)
        return
    readings.keep_answers(file, company=file.company)
    run = (file.run or str(file.head.get("run", ""))).strip()
    drop_problem(file, "run_too_long")
    if not run or len(run) > RUN_LENGTH:
        if run:
            found = problem("run_too_long", value=run, length=len(run), limit=RUN_LENGTH)
            add_problem(file, found)
        become(file, State.NEEDS_RUN, now=now)
        return
    file.run = run
    if not file.confirmed and _is_open(file):
        become(file, State.NEEDS_CONFIRMATION, now=now)
        return
    _into_journal(file, content, company=file.company, by=by, now=now)


def _is_open(file: ImportedFile) -> bool:
    """Say whether a person must look at something that nobody has answered before."""
    to_confirm = {found.code for found in problems_of(file) if found.needs_confirmation}
    if to_confirm == {readings.BOTH_SIDES}:
        return not readings.nets_both_sides(file)
    return bool(to_confirm)


def name_unknown_company(file: ImportedFile) -> None:
    """Say which organisation number the file names, if no company has it."""
    drop_problem(file, "company_unknown")
    if number := organisation_number(str(file.head.get("organisation_number", ""))):
        add_problem(file, problem("company_unknown", column="company", value=number))


def _into_journal(
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
        make_journal(file, content, company=company, reference=reference, by=by, now=now)
        return
    file.journal = found.journal
    if found.repeated:
        content.delete()
    become(file, State.UNCHANGED if found.repeated else State.CHANGED, now=now)


def make_journal(
    file: ImportedFile,
    content: Content,
    *,
    company: Company,
    reference: str,
    by: User | None,
    now: datetime,
    anew_of: Journal | None = None,
) -> Journal:
    """Make the journal of lines that nothing stands against."""
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
    record(file, "journal.import", journal=journal, by=by, reference=reference)
    file.journal = journal
    become(file, State.IMPORTED, now=now)
    return journal
