"""How long a call waits for its turn, and what the door does about it."""

import pytest
import responses

from connectors import limits
from connectors.errors import RateLimited
from connectors.http.client import Http
from connectors.limits import COMPANY, SUBSCRIPTION, Budget
from tests.in_process import InProcess

BASE = "https://vendor.example"


class Clock:
    """A clock that moves when a test sets it, or when somebody pauses by it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def door(limiter: limits.Limiter, clock: Clock, **more) -> Http:
    return Http(vendor="Vendor", base_url=BASE, limiter=limiter, pause=clock.pause, **more)


class TestTake:
    def test_lets_an_idle_budget_go_at_once(self):
        assert limits.take(Budget(), now=5.0, per_second=10)[0] == 0

    def test_never_lets_more_than_that_many_leave_in_any_second(self, clock):
        budget, left_at = Budget(), []
        for _call in range(60):
            wait, budget = limits.take(budget, now=clock.now, per_second=10)
            if wait > limits.PATIENCE:
                clock.now += wait
                continue
            left_at.append(clock.now + wait)

        most = max(sum(1 for at in left_at if at <= start < at + 1) for start in left_at)
        assert len(left_at) > 50
        assert most <= 10

    @pytest.mark.parametrize("said", [-5, 10**12])
    def test_of_an_impossible_number_keeps_what_can_be_stored(self, said):
        stated = {"limit": said, "remaining": said, "reset": 1_790_000_000}

        budget = limits.learn(Budget(), now=50.0, limits=stated)

        assert 0 <= budget.remaining <= 2**31 - 1
        assert 0 <= budget.limit <= 2**31 - 1
        assert budget.reset_at == 50.0 + limits.LONGEST_PAUSE

    def test_reserves_nothing_for_a_call_that_is_not_made(self):
        paused = Budget(paused_until=100.0, remaining=5, limit=9, reset_at=200.0)

        assert limits.take(paused, now=50.0) == (50.0, paused)

    def test_waits_for_the_new_window_when_the_calls_are_used_up(self):
        budget = limits.learn(
            Budget(), now=10.0, limits={"limit": 500, "remaining": 1, "reset": 30}
        )

        first, budget = limits.take(budget, now=10.0)
        second, budget = limits.take(budget, now=12.0)
        after_the_window, budget = limits.take(budget, now=41.0)

        assert (first, second, after_the_window) == (0, 28.0, 0)
        assert budget.remaining == 499


class TestLearn:
    def test_counts_the_calls_under_way_that_the_answer_could_not_know(self):
        stated = {"limit": 500, "remaining": 100, "reset": 30}
        budget = limits.learn(Budget(), now=10.0, limits=stated)
        for _call in range(3):
            _wait, budget = limits.take(budget, now=10.0)

        late = limits.learn(budget, now=11.0, limits={**stated, "remaining": 99, "reset": 29})

        assert late.remaining == 97

    def test_believes_the_vendor_when_somebody_else_uses_the_budget_too(self):
        budget = Budget(limit=500, remaining=400, reset_at=40.0)

        stated = {"limit": 500, "remaining": 10, "reset": 29}

        assert limits.learn(budget, now=11.0, limits=stated).remaining == 10

    def test_honours_a_pause_and_never_shortens_it(self):
        budget = limits.learn(Budget(), now=10.0, limits={}, retry_after=60)

        budget = limits.learn(budget, now=11.0, limits={}, retry_after=1)

        assert limits.take(budget, now=11.0)[0] == 59

    def test_asks_again_after_an_hour_whatever_was_said(self):
        budget = limits.learn(Budget(), now=0.0, limits={}, retry_after=10**8)

        assert budget.paused_until == limits.LONGEST_PAUSE

    def test_takes_a_limit_of_nothing_for_no_statement(self):
        stated = {"limit": 0, "remaining": 0, "reset": 30}

        assert limits.learn(Budget(), now=10.0, limits=stated) == Budget()


class TestAtTheDoor:
    @responses.activate
    def test_a_short_wait_is_taken_in_place(self, clock):
        responses.post(f"{BASE}/v1/thing", json={})
        vendor = door(InProcess(clock=clock), clock, counted_per=SUBSCRIPTION, per_second=10)

        for _call in range(3):
            vendor.send("POST", "/v1/thing", writes=True, json={})

        assert len(responses.calls) == 3
        assert clock.pauses == [pytest.approx(0.105)] * 2

    @responses.activate
    def test_a_long_wait_is_for_the_row_that_wants_the_call(self, clock):
        responses.post(f"{BASE}/v1/thing", status=429, headers={"Retry-After": "30"})
        vendor = door(InProcess(clock=clock), clock)
        vendor.send("POST", "/v1/thing", writes=True, json={})
        clock.now += 10

        with pytest.raises(RateLimited) as caught:
            vendor.send("POST", "/v1/thing", writes=True, json={})

        assert caught.value.retry_after == 20
        assert len(responses.calls) == 1
        assert clock.pauses == []

    @responses.activate
    def test_a_429_without_a_time_means_a_second(self, clock):
        responses.get(f"{BASE}/v1/thing", status=429)
        limiter = InProcess(clock=clock)

        door(limiter, clock).send("GET", "/v1/thing", writes=False)

        assert limiter.budgets[COMPANY].paused_until == clock.now + 1

    @responses.activate
    def test_what_an_answer_states_is_remembered(self, clock):
        stated = {"X-RateLimit-Limit": "9", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "7"}
        responses.get(f"{BASE}/v1/thing", json={}, headers=stated)
        limiter = InProcess(clock=clock)
        vendor = door(limiter, clock)
        vendor.send("GET", "/v1/thing", writes=False)

        with pytest.raises(RateLimited) as caught:
            vendor.send("GET", "/v1/thing", writes=False)

        assert caught.value.retry_after == 7

    @responses.activate
    def test_a_read_without_a_place_is_not_made(self, clock):
        class Full(limits.NoLimit):
            def reader(self, *, key):
                return limits.nullcontext(False)

        responses.post(f"{BASE}/v1/thing", json={})
        vendor = door(Full(), clock)

        with pytest.raises(RateLimited):
            vendor.send("GET", "/v1/thing", writes=False)
        vendor.send("POST", "/v1/thing", writes=True, json={})

        assert len(responses.calls) == 1
