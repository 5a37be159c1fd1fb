"""Gaps: when a worker notices one, when it is written down, and what it keeps from being sent."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts import living
from accounts.living import Clocks
from accounts.models import Connection, Gap, Installation, LedgerProof
from accounts.operations import continuity, installation
from accounts.operations.tokens import StoredTokens
from connectors.errors import Unavailable
from tests import factories

NOW = datetime.now(UTC)
pytestmark = pytest.mark.django_db


class Machine:
    """Both clocks of a machine, as the test sets them."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_000.0, 1_000.0

    def read(self) -> Clocks:
        return Clocks(self.wall, self.monotonic)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Machine:
    settings.HUB_DATA_DIR = tmp_path
    found = Machine()
    monkeypatch.setattr(continuity, "_clocks", found.read)
    return found


@pytest.fixture
def connection() -> Connection:
    return factories.connection(
        factories.organisation(), access_token="a", expires_at=NOW + timedelta(hours=1)
    )


class TestAWorker:
    def test_writes_its_start_down_before_it_may_send(self, machine: Machine) -> None:
        continuity.begin()

        assert installation.may_send(now=NOW)
        assert installation.may_send(now=NOW)

        gap = Gap.objects.get()
        assert gap.reason == living.START
        assert gap.since <= NOW - continuity.MARGIN

    @pytest.mark.parametrize(
        ("wall", "monotonic", "reason"), [(-3_600.0, 1.0, "clock"), (200.0, 200.0, "still")]
    )
    def test_sends_nothing_after_its_clock_jumped_or_it_stood_still(
        self,
        machine: Machine,
        connection: Connection,
        wall: float,
        monotonic: float,
        reason: str,
    ) -> None:
        continuity.begin()
        installation.may_send(now=NOW)
        machine.wall += wall
        machine.monotonic += monotonic

        with pytest.raises(Unavailable):
            StoredTokens(connection.pk, clock=lambda: NOW).current()

        installation.may_send(now=NOW)
        assert Gap.objects.latest("pk").reason == reason
        assert StoredTokens(connection.pk, clock=lambda: NOW).current() == "a"

    def test_notices_that_no_worker_was_heard_of_for_minutes(self, machine: Machine) -> None:
        installation.beat(now=NOW)
        later = NOW + timedelta(minutes=4)

        installation.beat(now=later)
        installation.beat(now=later + timedelta(seconds=5))

        assert Gap.objects.get().since == NOW - continuity.MARGIN
        assert Installation.objects.get().seen_at == later + timedelta(seconds=5)


class TestQuestion:
    def ask(self, connection: Connection, *, now: datetime = NOW) -> continuity.Question | None:
        return continuity.question(connection, work="journals", now=now)

    def gap(self, at: datetime) -> Gap:
        return Gap.objects.create(at=at, since=at, settles_at=at, reason="start")

    def test_is_none_where_there_never_was_a_gap(self, connection: Connection) -> None:
        assert self.ask(connection) is None

    def test_reaches_back_before_the_oldest_gap_that_is_open(self, connection: Connection) -> None:
        first, last = self.gap(NOW - timedelta(days=2)), self.gap(NOW)

        question = self.ask(connection)

        assert question is not None
        assert (question.since, question.gap_id) == (first.since, last.pk)

    def test_is_settled_until_a_minute_has_passed_or_there_is_a_new_gap(
        self, connection: Connection
    ) -> None:
        self.gap(NOW)
        question = self.ask(connection)
        assert question is not None
        continuity.settle(question, strange=[], asked_at=NOW)

        assert self.ask(connection, now=NOW + timedelta(seconds=59)) is None
        again = self.ask(connection, now=NOW + timedelta(seconds=60))
        assert again is not None
        assert again.since == NOW
        self.gap(NOW)
        assert self.ask(connection) is not None

    def test_of_journals_settles_nothing_for_payments(self, connection: Connection) -> None:
        self.gap(NOW)
        question = self.ask(connection)
        assert question is not None
        continuity.settle(question, strange=[], asked_at=NOW)

        assert continuity.question(connection, work="payments", now=NOW) is not None
        assert LedgerProof.objects.count() == 1

    def test_reaches_back_to_the_last_answer_however_long_ago_that_was(
        self, connection: Connection
    ) -> None:
        self.gap(NOW)
        question = self.ask(connection)
        assert question is not None
        continuity.settle(question, strange=[], asked_at=NOW)

        again = self.ask(connection, now=NOW + timedelta(days=33))

        assert again is not None
        assert again.since == NOW

    def test_asks_from_now_where_a_clock_was_ahead_when_it_was_last_asked(
        self, connection: Connection
    ) -> None:
        self.gap(NOW)
        question = self.ask(connection)
        assert question is not None
        continuity.settle(question, strange=[], asked_at=NOW + timedelta(days=1))

        again = self.ask(connection)

        assert again is not None
        assert again.since == NOW
