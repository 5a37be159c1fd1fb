"""
Dead workers, and databases that went back: nothing is sent again before the vendor was asked.

    a worker died                     its claims become questions
    a worker starts, a clock jumps    a gap: before the first sending each ledger is asked for what
                                      is ours there and was never sent from here; if it has any,
                                      the database is an older one or a copy, and all stops (B18)
    the database was restored         what waits becomes a question, answered by the one rule of
                                      `outbox.lookup` (B14)

Until it was asked, the UPDATE that claims an item finds none (`OutboxItem.is_not_there`).
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar

from django.db import transaction
from django.db.models import Min, QuerySet

from accounts.models import Connection, Restore
from accounts.operations import continuity, installation, restoring
from background.crash_points import crash_point
from background.failures import NO_FAILURE, why
from background.registry import Registry
from connectors.errors import ConnectorError, OutcomeUnknown
from outbox.models import OutboxItem
from outbox.states import State
from outbox.waiting import Cause, cause_of

Clock = Callable[[], datetime]
Ledger = TypeVar("Ledger")
There = TypeVar("There")

_AT_ONCE = 500
_ASK_AGAIN = timedelta(seconds=30)


class Work(ABC, Generic[Ledger, There]):
    """What must be known of one kind of work where a worker died or the database went back."""

    items: ClassVar[type[OutboxItem]]
    asked_first: ClassVar[type[ConnectorError]]
    """Says that the ledger is asked because of a gap."""
    is_asked: ClassVar[type[ConnectorError]]
    """Says that the ledger is asked because of a restore."""
    may_be_there: ClassVar[Collection[str]]
    """States of what a ledger may hold unknown to a restored database."""

    def rows(self) -> Any:
        """Return all of them."""
        return self.items._default_manager.all()

    def changed(self, item: Any, *, now: datetime) -> None:
        """Let what is made of several items follow; in the same transaction."""

    @abstractmethod
    def enqueued(self, connection_id: int) -> QuerySet[Any]:
        """Return the rows that are enqueued to serve the connection."""

    @abstractmethod
    def list_ours(
        self, connection: Connection, ledger: Ledger, *, since: datetime, now: datetime
    ) -> Sequence[There]:
        """
        Return what of ours the ledger may have got since then.

        :raises ConnectorError: if it cannot be asked
        """

    @abstractmethod
    def never_sent(
        self, connection: Connection, there: Sequence[There], *, settled: Collection[str]
    ) -> Mapping[str, There]:
        """
        Return by its mark what this database has never sent.

        :param settled: marks that a restore has explained
        """

    @abstractmethod
    def sent_after_all(
        self, connection: Connection, there: Sequence[There], *, settled: Collection[str]
    ) -> Iterable[tuple[Any, Mapping[str, Any]]]:
        """Return what was tried, waits again and is there, with columns for its look-up."""

    @abstractmethod
    def number_of(self, there: There) -> str:
        """Return the voucher's number, for the operator."""

    def has_sent(self, connection: Connection) -> bool:
        """Say whether anything was ever sent from here, so that what is unknown is a proof."""
        return True

    def ask_about(
        self, connection: Connection, strange: Collection[There], *, now: datetime
    ) -> None:
        """Take up what was put there before anything was ever sent from here."""


WORKS = Registry[Work[Any, Any]]()
"""Every kind of work; the apps add theirs."""


# --- dead workers ---


def recover(work: Work[Any, Any], *, now: datetime) -> int:
    """
    Turn claims of dead workers into questions, never into "send again"; return how many.

    A claim whose attempt was never opened cannot have called: it is simply due again. The two
    are committed together, so the attempt is the proof.
    """
    found = list(work.rows().orphaned(now=now)[:_AT_ONCE])
    if found:
        crash_point("recover.found")
    for item in found:
        failure = OutcomeUnknown(vendor="", detail="the worker stopped before it had an answer")
        with transaction.atomic():
            if item.mark_abandoned(failure, now=now):
                work.changed(item, now=now)
        crash_point("recover.marked")
    return len(found)


# --- gaps ---


