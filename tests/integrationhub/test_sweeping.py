"""Ringing for due rows, the heartbeat, and the thread that does both."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec

import pytest

from accounts.operations import installation
from background.models import Heartbeat
from integrationhub import settings as ours
from integrationhub import sweeping, tasks

NOW = datetime(2026, 3, 25, 9, 14, tzinfo=UTC)
rung: list[tuple[datetime, int]] = []


def ring_two(*, now: datetime, limit: int) -> int:
    rung.append((now, limit))
    return 2


def ring_three(*, now: datetime, limit: int) -> int:
    rung.append((now, limit))
    return 3


@pytest.fixture(autouse=True)
def two_bells(settings):
    rung.clear()
    settings.HUB_SWEEPS = (f"{__name__}.ring_two", f"{__name__}.ring_three")
    settings.HUB_WORKER_THREADS = 4


class TestRingAll:
    def test_rings_every_apps_bell_with_the_time_and_a_limit(self):
        assert sweeping.ring_all(now=NOW) == 5
        assert rung == [(NOW, 32), (NOW, 32)]


class TestBells:
    def test_are_missed_loudly(self, settings):
        settings.HUB_SWEEPS = ("accounts.tasks.no_such_bell",)

        with pytest.raises(ImportError, match="no_such_bell"):
            sweeping.bells()

    def test_are_all_there(self, settings):
        settings.HUB_SWEEPS = ours.HUB_SWEEPS

        assert all(callable(bell) for bell in sweeping.bells())

    def test_of_no_app_is_forgotten(self):
        with_tasks = [app for app in ours.HUB_APPS if find_spec(f"{app}.tasks")]

        with_a_bell = {
            f"{app}.tasks.ring_due"
            for app in with_tasks
            if hasattr(import_module(f"{app}.tasks"), "ring_due")
        }

        assert with_a_bell == set(ours.HUB_SWEEPS)


class TestSweepTask:
    def test_rings_and_takes_arguments_that_it_does_not_know_yet(self):
        tasks.sweep(of_a_newer_version=True)

        assert len(rung) == 2


@pytest.mark.django_db
class TestPulse:
    def test_keeps_how_far_the_database_has_come_beside_it(self, settings, tmp_path):
        settings.HUB_DATA_DIR = tmp_path

        sweeping.Pulse(name="worker one", sweeps=False).once(now=NOW)

        mark = installation.read_mark()
        assert mark is not None
        assert mark.seen_at == NOW

    def test_beats_at_once_and_then_every_three_seconds(self):
        pulse = sweeping.Pulse(name="worker one", sweeps=False)

        pulse.once(now=NOW)
        pulse.once(now=NOW + timedelta(seconds=2))
        early = Heartbeat.objects.get(name="worker one").at
        pulse.once(now=NOW + timedelta(seconds=3))

        assert early == NOW
        assert Heartbeat.objects.get(name="worker one").at == NOW + timedelta(seconds=3)
        assert Heartbeat.objects.get(name="worker one").kind == "worker"

    def test_goes_on_beating_after_its_clock_was_set_back(self):
        pulse = sweeping.Pulse(name="worker one", sweeps=False)
        an_hour_ago = NOW - timedelta(hours=1)

        pulse.once(now=NOW)
        pulse.once(now=an_hour_ago)

        assert Heartbeat.objects.get(name="worker one").at == an_hour_ago

    def test_sweeps_every_turn_with_the_embedded_broker(self):
        pulse = sweeping.Pulse(name="worker one", sweeps=True)

        pulse.once(now=NOW)
        pulse.once(now=NOW)

        assert len(rung) == 4

    def test_leaves_the_sweep_to_the_schedule_with_a_broker_of_its_own(self):
        sweeping.Pulse(name="worker one", sweeps=False).once(now=NOW)

        assert rung == []

    def test_does_not_start_when_an_apps_bell_is_missing(self, settings):
        settings.HUB_SWEEPS = ("accounts.tasks.no_such_bell",)
        pulse = sweeping.Pulse(name="worker one", sweeps=True)

        with pytest.raises(ImportError):
            pulse.start()

        assert not pulse.thread.is_alive()

    def test_goes_on_after_a_turn_that_failed(self, settings, monkeypatch, caplog):
        settings.HUB_SWEEP_SECONDS = 0.001
        pulse = sweeping.Pulse(name="worker one", sweeps=True)
        turns = []

        def once(*, now: datetime) -> None:
            turns.append(now)
            if len(turns) == 2:
                pulse.stopped.set()
            raise OSError("the database is away")

        monkeypatch.setattr(pulse, "once", once)
        monkeypatch.setattr(sweeping, "close_old_connections", lambda: None)

        pulse.run()

        assert len(turns) == 2
        assert "sweep failed" in caplog.text

    @pytest.mark.parametrize("sweeps", [True, False])
    def test_never_waits_longer_than_until_its_next_beat(self, settings, monkeypatch, sweeps):
        settings.HUB_SWEEP_SECONDS = 60
        pulse = sweeping.Pulse(name="worker one", sweeps=sweeps)
        waited = []
        monkeypatch.setattr(pulse, "once", lambda *, now: None)
        monkeypatch.setattr(sweeping, "close_old_connections", lambda: None)
        monkeypatch.setattr(pulse.stopped, "wait", lambda pause: waited.append(pause) or True)

        pulse.run()

        assert waited == [3]

    def test_gives_its_connection_back_after_every_turn(self, settings, monkeypatch):
        settings.HUB_SWEEP_SECONDS = 0.001
        pulse = sweeping.Pulse(name="worker one", sweeps=True)
        order = []
        monkeypatch.setattr(sweeping, "close_old_connections", lambda: order.append("close"))

        def once(*, now: datetime) -> None:
            order.append("turn")
            pulse.stopped.set()

        monkeypatch.setattr(pulse, "once", once)

        pulse.run()

        assert order == ["close", "turn", "close"]
