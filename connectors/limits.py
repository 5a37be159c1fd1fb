"""
How often a vendor may be called: one budget per vendor company, or per subscription.

A budget is shared by all workers, so it is kept outside of a connector, which is only handed
a :class:`Limiter` and asks it before each call. What a budget allows is decided here by two
pure functions, :func:`take` and :func:`learn`; who keeps the :class:`Budget` only has to apply
them one after another.

    Visma.net        per company and client, as its answers state (`X-RateLimit-*`)
    PowerOffice Go   10 per second and subscription, all companies together
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Protocol

COMPANY, SUBSCRIPTION = "company", "subscription"
"""What a vendor counts calls by; the hub puts the names behind them."""

PATIENCE = 1.0
"""Seconds that a call waits for its turn in place; a longer wait is for the row that wants it."""
LONGEST_PAUSE = 3600.0
"""After a pause of this many seconds one call asks again, whatever the vendor had said."""
_MOST = 2_147_483_647
_MARGIN = 1.05  # calls that leave evenly do not arrive evenly


class Limiter(Protocol):
    """Says when a call may be made. It never sleeps for its turn; the door does."""

    def wait_for(self, *, key: str, per_second: int) -> float:
        """
        Return how many seconds until the call may be made, and reserve that moment for it.

        A wait above :data:`PATIENCE` reserves nothing: the call is not made now.

        :param key: :data:`COMPANY` or :data:`SUBSCRIPTION`: what the vendor counts by
        :param per_second: calls that the vendor allows in a second; 0: only what it states
        """
        ...

    def learn(
        self, *, key: str, limits: Mapping[str, int], retry_after: float | None = None
    ) -> None:
        """
        Remember what an answer said about the budget.

        :param limits: ``limit``, ``remaining``, ``reset`` (seconds), those that are known
        :param retry_after: the seconds that the vendor asks a refused call to wait
        """
        ...

    def reader(self, *, key: str) -> AbstractContextManager[bool]:
        """Return a place among the few that may read at once; False inside: there is none."""
        ...


# --- The rule ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Budget:
    """
    What is known of one budget. Moments are seconds of one clock, 0 for never.

    :param next_at: when the next of evenly spaced calls may leave
    :param paused_until: the vendor asked for silence until then
    :param remaining: calls left until `reset_at`; None: the vendor has not said
    """

    next_at: float = 0.0
    paused_until: float = 0.0
    limit: int | None = None
    remaining: int | None = None
    reset_at: float = 0.0

    def opens_at(self, *, now: float) -> float:
        """Return the moment from which on a call may be made."""
        used_up = self.remaining == 0 and self.reset_at > now
        return max(now, self.paused_until, self.next_at, self.reset_at if used_up else 0.0)


def take(
    budget: Budget, *, now: float, per_second: int = 0, patience: float = PATIENCE
) -> tuple[float, Budget]:
    """Return the seconds to wait, and the budget with the call taken from it if it is made."""
    if budget.reset_at <= now and budget.remaining is not None:
        # A new window: full as far as we know, until an answer says otherwise.
        budget = replace(budget, remaining=budget.limit, reset_at=0.0)
    start = budget.opens_at(now=now)
    if start - now > patience:
        return start - now, budget
    left = budget.remaining
    return start - now, replace(
        budget,
        next_at=start + _MARGIN / per_second if per_second else 0.0,
        remaining=None if left is None else max(0, left - 1),
    )


def _clamped(said: int) -> int:
    """Return a number of calls that can be stored, whatever the vendor has said."""
    return min(max(said, 0), _MOST)


def learn(
    budget: Budget, *, now: float, limits: Mapping[str, int], retry_after: float | None = None
) -> Budget:
    """Return the budget with what an answer said of it."""
    if "remaining" in limits and "reset" in limits and limits.get("limit") != 0:
        left = _clamped(limits["remaining"])
        # Some say a moment where the others say seconds: one call an hour asks what is true.
        reset_at = now + min(max(limits["reset"], 0), LONGEST_PAUSE)
        same_window = budget.remaining is not None and abs(budget.reset_at - reset_at) < 2.0
        if same_window and budget.remaining is not None:
            # Answers overtake each other, and calls under way are counted by us alone.
            left = min(left, budget.remaining)
        budget = replace(
            budget,
            limit=_clamped(limits["limit"]) if "limit" in limits else budget.limit,
            remaining=left,
            reset_at=reset_at,
        )
    if retry_after is not None:
        until = now + min(max(retry_after, 0.0), LONGEST_PAUSE)
        budget = replace(budget, paused_until=max(budget.paused_until, until))
    return budget


def earlier(budget: Budget, *, seconds: float) -> Budget:
    """Return the budget with its moments so much earlier: by a clock that was set back."""
    return replace(
        budget,
        next_at=max(0.0, budget.next_at - seconds),
        paused_until=max(0.0, budget.paused_until - seconds),
        reset_at=max(0.0, budget.reset_at - seconds),
    )


class NoLimit:
    """Every call may be made at once, for programs without a database and for tests."""

    def wait_for(self, *, key: str, per_second: int) -> float:
        """Return 0."""
        return 0.0

    def learn(
        self, *, key: str, limits: Mapping[str, int], retry_after: float | None = None
    ) -> None:
        """Forget it."""

    def reader(self, *, key: str) -> AbstractContextManager[bool]:
        """Return a place; there is always one."""
        return nullcontext(True)
