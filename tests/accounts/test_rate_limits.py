"""Budgets that all workers share."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connections

from accounts.models import CallBudget
from accounts.operations import rate_limits
from accounts.operations.rate_limits import RateLimits, for_connection
from background.models import Lease
from connectors.limits import COMPANY, PATIENCE, SUBSCRIPTION
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)
STATED = {"limit": 500, "remaining": 400, "reset": 600}
NAMES = {COMPANY: "v:company", SUBSCRIPTION: "v"}


class Clock:
    """The time of the worker processes; each may have another one."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def process(clock: Clock) -> Callable[..., RateLimits]:
    """Return a way to start another worker process."""
    return lambda names=NAMES, clock=clock: RateLimits(names, clock=clock)


class TestRateLimits:
    def test_a_pause_that_one_worker_learns_of_stops_the_others(
        self, process: Any, clock: Clock
    ) -> None:
        one, other = process(), process()
        elsewhere = process(NAMES | {COMPANY: "v:another company"})
        one.learn(key=COMPANY, limits={}, retry_after=30)

        assert other.wait_for(key=COMPANY, per_second=0) == pytest.approx(30)
        assert elsewhere.wait_for(key=COMPANY, per_second=0) == 0
        clock.passed = 31
        assert other.wait_for(key=COMPANY, per_second=0) == 0

    def test_a_worker_that_was_busy_hears_of_it_at_once(self, process: Any) -> None:
        one, other = process(), process()
        other.learn(key=COMPANY, limits=STATED)

        one.learn(key=COMPANY, limits={}, retry_after=30)

        assert other.wait_for(key=COMPANY, per_second=0) == pytest.approx(30)

    def test_many_workers_together_never_exceed_what_is_allowed_in_a_second(
        self, process: Any, clock: Clock
    ) -> None:
        workers, left_at = [process() for _ in range(4)], []
        for _turn in range(60):
            for worker in workers:
                wait = worker.wait_for(key=SUBSCRIPTION, per_second=10)
                if wait <= PATIENCE:
                    left_at.append(clock.passed + wait)
            clock.passed += 0.05

        most = max(sum(1 for at in left_at if start <= at < start + 1) for start in left_at)
        assert most <= 10
        assert len(left_at) >= 30  # and they use it: three seconds of it

    def test_the_last_calls_of_a_window_are_shared_out_once(self, process: Any) -> None:
        workers = [process() for _ in range(3)]
        for worker in workers:
            worker.learn(key=COMPANY, limits={"limit": 500, "remaining": 7, "reset": 60})

        waits = [worker.wait_for(key=COMPANY, per_second=0) for worker in workers * 4]

        assert sum(1 for wait in waits if wait == 0) == 7
        assert all(wait == pytest.approx(60) for wait in waits if wait)

    def test_writes_nothing_while_answers_come_and_leave_room(
        self, process: Any, clock: Clock, django_assert_num_queries: Any
    ) -> None:
        worker = process()
        worker.learn(key=COMPANY, limits=STATED)
        written = CallBudget.objects.get()

        with django_assert_num_queries(20):  # each call reads the row
            for call in range(20):
                clock.passed += 0.5
                worker.wait_for(key=COMPANY, per_second=0)
                worker.learn(key=COMPANY, limits={**STATED, "remaining": 399 - call})

        assert CallBudget.objects.get().seen_at == written.seen_at

    def test_tells_the_others_now_and_then_what_is_left(self, process: Any, clock: Clock) -> None:
        worker = process()
        worker.learn(key=COMPANY, limits=STATED)
        clock.passed = 31

        worker.learn(key=COMPANY, limits={**STATED, "remaining": 300, "reset": 569})

        assert CallBudget.objects.get().remaining == 300

    def test_the_operator_sees_them(self, process: Any) -> None:
        process().learn(key=COMPANY, limits=STATED, retry_after=5)

        (known,) = rate_limits.known()

        assert (known.name, known.limit, known.remaining) == ("v:company", 500, 400)
        assert known.reset_at == NOW + timedelta(seconds=600)
        assert known.paused_until == NOW + timedelta(seconds=5)

    def test_only_so_many_read_from_a_company_at_once(self, process: Any, monkeypatch: Any) -> None:
        monkeypatch.setattr(rate_limits.time, "sleep", lambda _seconds: None)
        shared = process()
        places = [shared.reader(key=COMPANY) for _ in range(rate_limits.READERS + 1)]

        admitted = [place.__enter__() for place in places]
        places[0].__exit__(None, None, None)
        with shared.reader(key=COMPANY) as after_one_left:
            pass

        assert admitted == [True] * rate_limits.READERS + [False]
        assert after_one_left
        for place in places[1:]:
            place.__exit__(None, None, None)
        assert not Lease.objects.exclude(owner="").exists()


class TestForConnection:
    def test_organisations_that_reach_the_same_company_share_its_budget(self) -> None:
        one = factories.connection(factories.organisation(), tenant_id="t-1")
        other = factories.connection(factories.organisation(), tenant_id="t-1")
        third = factories.connection(factories.organisation(), tenant_id="t-3")

        for_connection(one).learn(key=COMPANY, limits={}, retry_after=30)

        def wait(connection: Any, key: str) -> float:
            return for_connection(connection).wait_for(key=key, per_second=0)

        assert wait(other, COMPANY) > 29
        assert wait(third, COMPANY) == 0

        for_connection(one).learn(key=SUBSCRIPTION, limits={}, retry_after=30)
        assert wait(third, SUBSCRIPTION) > 29

    def test_the_one_writer_needs_no_place_to_read(self, django_assert_num_queries: Any) -> None:
        connection = factories.connection(factories.organisation())
        limiter = for_connection(connection, alone=True)

        with django_assert_num_queries(0), limiter.reader(key=COMPANY) as admitted:
            assert admitted


class TestAClockThatWasSetBack:
    """The moments of a budget were written by a clock that is hours ahead of ours."""

    @pytest.fixture
    def set_back(self, process: Any, clock: Clock) -> RateLimits:
        ahead: RateLimits = process()
        ahead.wait_for(key=SUBSCRIPTION, per_second=10)
        ahead.learn(key=COMPANY, limits=STATED, retry_after=30)
        clock.passed = -3 * 3600.0
        return ahead

    def test_holds_no_call_for_hours(self, set_back: RateLimits) -> None:
        assert set_back.wait_for(key=SUBSCRIPTION, per_second=10) <= 0.2

    def test_lets_a_pause_last_as_long_as_it_was_to_last(
        self, set_back: RateLimits, clock: Clock
    ) -> None:
        assert set_back.wait_for(key=COMPANY, per_second=0) == pytest.approx(30)
        clock.passed += 31
        assert set_back.wait_for(key=COMPANY, per_second=0) == 0

    def test_still_lets_calls_leave_evenly(self, set_back: RateLimits) -> None:
        waits = [set_back.wait_for(key=SUBSCRIPTION, per_second=10) for _call in range(5)]

        gaps = [later - earlier for earlier, later in pairwise(waits)]
        assert gaps == [pytest.approx(0.105)] * 4


class TestManyAtOnce:
    @pytest.mark.django_db(transaction=True)
    def test_each_caller_has_a_moment_of_its_own(self, process: Any) -> None:
        moments: list[float] = []

        def work() -> None:
            try:
                moments.extend(
                    process().wait_for(key=SUBSCRIPTION, per_second=50) for _call in range(5)
                )
            finally:
                connections["default"].close()

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len({round(moment, 6) for moment in moments}) == 40
