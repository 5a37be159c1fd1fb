"""Claims are short and calls are long: extended while the work goes on, lost when it does not."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest

from background import claims, renewing
from background.models import BackgroundRequest, Lease
from connectors.base import BatchToPost
from connectors.errors import ConnectorError, RateLimited, Rejected
from connectors.vismanet.client import Client
from integrationhub import sweeping
from journals.models import Attempt, Batch, Journal
from journals.operations import delivery, preparing, sending
from journals.operations.restoring import BATCHES
from outbox import delivery as protocol
from outbox import recovery
from sources.models import ImportedFile
from tests.journals.sending.conftest import MARCH, Office, line
from tests.journals.sending.test_delivery import Later, states

NOW = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nobody_works() -> Iterator[None]:
    claims.forget_owners()
    yield
    claims.forget_owners()


def a_queued_journal(office: Office) -> Journal:
    journal = office.journal(lines=[line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")])
    now = datetime.now(UTC)
    sending.request_sending(journal=journal, by=office.member.user, now=now)
    preparing.prepare(journal_id=journal.pk, clock=lambda: now)
    return journal


def extend(*, now: datetime) -> int:
    return renewing.extend_all(sweeping.renewals(), now=now)


def serve(office: Office) -> None:
    delivery.serve(connection_id=office.connection.pk, clock=lambda: datetime.now(UTC))


class TestExtending:
    def test_keeps_every_kind_of_claim_that_this_process_works_under(self, office: Office) -> None:
        owner = claims.new_owner()
        soon = NOW + timedelta(seconds=1)
        lease = Lease.objects.create(key="k", owner=owner, until=soon)
        background_request = BackgroundRequest.objects.create(
            organisation=office.organisation,
            kind="k",
            state=BackgroundRequest.State.RUNNING,
            claim_owner=owner,
            lease_until=soon,
        )
        batch = a_queued_journal(office).batches.get()
        Batch.objects.filter(pk=batch.pk).update(
            state="sending", claim_owner=owner, lease_until=soon
        )
        file = ImportedFile.objects.create(
            organisation=office.organisation,
            state=ImportedFile.State.READING,
            name="a.si",
            size=1,
            sha256="0" * 64,
            claim_owner=owner,
            lease_until=soon,
        )

        assert extend(now=NOW) == 4

        later = NOW + timedelta(seconds=claims.lease_seconds())
        for row in (lease, background_request, batch, file):
            row.refresh_from_db()
        assert {
            lease.until,
            background_request.lease_until,
            batch.lease_until,
            file.lease_until,
        } == {later}

    def test_leaves_what_others_hold_and_what_a_failed_task_left_behind(self, db: None) -> None:
        mine = claims.new_owner()
        for owner in ("another:process", mine):
            Lease.objects.create(key=owner, owner=owner, until=NOW)

        claims.forget_owners()  # as after every task

        assert extend(now=NOW) == 0

    def test_never_shortens_a_lease_that_was_taken_for_longer(self, db: None) -> None:
        until = NOW + timedelta(hours=1)
        Lease.objects.create(key="k", owner=claims.new_owner(), until=until)

        extend(now=NOW)

        assert Lease.objects.get().until == until

    def test_tells_the_operator_since_when_its_owner_has_it(self, db: None) -> None:
        held = {"key": "k", "seconds": 30}
        later, after = NOW + timedelta(seconds=20), NOW + timedelta(seconds=60)

        since = []
        for owner, now in (("one", NOW), ("one", later), ("two", after)):
            assert Lease.objects.take(owner=owner, now=now, **held)
            since.append(Lease.objects.get().taken_at)

        assert since == [NOW, NOW, after]


class TestACallLongerThanItsLease:
    def test_stays_ours_while_the_process_lives(
        self, office: Office, later: Later, monkeypatch: Any
    ) -> None:
        journal = a_queued_journal(office)
        really_post = Client.post_journal
        taken_for_dead: list[int] = []

        def post_for_two_minutes(client: Client, batch: BatchToPost, **facts: Any) -> str:
            now = datetime.now(UTC)
            for seconds in range(0, 125, 10):
                extend(now=now + timedelta(seconds=seconds))
                taken_for_dead.append(
                    recovery.recover(BATCHES, now=now + timedelta(seconds=seconds))
                )
            return really_post(client, batch, **facts)

        monkeypatch.setattr(Client, "post_journal", post_for_two_minutes)

        serve(office)

        assert sum(taken_for_dead) == 0
        assert states(journal) == ["posted"]
        assert list(Attempt.objects.values_list("kind", flat=True)) == ["post", "read_back"]

    def test_that_lost_its_lease_records_nothing_over_anothers(
        self, office: Office, later: Later, monkeypatch: Any
    ) -> None:
        journal = a_queued_journal(office)
        really_post = Client.post_journal

        def post_and_be_taken_for_dead(client: Client, batch: BatchToPost, **facts: Any) -> str:
            number = really_post(client, batch, **facts)
            recovery.recover(BATCHES, now=datetime.now(UTC) + timedelta(seconds=31))
            return number

        monkeypatch.setattr(Client, "post_journal", post_and_be_taken_for_dead)

        serve(office)
        after_the_call = states(journal)
        later(60)

        assert after_the_call == ["unknown"]
        assert states(journal) == ["posted"]
        assert len(office.ledger()) == office.posts() == 1

    @pytest.mark.parametrize("failure", [RateLimited(vendor="V"), Rejected(vendor="V")])
    def test_that_lost_its_lease_makes_no_answer_of_an_unknown_outcome(
        self, office: Office, later: Later, monkeypatch: Any, failure: ConnectorError
    ) -> None:
        journal = a_queued_journal(office)

        def fail_and_be_taken_for_dead(*_: Any, **__: Any) -> str:
            recovery.recover(BATCHES, now=datetime.now(UTC) + timedelta(seconds=31))
            raise failure

        monkeypatch.setattr(Client, "post_journal", fail_and_be_taken_for_dead)

        serve(office)

        assert states(journal) == ["unknown"]


class Suspended:
    """A worker that is suspended, with all its threads, between two lines of its code."""

    def __init__(self, monkeypatch: Any) -> None:
        self.wall, self.thread = 1_000.0, 1
        monkeypatch.setattr(claims, "time", self)
        monkeypatch.setattr(claims, "threading", self)
        monkeypatch.setattr(renewing, "time", self)
        claims.extended.set()

    def time(self) -> float:
        return self.wall

    def get_ident(self) -> int:
        return self.thread

    def meanwhile(self, others: Any) -> None:
        """Let seven minutes go by, in which another worker does its work."""
        self.wall, self.thread = self.wall + 420, 2
        others()
        claims.forget_owners()
        self.thread = 1


@pytest.fixture
def suspended(monkeypatch: Any) -> Iterator[Suspended]:
    yield Suspended(monkeypatch)
    claims.extended.clear()
    claims.forget_owners()


class TestAWorkerThatWasSuspendedBeforeItsCall:
    @pytest.mark.parametrize("extended_on_resuming", [False, True])
    def test_b07_does_not_send_what_another_has_sent_meanwhile(
        self,
        office: Office,
        later: Later,
        monkeypatch: Any,
        suspended: Suspended,
        extended_on_resuming: bool,
    ) -> None:
        journal = a_queued_journal(office)
        now = datetime.now(UTC)

        def another_worker() -> None:
            recovery.recover(BATCHES, now=now + timedelta(seconds=31))
            for seconds in (40, 190, 380, 400):
                later(seconds)
            assert office.posts() == 1

        def sleep(boundary: str) -> None:
            if boundary == "deliver.after_claim" and not office.posts():
                with monkeypatch.context() as awake:
                    awake.setattr(protocol, "crash_point", lambda _boundary: None)
                    suspended.meanwhile(another_worker)
                if extended_on_resuming:
                    extend(now=now + timedelta(seconds=420))

        monkeypatch.setattr(protocol, "crash_point", sleep)

        serve(office)

        assert office.posts() == len(office.ledger()) == 1
        assert states(journal) == ["posted"]

    def test_goes_on_sending_while_its_claims_are_extended(
        self, office: Office, suspended: Suspended, monkeypatch: Any
    ) -> None:
        journal = a_queued_journal(office)

        def wait_for_a_token(boundary: str) -> None:
            if boundary == "deliver.after_claim":
                for _time in range(4):
                    suspended.wall += 20
                    extend(now=datetime.now(UTC))

        monkeypatch.setattr(protocol, "crash_point", wait_for_a_token)

        serve(office)

        assert states(journal) == ["posted"]


class TestRenewal:
    def test_goes_on_until_the_last_work_is_done(self, settings: Any) -> None:
        settings.HUB_LEASE_SECONDS = 0.03
        asked: list[Any] = []
        often = Event()

        def count(*, owners: Any, until: datetime) -> int:
            asked.append(owners)
            if len(asked) > 2:
                often.set()
            return 0

        owner = claims.new_owner()
        renewal = renewing.Renewal([count])
        renewal.start()
        renewal.stop()

        assert often.wait(60)
        assert renewal.thread.is_alive()
        claims.forget_owners()
        renewal.thread.join(60)
        assert not renewal.thread.is_alive()
        assert asked[0] == [owner]

    def test_goes_on_after_a_turn_that_failed(self, caplog: Any, monkeypatch: Any) -> None:
        monkeypatch.setattr(renewing, "close_old_connections", lambda: None)

        def away(*, owners: Any, until: datetime) -> int:
            raise OSError("the database is away")

        claims.new_owner()

        renewing.Renewal([away]).once()

        assert "claims not extended" in caplog.text
