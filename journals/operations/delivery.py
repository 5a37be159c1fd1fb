"""
Claim, call, record. The one place where money is posted.

A worker serves one connection at a time, holding its writer lease: one writer per vendor
company. Every step is committed before the next begins, so that a worker may die between any
two lines:

    claim + open attempt   died here: the sweep finds no answer -> unknown -> the ledger is asked
    call                   died here: the same
    number stored          died here: the sweep reads the batch back
    read back, posted      nothing left to do
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from accounts.models import Connection
from accounts.operations import installation
from accounts.operations.access import connector_for
from accounts.operations.claims import writer_key
from background import claims
from background.crash_points import crash_point
from background.durability import durable
from background.faults import DATABASE_IS_AWAY, fault_number
from background.models import Lease
from connectors.base import AccountingConnector
from connectors.errors import BadAnswer, ConnectorError, NotAuthorized, OutcomeUnknown, Unavailable
from journals.domain import refusals
from journals.domain.states import PROVEN, BatchState
from journals.models import Attempt, Batch, Journal
from journals.operations import due, going_live, living, proving, restoring, turns, waiting
from journals.operations.attempts import LastExchange, claim_and_open, close_attempt, record_number
from journals.operations.contents import digest_of, to_post
from journals.operations.faults import stop_batch
from journals.operations.sending import changed_mapping, refresh_state, refusal_of, remember

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
_S = BatchState
_FIRST_LOOK_UP = timedelta(seconds=3)
_TURN_SECONDS = 2.0


def serve(*, connection_id: int, clock: Clock) -> int:
    """
    Work for one connection until nothing is due or its turn is over; return the batches served.

    After its turn it queues up again behind the others, so that nobody's thousand batches
    stand before another's one.
    """
    connection = Connection.objects.get(pk=connection_id)
    if not connection.is_authorised or connection.is_paused(now=clock()):
        return 0
    if not installation.may_send(now=clock()):
        living.notify_stopped(connection, now=clock())
        return 0
    owner, started = claims.new_owner(), clock()
    key = writer_key(connection)
    if not Lease.objects.take(key=key, owner=owner, now=started, seconds=claims.lease_seconds()):
        return 0
    crash_point("deliver.after_lease")
    calls = LastExchange()
    connector = connector_for(connection, observer=calls, alone=True)
    served, more, told = 0, False, False
    try:
        may_send = living.may_send(connection, connector, clock=clock)
        restored = may_send and restoring.ask(
            connection, connector, calls, owner=owner, clock=clock
        )
        for work, batch_id in _in_turn(
            connection, may_send=may_send, restored=restored, clock=clock
        ):
            if calls.vendor_is_away:
                break
            if (clock() - started).total_seconds() > _TURN_SECONDS:
                more = True
                break
            try:
                served += work(
                    batch_id=batch_id, connector=connector, calls=calls, owner=owner, clock=clock
                )
            except DATABASE_IS_AWAY:
                raise
            except Exception:
                # A defect of ours: this batch goes to a person, and the others go on.
                number = fault_number()
                log.exception("batch_stopped", batch=batch_id, request_id=number)
                stop_batch(batch_id, number=number, owner=owner, now=clock())
                served += 1
            if calls.took_a_batch and not told:
                told = True
                waiting.vendor_took_a_batch(connection, clock())
    finally:
        with durable():
            Lease.objects.give_back(key=key, owner=owner)
            Connection.objects.filter(pk=connection.pk).update(enqueued_at=None)
    if more:
        turns.queue_up_again(connection, now=clock())
    return served


_Work = tuple[Callable[..., bool], int]


def _in_turn(
    connection: Connection, *, may_send: bool, restored: bool, clock: Clock
) -> Iterator[_Work]:
    """Yield what is due, looking again at the end of each list, until nothing new is."""
    seen: list[_Work] = []
    while (not seen or due.anything(connection, now=clock())) and (
        found := _due(connection, may_send=may_send, restored=restored, now=clock())
    ) != seen:
        yield from found
        seen = found


def _due(connection: Connection, *, may_send: bool, restored: bool, now: datetime) -> list[_Work]:
    """Return what to do next: doubts first, since the ledger may hold them already."""
    unknown_outcomes = due.to_prove(connection, now=now)
    ready = due.to_deliver(connection, now=now, restored=restored) if may_send else ()
    return [*((proving.prove, pk) for pk in unknown_outcomes), *((deliver, pk) for pk in ready)]


def deliver(
    *, batch_id: int, connector: AccountingConnector, calls: LastExchange, owner: str, clock: Clock
) -> bool:
    """
    Send one batch to the ledger and record what came of it; say whether it was ours to send.

    No transaction is open during the call.
    """
    now = clock()
    batch = due.claimable(batch_id, now=now)
    if batch is None:
        return False
    journal = batch.journal
    # S10, S11 once more, read this moment: the company may have been marked, or the debtor
    # blocked, since the press.
    refusal = refusal_of(journal.company)
    if refusal is None:
        refusal = changed_mapping(batch) or _gone_original(batch)
    if refusal is None and digest_of(batch=batch, currency=journal.currency) != batch.digest:
        refusal = refusals.OtherContent(reference=journal.reference)
    lease = claims.lease_seconds()
    if refusal is None and going_live.keeps_out(batch, now=now):
        return True
    if refusal is not None:
        with durable():
            if not batch.claim(owner=owner, now=now, lease_seconds=lease):
                return False
            _stop(batch, journal, refusal, now=now)
            remember(journal, "stopped", now=now, failure=refusal)
        return True
    attempt = claim_and_open(batch, owner=owner, now=now, lease_seconds=lease)
    if attempt is None:
        return False
    crash_point("deliver.after_claim")
    payload = to_post(batch, currency=journal.currency)
    try:
        number = connector.post_journal(payload)
    except ConnectorError as failure:
        crash_point("deliver.after_failure")
        _record_failure(batch, journal, attempt, failure, calls, clock=clock)
        crash_point("deliver.after_unknown")
        return True
    crash_point("deliver.after_call")
    stored = record_number(batch, attempt, number, calls, now=clock())
    crash_point("deliver.stored")
    if not stored:
        # The call outlived its claim, and whoever has it now asks the ledger; or another batch
        # of ours has the number: then the ledger is asked which of the two it holds.
        if batch.others_of_number(number).exists():
            with durable():
                given_twice = refusals.NumberOfAnother(number=number)
                batch.mark_unknown(
                    given_twice, now=clock(), look_up_at=clock(), candidates=[number]
                )
                refresh_state(journal.pk, now=clock())
        return True
    calls.took_a_batch = True
    proving.read_back(
        batch, connector=connector, calls=calls, owner=owner, clock=clock, payload=payload
    )
    return True


def _gone_original(batch: Batch) -> ConnectorError | None:
    """Return why a reversal is not to be sent: what it takes back was deleted there meanwhile."""
    if batch.reverses_id is None:
        return None
    original = Batch.objects.get(pk=batch.reverses_id)
    if original.state in PROVEN:
        return None
    return refusals.OriginalGone(number=original.vendor_number)


def _record_failure(
    batch: Batch,
    journal: Journal,
    attempt: Attempt,
    failure: ConnectorError,
    calls: LastExchange,
    *,
    clock: Clock,
) -> None:
    now = clock()
    with durable():
        close_attempt(
            attempt,
            failure.code(),
            calls,
            now=now,
            detail=failure.detail,
            params=failure.params,
        )
        match failure:
            case OutcomeUnknown() | BadAnswer():
                # An answer to a write that we cannot read is a unknown one, whatever it was.
                batch.mark_unknown(failure, now=now, look_up_at=now + _FIRST_LOOK_UP)
            case Unavailable():
                calls.vendor_is_away = True
                until = batch.next_try(failure, now=now)
                batch.postpone(failure, now=now, until=until)
                if failure.retry_after:
                    Connection.objects.filter(batches=batch).update(not_before=until)
            case NotAuthorized() if not _still_authorised(batch):
                # The queue stops and the journal does not fail: it goes on after the sign-in.
                batch.postpone(failure, now=now, until=now)
            case _:
                _stop(batch, journal, failure, now=now)
                return
        refresh_state(journal.pk, now=now)


def _still_authorised(batch: Batch) -> bool:
    return Connection.objects.filter(batches=batch, state=Connection.State.AUTHORISED).exists()


def _stop(batch: Batch, journal: Journal, failure: ConnectorError, *, now: datetime) -> None:
    """Reject the batch, and let no later one of its journal go alone unless that was chosen."""
    if not batch.mark_rejected(failure, now=now):
        return  # the claim was lost: what became of the batch is for another to say
    if not journal.send_what_can_go:
        Batch.objects.filter(
            journal=journal,
            state__in=[_S.READY, _S.POSTPONED],
            claim_owner="",
            # A reversal stands or falls with other reversals, a batch with other batches.
            reverses__isnull=batch.reverses_id is None,
        ).update(state=_S.DRAFT, state_at=now, prepared_at=None)
    refresh_state(journal.pk, now=now)


def recover(*, now: datetime) -> int:
    """
    Turn claims of dead workers into questions, never into "send again"; return how many.

    A claim whose attempt was never opened cannot have called: it is simply due again. The two
    are committed together, so the attempt is the proof.
    """
    batches = list(Batch.objects.orphaned(now=now)[:200])
    if batches:
        crash_point("recover.found")
    for batch in batches:
        failure = OutcomeUnknown(vendor="", detail="the worker stopped before it had an answer")
        with transaction.atomic():
            if batch.mark_unknown(failure, now=now, look_up_at=now):
                refresh_state(batch.journal_id, now=now)
        crash_point("recover.marked")
    return len(batches)


def reopen_held(*, now: datetime) -> int:
    """
    Put batches that wait for an open period back to be checked, when their hour has come.

    With one, all of its connection: one reading of the ledger then serves them together.
    """
    due_now = Batch.objects.filter(state=_S.HELD, not_before__lte=now)
    ledgers = due_now.values("connection")
    held = list(Batch.objects.filter(state=_S.HELD, connection__in=ledgers)[:200])
    for batch in held:
        with transaction.atomic():
            again = Batch.objects.filter(pk=batch.pk, state=_S.HELD).update(
                state=_S.READY, prepared_at=None, not_before=now
            )
            if again:
                refresh_state(batch.journal_id, now=now)
    return len(held)
