"""From what was read to what is made of it, as far as nothing is open."""

from datetime import datetime

from connectors.organisation_numbers import digits_of
from organisations.models import Company, User
from sources.destinations import destination
from sources.models import ImportedFile
from sources.operations import readings
from sources.operations.files import (
    RUN_LENGTH,
    State,
    add_problem,
    become,
    drop_problem,
    problems_of,
    waiting_content,
)
from sources.readers.problems import problem


def adopt(file: ImportedFile, *, by: User | None, now: datetime) -> None:
    """Go on as far as nothing is open; called within a transaction."""
    content = waiting_content(file)
    if content is None:
        raise ValueError(f"file {file.pk} has no lines")
    number = digits_of(str(file.head.get("organisation_number", "")))
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
    if number and own and digits_of(own) != number:
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
    destination().take(file, content, by, now)


def _is_open(file: ImportedFile) -> bool:
    """Say whether a person must look at something that nobody has answered before."""
    to_confirm = {found.code for found in problems_of(file) if found.needs_confirmation}
    if to_confirm == {readings.BOTH_SIDES}:
        return not readings.nets_both_sides(file)
    return bool(to_confirm)


def name_unknown_company(file: ImportedFile) -> None:
    """Say which organisation number the file names, if no company has it."""
    drop_problem(file, "company_unknown")
    if number := digits_of(str(file.head.get("organisation_number", ""))):
        add_problem(file, problem("company_unknown", column="company", value=number))
