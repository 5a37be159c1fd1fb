"""
The queue of the workers, kept short and shared out, so that organisations take turns.

A message once sent cannot be overtaken: so an office with 5,000 batches has only its share of
messages on their way, and the rest of its work waits in the database, where it is chosen from.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count

from accounts.models import Connection
from background.enqueueing import enqueue
from background.models import Heartbeat
from journals.domain import turns as rules
from journals.domain.states import BatchState
from journals.models import Batch, Journal

ENQUEUE_AGAIN = timedelta(seconds=15)
"""A message that was not heard of for so long is taken for lost."""
_SOON = timedelta(seconds=3)
_ALIVE = timedelta(seconds=15)
_TURNS_AHEAD = 2
_AT_ONCE = 8
"""So many journals of an office are told of when Send is pressed; the sweep finds the others."""


def threads(*, now: datetime) -> int:
    """Return how many threads all workers have together, those of this one if none is known."""
    told = Heartbeat.objects.filter(kind="worker", at__gt=now - _ALIVE).values_list(
        "info", flat=True
    )
    return sum(info.get("threads", 0) for info in told) or settings.HUB_WORKER_THREADS


def connections_to_enqueue(
    due: Iterable[tuple[int, int]], *, now: datetime, limit: int
) -> list[int]:
    """
    Return the connections whose turn it is.

    :param due: organisation and connection of what waits, the most urgent first
    """
    queued = _queued_connections(now=now)
    return rules.share_out(
        _by_organisation(due), queued=queued, places=_TURNS_AHEAD * threads(now=now)
    )[:limit]


def journals_to_ring(due: Iterable[tuple[int, int]], *, now: datetime, limit: int) -> list[int]:
    """
    Return the journals whose check is to be made next.

    :param due: organisation and journal of what waits, the most urgent first
    """
    queued = dict(
        Journal.objects.filter(
            enqueued_at__gt=now - ENQUEUE_AGAIN,
            batches__state=BatchState.READY,
            batches__prepared_at__isnull=True,
        )
        .values_list("organisation_id")
        .annotate(Count("pk", distinct=True))
    )
    return rules.share_out(_by_organisation(due), queued=queued, places=threads(now=now))[:limit]


def leave_to_another_machine(row: Connection | Journal, *, now: datetime) -> None:
    """Let the message be sent again in a moment, for a machine that may take it."""
    type(row).objects.filter(pk=row.pk).update(enqueued_at=now - ENQUEUE_AGAIN + _SOON)


def queue_up_again(connection: Connection, *, now: datetime) -> None:
    """Tell a worker of the rest of a connection's work, unless it is now for others to go."""
    queued = _queued_connections(now=now)
    places = _TURNS_AHEAD * threads(now=now)
    if rules.keeps_its_place(connection.organisation_id, queued=queued, places=places):
        Connection.objects.filter(pk=connection.pk).update(enqueued_at=now)
        enqueue("journals.tasks.serve_connection", connection_id=connection.pk)


def wake_for(journal: Journal) -> None:
    """Tell a worker of a journal to be checked, unless its office has told of many already."""
    waiting = Batch.objects.filter(
        organisation_id=journal.organisation_id,
        state=BatchState.READY,
        prepared_at__isnull=True,
    ).exclude(journal=journal)
    if waiting.values("pk")[: _AT_ONCE + 1].count() <= _AT_ONCE:
        enqueue("journals.tasks.prepare_journal", journal_id=journal.pk)


def _queued_connections(*, now: datetime) -> Mapping[int, int]:
    return dict(
        Connection.objects.filter(enqueued_at__gt=now - ENQUEUE_AGAIN)
        .values_list("organisation_id")
        .annotate(Count("pk"))
    )


def _by_organisation(due: Iterable[tuple[int, int]]) -> Mapping[int, list[int]]:
    found: dict[int, dict[int, None]] = defaultdict(dict)
    for organisation_id, pk in due:
        found[organisation_id][pk] = None
    return {organisation_id: list(pks) for organisation_id, pks in found.items()}
