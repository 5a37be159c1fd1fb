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
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min, QuerySet

from accounts.models import Restore
from background.failures import NO_FAILURE, why
from connectors.base import AccountingConnector, LedgerBatch, ListsChanges
from connectors.errors import ConnectorError
from journals.domain import refusals
from journals.domain.proving import Match
from journals.domain.read_back import batch_as_json
from journals.domain.restoring import ONE, SEVERAL, InDoubt, find_unknown
from journals.domain.states import MAY_BE_IN_LEDGER, NOT_SENT, BatchState
from journals.models import Attempt, Batch, LedgerAsked
from journals.models.attempts import not_unknown
from journals.operations.contents import to_post
from journals.operations.living import numbers_in_company
from journals.operations.sending import refresh_state
from outbox import lookup
from outbox.delivery import Turn

_S = BatchState
_AT_ONCE = 500
_MOST_SEEN = 10
_ASK_AGAIN = timedelta(seconds=30)


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


def ask(turn: Turn, connector: AccountingConnector) -> bool:
    """
    Look in the ledger for the batches of the connection that are in doubt, if any are.

    :returns: whether a restore is open, so that some may be
    """
    restores = list(Restore.objects.open(now=turn.clock()))
    if restores:
        _ask(turn, connector, restores)
    return bool(restores)


def _ask(turn: Turn, connector: AccountingConnector, restores: Sequence[Restore]) -> None:
    now, connection = turn.clock(), turn.connection
    mine = unknown_outcome(now=now).filter(connection=connection).select_related("journal")
    waiting = list(mine.order_by("not_before", "period", "pk")[:_AT_ONCE])
    if not waiting:
        return
    unknown = [InDoubt(b.pk, b.period, to_post(b, currency=b.journal.currency)) for b in waiting]
    try:
        ledger = list(_changed(connector, unknown, since=min(r.backup_taken_at for r in restores)))
    except ConnectorError as failure:
        _ask_later(waiting, failure, now=turn.clock())
        return
    found = find_unknown(unknown, ledger, known=numbers_in_company(connection))
    asked_at = _first_asked(waiting, since=max(r.at for r in restores))
    for batch in waiting:
        _settle(
            batch,
            found[batch.pk],
            turn,
            first_asked=asked_at.get(batch.pk),
            started=now,
            now=turn.clock(),
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
    turn: Turn,
    *,
    first_asked: datetime | None,
    started: datetime,
    now: datetime,
) -> None:
    interval = lookup.interval()
    attempt = batch.open_attempt(Attempt.Kind.LOOK_UP, owner=turn.owner, now=started)
    with transaction.atomic():
        if match.outcome == ONE and match.batch is not None:
            attempt.close("found", turn.calls, now=now)
            batch.mark_accepted(number=match.batch.number, now=now)
        elif match.outcome == SEVERAL:
            attempt.close("several", turn.calls, now=now)
            numbers = [there.number for there in match.candidates]
            failure = refusals.ThereSinceTheBackup(numbers=", ".join(numbers))
            seen = [batch_as_json(there) for there in match.candidates[:_MOST_SEEN]]
            batch.mark_needs_person(failure, now=now, candidates=numbers, seen=seen)
            _was_asked(batch, now=now)  # what follows is the person's decision
        else:
            attempt.close("not_found", turn.calls, now=now)
            if first_asked is None:
                _keep_unknown(batch, now=now, until=started + interval)
            elif started - first_asked < interval:
                _keep_unknown(batch, now=now, until=first_asked + interval)
            else:
                _was_asked(batch, now=now)
                batch.keep(until=now, **NO_FAILURE)
        refresh_state(batch.journal_id, now=now)


def _was_asked(batch: Batch, *, now: datetime) -> None:
    LedgerAsked.objects.update_or_create(batch=batch, defaults={"at": now})


def _keep_unknown(batch: Batch, *, now: datetime, until: datetime) -> None:
    failure = refusals.LedgerIsAsked()
    batch.keep(until=until, **why(failure, now))


def _ask_later(waiting: Sequence[Batch], failure: ConnectorError, *, now: datetime) -> None:
    wait = timedelta(seconds=failure.retry_after) if failure.retry_after else _ASK_AGAIN
    for batch in waiting:
        batch.keep(until=now + wait, **why(failure, now))
