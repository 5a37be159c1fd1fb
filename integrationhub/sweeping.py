"""
Ringing for the rows that are due, and telling that a process lives.

Every app with work of its own has `tasks.ring_due(*, now, limit) -> int`, which wakes a worker
for each due row. Here they are called in turn: by a thread inside the worker when the broker is
embedded, by the task `sweep` otherwise. `tasks.extend_claims`, where an app has it, extends
what the worker works on.
"""

import os
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from threading import Event, Thread
from typing import Any

import structlog
from celery import bootsteps
from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.operations import continuity, hosts, installation
from background import renewing
from background.crash_points import reached
from background.models import Heartbeat
from background.workers import BEATS_EVERY

log = structlog.get_logger(__name__)

SWEEP_EVERY = timedelta(seconds=2)
AT_ONCE = 8
"""Rows rung for in one sweep, for each thread of a worker."""


def ring_all(*, now: datetime) -> int:
    """Wake workers for all rows that are due, and return how many were rung for."""
    reached("sweep.begun")
    limit = settings.HUB_WORKER_THREADS * AT_ONCE
    return sum(ring(now=now, limit=limit) for ring in bells())


def bells() -> list[Callable[..., int]]:
    """
    Return the `ring_due` of every app in `HUB_SWEEPS`.

    :raises ImportError: if one is missing, which must stop the worker's start
    """
    return [import_string(path) for path in settings.HUB_SWEEPS]


def renewals() -> list[renewing.Extend]:
    """Return the `extend_claims` of every app that claims rows."""
    modules = [import_module(path.rpartition(".")[0]) for path in settings.HUB_SWEEPS]
    return [module.extend_claims for module in modules if hasattr(module, "extend_claims")]


def beat_heart(*, name: str, kind: str, now: datetime, info: dict[str, Any]) -> None:
    """Record that a process lives."""
    Heartbeat.objects.update_or_create(name=name, defaults={"kind": kind, "at": now, "info": info})


class Pulse:
    """
    A thread of the worker: a heartbeat now and then, and the sweep of the embedded broker.

    :param stopped: set when the worker stops
    """

    def __init__(self, *, name: str, sweeps: bool) -> None:
        self.name = name
        self.sweeps = sweeps
        self.stopped = Event()
        self.last_beat: datetime | None = None
        self.thread = Thread(target=self.run, name="pulse", daemon=True)

    def start(self) -> None:
        """Start the thread, after making sure that every app's sweep is there."""
        bells()
        continuity.begin()
        hosts.warn_of_changing_identity()
        self.thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self.stopped.set()
        self.thread.join(timeout=5)

    def run(self) -> None:
        """Beat and sweep until stopped."""
        pause = BEATS_EVERY.total_seconds()
        if self.sweeps:
            pause = min(settings.HUB_SWEEP_SECONDS, pause)
        while True:
            close_old_connections()
            try:
                self.once(now=timezone.now())
            except Exception:
                log.exception("sweep failed")
            finally:
                close_old_connections()
            if self.stopped.wait(pause):
                return

    def once(self, *, now: datetime) -> None:
        """Do one turn."""
        # A clock that was set back must not keep it silent until it has caught up.
        if self.last_beat is None or abs(now - self.last_beat) >= BEATS_EVERY:
            beat_heart(
                name=self.name,
                kind="worker",
                now=now,
                info={"pid": os.getpid(), "threads": settings.HUB_WORKER_THREADS},
            )
            installation.beat(now=now)
            self.last_beat = now
        if self.sweeps:
            ring_all(now=now)


class PulseStep(bootsteps.StartStopStep):
    """Start the pulse when the worker's pool is up; stop it before the pool goes down."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **_options: Any) -> None:
        name = f"worker {worker.hostname or socket.gethostname()}"
        self.pulse = Pulse(name=name, sweeps=settings.HUB_BROKER_IS_EMBEDDED)
        self.renewal = renewing.Renewal(renewals())

    def start(self, worker: Any) -> None:
        """Start ringing, and extending what is claimed."""
        self.pulse.start()
        self.renewal.start()

    def stop(self, worker: Any) -> None:
        """Stop ringing, so that the work that runs now is the last; its claims still hold."""
        self.pulse.stop()
        self.renewal.stop()

    def terminate(self, worker: Any) -> None:
        """Stop ringing, when the worker is told to end at once."""
        self.stop(worker)
