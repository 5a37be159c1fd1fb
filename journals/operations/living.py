"""
Before the first sending after a gap the ledger is asked whether this is the living installation.

    our mark, and no row of ours was ever sent under that key   -> an older database, or a copy:
                                                                   the installation stops
    our mark, and a row that was tried and waits again          -> it is accepted and read back
    nothing of that kind                                        -> the connection may send

It is one listing for each connection with something to send, not one for each batch. Until it is
made the UPDATE that claims a batch finds none (`accounts.models.hosts.unproven`).
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import Connection, LedgerProof, Restore
from accounts.operations import continuity, installation, restoring
from background.crash_points import crash_point
from background.failures import NO_FAILURE, why
from connectors.base import AccountingConnector, LedgerBatch, ListsChanges
from connectors.errors import ConnectorError
from journals.domain import refusals
from journals.domain.proving import ONE, match_lost_batch
from journals.domain.read_back import batch_as_json
from journals.domain.restoring import own_and_unknown
from journals.domain.states import NOT_SENT, BatchState
from journals.domain.waiting import cause_of
from journals.models import Attempt, Batch
from journals.models.batches import BatchQuerySet
from journals.operations import queues
from journals.operations.contents import to_post
from journals.operations.sending import refresh_state
from outbox.waiting import Cause

Clock = Callable[[], datetime]
_S = BatchState
_QUEUED = (_S.READY, _S.POSTPONED)
_ASK_AGAIN = timedelta(seconds=30)


def may_send(connection: Connection, connector: AccountingConnector, *, clock: Clock) -> bool:
    """Return whether the connection may send; its ledger is asked first where that is needed."""
    started = clock()
    question = continuity.question(connection, work=LedgerProof.Work.JOURNALS, now=started)
    if question is None:
        return True
    waiting = _queued(connection).filter(not_before__lte=started, prepared_at__isnull=False)
    if not waiting.exists():
        return False
    if started < question.not_before:
        _wait(connection, refusals.LedgerAskedFirst(), now=started, until=question.not_before)
        return False
    try:
        ledger = list(_changed(connection, connector, since=question.since))
    except ConnectorError as failure:
        pause = timedelta(seconds=failure.retry_after) if failure.retry_after else _ASK_AGAIN
        _wait(connection, failure, now=clock(), until=clock() + pause)
        return False
    crash_point("proof.asked")
    strange = _never_sent_here(connection, ledger, settled=question.strange, now=clock())
    if strange and not question.explained:
        installation.stop_for_what_a_ledger_holds(
            connection, strange, since=question.since, now=clock()
        )
        notify_stopped(connection, now=clock())
        return False
    continuity.settle(question, strange=strange, asked_at=started)
    return True


def _queued(connection: Connection) -> BatchQuerySet:
    return Batch.objects.filter(connection=connection, state__in=_QUEUED, claim_owner="")


def _changed(
    connection: Connection, connector: AccountingConnector, *, since: datetime
) -> Iterator[LedgerBatch]:
    """Yield what was changed since; of a target that cannot say so, the periods that are sent."""
    if isinstance(connector, ListsChanges):
        yield from connector.list_changed(since=since)
        return
    periods = (
        _queued(connection).exclude(posting_period="").values_list("posting_period", flat=True)
    )
    for period in sorted(set(periods)):
        yield from connector.list_journals(period=period)


def _never_sent_here(
    connection: Connection, ledger: list[LedgerBatch], *, settled: tuple[str, ...], now: datetime
) -> list[str]:
    """Return the numbers of what is ours there and was never sent by this database."""
    own = own_and_unknown(
        ledger,
        installation=installation.identity(),
        known={*settled, *numbers_in_company(connection)},
    )
    if not own:
        return []
    rows = {
        batch.key: batch
        for batch in Batch.objects.filter(key__in=list(own)).select_related("journal")
    }
    # The row of a batch may have another key by now, if its journal was replaced.
    sent = set(
        Attempt.objects.filter(
            kind=Attempt.Kind.POST,
            copy__description__in=[there.description for there in own.values()],
        ).values_list("copy__description", flat=True)
    )
    strange = []
    for key, there in own.items():
        row = rows.get(key)
        if there.description in sent and row is None:
            continue
        if there.description in sent and row is not None and row.state in _QUEUED:
            _is_there(row, there, now=now)
        elif row is None or row.state in NOT_SENT:
            strange.append(there.number)
    return sorted(strange)


def _is_there(batch: Batch, there: LedgerBatch, *, now: datetime) -> None:
    """Record that a batch which was tried, and waits to be sent again, is there after all."""
    is_same = batch.prepared_at is not None and (
        match_lost_batch(to_post(batch, currency=batch.journal.currency), [there]).outcome == ONE
    )
    with transaction.atomic():
        if is_same:
            batch.mark_accepted(number=there.number, now=now)
        else:
            other = refusals.ThereSinceTheBackup(numbers=there.number)
            seen = [batch_as_json(there)]
            batch.mark_needs_person(other, now=now, candidates=[there.number], seen=seen)
        refresh_state(batch.journal_id, now=now)


def numbers_in_company(connection: Connection) -> set[str]:
    """Return the numbers that any row has, of whichever organisation, in that vendor company."""
    there = Batch.objects.filter(
        connection__vendor=connection.vendor, connection__tenant_id=connection.tenant_id
    )
    return set(there.exclude(vendor_number="").values_list("vendor_number", flat=True))


def notify_stopped(connection: Connection, *, now: datetime) -> None:
    """
    Say on every queued batch of the connection why nothing is sent.

    Where another machine sends, it is only enqueued again.
    """
    if installation.leaves_it_to_others(now=now):
        queues.CONNECTIONS.enqueue_soon(connection.pk, now=now)
        return
    failure = installation.why_stopped(now=now)
    if failure is not None:
        _tell(connection, failure, now=now)


def resume(*, now: datetime) -> None:
    """Say on what waited for an operator what it waits for now, and let it be due."""
    stopped = Batch.objects.filter(failure_code__in=restoring.STOPS, claim_owner="")
    for pk in stopped.order_by().values_list("connection_id", flat=True).distinct():
        connection = Connection.objects.get(pk=pk)
        failure = restoring.what_now(connection, now=now)
        if failure is None and Restore.objects.open(now=now).exists():
            failure = refusals.LedgerIsAsked()
        words = why(failure, now) if failure else NO_FAILURE
        mine = stopped.filter(connection=connection)
        mine.filter(not_before__gt=now).update(not_before=now)
        mine.update(**words)
        Connection.objects.filter(pk=pk).update(enqueued_at=None)


def _wait(
    connection: Connection, failure: ConnectorError, *, now: datetime, until: datetime
) -> None:
    _tell(connection, failure, now=now)
    _queued(connection).filter(not_before__lt=until).update(
        not_before=until, waits_for=cause_of(failure) or Cause.LOOK_UP
    )


def _tell(connection: Connection, failure: ConnectorError, *, now: datetime) -> None:
    _queued(connection).exclude(failure_code=failure.code()).update(**why(failure, now))
