"""
The worker's thread that finds due work, starts periodic work, and tells that the worker lives.

Every app with work of its own has `tasks.enqueue_due(*, now, limit) -> int`, which wakes a worker
for each due row, and may have `tasks.PERIODIC`, pairs of a task and how often.
`tasks.extend_claims`, where an app has it, extends what the worker works on.

With the embedded broker every worker sweeps: when somebody has written to the database, and when
the next row is due. Where the broker is a server, one worker at a time tells all of them to sweep.
"""

import os
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from threading import Event, Thread
from typing import Any

import structlog
from celery import bootsteps, current_app
from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone
from django.utils.module_loading import import_string, module_has_submodule

from accounts.operations import continuity, hosts, installation
from background import claims, renewing
from background.crash_points import crash_point
from background.enqueueing import enqueue
from background.models import Heartbeat, Lease
from background.workers import BEATS_EVERY
from integrationhub import readiness

log = structlog.get_logger(__name__)

AT_ONCE = 8
"""Rows enqueued in one sweep, for each thread of a worker."""
LOOK_EVERY = timedelta(seconds=0.1)
"""How often SQLite is asked whether somebody else has written."""
AFTER_A_CHANGE = timedelta(seconds=0.25)
"""So long lies between two sweeps at least, however much is written."""
WHILE_BUSY = timedelta(seconds=0.5)
AT_REST = timedelta(minutes=1)
AFTER_A_START = timedelta(minutes=1)
"""So long it sweeps as when busy: until the claims of the worker before it have expired."""
WITH_A_BROKER = timedelta(seconds=2)
PERIODIC_EVERY = timedelta(minutes=1)
"""How often it is looked whether periodic work is due."""
PERIODIC = "periodic"
LEASE = "sweep"
_LEASE_SECONDS = 5


def enqueue_all(*, now: datetime) -> int:
    """Wake workers for all rows that are due, and return how many were enqueued."""
    crash_point("sweep.begun")
    limit = settings.HUB_WORKER_THREADS * AT_ONCE
    return sum(enqueue(now=now, limit=limit) for enqueue in due_sources())


def due_sources() -> list[Callable[..., int]]:
    """
    Return the `enqueue_due` of every app in `HUB_SWEEPS`.

    :raises ImportError: if one is missing, which must stop the worker's start
    """
    return [import_string(path) for path in settings.HUB_SWEEPS]


def renewals() -> list[renewing.Extend]:
    """Return the `extend_claims` of every app that claims rows."""
    modules = [import_module(path.rpartition(".")[0]) for path in settings.HUB_SWEEPS]
    return [module.extend_claims for module in modules if hasattr(module, "extend_claims")]


def periodic_tasks() -> list[tuple[Any, timedelta]]:
    """Return the periodic work of all apps."""
    found: list[tuple[Any, timedelta]] = []
    for app in settings.HUB_APPS:
        if module_has_submodule(import_module(app), "tasks"):
            found += getattr(import_module(f"{app}.tasks"), "PERIODIC", ())
    return found


def start_periodic(*, now: datetime) -> None:
    """Tell a worker of the periodic work that is due; the database knows when each last ran."""
    ran_at = dict(Heartbeat.objects.filter(kind=PERIODIC).values_list("name", "at"))
    for task, interval in periodic_tasks():
        last = ran_at.get(task.name)
        if last is not None and timedelta(0) <= now - last < interval:
            continue
        crash_point("schedule.due")
        enqueue(task.name)
        crash_point("schedule.published")
        beat_heart(name=task.name, kind=PERIODIC, now=now, info={})


def beat_heart(*, name: str, kind: str, now: datetime, info: dict[str, Any]) -> None:
    """Record that a process lives, or that periodic work was started."""
    values: dict[str, Any] = {"kind": kind, "at": now, "info": info}
    if not Heartbeat.objects.filter(name=name).update(**values):
        Heartbeat.objects.get_or_create(name=name, defaults=values)


class Changes:
    """Says whether another connection has written to the SQLite database since the last look."""

    def __init__(self) -> None:
        self._file = Path(connection.settings_dict["NAME"])
        self._seen: tuple[int, int] | None = None

    def any(self) -> bool:
        """Look; this connection must stay open between two looks, and its own writes are none."""
        file = self._file.stat().st_ino
        if self._seen is not None and self._seen[0] != file:
            connection.close()  # another was put in its place
        connection.ensure_connection()
        # Past Django's cursor, which takes ten times as long as the question: ten times a second.
        (version,) = connection.connection.execute("PRAGMA data_version").fetchone()
        before, self._seen = self._seen, (file, version)
        return self._seen != before


