"""Finding due rows, starting periodic work, the heartbeat, and the thread that does all three."""

import sqlite3
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace

import pytest
import time_machine
from celery import current_app, shared_task

from accounts.operations import installation
from background.models import Heartbeat, Lease
from integrationhub import readiness, sweeping, tasks
from integrationhub import settings as ours

NOW = datetime(2026, 3, 25, 9, 14, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
enqueued: list[tuple[datetime, int]] = []


@shared_task(name="tests.once_a_day")
def once_a_day(**_newer: object) -> None:
    """Be known to Celery."""


def enqueue_two(*, now: datetime, limit: int) -> int:
    enqueued.append((now, limit))
    return 2


def enqueue_none(*, now: datetime, limit: int) -> int:
    enqueued.append((now, limit))
    return 0


@pytest.fixture(autouse=True)
def two_due_sources(settings):
    enqueued.clear()
    settings.HUB_SWEEPS = (f"{__name__}.enqueue_two", f"{__name__}.enqueue_none")
    settings.HUB_WORKER_THREADS = 4


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    """Keep what is enqueued; by default there is no periodic work."""
    names: list[str] = []
    monkeypatch.setattr(sweeping, "enqueue", names.append)
    monkeypatch.setattr(current_app, "send_task", lambda name, **_how: names.append(name))
    monkeypatch.setattr(sweeping, "periodic_tasks", list)
    return names


class TestEnqueueAll:
    def test_asks_every_app_with_the_time_and_a_limit(self):
        assert sweeping.enqueue_all(now=NOW) == 2
        assert enqueued == [(NOW, 32), (NOW, 32)]


class TestBells:
    def test_are_missed_loudly(self, settings):
        settings.HUB_SWEEPS = ("accounts.tasks.no_such_bell",)

        with pytest.raises(ImportError, match="no_such_bell"):
            sweeping.due_sources()

    def test_are_all_there(self, settings):
        settings.HUB_SWEEPS = ours.HUB_SWEEPS

        assert all(callable(bell) for bell in sweeping.due_sources())

    def test_of_no_app_is_forgotten(self):
        with_tasks = [app for app in ours.HUB_APPS if find_spec(f"{app}.tasks")]

        with_a_bell = {
            f"{app}.tasks.enqueue_due"
            for app in with_tasks
            if hasattr(import_module(f"{app}.tasks"), "enqueue_due")
        }

        assert with_a_bell == set(ours.HUB_SWEEPS)


class TestSweepTask:
    def test_rings_and_takes_arguments_that_it_does_not_know_yet(self):
        tasks.sweep(of_a_newer_version=True)

        assert len(enqueued) == 2


@pytest.mark.django_db
class TestStartPeriodic:
    @pytest.fixture(autouse=True)
    def daily(self, monkeypatch):
        monkeypatch.setattr(sweeping, "periodic_tasks", lambda: [(once_a_day, timedelta(days=1))])

    def test_starts_what_never_ran_and_remembers_it_in_the_database(self, sent):
        sweeping.start_periodic(now=NOW)

        assert sent == ["tests.once_a_day"]
        assert Heartbeat.objects.get(kind="periodic").at == NOW

    @pytest.mark.parametrize(
        ("after", "times"),
        [
            (timedelta(hours=23), 1),
            (timedelta(days=1), 2),
            pytest.param(timedelta(days=-3), 2, id="the clock was set back"),
        ],
    )
    def test_starts_it_again_when_its_time_has_come(self, sent, after, times):
        sweeping.start_periodic(now=NOW)
        sweeping.start_periodic(now=NOW + after)

        assert sent == ["tests.once_a_day"] * times


class TestPeriodicTasks:
    def test_are_collected_from_every_app(self, monkeypatch):
        monkeypatch.undo()

        found = sweeping.periodic_tasks()

        assert len(found) > 4
        for task, interval in found:
            assert task.name in current_app.tasks
            assert interval >= 5 * sweeping.PERIODIC_EVERY


class TestChanges:
    @pytest.fixture
    def database(self, tmp_path, monkeypatch):
        """Let it look at a file of its own, by a connection of its own."""
        path = tmp_path / "hub.sqlite3"
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("CREATE TABLE t (n)")
        fake = SimpleNamespace(settings_dict={"NAME": path}, connection=None)

        def ensure_connection() -> None:
            fake.connection = fake.connection or sqlite3.connect(path, isolation_level=None)

        def close() -> None:
            fake.connection.close()
            fake.connection = None

        fake.ensure_connection, fake.close = ensure_connection, close
        monkeypatch.setattr(sweeping, "connection", fake)
        yield SimpleNamespace(path=path, other=other, ours=fake)
        other.close()
        close()

    def test_are_seen_once_each_and_the_first_look_is_one(self, database):
        changes = sweeping.Changes()

        first, second = changes.any(), changes.any()
        database.other.execute("INSERT INTO t VALUES (1)")

        assert (first, second) == (True, False)
        assert (changes.any(), changes.any()) == (True, False)

    def test_are_not_what_this_connection_writes(self, database):
        changes = sweeping.Changes()
        changes.any()

        database.ours.connection.execute("INSERT INTO t VALUES (1)")

        assert not changes.any()

    def test_are_seen_in_a_file_put_in_place_of_the_one_that_is_open(self, database, tmp_path):
        changes = sweeping.Changes()
        changes.any()
        restored = tmp_path / "restored"
        sqlite3.connect(restored).close()
        restored.touch()

        restored.replace(database.path)

        assert changes.any()


@pytest.mark.django_db
class TestPulse:
    @pytest.fixture
    def embedded(self, settings, monkeypatch):
        """A pulse on SQLite, to which `changed` says whether somebody has written."""
        settings.HUB_BROKER_IS_EMBEDDED = True
        settings.HUB_SWEEPS = (f"{__name__}.enqueue_none",)
        monkeypatch.setattr(readiness, "oldest_due", lambda *, now: None)
        # Threads of other tests in this process may hold claims of their own.
        monkeypatch.setattr(sweeping.claims, "live_owners", list)
        with time_machine.travel(NOW - timedelta(hours=1)):
            pulse = sweeping.Pulse(name="worker one")
        pulse.changes = SimpleNamespace(any=lambda: False)
        return pulse

    @pytest.fixture
    def served(self, settings):
        settings.HUB_BROKER_IS_EMBEDDED = False
        return sweeping.Pulse(name="worker one")

    def test_keeps_how_far_the_database_has_come_beside_it(self, settings, tmp_path, served):
        settings.HUB_DATA_DIR = tmp_path

        served.once(now=NOW)

        mark = installation.read_mark()
        assert mark is not None
        assert mark.seen_at == NOW

    def test_beats_at_once_and_then_every_three_seconds(self, served):
        served.once(now=NOW)
        served.once(now=NOW + timedelta(seconds=2))
        early = Heartbeat.objects.get(name="worker one").at
        served.once(now=NOW + timedelta(seconds=3))

        assert early == NOW
        assert Heartbeat.objects.get(name="worker one").at == NOW + timedelta(seconds=3)
        assert Heartbeat.objects.get(name="worker one").kind == "worker"

    def test_goes_on_after_its_clock_was_set_back(self, embedded):
        an_hour_ago = NOW - timedelta(hours=1)

        embedded.once(now=NOW)
        embedded.once(now=an_hour_ago)

        assert Heartbeat.objects.get(name="worker one").at == an_hour_ago
        assert [now for now, _ in enqueued] == [NOW, an_hour_ago]

    def test_looks_into_the_tables_at_rest_once_a_minute(self, embedded):
        for seconds in range(0, 121, 5):
            embedded.once(now=LATER + timedelta(seconds=seconds))

        assert [(now - LATER).seconds for now, _ in enqueued] == [0, 60, 120]

    def test_looks_when_the_next_row_is_due(self, embedded, monkeypatch):
        due = LATER + timedelta(seconds=7)
        monkeypatch.setattr(readiness, "oldest_due", lambda *, now: due if due <= now else None)

        for seconds in (0, 6, 7):
            embedded.once(now=LATER + timedelta(seconds=seconds))

        assert [(now - LATER).seconds for now, _ in enqueued] == [0, 7]

    def test_looks_as_soon_as_somebody_has_written_four_times_a_second_at_most(self, embedded):
        embedded.once(now=LATER)
        embedded.changes = SimpleNamespace(any=lambda: True)

        for tenths in range(1, 11):
            embedded.once(now=LATER + timedelta(seconds=tenths / 10))

        looks = [(now - LATER) / timedelta(seconds=1) for now, _ in enqueued]
        assert looks == [0, 0.3, 0.6, 0.9]

    def test_forgets_no_change_that_came_too_soon(self, embedded):
        embedded.once(now=LATER)
        said = iter([True])
        embedded.changes = SimpleNamespace(any=lambda: next(said, False))

        for tenths in (1, 2, 3, 4):
            embedded.once(now=LATER + timedelta(seconds=tenths / 10))

        assert [(now - LATER) / timedelta(seconds=1) for now, _ in enqueued] == [0, 0.3]

    @pytest.mark.parametrize("busy", ["just started", "working", "there was more"])
    def test_looks_every_half_second_while_it_is_busy(self, embedded, settings, monkeypatch, busy):
        if busy == "just started":
            embedded.started_at = LATER
        elif busy == "working":
            monkeypatch.setattr(sweeping.claims, "live_owners", lambda: ["one"])
        else:
            settings.HUB_SWEEPS = (f"{__name__}.enqueue_two",)

        for seconds in (0, 0.4, 0.5, 1):
            embedded.once(now=LATER + timedelta(seconds=seconds))

        assert [(now - LATER) / timedelta(seconds=1) for now, _ in enqueued] == [0, 0.5, 1]

    def test_lets_one_worker_at_a_time_tell_all_to_sweep_where_there_is_a_broker(
        self, served, sent
    ):
        other = sweeping.Pulse(name="worker two")

        for seconds in range(3):
            served.once(now=NOW + timedelta(seconds=seconds))
            other.once(now=NOW + timedelta(seconds=seconds))
        by_one = list(sent)
        other.once(now=NOW + timedelta(seconds=8))

        assert by_one == ["integrationhub.tasks.sweep"] * 2
        assert sent == ["integrationhub.tasks.sweep"] * 3
        assert Lease.objects.get(key="sweep").owner == "worker two"
        assert enqueued == []

    def test_starts_what_is_periodic_if_it_is_the_one(self, served, sent, monkeypatch):
        monkeypatch.setattr(sweeping, "periodic_tasks", lambda: [(once_a_day, timedelta(days=1))])
        other = sweeping.Pulse(name="worker two")

        served.once(now=NOW)
        other.once(now=NOW)

        assert sent.count("tests.once_a_day") == 1

    def test_does_not_start_when_an_apps_bell_is_missing(self, settings, served):
        settings.HUB_SWEEPS = ("accounts.tasks.no_such_bell",)

        with pytest.raises(ImportError):
            served.start()

        assert not served.thread.is_alive()

    def test_goes_on_after_a_turn_that_failed(self, monkeypatch, caplog, served):
        turns: list[datetime] = []
        monkeypatch.setattr(sweeping, "WHILE_BUSY", timedelta(0))
        monkeypatch.setattr(sweeping, "close_old_connections", lambda: None)
        monkeypatch.setattr(sweeping, "connection", SimpleNamespace(close=lambda: None))

        def once(*, now: datetime) -> None:
            turns.append(now)
            if len(turns) == 2:
                served.stopped.set()
            raise OSError("the database is away")

        monkeypatch.setattr(served, "once", once)

        served.run()

        assert len(turns) == 2
        assert "sweep failed" in caplog.text

    @pytest.mark.parametrize(("held", "closed"), [(True, []), (False, ["old", "old"])])
    def test_keeps_its_connection_between_two_turns_only_to_see_changes(
        self, monkeypatch, served, held, closed
    ):
        done: list[str] = []
        served.changes = SimpleNamespace(any=bool) if held else None
        monkeypatch.setattr(sweeping, "WHILE_BUSY", timedelta(0))
        monkeypatch.setattr(sweeping, "LOOK_EVERY", timedelta(0))
        monkeypatch.setattr(sweeping, "close_old_connections", lambda: done.append("old"))
        monkeypatch.setattr(
            sweeping, "connection", SimpleNamespace(close=lambda: done.append("all"))
        )
        turns: list[datetime] = []

        def once(*, now: datetime) -> None:
            turns.append(now)
            if len(turns) == 2:
                served.stopped.set()

        monkeypatch.setattr(served, "once", once)

        served.run()

        assert done == [*closed, "all"]
