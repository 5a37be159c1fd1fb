"""Budgets that all workers share."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections

from accounts.models import CallBudget
from accounts.operations import limits
from background.models import Lease
from connectors.limits import COMPANY, SUBSCRIPTION, Budget, take
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)
STATED = {"limit": 500, "remaining": 400, "reset": 600}


class Clock:
    """The time of the keeper and of the process, which pass together."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return 77.0 + self.passed


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database_budgets(clock: Clock) -> limits.DatabaseBudgets:
    return limits.DatabaseBudgets(clock=clock)


@pytest.fixture
def process(
    database_budgets: limits.DatabaseBudgets, clock: Clock
) -> Callable[[], limits.SharedBudgets]:
    """Return a way to start another worker process."""
    return lambda: limits.SharedBudgets(database_budgets, monotonic=clock.monotonic)


class TestSharedBudgets:
    def test_a_pause_that_one_worker_is_told_of_stops_the_others(
        self, process: Any, clock: Clock
    ) -> None:
        one, other = process(), process()
        one.learn(key="v:company", limits={}, retry_after=30)

        assert other.wait_for(key="v:company", per_second=0) == pytest.approx(30)
        assert other.wait_for(key="v:another company", per_second=0) == 0
        clock.passed = 31
        assert other.wait_for(key="v:company", per_second=0) == 0

    def test_a_worker_that_was_busy_hears_of_it_within_seconds(
        self, process: Any, clock: Clock
    ) -> None:
        one, other = process(), process()
        other.learn(key="v:company", limits=STATED)
        one.learn(key="v:company", limits={}, retry_after=30)

        clock.passed = 3

        assert other.wait_for(key="v:company", per_second=0) == pytest.approx(27)

    def test_many_workers_together_never_exceed_what_is_allowed_in_a_second(
        self, process: Any, clock: Clock
    ) -> None:
        workers, left_at = [process() for _ in range(4)], []
        for _turn in range(60):
            for worker in workers:
                wait = worker.wait_for(key="go", per_second=10)
                if wait <= limits.PATIENCE:
                    left_at.append(clock.passed + wait)
            clock.passed += 0.05

        most = max(sum(1 for at in left_at if start <= at < start + 1) for start in left_at)
        assert most <= 10
        assert len(left_at) >= 30  # and they use it: three seconds of it

    def test_the_last_calls_of_a_window_are_shared_out_once(
        self, process: Any, clock: Clock
    ) -> None:
        workers = [process() for _ in range(3)]
        for worker in workers:
            worker.learn(key="v:company", limits={"limit": 500, "remaining": 7, "reset": 60})

        waits = [worker.wait_for(key="v:company", per_second=0) for worker in workers * 4]

        assert sum(1 for wait in waits if wait == 0) == 7
        assert all(wait == pytest.approx(60) for wait in waits if wait)

    def test_asks_nobody_while_answers_come_and_leave_room(
        self, process: Any, clock: Clock, django_assert_num_queries: Any
    ) -> None:
        worker = process()
        worker.wait_for(key="v:company", per_second=0)
        worker.learn(key="v:company", limits=STATED)

        with django_assert_num_queries(0):
            for call in range(20):
                clock.passed += 0.5
                worker.wait_for(key="v:company", per_second=0)
                worker.learn(key="v:company", limits={**STATED, "remaining": 399 - call})

    def test_the_operator_sees_them(self, process: Any, database_budgets: Any) -> None:
        process().learn(key="v:company", limits=STATED, retry_after=5)

        (known,) = database_budgets.known()

        assert (known.name, known.limit, known.remaining) == ("v:company", 500, 400)
        assert known.reset_at == NOW + timedelta(seconds=600)
        assert known.paused_until == NOW + timedelta(seconds=5)

    def test_only_so_many_read_from_a_company_at_once(self, process: Any, monkeypatch: Any) -> None:
        monkeypatch.setattr(limits.time, "sleep", lambda _seconds: None)
        shared = process()
        places = [shared.reader(key="v:company") for _ in range(limits.READERS + 1)]

        admitted = [place.__enter__() for place in places]
        places[0].__exit__(None, None, None)
        with shared.reader(key="v:company") as after_one_left:
            pass

        assert admitted == [True] * limits.READERS + [False]
        assert after_one_left
        for place in places[1:]:
            place.__exit__(None, None, None)
        assert not Lease.objects.exclude(owner="").exists()


class TestForConnection:
    def test_organisations_that_reach_the_same_company_share_its_budget(self, budgets: Any) -> None:
        one = factories.connection(factories.organisation(), tenant_id="t-1")
        other = factories.connection(factories.organisation(), tenant_id="t-1")
        third = factories.connection(factories.organisation(), tenant_id="t-3")

        limits.for_connection(one).learn(key=COMPANY, limits={}, retry_after=30)

        def wait(connection: Any, key: str) -> float:
            return limits.for_connection(connection).wait_for(key=key, per_second=0)

        assert wait(other, COMPANY) > 29
        assert wait(third, COMPANY) == 0

        limits.for_connection(one).learn(key=SUBSCRIPTION, limits={}, retry_after=30)
        assert wait(third, SUBSCRIPTION) > 29

    def test_the_one_writer_needs_no_place_to_read(self, django_assert_num_queries: Any) -> None:
        connection = factories.connection(factories.organisation())
        limiter = limits.for_connection(connection, alone=True)

        with django_assert_num_queries(0), limiter.reader(key=COMPANY) as admitted:
            assert admitted


class TestDatabaseBudgets:
    @pytest.mark.django_db(transaction=True)
    def test_gives_every_caller_a_moment_of_its_own(
        self, database_budgets: limits.DatabaseBudgets
    ) -> None:
        assert len(set(moments_of_many(database_budgets))) == 40
        assert CallBudget.objects.get().version == 40


def moments_of_many(keeper: limits.DatabaseBudgets) -> list[float]:
    """Let eight threads take five moments each from the same budget, past each other."""
    moments: list[float] = []

    def rule(budget: Budget, now: float) -> tuple[float, Budget]:
        wait, after = take(budget, now=1000.0, per_second=10, patience=1000)
        return wait, after

    def work() -> None:
        try:
            moments.extend(keeper.change("go", rule) for _call in range(5))
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return moments
