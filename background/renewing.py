"""
Extending the claims of work that goes on, so that a claim can be short and a call long.

A killed worker's claims expire within `HUB_LEASE_SECONDS`; a write may take four times that.
What an app claims rows for is in its `tasks.extend_claims(*, owners, until)`.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Protocol

import structlog
from django.db import close_old_connections
from django.utils import timezone

from background import claims

log = structlog.get_logger(__name__)

_TIMES_IN_A_LEASE = 3
"""So that two may fail, by a database that is away, before work is taken for abandoned."""


class Extend(Protocol):
    """Extends the claims of one app's rows, those of the owners only, and counts them."""

    def __call__(self, *, owners: Sequence[str], until: datetime) -> int: ...


def extend_all(extends: Sequence[Extend], *, now: datetime) -> int:
    """Extend what this process works on, and return how many rows that were."""
    owners = claims.live_owners()
    if not owners:
        return 0
    until, at = now + timedelta(seconds=claims.lease_seconds()), time.time()
    count = sum(extend(owners=owners, until=until) for extend in extends)
    claims.note_extended(owners, at=at)
    return count


class Renewal:
    """
    A thread of the worker that extends its claims for as long as it works.

    It outlives the order to stop: the work that runs then is finished first.
    """

    def __init__(
        self, extends: Sequence[Extend], *, clock: Callable[[], datetime] = timezone.now
    ) -> None:
        self._extends, self._clock = extends, clock
        self._stopping = Event()
        self.thread = Thread(target=self._run, name="renewal", daemon=True)

    def start(self) -> None:
        """Begin to extend."""
        claims.extended.set()
        self.thread.start()

    def stop(self) -> None:
        """End as soon as no work is left; do not wait for it."""
        self._stopping.set()

    def _run(self) -> None:
        while not (self._stopping.is_set() and not claims.live_owners()):
            self._pause(claims.lease_seconds() / _TIMES_IN_A_LEASE)
            self.once()
        claims.extended.clear()

    def _pause(self, seconds: float) -> None:
        if self._stopping.is_set():
            Event().wait(min(seconds, 1.0))
        else:
            self._stopping.wait(seconds)

    def once(self) -> None:
        """Extend all claims once; a failure is for the next time."""
        close_old_connections()
        try:
            extend_all(self._extends, now=self._clock())
        except Exception:
            log.exception("claims not extended")
        finally:
            close_old_connections()
