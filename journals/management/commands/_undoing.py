"""What the commands of undoing and comparing share: a company by number, waiting for a journal."""

from time import monotonic, sleep

from django.core.management.base import CommandError

from journals.models import Batch, Journal
from journals.queries.wording import LIVE
from organisations.management.commands._command import organisation_named
from organisations.models import Company


def company_numbered(number: str, *, organisation: str) -> Company:
    """
    Return the company with that number.

    :raises CommandError: if there is none
    """
    companies = Company.objects.of(organisation_named(organisation))
    found = companies.select_related("organisation").filter(number=number).first()
    if found is None:
        raise CommandError(f"There is no company {number!r}. See the companies page for numbers.")
    one: Company = found
    return one


def batches_of(journal: Journal, periods: list[str], among: list[Batch]) -> list[Batch]:
    """
    Return those of the batches that belong to the periods; all, if none is named.

    :raises CommandError: if a period has none
    """
    if not periods:
        return among
    missing = [period for period in periods if period not in {batch.period for batch in among}]
    if missing:
        raise CommandError(f"{journal.reference} has no such batch in {', '.join(missing)}.")
    return [batch for batch in among if batch.period in periods]


def wait_for(journal: Journal, *, seconds: float) -> None:
    """Wait until nothing of the journal changes by itself, at most so long."""
    ends = monotonic() + seconds
    journal.refresh_from_db()
    while journal.state in LIVE and monotonic() < ends:
        sleep(0.3)
        journal.refresh_from_db()
