"""The schedule: what runs when, remembered in the database."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from celery import current_app, shared_task

from background.models import Heartbeat
from integrationhub import schedule

NOW = datetime(2026, 3, 25, 9, 14, tzinfo=UTC)
ran: list[str] = []


@shared_task(name="tests.once_a_day")
def once_a_day(**_newer: object) -> None:
    ran.append("once_a_day")


@shared_task(name="tests.fails")
def fails(**_newer: object) -> None:
    raise LookupError("no")


@pytest.fixture(autouse=True)
def periodic(monkeypatch):
    ran.clear()
    monkeypatch.setattr(schedule, "periodic_tasks", lambda: [(once_a_day, timedelta(days=1))])
    monkeypatch.setattr(schedule, "close_old_connections", lambda: None)


@pytest.fixture
def embedded(settings):
    settings.HUB_BROKER_IS_EMBEDDED = True


def make_scheduler() -> schedule.HubScheduler:
    return schedule.HubScheduler(app=current_app._get_current_object())


def tick_all(scheduler: schedule.HubScheduler) -> None:
    for _ in range(4):
        scheduler.tick()


@pytest.mark.django_db
@pytest.mark.usefixtures("embedded")
class TestHubSchedulerWithTheEmbeddedBroker:
    def test_runs_what_never_ran_at_once_and_in_its_own_process(self):
        with time_machine.travel(NOW, tick=False):
            tick_all(make_scheduler())

        assert ran == ["once_a_day"]
        assert Heartbeat.objects.get(kind="periodic").at == NOW

    def test_does_not_run_it_again_after_a_restart(self):
        with time_machine.travel(NOW, tick=False):
            tick_all(make_scheduler())
        with time_machine.travel(NOW + timedelta(hours=23), tick=False):
            tick_all(make_scheduler())

        assert ran == ["once_a_day"]

    def test_runs_it_again_when_its_time_has_come_although_it_restarts_daily(self):
        with time_machine.travel(NOW, tick=False):
            tick_all(make_scheduler())
        with time_machine.travel(NOW + timedelta(days=1, seconds=1), tick=False):
            tick_all(make_scheduler())

        assert ran == ["once_a_day", "once_a_day"]

    def test_does_not_end_when_periodic_work_fails(self, monkeypatch, caplog):
        monkeypatch.setattr(
            schedule,
            "periodic_tasks",
            lambda: [(fails, timedelta(days=1)), (once_a_day, timedelta(days=1))],
        )

        with time_machine.travel(NOW, tick=False):
            tick_all(make_scheduler())

        assert ran == ["once_a_day"]
        assert "periodic work failed" in caplog.text

    def test_has_no_sweep_for_the_worker_sweeps_itself(self):
        assert "integrationhub.tasks.sweep" not in make_scheduler().schedule

    def test_beats_and_forgets_processes_that_are_long_gone(self):
        Heartbeat.objects.create(name="old", kind="worker", at=NOW - timedelta(days=2))
        Heartbeat.objects.create(name="daily", kind="periodic", at=NOW - timedelta(days=2))

        with time_machine.travel(NOW, tick=False):
            make_scheduler().tick()

        assert Heartbeat.objects.get(kind="schedule").at == NOW
        assert not Heartbeat.objects.filter(name="old").exists()
        assert Heartbeat.objects.filter(name="daily").exists()

    def test_never_sleeps_past_its_next_heartbeat(self):
        with time_machine.travel(NOW, tick=False):
            scheduler = make_scheduler()
            tick_all(scheduler)

            assert scheduler.tick() <= 5


@pytest.mark.django_db
class TestHubSchedulerWithABroker:
    @pytest.fixture
    def published(self, settings, monkeypatch):
        settings.HUB_BROKER_IS_EMBEDDED = False
        messages = []

        def keep(self, entry, producer=None, advance=True, **_kwargs):
            messages.append((entry.task, entry.options["expires"]))
            return SimpleNamespace(id="1")

        monkeypatch.setattr(schedule.HubScheduler, "apply_async", keep)
        monkeypatch.setattr(schedule.HubScheduler, "producer", None)
        return messages

    def test_publishes_periodic_work_and_the_sweep_which_expire(self, published):
        with time_machine.travel(NOW, tick=False):
            tick_all(make_scheduler())

        assert sorted(published) == [
            ("integrationhub.tasks.sweep", 4.0),
            ("tests.once_a_day", 172800.0),
        ]
        assert ran == []

    def test_writes_no_row_for_each_sweep(self, published):
        with time_machine.travel(NOW, tick=False):
            tick_all(make_scheduler())

        assert [row.name for row in Heartbeat.objects.filter(kind="periodic")] == [
            "tests.once_a_day"
        ]


class TestPeriodicTasks:
    def test_are_collected_from_every_app(self, monkeypatch):
        monkeypatch.undo()

        for task, interval in schedule.periodic_tasks():
            assert task.name in current_app.tasks
            assert interval >= timedelta(minutes=1)
