"""
Proof: is an accepted batch what was sent, and is it released.

Only reads, and the request to release. Nothing is posted here.
"""

from datetime import datetime, timedelta

from background.crash_points import crash_point
from background.durability import durable
from connectors.base import AccountingConnector, BatchStatus, BatchToPost, LedgerBatch
from connectors.errors import BadAnswer, ConnectorError
from journals.models import Attempt, Batch
from journals.rules import proving as rules
from journals.rules import refusals
from journals.rules.read_back import batch_as_json
from outbox import lookup
from outbox.delivery import Delivery

Posting = Delivery[Batch, BatchToPost, str]

_LOOK_AGAIN = timedelta(seconds=5)
_READ_AGAIN = timedelta(seconds=30)


def read_back(
    batch: Batch, *, via: Posting, connector: AccountingConnector, payload: BatchToPost
) -> None:
    """Read an accepted batch and say *posted* only if it is what was sent (design 4.9)."""
    turn = via.turn
    attempt = batch.new_attempt(Attempt.Kind.READ_BACK, owner=turn.owner, started_at=turn.clock())
    try:
        there = connector.read_journal(batch.vendor_number)
    except ConnectorError as failure:
        lookup.could_not_ask(batch, attempt, failure, via)
        return
    crash_point("prove.read")
    differences = [] if there is None else rules.verify_read_back(payload, there)
    now = turn.clock()
    with durable():
        if there is None:
            attempt.close("not_found", turn.calls, now=now)
            _number_not_there(batch, now=now)
        elif differences:
            texts = "; ".join(difference.text for difference in differences[:20])
            attempt.close("differs", turn.calls, now=now, detail=texts)
            changed = refusals.ReadBackDiffers(number=there.number, detail=texts)
            batch.mark_needs_person(
                changed, now=now, candidates=[there.number], seen=[batch_as_json(there)]
            )
        else:
            attempt.close("ok", turn.calls, now=now)
            if batch.mark_posted(now=now) and batch.reverses_id is not None:
                batch.mark_reversed_one(now=now)
        via.changed(batch, now=now)
    crash_point("prove.posted")


def _number_not_there(batch: Batch, *, now: datetime) -> None:
    """
    Ask a person only when the ledger denies the number twice, an interval apart.

    A read may lag behind the write; how long is not documented. The first may come long after
    the write, after an outage, and is only one.
    """
    if not _was_denied(batch, kind=Attempt.Kind.READ_BACK, until=now - lookup.interval()):
        batch.keep(until=now + _LOOK_AGAIN)
        return
    batch.mark_needs_person(
        refusals.NumberNotFound(number=batch.vendor_number, description=batch.description),
        now=now,
        candidates=[batch.vendor_number],
    )


def _was_denied(batch: Batch, *, kind: str, until: datetime) -> bool:
    """Say whether a reading of that kind found nothing under the batch's number until then."""
    return Attempt.objects.filter(
        batch=batch,
        kind=kind,
        outcome="not_found",
        started_at__gte=batch.state_at,
        ended_at__lte=until,
    ).exists()


def release(batch: Batch, *, via: Posting, connector: AccountingConnector) -> None:
    """Ask for the release of a posted batch, or see that it has happened."""
    turn = via.turn
    attempt = batch.open_attempt(Attempt.Kind.RELEASE, owner=turn.owner, now=turn.clock())
    try:
        there = connector.read_journal(batch.vendor_number)
        gone = there is None or _is_anothers(there, batch, via.load(batch))
        released = there is not None and there.status == BatchStatus.RELEASED
        if not released and not gone:
            connector.release_journal(batch.vendor_number)
    except ConnectorError as failure:
        lookup.could_not_ask(batch, attempt, failure, via)
        return
    crash_point("release.asked")
    now = turn.clock()
    with durable():
        if gone:
            attempt.close("not_found" if there is None else "differs", turn.calls, now=now)
            _not_there_to_release(batch, there, now=now)
        elif released:
            attempt.close("released", turn.calls, now=now)
            batch.mark_released(now=now)
        else:
            attempt.close("asked", turn.calls, now=now)
            batch.keep(until=now + _LOOK_AGAIN)
        via.changed(batch, now=now)
    crash_point("release.recorded")


def _is_anothers(there: LedgerBatch, batch: Batch, payload: BatchToPost) -> bool:
    """Say whether the ledger holds another batch under the number: it was given again."""
    if there.description.strip() == batch.description:
        return False
    return bool(rules.verify_read_back(payload, there))


def _not_there_to_release(batch: Batch, there: LedgerBatch | None, *, now: datetime) -> None:
    """Leave alone what is not ours; what the ledger only denies, it is asked for again first."""
    failure: BadAnswer
    if there is not None:
        failure = refusals.NumberGivenAgain(number=there.number, other=there.description)
    else:
        if not _was_denied(batch, kind=Attempt.Kind.RELEASE, until=now - lookup.interval()):
            batch.keep(until=now + _READ_AGAIN)
            return
        failure = refusals.NumberNotFound(number=batch.vendor_number, description=batch.description)
    if batch.mark_no_longer_there(failure, now=now):
        batch.journal.remember("no_longer_there", now=now, failure=failure, period=batch.period)