class Due:
    """When something is to be done again. A clock that was set back does not delay it."""

    def __init__(self, every: timedelta) -> None:
        self.every = every
        self.last: datetime | None = None
        self.next: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Return whether its time has come."""
        return self.last is None or self.next is None or not self.last <= now < self.next

    def done(self, now: datetime, *, again_in: timedelta | None = None) -> None:
        """Count from now."""
        self.last, self.next = now, now + (again_in or self.every)


class Pulse:
    """
    A thread of the worker: a heartbeat now and then, the sweep, and periodic work.

    :param stopped: set when the worker stops
    """

    def __init__(self, *, name: str) -> None:
        self.name = name
        self.embedded = settings.HUB_BROKER_IS_EMBEDDED
        self.changes = Changes() if self.embedded and connection.vendor == "sqlite" else None
        self.beats = Due(BEATS_EVERY)
        self.sweeps = Due(WHILE_BUSY if self.embedded else WITH_A_BROKER)
        self.periodic = Due(PERIODIC_EVERY)
        self.changed = False
        self.started_at = timezone.now()
        self.stopped = Event()
        self.thread = Thread(target=self.run, name="pulse", daemon=True)

    def start(self) -> None:
        """Start the thread, after making sure that every app's sweep is there."""
        due_sources()
        continuity.begin()
        hosts.warn_of_changing_identity()
        self.thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self.stopped.set()
        self.thread.join(timeout=5)

    def run(self) -> None:
        """Do one turn after the other until stopped."""
        pause = LOOK_EVERY if self.changes else WHILE_BUSY
        while not self.stopped.wait(pause.total_seconds() if self.beats.last else 0):
            try:
                self.once(now=timezone.now())
            except Exception:
                log.exception("sweep failed")
                close_old_connections()
            if self.changes is None:
                close_old_connections()
        connection.close()

    def once(self, *, now: datetime) -> None:
        """Do what is due."""
        if self.beats.is_due(now):
            self.beats.done(now)
            info = {"pid": os.getpid(), "threads": settings.HUB_WORKER_THREADS}
            beat_heart(name=self.name, kind="worker", now=now, info=info)
            installation.beat(now=now)
        if self.embedded:
            self._sweep_if_due(now)
        elif self.sweeps.is_due(now):
            self.sweeps.done(now)
            if self._leads(now):
                expires = 2 * WITH_A_BROKER.total_seconds()
                current_app.send_task("integrationhub.tasks.sweep", expires=expires, retry=False)
        if self.periodic.is_due(now) and self._leads(now):
            self.periodic.done(now)
            start_periodic(now=now)

    def _leads(self, now: datetime) -> bool:
        """Return whether this one of several workers is the one that starts what is periodic."""
        return Lease.objects.take(key=LEASE, owner=self.name, now=now, seconds=_LEASE_SECONDS)

    def _sweep_if_due(self, now: datetime) -> None:
        # Looked at before the tables: what is written meanwhile is seen by the next turn.
        self.changed = (self.changes is not None and self.changes.any()) or self.changed
        soon = self.sweeps.last is None or not (
            timedelta(0) <= now - self.sweeps.last < AFTER_A_CHANGE
        )
        if not (self.sweeps.is_due(now) or (self.changed and soon)):
            return
        self.changed = False
        self.sweeps.done(now)
        enqueued = enqueue_all(now=now)
        just_started = not self.started_at <= now - AFTER_A_START
        if self.changes is not None and not (enqueued or just_started or claims.live_owners()):
            next_due = readiness.oldest_due(now=now + AT_REST)
            again_in = (next_due - now) if next_due is not None else AT_REST
            self.sweeps.done(now, again_in=max(again_in, WHILE_BUSY))


class PulseStep(bootsteps.StartStopStep):
    """Start the pulse when the worker's pool is up; stop it before the pool goes down."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **_options: Any) -> None:
        self.pulse = Pulse(name=f"worker {worker.hostname or socket.gethostname()}")
        self.renewal = renewing.Renewal(renewals())

    def start(self, worker: Any) -> None:
        """Start enqueueing, and extending what is claimed."""
        self.pulse.start()
        self.renewal.start()

    def stop(self, worker: Any) -> None:
        """Stop enqueueing, so that the work that runs now is the last; its claims still hold."""
        self.pulse.stop()
        self.renewal.stop()

    def terminate(self, worker: Any) -> None:
        """Stop enqueueing, when the worker is to end at once."""
        self.stop(worker)
