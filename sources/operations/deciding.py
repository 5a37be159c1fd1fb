"""What a person decides about a file that waits."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from background.enqueueing import enqueue
from connectors.organisation_numbers import digits_of
from organisations.models import Company, User
from sources.models import Content, ImportedFile, Source
from sources.operations import readings
from sources.operations.adopting import adopt
from sources.operations.files import (
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
            gettext("These settings are invalid: {names}.").format(names=", ".join(faults))
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
        found.source, found.enqueued_at = source, None
        said = {name: value for name, value in kept(found).items() if name != "wanted_encoding"}
        found.head = said | {"answers": readings.answers(settings, chosen, by=by, now=now)}
        set_problems(found, ())
        become(found, State.WAITING, now=now)
        record(found, "journal.columns_confirmed", by=by, source=name)
        enqueue("sources.tasks.read_file", file_id=found.pk)
    return source


def choose_company(*, file: ImportedFile, company: Company, by: User | None, now: datetime) -> None:
    """
    Say whose journal the file holds.

    :raises ImportRefused: if the file names another organisation number than the company has
    """
    with transaction.atomic():
        found = locked(file, State.NEEDS_COMPANY)
        number = str(found.head.get("organisation_number", ""))
        own = digits_of(company.organisation_number)
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
        found.head, found.enqueued_at = kept(found), None
        set_problems(found, ())
        become(found, State.WAITING, now=now)
        enqueue("sources.tasks.read_file", file_id=found.pk)


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