def may_send(
    work: Work[Ledger, Any], connection: Connection, ledger: Ledger, *, clock: Clock
) -> bool:
    """Return whether the connection may send; its ledger is asked first where that is needed."""
    started = clock()
    question = continuity.question(connection, work=work.items.WORK, now=started)
    if question is None:
        return True
    if not _queued(work, connection).claimable(now=started).exists():
        return False
    if started < question.not_before:
        _wait(work, connection, work.asked_first(), now=started, until=question.not_before)
        return False
    try:
        there = work.list_ours(connection, ledger, since=question.since, now=started)
    except ConnectorError as failure:
        pause = timedelta(seconds=failure.retry_after) if failure.retry_after else _ASK_AGAIN
        _wait(work, connection, failure, now=clock(), until=clock() + pause)
        return False
    crash_point("proof.asked")
    for item, columns in work.sent_after_all(connection, there, settled=question.strange):
        _ask(work, item, work.asked_first(), now=clock(), **columns)
    strange = work.never_sent(connection, there, settled=question.strange)
    if strange and not question.explained:
        if work.has_sent(connection):
            numbers = sorted({work.number_of(one) for one in strange.values()})
            installation.stop_for_what_a_ledger_holds(
                connection, numbers, since=question.since, now=clock()
            )
            notify_stopped(work, connection, now=clock())
            return False
        work.ask_about(connection, strange.values(), now=clock())
    continuity.settle(question, strange=list(strange), asked_at=started)
    return True


def notify_stopped(work: Work[Any, Any], connection: Connection, *, now: datetime) -> None:
    """
    Say on everything that waits for the connection why it is not sent.

    Where another machine sends, there is nothing to say.
    """
    if installation.leaves_it_to_others(now=now):
        return
    failure = installation.why_stopped(now=now)
    if failure is not None:
        _notify(work, connection, failure, now=now)


def resume(*, now: datetime) -> None:
    """Say on what waited for an operator what it waits for now, and let it be due."""
    for work in WORKS:
        stopped = work.rows().filter(failure_code__in=restoring.STOPS, claim_owner="")
        found = stopped.order_by().values_list(work.items.CONNECTION, flat=True).distinct()
        for connection in Connection.objects.filter(pk__in=list(found)):
            failure = restoring.what_now(connection, now=now)
            if failure is None and Restore.objects.open(now=now).exists():
                failure = work.is_asked()
            words = why(failure, now) if failure else NO_FAILURE
            mine = stopped.filter(**{work.items.CONNECTION: connection})
            mine.filter(not_before__gt=now).update(not_before=now)
            mine.update(**words)
            work.enqueued(connection.pk).update(enqueued_at=None)


def _queued(work: Work[Any, Any], connection: Connection) -> Any:
    return work.rows().queued(connection.pk)


def _wait(
    work: Work[Any, Any],
    connection: Connection,
    failure: ConnectorError,
    *,
    now: datetime,
    until: datetime,
) -> None:
    _notify(work, connection, failure, now=now)
    _queued(work, connection).filter(not_before__lt=until).update(
        not_before=until, waits_for=cause_of(failure) or Cause.LOOK_UP
    )


def _notify(
    work: Work[Any, Any], connection: Connection, failure: ConnectorError, *, now: datetime
) -> None:
    words = why(failure, now)
    _queued(work, connection).exclude(failure_code=failure.code()).update(**words)


# --- restores ---


def ask_first(work: Work[Any, Any], waiting: Any, *, now: datetime) -> None:
    """
    Turn what waits into unknown outcomes, where a restore requires it.

    What nobody here remembers may have been sent at any time since the backup.
    """
    backup = Restore.objects.open(now=now).aggregate(taken_at=Min("backup_taken_at"))["taken_at"]
    if backup is not None:
        for item in waiting.unknown_since_restore(now=now)[:_AT_ONCE]:
            _ask(work, item, work.is_asked(), now=now, sent_at=item.sent_at or backup)


def ask_again(*, now: datetime) -> None:
    """Let what was unknown already be asked about from the beginning."""
    for work in WORKS:
        work.rows().filter(state=State.UNKNOWN).update(empty_look_ups=0, not_before=now)


def count_unknown(work: Work[Any, Any]) -> dict[str, int]:
    """Return how many are in each state in which the ledger is asked before anything is sent."""
    states = work.rows().filter(state__in=sorted(work.may_be_there)).values_list("state", flat=True)
    return dict(sorted(Counter(states.iterator()).items()))


def _ask(
    work: Work[Any, Any], item: Any, failure: ConnectorError, *, now: datetime, **columns: Any
) -> None:
    with transaction.atomic():
        if item.mark_unknown(failure, now=now, look_up_at=now, **columns):
            work.changed(item, now=now)
