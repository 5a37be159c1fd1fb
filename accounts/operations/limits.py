"""
Budgets of calls that all workers share: rows of the database.

The rule is `connectors.limits`. Here is who keeps the budgets, and how seldom that is asked: an
answer of the vendor is the newest news there is, so while answers come and leave room, nobody
else needs to be. What stops others (a pause, the last calls of a window, a fixed number of
calls a second) goes through the shared place each time.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import CallBudget, Connection
from background import claims
from background.models import Lease
from connectors.limits import COMPANY, PATIENCE, SUBSCRIPTION, Budget, Limiter, learn, take

READERS = 4
"""Calls that may read from one vendor company at once, beside its one writer."""
_LAST_CALLS = 20
"""From so many calls left, every call is counted in the shared place."""
_NEWS_AGE = 2.0
_TOLD_EVERY = 30.0
_TRIES = 100
_READER_PAUSE = 0.05

Rule = Callable[[Budget, float], tuple[float, Budget]]
"""From a budget and the time to the seconds to wait, and the budget changed."""


# --- Who keeps them -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one budget, for the operator's page."""

    name: str
    limit: int | None
    remaining: int | None
    reset_at: datetime | None
    paused_until: datetime | None
    seen_at: datetime


class DatabaseBudgets:
    """Rows of the database, changed by compare-and-set."""

    def __init__(self, *, clock: Callable[[], datetime] = timezone.now) -> None:
        self._clock = clock

    def change(self, name: str, rule: Rule) -> float:
        """Apply the rule to the newest budget, alone, and return its wait."""
        for _try in range(_TRIES):
            row = CallBudget.objects.filter(key=name).first() or self._new(name)
            now = self._clock()
            before = row.budget
            wait, after = rule(before, now.timestamp())
            if after == before:
                return wait
            mine = CallBudget.objects.filter(pk=row.pk, version=row.version)
            if mine.update(**asdict(after), seen_at=now, version=row.version + 1):
                return wait
        return 2 * PATIENCE  # so many others want it now that the call is for later

    def read(self, name: str) -> tuple[float, Budget]:
        """Return the time by the clock of the budgets, and the budget as it stands."""
        row = CallBudget.objects.filter(key=name).first()
        return self._clock().timestamp(), row.budget if row else Budget()

    def known(self) -> list[Known]:
        """Return all budgets, for the operator's page."""
        rows = CallBudget.objects.order_by("key")
        return [_known(row.key, row.budget, row.seen_at) for row in rows]

    def _new(self, name: str) -> CallBudget:
        try:
            with transaction.atomic():
                return CallBudget.objects.create(key=name, seen_at=self._clock())
        except IntegrityError:
            return CallBudget.objects.get(key=name)


def _known(name: str, budget: Budget, seen_at: datetime) -> Known:
    def moment(seconds: float) -> datetime | None:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None

    return Known(
        name,
        budget.limit,
        budget.remaining,
        moment(budget.reset_at),
        moment(budget.paused_until),
        seen_at,
    )


# --- How seldom they are asked --------------------------------------------------------------------


@dataclass(slots=True)
class _Seen:
    """A budget as this process knows it, and when it had news of it and told others."""

    budget: Budget
    ahead: float
    """How far the clock of the budgets is ahead of ours."""
    news_at: float
    told_at: float = float("-inf")


