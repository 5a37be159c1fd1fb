"""
The schedule process: Celery's beat with its memory in the database.

An app names its periodic work in `tasks.PERIODIC`, pairs of a task and how often. With a broker
of its own the schedule publishes them; with the embedded broker, which only the worker can
reach, it runs them itself, for they only read and write rows.
"""

import socket
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import structlog
from celery.beat import ScheduleEntry, Scheduler
from celery.schedules import schedule as every
from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone
from django.utils.module_loading import module_has_submodule

from background.crash_points import reached
from background.models import Heartbeat
from integrationhub import sweeping
from integrationhub.tasks import sweep

log = structlog.get_logger(__name__)

PERIODIC = "periodic"
BEATS_EVERY = timedelta(seconds=5)
FORGET_PROCESSES_AFTER = timedelta(days=1)
NEVER = datetime(2000, 1, 1, tzinfo=UTC)


def periodic_tasks() -> list[tuple[Any, timedelta]]:
    """Return the periodic work of all apps."""
    found: list[tuple[Any, timedelta]] = []
    for app in settings.HUB_APPS:
        package = import_module(app)
        if module_has_submodule(package, "tasks"):
            found += getattr(import_module(f"{app}.tasks"), "PERIODIC", ())
    return found


class HubScheduler(Scheduler):
    """Remember in the database when periodic work ran, so that a restart does not forget it."""

    max_interval = BEATS_EVERY.seconds

    def setup_schedule(self) -> None:
        """Read the apps' periodic work and when each last ran."""
        ran_at = dict(Heartbeat.objects.filter(kind=PERIODIC).values_list("name", "at"))
        self.last_beat = NEVER
        self.schedule: dict[str, ScheduleEntry] = {
            task.name: self._entry(task.name, interval, last_run_at=ran_at.get(task.name, NEVER))
            for task, interval in periodic_tasks()
        }
        if not settings.HUB_BROKER_IS_EMBEDDED:
            name = sweep.name
            self.schedule[name] = self._entry(name, sweeping.SWEEP_EVERY, last_run_at=NEVER)

    def _entry(self, name: str, interval: timedelta, *, last_run_at: datetime) -> ScheduleEntry:
        return ScheduleEntry(
            app=self.app,
            name=name,
            task=name,
            schedule=every(interval, app=self.app),
            last_run_at=last_run_at,
            # A backlog of ticks after a pause of the worker is one tick too many already.
            options={"expires": 2 * interval.total_seconds()},
        )

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Run what is due, and beat."""
        close_old_connections()
        try:
            self.beat_heart(now=timezone.now())
        except Exception:
            log.exception("the schedule could not record that it lives")
        finally:
            close_old_connections()
        return min(super().tick(*args, **kwargs), self.max_interval)

    def beat_heart(self, *, now: datetime) -> None:
        """Record that the schedule lives, and forget processes that are long gone."""
        if now - self.last_beat < BEATS_EVERY:
            return
        sweeping.beat_heart(
            name=f"schedule {socket.gethostname()}", kind="schedule", now=now, info={}
        )
        Heartbeat.objects.exclude(kind=PERIODIC).filter(
            at__lt=now - FORGET_PROCESSES_AFTER
        ).delete()
        self.last_beat = now

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:
        """Publish the work, or run it here when only a worker could hear of it."""
        reached("schedule.due")
        if not settings.HUB_BROKER_IS_EMBEDDED:
            super().apply_entry(entry, producer=producer)
            if entry.task == sweep.name:
                return
        else:
            try:
                self.app.tasks[str(entry.task)]()
            except Exception:
                log.exception("periodic work failed", task=entry.task)
        reached("schedule.published")
        try:
            sweeping.beat_heart(name=str(entry.name), kind=PERIODIC, now=timezone.now(), info={})
        except Exception:
            log.exception("could not record that periodic work ran", task=entry.task)
        finally:
            close_old_connections()
