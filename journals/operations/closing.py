"""A person booked a batch by hand in the ledger: it is closed with a reason, and never sent."""

from datetime import datetime

from django.db import transaction

from audit import trail
from journals.models import Batch, Journal
from journals.rules import refusals
from journals.rules.states import MAY_BE_CLOSED, BatchState
from organisations.models import User

REASON_LENGTH = 300


def close_by_hand(
    *,
    batch: Batch,
    reason: str,
    by: User | None,
    now: datetime,
) -> None:
    """
    Close a batch that is not in the ledger, or that nobody can say is: a person booked it.

    A mirror that is closed has been booked by hand too, so the batch that it reverses is reversed.

    :raises ReasonMissing: without a reason
    :raises NotToBeClosed: if it is queued, on its way, or in the ledger
    """
    reason = clean_reason(reason)
    journal = batch.journal
    refused = refusals.NotToBeClosed(period=batch.period, reference=journal.reference)
    before = BatchState(batch.state)
    if before not in MAY_BE_CLOSED:
        raise refused
    with transaction.atomic():
        if not batch.mark_closed(reason=reason, by=by, now=now):
            raise refused
        if batch.reverses_id is not None:
            batch.mark_reversed_one(now=now)
        journal.remember("closed_by_hand", now=now, user=by, period=batch.period, reason=reason)
        trail.record(
            organisation=batch.organisation,
            action="batch.closed_by_hand",
            subject=batch,
            user=by,
            details={"reason": reason, "from": before.value, "number": batch.vendor_number},
        )
        Journal.objects.refresh_state(batch.journal_id, now=now)


def open_again(*, batch: Batch, by: User | None, now: datetime) -> None:
    """
    Take a closing back: the batch is where it was before. Nothing is sent by that.

    :raises NotToBeClosed: if it is not closed, or closing it has reversed another one
    """
    refused = refusals.NotToBeClosed(period=batch.period, reference=batch.journal.reference)
    if batch.state != BatchState.CLOSED or batch.reverses_id is not None:
        raise refused
    reason = batch.reason
    with transaction.atomic():
        if not batch.mark_opened_again(now=now):
            raise refused
        batch.journal.remember("opened_again", now=now, user=by, period=batch.period)
        trail.record(
            organisation=batch.organisation,
            action="batch.opened_again",
            subject=batch,
            user=by,
            details={"reason_was": reason},
        )
        Journal.objects.refresh_state(batch.journal_id, now=now)


def clean_reason(reason: str) -> str:
    """
    Return the reason as it is stored.

    :raises ReasonMissing: if nothing is left of it
    """
    clean = " ".join(reason.split())[:REASON_LENGTH]
    if not clean:
        raise refusals.ReasonMissing()
    return clean