class SharedBudgets:
    """
    The budgets as the threads of this process use them.

    :param monotonic: our own clock; moments in a budget are by the clock of its keeper
    """

    def __init__(
        self, budgets: DatabaseBudgets, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._budgets, self._monotonic = budgets, monotonic
        self._lock = threading.Lock()
        self._seen: dict[str, _Seen] = {}
        self._one_at_a_time = threading.Lock()

    def wait_for(self, *, key: str, per_second: int) -> float:
        """Return how long to wait, the moment reserved; see `connectors.limits.Limiter`."""
        if per_second:
            return self._shared(
                key, lambda budget, now: take(budget, now=now, per_second=per_second)
            )
        seen = self._news_of(key)
        with self._lock:
            wait, after = take(seen.budget, now=self._monotonic() + seen.ahead)
            left = after.remaining
            if wait > PATIENCE or left is None or left >= _LAST_CALLS:
                seen.budget = after
                return wait
        return self._shared(key, lambda budget, now: take(_stricter(seen.budget, budget), now=now))

    def learn(
        self, *, key: str, limits: Mapping[str, int], retry_after: float | None = None
    ) -> None:
        """Remember what an answer said; see `connectors.limits.Limiter`."""
        seen = self._news_of(key)
        with self._lock:
            now = self._monotonic()
            seen.news_at = now
            seen.budget = learn(
                seen.budget, now=now + seen.ahead, limits=limits, retry_after=retry_after
            )
            left = seen.budget.remaining
            urgent = retry_after is not None or (left is not None and left < _LAST_CALLS)
            if not urgent and now - seen.told_at < _TOLD_EVERY:
                return
            seen.told_at = now
        self._shared(
            key,
            lambda budget, now: (
                0.0,
                learn(budget, now=now, limits=limits, retry_after=retry_after),
            ),
        )

    @contextmanager
    def reader(self, *, key: str) -> Iterator[bool]:
        """Take one of the places of readers, a lease, for as long as the block lasts."""
        owner, waited = claims.new_owner(), 0.0
        place = self._place(key, owner)
        while not place and waited < PATIENCE:
            time.sleep(_READER_PAUSE)
            waited += _READER_PAUSE
            place = self._place(key, owner)
        try:
            yield bool(place)
        finally:
            if place:
                Lease.objects.give_back(key=place, owner=owner)

    def _place(self, key: str, owner: str) -> str:
        now, seconds = timezone.now(), claims.lease_seconds()
        names = (f"reader:{key}:{number}" for number in range(READERS))
        taken = (
            name
            for name in names
            if Lease.objects.take(key=name, owner=owner, now=now, seconds=seconds)
        )
        return next(taken, "")

    def _shared(self, key: str, rule: Rule) -> float:
        kept: list[tuple[float, Budget]] = []

        def remembered(budget: Budget, now: float) -> tuple[float, Budget]:
            wait, after = rule(budget, now)
            kept[:] = [(now, after)]
            return wait, after

        # The threads of one process queue up here instead of overtaking each other there.
        with self._one_at_a_time:
            wait = self._budgets.change(key, remembered)
        now, after = kept[-1]
        with self._lock:
            ours = self._monotonic()
            seen = self._seen.setdefault(key, _Seen(after, now - ours, ours))
            seen.budget, seen.ahead, seen.news_at = after, now - ours, ours
        return wait

    def _news_of(self, key: str) -> _Seen:
        """Return what we know of the budget, asked for again if nobody told us for a while."""
        with self._lock:
            seen = self._seen.get(key)
            if seen is not None and self._monotonic() - seen.news_at < _NEWS_AGE:
                return seen
        now, shared = self._budgets.read(key)
        with self._lock:
            ours = self._monotonic()
            seen = self._seen.setdefault(key, _Seen(shared, now - ours, ours))
            seen.budget = _stricter(seen.budget, shared)
            seen.ahead, seen.news_at = now - ours, ours
            return seen


def _stricter(one: Budget, other: Budget) -> Budget:
    """Return what allows no more than either; of two windows the later one."""
    later, earlier = (one, other) if one.reset_at >= other.reset_at else (other, one)
    left = later.remaining
    if later.reset_at - earlier.reset_at < 2.0 and None not in (left, earlier.remaining):
        left = min(later.remaining or 0, earlier.remaining or 0)
    return replace(
        later,
        remaining=left,
        paused_until=max(one.paused_until, other.paused_until),
        next_at=max(one.next_at, other.next_at),
    )


# --- Handed out -----------------------------------------------------------------------------------


class Bound:
    """
    The limiter of one connection: puts the names of its vendor and company behind the keys.

    :param alone: it belongs to the one writer of the company, which needs no place to read
    """

    def __init__(self, shared: Limiter, names: Mapping[str, str], *, alone: bool = False) -> None:
        self._shared, self._names, self._alone = shared, names, alone

    def wait_for(self, *, key: str, per_second: int) -> float:
        """Return how long to wait; see `connectors.limits.Limiter`."""
        return self._shared.wait_for(key=self._names[key], per_second=per_second)

    def learn(
        self, *, key: str, limits: Mapping[str, int], retry_after: float | None = None
    ) -> None:
        """Remember what an answer said; see `connectors.limits.Limiter`."""
        self._shared.learn(key=self._names[key], limits=limits, retry_after=retry_after)

    def reader(self, *, key: str) -> AbstractContextManager[bool]:
        """Return a place among the readers of the company, however calls are counted."""
        if self._alone:
            return nullcontext(True)
        return self._shared.reader(key=self._names[COMPANY])


def for_connection(connection: Connection, *, alone: bool = False) -> Limiter:
    """
    Return the limiter of a connection.

    :param alone: the caller holds the lease of the company's one writer
    """
    names = {
        COMPANY: f"{connection.vendor}:{connection.kind}:{connection.tenant_id}",
        SUBSCRIPTION: connection.vendor,
    }
    return Bound(shared(), names, alone=alone)


def known() -> list[Known]:
    """Return what is known of all budgets, for the operator's page."""
    return DatabaseBudgets().known()


@lru_cache(maxsize=1)
def shared() -> Limiter:
    """Return the budgets of this process's threads."""
    return SharedBudgets(DatabaseBudgets())
