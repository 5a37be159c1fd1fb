"""A person decides about a batch that the hub may not decide about."""

from datetime import datetime

from django.db import transaction

from audit import trail
from background.enqueueing import enqueue
from connectors.errors import Rejected
from connectors.words import gettext_noop as _
from journals.models import Batch, Journal
from journals.operations.closing import clean_reason, close_by_hand
from journals.rules.refusals import NotToBeClosed
from journals.rules.states import BatchState
from organisations.models import User

THIS_ONE, NOT_THERE, BY_HAND = "this_one", "not_there", "by_hand"
STOP, DELETED = "stop", "deleted"


class NoLongerOpen(Rejected):
    """Somebody else has decided meanwhile."""

    summary = _("A decision on this batch has already been made.")
    remedy = _("See its current status below.")


class NumberTaken(Rejected):
    """The number that a person gave belongs to another batch of ours."""

    summary = _("{number} is the number of another batch that the hub has sent: {other}.")
    remedy = _(
        "Check the ledger again; each number belongs to one batch. If {other} was deleted "
        "there, open it first and mark it as reversed in the ledger."
    )
    action = ""


class Stopped(Rejected):
    """A person found that the ledger does not have the batch, and that it is not to go."""

    summary = _("{who} stopped the batch: {reason}")
    remedy = _("Nothing is sent until someone requests it again.")
    action = ""


def decide(
    *, batch: Batch, choice: str, by: User | None, now: datetime, number: str = "", reason: str = ""
) -> None:
    """
    Record what a person found in the ledger.

    :param choice: `this_one` (then `number`, which is read back before anything is called
        posted), `not_there` (it is sent again), `by_hand` (a person booked it: it is closed
        with the reason) or `stop` (it is not there and is not to go, with the reason: without
        this, what payroll has corrected meanwhile could only be sent first and reversed then),
        or `deleted` (it was in the ledger, and somebody rightly deleted it there: it is reversed,
        with the reason)
    :raises NoLongerOpen: if the batch does not wait for a person any more
    :raises ReasonMissing: if a person booked it by hand or stops it and does not say why
    :raises ValueError: if the choice is none of these, or the number is missing
    """
    if batch.state != BatchState.NEEDS_PERSON:
        raise NoLongerOpen()
    if choice == BY_HAND:
        _book_by_hand(batch, reason=reason, by=by, now=now)
        return
    if choice in {STOP, DELETED}:
        reason = clean_reason(reason)
    if choice == THIS_ONE and number:
        _refuse_if_taken(batch, number)
    with transaction.atomic():
        if choice == THIS_ONE and number:
            done = batch.mark_accepted(number=number, now=now)
        elif choice == NOT_THERE:
            Batch.objects.filter(pk=batch.pk, state=batch.state).update(vendor_number="")
            done = batch.mark_not_there(now=now)
        elif choice == STOP:
            done = batch.mark_stopped(Stopped(who=str(by or ""), reason=reason), now=now)
        elif choice == DELETED and batch.proven_at is not None:
            done = batch.mark_reversed_by_hand(reason=reason, by=by, now=now)
        else:
            raise ValueError(f"{choice!r} is not a choice, or the number is missing")
        if not done:
            raise NoLongerOpen()
        batch.journal.remember(
            f"decided_{choice}",
            now=now,
            user=by,
            period=batch.period,
            reason=reason,
        )
        trail.record(
            organisation=batch.organisation,
            action="batch.decided",
            subject=batch,
            user=by,
            details={"choice": choice, "number": number, "reason": reason},
        )
        Journal.objects.refresh_state(batch.journal_id, now=now)
    if batch.connection_id:
        enqueue("journals.tasks.serve_connection", connection_id=batch.connection_id)


def _refuse_if_taken(batch: Batch, number: str) -> None:
    other = batch.others_of_number(number).first()
    if other is not None:
        raise NumberTaken(number=number, other=other.description)


def _book_by_hand(batch: Batch, *, reason: str, by: User | None, now: datetime) -> None:
    try:
        close_by_hand(batch=batch, reason=reason, by=by, now=now)
    except NotToBeClosed as refused:
        raise NoLongerOpen() from refused
