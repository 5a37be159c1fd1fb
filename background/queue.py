"""
The queue of the workers, kept short and shared out, so that organisations take turns.

A message once sent cannot be overtaken: so an office with 5,000 batches has only its share of
messages on their way, and the rest of its work waits in the database, where it is chosen from.
One implementation for every kind of work: rows with `enqueued_at` and an organisation.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import Count, Model, Q

from background.crash_points import crash_point
from background.enqueueing import enqueue
from background.models import Heartbeat

ENQUEUE_AGAIN = timedelta(seconds=15)
"""A message that was not heard of for so long is taken for lost."""
_SOON = timedelta(seconds=3)
_ALIVE = timedelta(seconds=15)

T = TypeVar("T")
Due = Iterable[tuple[int, int]]
"""Organisation and row of what waits, the most urgent first."""


def threads(*, now: datetime) -> int:
    """Return how many threads all workers have together, those of this one if none is known."""
    known = Heartbeat.objects.filter(kind="worker", at__gt=now - _ALIVE)
    found = known.values_list("info", flat=True)
    return sum(info.get("threads", 0) for info in found) or settings.HUB_WORKER_THREADS


def not_enqueued(*, now: datetime, by: str = "") -> Q:
    """
    Hold for rows that were not enqueued lately.

    :param by: the way to the row that is queued, with its underscores, e.g. ``connection__``
    """
    field = f"{by}enqueued_at"
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__lte": now - ENQUEUE_AGAIN})


@dataclass(frozen=True)
class Queue:
    """
    The rows of one table that one task works on.

    :param argument: what the task calls the row's id
    :param waits: which of the enqueued rows are still on their way
    :param ahead: how many are queued for each thread
    """

    rows: type[Model]
    task: str
    argument: str
    waits: Q = field(default_factory=Q)
    ahead: int = 1

    def __post_init__(self) -> None:
        QUEUES.append(self)

    def enqueue_due(self, due: Due, *, now: datetime, limit: int) -> int:
        """Tell workers of the rows whose turn it is, and return how many."""
        by_organisation: dict[int, dict[int, None]] = defaultdict(dict)
        for organisation_id, pk in due:
            by_organisation[organisation_id][pk] = None
        if not by_organisation:
            return 0
        chosen = share_out(
            {organisation_id: list(pks) for organisation_id, pks in by_organisation.items()},
            queued=self._queued(now=now),
            places=self.ahead * threads(now=now),
        )[:limit]
        if chosen:
            self._rows().filter(pk__in=chosen).update(enqueued_at=now)
            crash_point("sweep.enqueued")
        for pk in chosen:
            self.enqueue(pk)
        return len(chosen)

    def enqueue(self, pk: int) -> None:
        """Tell a worker of one row, after the present transaction."""
        enqueue(self.task, **{self.argument: pk})

    def queue_up_again(self, row: Any, *, now: datetime) -> None:
        """Tell a worker of the rest of a row's work, unless it is now for others to go."""
        places = self.ahead * threads(now=now)
        queued = self._queued(now=now)
        if keeps_its_place(row.organisation_id, queued=queued, places=places):
            self._rows().filter(pk=row.pk).update(enqueued_at=now)
            self.enqueue(row.pk)

    def enqueue_soon(self, pk: int, *, now: datetime) -> None:
        """Let the message be sent again in a moment, for a machine or worker that may take it."""
        self._rows().filter(pk=pk).update(enqueued_at=now - ENQUEUE_AGAIN + _SOON)

    def enqueue_later(self, pk: int, *, now: datetime) -> None:
        """Let the row not be enqueued for a while."""
        self._rows().filter(pk=pk).update(enqueued_at=now)

    def is_done(self, pk: int) -> None:
        """Note that a worker has taken the row, which may be enqueued again."""
        self._rows().filter(pk=pk).update(enqueued_at=None)

    def clock_was_set_back(self, *, now: datetime) -> None:
        """Forget messages of a time that is still to come."""
        self._rows().filter(enqueued_at__gt=now).update(enqueued_at=None)

    def _queued(self, *, now: datetime) -> Mapping[int, int]:
        enqueued = self._rows().filter(self.waits, enqueued_at__gt=now - ENQUEUE_AGAIN)
        counted = enqueued.order_by().values_list("organisation_id")
        return dict(counted.annotate(Count("pk", distinct=True)))

    def _rows(self) -> Any:
        return self.rows._default_manager


QUEUES: list[Queue] = []
"""Every queue of the hub."""


def share_out(due: Mapping[int, Sequence[T]], *, queued: Mapping[int, int], places: int) -> list[T]:
    """
    Return what to queue next, so that the queue stays short and nobody has more of it than need be.

    Whoever has the least in the queue goes first. Who has nothing in it gets a place even when
    it is full: it is one, and the next that is free will be its own.

    :param due: what waits, by organisation, the most urgent first
    :param queued: how many places each organisation has already
    """
    waiting = {organisation: list(reversed(items)) for organisation, items in due.items() if items}
    taken = sum(queued.values())
    ranks = [
        (queued.get(organisation, 0), number, organisation)
        for number, organisation in enumerate(waiting)
    ]
    heapq.heapify(ranks)
    chosen: list[T] = []
    while ranks and (ranks[0][0] == 0 or taken < places):
        has, number, organisation = heapq.heappop(ranks)
        chosen.append(waiting[organisation].pop())
        taken += 1
        if waiting[organisation]:
            heapq.heappush(ranks, (has + 1, number, organisation))
    return chosen


def keeps_its_place(organisation: int, *, queued: Mapping[int, int], places: int) -> bool:
    """
    Return whether work that is not finished may queue up again at once.

    :param queued: how many places each organisation has, this one's without the work's own
    """
    others = sum(1 for other, has in queued.items() if other != organisation and has)
    return queued.get(organisation, 0) + 1 <= max(1, places // (others + 1))
