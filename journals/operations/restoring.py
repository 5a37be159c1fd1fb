"""
After a restore of the database: the ledger is asked before anything is sent.

Between the backup and the restore the hub may have posted what this database has never heard
of. So while a `Restore` is open, a batch that would be sent for the first time since then waits
in its queue: all that was changed in the ledger since the backup is listed, twice, minutes
apart, for all waiting batches of a connection together.

    found, same content                        -> accepted: read back, and called posted
    found, other content or another batch of   -> a person looks, and decides
        the same reference and period
    found never, twice                         -> it is sent
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Min, Q, QuerySet

from accounts.models import Connection, Restore
from background.enqueueing import enqueue
from background.failures import NO_FAILURE, why
from connectors.base import AccountingConnector, LedgerBatch, ListsChanges
from connectors.errors import ConnectorError
from journals.domain import refusals
from journals.domain.proving import Match
from journals.domain.read_back import batch_as_json
from journals.domain.restoring import ONE, SEVERAL, InDoubt, find_unknown
from journals.domain.states import MAY_BE_IN_LEDGER, NOT_SENT, BatchState
from journals.models import Attempt, Batch, LedgerAsked
from journals.models.batches import not_unknown
from journals.operations.attempts import LastExchange, close_attempt, open_attempt
from journals.operations.contents import to_post
from journals.operations.living import numbers_in_company
from journals.operations.sending import refresh_state

Clock = Callable[[], datetime]
_S = BatchState
_AT_ONCE = 500
_MOST_SEEN = 10
_ASK_AGAIN = timedelta(seconds=30)
_ENQUEUE_AGAIN = timedelta(seconds=15)


def unknown_outcome(*, now: datetime) -> QuerySet[Batch]:
    """Return the queued batches that are not sent before their ledger was asked, and are due."""
    if not Restore.objects.open(now=now).exists():
        return Batch.objects.none()
    return Batch.objects.filter(
        ~not_unknown(now=now),
        state__in=[_S.READY, _S.POSTPONED],
        prepared_at__isnull=False,
        not_before__lte=now,
    )


def count_unknown() -> dict[str, int]:
    """Return how many batches are in each state in which the ledger is asked before sending."""
    unknown = NOT_SENT | (MAY_BE_IN_LEDGER & {_S.SENDING, _S.UNKNOWN, _S.NEEDS_PERSON})
    states = Batch.objects.filter(state__in=sorted(unknown)).values_list("state", flat=True)
    return dict(sorted(Counter(states.iterator()).items()))


def enqueue_unknown(*, now: datetime, limit: int) -> int:
    """Tell workers about connections whose ledger must be asked, and return how many."""
    usable = Q(connection__state=Connection.State.AUTHORISED) & (
        Q(connection__not_before__isnull=True) | Q(connection__not_before__lte=now)
    )
    not_enqueued = Q(connection__enqueued_at__isnull=True) | Q(
        connection__enqueued_at__lt=now - _ENQUEUE_AGAIN
    )
    found = unknown_outcome(now=now).filter(usable & not_enqueued).order_by("connection_id")
    due = list(found.values_list("connection_id", flat=True).distinct()[:limit])
    if due:
        Connection.objects.filter(pk__in=due).update(enqueued_at=now)
    for pk in due:
        enqueue("journals.tasks.serve_connection", connection_id=pk)
    return len(due)


def ask(
    connection: Connection,
    connector: AccountingConnector,
    calls: LastExchange,
    *,
    owner: str,
    clock: Clock,
) -> bool:
    """
    Look in the ledger for the batches of the connection that are in doubt, if any are.

    :returns: whether a restore is open, so that some may be
    """
    now = clock()
    restores = list(Restore.objects.open(now=now))
    if restores:
        _ask(connection, connector, calls, restores, owner=owner, clock=clock)
    return bool(restores)


def _ask(
    connection: Connection,
    connector: AccountingConnector,
    calls: LastExchange,
    restores: Sequence[Restore],
    *,
    owner: str,
    clock: Clock,
) -> None:
    now = clock()
    mine = unknown_outcome(now=now).filter(connection=connection).select_related("journal")
    waiting = list(mine.order_by("not_before", "period", "pk")[:_AT_ONCE])
    if not waiting:
        return
    unknown = [InDoubt(b.pk, b.period, to_post(b, currency=b.journal.currency)) for b in waiting]
    try:
        ledger = list(_changed(connector, unknown, since=min(r.backup_taken_at for r in restores)))
    except ConnectorError as failure:
        _ask_later(waiting, failure, now=clock())
        return
    found = find_unknown(unknown, ledger, known=numbers_in_company(connection))
    asked_at = _first_asked(waiting, since=max(r.at for r in restores))
    for batch in waiting:
        _settle(
            batch,
            found[batch.pk],
            calls,
            owner=owner,
            first_asked=asked_at.get(batch.pk),
            started=now,
            now=clock(),
        )


def _changed(
    connector: AccountingConnector, unknown: Sequence[InDoubt], *, since: datetime
) -> Iterator[LedgerBatch]:
    if isinstance(connector, ListsChanges):
        yield from connector.list_changed(since=since)
        return
    for period in sorted({one.payload.period for one in unknown}):
        yield from connector.list_journals(period=period)


def _first_asked(batches: Sequence[Batch], *, since: datetime) -> dict[int, datetime]:
    empty = Attempt.objects.filter(
        batch__in=batches, kind=Attempt.Kind.LOOK_UP, outcome="not_found", started_at__gte=since
    )
    return dict(empty.values_list("batch_id").annotate(first=Min("started_at")))


def _settle(
    batch: Batch,
    match: Match,
    calls: LastExchange,
    *,
    owner: str,
    first_asked: datetime | None,
    started: datetime,
    now: datetime,
) -> None:
    interval = timedelta(seconds=settings.HUB_LOOK_UP_INTERVAL_SECONDS)
    attempt = open_attempt(batch, Attempt.Kind.LOOK_UP, owner=owner, now=started)
    with transaction.atomic():
        if match.outcome == ONE and match.batch is not None:
            close_attempt(attempt, "found", calls, now=now)
            batch.mark_accepted(number=match.batch.number, now=now)
        elif match.outcome == SEVERAL:
            close_attempt(attempt, "several", calls, now=now)
            numbers = [there.number for there in match.candidates]
            failure = refusals.ThereSinceTheBackup(numbers=", ".join(numbers))
            seen = [batch_as_json(there) for there in match.candidates[:_MOST_SEEN]]
            batch.mark_needs_person(failure, now=now, candidates=numbers, seen=seen)
            _was_asked(batch, now=now)  # what follows is the person's decision
        else:
            close_attempt(attempt, "not_found", calls, now=now)
            if first_asked is None:
                _keep_unknown(batch, now=now, until=started + interval)
            elif started - first_asked < interval:
                _keep_unknown(batch, now=now, until=first_asked + interval)
            else:
                _was_asked(batch, now=now)
                batch.keep(now=now, until=now, **NO_FAILURE)
        refresh_state(batch.journal_id, now=now)


def _was_asked(batch: Batch, *, now: datetime) -> None:
    LedgerAsked.objects.update_or_create(batch=batch, defaults={"at": now})


def _keep_unknown(batch: Batch, *, now: datetime, until: datetime) -> None:
    failure = refusals.LedgerIsAsked()
    batch.keep(now=now, until=until, **why(failure, now))


def _ask_later(waiting: Sequence[Batch], failure: ConnectorError, *, now: datetime) -> None:
    wait = timedelta(seconds=failure.retry_after) if failure.retry_after else _ASK_AGAIN
    for batch in waiting:
        batch.keep(now=now, until=now + wait, **why(failure, now))
