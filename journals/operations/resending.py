"""Resends the reversed periods of a journal under a new reference."""

from datetime import datetime

from django.db import IntegrityError, transaction

from audit import trail
from journals.models import Batch, Journal
from journals.operations import creating
from journals.rules import refusals, reversing
from journals.rules.states import BatchState
from organisations.models import User
from sources.operations import storing


def reversed_batches(journal: Journal) -> list[Batch]:
    """Return the batches of the journal that were reversed, oldest first."""
    return list(
        Batch.objects.filter(
            journal=journal, state=BatchState.REVERSED, reverses__isnull=True
        ).order_by("period")
    )


def new_reference(journal: Journal) -> str:
    """Return the reference under which the journal would be sent again."""
    root = journal.reference.rpartition(" (")[0] or journal.reference
    alike = Journal.objects.filter(company_id=journal.company_id, reference__startswith=root[:30])
    return reversing.resend_reference(journal.reference, alike.values_list("reference", flat=True))


def resend(
    *,
    journal: Journal,
    reason: str = "",
    by: User | None,
    now: datetime,
) -> Journal:
    """
    Make a journal, not sent, of the periods that were reversed, and return it.

    It has the same lines and a new reference that names the old one. Once: who presses again
    gets the one that is there.

    :raises CannotResend: if nothing was reversed
    """
    there: Journal | None = Journal.objects.filter(resend_of=journal).first()
    if there is not None:
        return there
    periods = {batch.period for batch in reversed_batches(journal)}
    if not periods:
        raise refusals.CannotResend(reference=journal.reference)
    with transaction.atomic():
        content = storing.content_of_periods(journal.content, periods, now=now)
        try:
            with transaction.atomic():
                resend = creating.create_journal(
                    company=journal.company,
                    content=content,
                    reference=new_reference(journal),
                    run=journal.run,
                    by=by,
                    now=now,
                    request_id=trail.origin().request_id,
                    resend_of=journal,
                )
        except IntegrityError as twice:
            raise refusals.CannotResend(reference=journal.reference) from twice
        journal.remember("regenerated", now=now, user=by, reference=resend.reference)
        resend.remember("resend_of", now=now, user=by, reference=journal.reference)
        trail.record(
            organisation=journal.organisation,
            action="journal.resend",
            subject=resend,
            user=by,
            details={"of": journal.reference, "periods": sorted(periods), "reason": reason},
        )
    return resend
