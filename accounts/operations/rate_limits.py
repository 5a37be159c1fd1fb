"""
Budgets of calls that all workers share: one row each, read before every call.

The rule is `connectors.limits`. While a budget has room, the row is only read: a vendor that
states what is left counts by itself. It is written when that is news for others: a pause, the
last calls of a window, a fixed number of calls a second.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from accounts.models import CallBudget, Connection
from background import claims
from background.durability import durable
from background.models import Lease
from connectors.limits import COMPANY, PATIENCE, SUBSCRIPTION, Budget, earlier, learn, take

READERS = 4
"""Calls that may read from one vendor company at once, beside its one writer."""
LAST_CALLS = 20
"""From so many calls left, every call is counted in the row."""
_WRITTEN_EVERY = timedelta(seconds=30)
_CLOCKS_DIFFER = 1.0
_READER_PAUSE = 0.05

Rule = Callable[[Budget, float], tuple[float, Budget]]
"""From a budget and the time to the seconds to wait, and the budget changed."""


class RateLimits:
    """
    The limiter of one connection.

    :param names: of the budgets, by what the vendor counts calls by
    :param alone: it belongs to the one writer of the company, which needs no place to read
    """

    def __init__(
        self,
        names: Mapping[str, str],
        *,
        alone: bool = False,
        clock: Callable[[], datetime] = timezone.now,
    ) -> None:
        self._names, self._alone, self._clock = names, alone, clock
        self._written: dict[str, datetime] = {}

    def wait_for(self, *, key: str, per_second: int) -> float:
        """Return how long to wait, the moment reserved; see `connectors.limits.Limiter`."""

        def rule(budget: Budget, now: float) -> tuple[float, Budget]:
            return take(budget, now=now, per_second=per_second)

        row = CallBudget.objects.filter(key=self._names[key]).first()
        now = self._clock().timestamp()
        if row is not None:
            self._written[key] = row.seen_at
        if not per_second and (row is None or now >= row.seen_at.timestamp() - _CLOCKS_DIFFER):
            wait, after = rule(row.budget if row else Budget(), now)
            if wait > PATIENCE or after.remaining is None or after.remaining >= LAST_CALLS:
                return wait
        return self._change(key, rule)

    def learn(
        self, *, key: str, limits: Mapping[str, int], retry_after: float | None = None
    ) -> None:
        """Remember what an answer said; see `connectors.limits.Limiter`."""

        def rule(budget: Budget, now: float) -> tuple[float, Budget]:
            return 0.0, learn(budget, now=now, limits=limits, retry_after=retry_after)

        written = self._written.get(key)  # as it was read before the call
        lately = written is not None and abs(self._clock() - written) < _WRITTEN_EVERY
        if lately and retry_after is None and limits.get("remaining", LAST_CALLS) >= LAST_CALLS:
            return
        self._change(key, rule)

    @contextmanager
    def reader(self, *, key: str) -> Iterator[bool]:
        """Take a place among the company's readers, a lease, for as long as the block lasts."""
        if self._alone:
            yield True
            return
        owner, waited = claims.new_owner(), 0.0
        place = self._place(owner)
        while not place and waited < PATIENCE:
            time.sleep(_READER_PAUSE)
            waited += _READER_PAUSE
            place = self._place(owner)
        try:
            yield bool(place)
        finally:
            if place:
                Lease.objects.give_back(key=place, owner=owner)

    def _place(self, owner: str) -> str:
        now, seconds = timezone.now(), claims.lease_seconds()
        names = (f"reader:{self._names[COMPANY]}:{number}" for number in range(READERS))
        taken = (
            name
            for name in names
            if Lease.objects.take(key=name, owner=owner, now=now, seconds=seconds)
        )
        return next(taken, "")

    def _change(self, key: str, rule: Rule) -> float:
        """Apply the rule to the budget while nobody else does, and return its wait."""
        with durable():
            row, _new = CallBudget.objects.select_for_update().get_or_create(
                key=self._names[key], defaults={"seen_at": self._clock()}
            )
            now = self._clock()
            budget, ahead = row.budget, (row.seen_at - now).total_seconds()
            if ahead > _CLOCKS_DIFFER:
                # The clock was set back since: what was in a minute then is in a minute now.
                budget = earlier(budget, seconds=ahead)
            wait, after = rule(budget, now.timestamp())
            CallBudget.objects.filter(pk=row.pk).update(**asdict(after), seen_at=now)
        self._written[key] = now
        return wait


def for_connection(connection: Connection, *, alone: bool = False) -> RateLimits:
    """
    Return the limiter of a connection.

    :param alone: the caller holds the lease of the company's one writer
    """
    return RateLimits(names_of(connection), alone=alone)


def names_of(connection: Connection) -> Mapping[str, str]:
    """Return the names of a connection's budgets, by what a vendor counts calls by."""
    company = f"{connection.vendor}:{connection.kind}:{connection.tenant_id}"
    return {COMPANY: company, SUBSCRIPTION: connection.vendor}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one budget, for the operator's page."""

    name: str
    limit: int | None
    remaining: int | None
    reset_at: datetime | None
    paused_until: datetime | None
    seen_at: datetime


def known() -> list[Known]:
    """Return what is known of all budgets, for the operator's page."""

    def moment(seconds: float) -> datetime | None:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None

    return [
        Known(
            row.key,
            row.limit,
            row.remaining,
            moment(row.reset_at),
            moment(row.paused_until),
            row.seen_at,
        )
        for row in CallBudget.objects.order_by("key")
    ]
