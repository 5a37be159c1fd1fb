"""What becomes of a batch when a defect of ours stops the work on it: a person is asked."""

from datetime import datetime, timedelta

from django.db import transaction

from journals.models import Attempt, Batch, Journal
from journals.rules import refusals
from journals.rules.states import BatchState
from outbox.delivery import FIRST_LOOK_UP

_S = BatchState
_LATER = timedelta(minutes=30)


def stop_batch(batch_id: int, *, number: str, owner: str, now: datetime) -> None:
    """
    Hand a batch at which the work has stopped to a person.

    What may have been sent is looked up first, so that the person is not asked what the ledger
    can tell. What is posted stays posted, and is released a little later.

    :param number: under which the exception is in the log
    :param owner: under which the batch was worked on; another's claim is left alone
    """
    batch = Batch.objects.select_related("journal").filter(pk=batch_id).first()
    if batch is None or batch.claim_owner not in ("", owner):
        return
    after = refusals.StoppedByFault(request_id=number, description=batch.description)
    with transaction.atomic():
        left = Attempt.objects.filter(batch=batch, owner=owner, ended_at__isnull=True)
        left.update(ended_at=now, outcome=after.code(), params=after.params)
        match BatchState(batch.state):
            case _S.READY | _S.POSTPONED:
                before = refusals.StoppedBeforeSending(request_id=number)
                done = batch.mark_needs_person(before, now=now)
            case _S.SENDING:
                done = batch.mark_unknown(after, now=now, look_up_at=now + FIRST_LOOK_UP)
            case _S.UNKNOWN | _S.ACCEPTED:
                known = [batch.vendor_number] if batch.vendor_number else []
                done = batch.mark_needs_person(after, now=now, candidates=known)
            case _:
                done = batch.keep(until=now + _LATER)
        if done:
            batch.journal.remember("fault", now=now, failure=after, period=batch.period)
        Journal.objects.refresh_state(batch.journal_id, now=now)


def stop_check(journal_id: int, *, number: str, now: datetime) -> None:
    """Hand what was being checked of a journal, when the work stopped, to a person."""
    failure = refusals.StoppedBeforeSending(request_id=number)
    queued = Batch.objects.filter(
        journal=journal_id, state=_S.READY, prepared_at__isnull=True, claim_owner=""
    )
    with transaction.atomic():
        for batch in queued.select_related("journal").order_by("pk"):
            if batch.mark_needs_person(failure, now=now):
                batch.journal.remember("fault", now=now, failure=failure, period=batch.period)
        Journal.objects.refresh_state(journal_id, now=now)
