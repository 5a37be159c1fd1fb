"""Sending: one press or ten, one batch in the ledger, proven before it is called posted."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from django.conf import settings as django_settings
from django.db import connection, transaction

from accounts.models import Connection, Restore
from background.models import Lease
from connectors.errors import ConnectorError
from connectors.registry import error_class
from journals.models import Attempt, Batch, Journal
from journals.operations import deciding, delivery, sending
from journals.operations.posting import Posting
from journals.operations.restoring import BATCHES
from journals.rules import refusals
from journals.rules.states import BatchState
from organisations.models import Debtor
from outbox import recovery
from tests.background.test_durability import waits_for_the_disk
from tests.journals.sending.conftest import FEBRUARY, MARCH, Office, line, march_run

Later = Callable[[float], int]


def press(office: Office, journal: Journal, *, send_valid_only: bool = False) -> int:
    return sending.request_sending(
        journal=journal,
        by=office.member.user,
        now=datetime.now(UTC),
        send_valid_only=send_valid_only,
    )


def states(journal: Journal) -> list[str]:
    return list(journal.batches.order_by("period").values_list("state", flat=True))


class TestAJournalWithCorrections:
    def test_s09_becomes_one_batch_per_period_with_the_same_reference(
        self, office: Office, later: Later
    ) -> None:
        journal = office.journal()

        press(office, journal)
        later(0)

        ledger = sorted(office.ledger(), key=lambda batch: batch.period)
        assert [batch.period for batch in ledger] == ["202601", "202602", "202603"]
        references = {entry["referenceNumber"] for b in ledger for entry in b.lines}
        assert references == {journal.reference}
        assert states(journal) == ["posted", "posted", "posted"]
        journal.refresh_from_db()
        assert journal.state == "sent"

    def test_keeps_every_attempt_with_what_the_vendor_answered(
        self, office: Office, later: Later
    ) -> None:
        journal = office.journal()

        press(office, journal)
        later(0)

        kinds = Attempt.objects.order_by("pk").values_list("kind", "outcome", "status")
        assert list(kinds) == [("post", "ok", 201), ("read_back", "ok", 200)] * 3


class TestPressingSendTenTimes:
    def test_leaves_one_batch_per_period_in_the_ledger(self, office: Office, later: Later) -> None:
        journal = office.journal()

        press(office, journal)
        for _ in range(4):
            press(office, journal)
        later(0)
        with pytest.raises(refusals.NothingToSend):
            press(office, journal)
        later(0)

        assert office.posts() == 3
        assert len(office.ledger()) == 3


class TestRefusals:
    def test_s10_a_test_company_is_refused_at_the_press(self, office: Office) -> None:
        journal = office.journal()
        office.company.is_test = True
        office.company.save()

        with pytest.raises(refusals.TestCompany):
            press(office, journal)

        assert states(journal) == ["draft"] * 3

    def test_s11_a_blocked_debtor_is_refused_at_the_press(self, office: Office) -> None:
        journal = office.journal()
        Debtor.objects.update(blocked_at=datetime.now(UTC))

        with pytest.raises(refusals.DebtorBlocked):
            press(office, journal)

    def test_s10_a_mark_set_after_the_press_stops_the_call(
        self, office: Office, later: Later, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = office.journal()
        press(office, journal)
        _flip_before_the_claim(
            monkeypatch, lambda: type(office.company).objects.update(is_test=True)
        )

        later(0)

        assert office.posts() == 0
        assert journal.batches.order_by("period")[0].failure_code == "TestCompany"
        assert states(journal) == ["rejected", "draft", "draft"]

    def test_s11_a_block_set_after_the_press_stops_the_call(
        self, office: Office, later: Later, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = office.journal()
        press(office, journal)
        _flip_before_the_claim(
            monkeypatch, lambda: Debtor.objects.update(blocked_at=datetime.now(UTC))
        )

        later(0)

        assert office.posts() == 0
        assert journal.batches.order_by("period")[0].failure_code == "DebtorBlocked"


def _flip_before_the_claim(monkeypatch: pytest.MonkeyPatch, flip: Callable[[], object]) -> None:
    """Change something after the check against the ledger has passed, just before the call."""
    real = delivery.deliver

    def flipped(batch_id: int, posting: Posting) -> bool:
        flip()
        return real(batch_id, posting)

    monkeypatch.setattr(delivery, "deliver", flipped)


class TestALostAnswer:
    def test_b07_is_unknown_first_and_posted_after_a_look_up(
        self, office: Office, later: Later
    ) -> None:
        journal = office.journal()
        office.store.add_fault("lose_answer", on="create", times=1)
        press(office, journal)

        later(0)
        seen = states(journal)[0]
        later(10)
        later(20)

        assert seen == "unknown"
        assert states(journal) == ["posted"] * 3
        assert office.posts() == 3
        assert len(office.ledger()) == 3

    def test_is_sent_again_only_after_two_empty_look_ups_an_interval_apart(
        self, office: Office, later: Later
    ) -> None:
        journal = office.journal(lines=[line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")])
        office.store.add_fault("cut_before", on="create", times=1)
        press(office, journal)

        later(0)
        posts = [office.posts()]
        for seconds in (10, 185, 300, 370):
            later(seconds)
            posts.append(len(office.ledger()))

        assert posts[1:4] == [0, 0, 0]
        assert states(journal) == ["posted"]
        assert len(office.ledger()) == 1

    def test_b07_is_asked_for_twice_an_interval_apart_however_late_the_first_time(
        self, office: Office, later: Later
    ) -> None:
        """The ledger was away, or the hub, for an hour after the call."""
        journal = office.journal(lines=[line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")])
        office.store.add_fault("cut_before", on="create", times=1)
        press(office, journal)
        later(0)

        seen = []
        for seconds in (3600, 3610, 3770, 3790):
            later(seconds)
            seen.append((states(journal), len(office.ledger())))

        assert seen == [(["unknown"], 0)] * 3 + [(["posted"], 1)]

    def test_goes_to_a_person_when_several_look_alike(self, office: Office, later: Later) -> None:
        journal = office.journal(lines=[line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")])
        office.store.add_fault("lose_answer", on="create", times=1)
        press(office, journal)
        later(0)
        batch = journal.batches.get()
        _post_by_hand(office)

        later(10)

        batch.refresh_from_db()
        assert batch.state == "needs_person"
        assert len(batch.candidates) == 2
        deciding.decide(
            batch=batch,
            choice="this_one",
            number=batch.candidates[0],
            by=office.member.user,
            now=datetime.now(UTC),
        )
        later(11)
        batch.refresh_from_db()
        assert batch.state == "posted"


def _post_by_hand(office: Office) -> None:
    """Let somebody else post the same batch once more in the ledger."""
    sent = office.store.requests(call="create", tenant_id=office.tenant_id)[0]
    answer = requests.post(
        f"{django_settings.HUB_VENDORS['VISMA_NET_API_URL']}/v2/journaltransaction",
        json=sent.json(),
        headers={"Authorization": f"Bearer {office.connection.access_token}"},
        timeout=5,
    )
    assert answer.status_code == 201


class TestADeadWorker:
    def test_leaves_a_claim_that_becomes_a_question_and_not_a_second_post(
        self, office: Office, later: Later, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = office.journal(lines=[line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")])
        press(office, journal)

        def die(*_: object, **__: object) -> None:
            raise SystemExit

        with monkeypatch.context() as patched:
            patched.setattr(Posting, "store", die)
            with pytest.raises(SystemExit):
                later(0)
        Lease.objects.update(owner="")
        assert states(journal) == ["sending"]
        assert len(office.ledger()) == 1

        later(40)

        assert states(journal) == ["posted"]
        assert office.posts() == 1


class TestTheVendorsAnswers:
    def test_a_wait_is_honoured_and_nothing_is_lost(self, office: Office, later: Later) -> None:
        journal = office.journal()
        office.store.add_fault("rate_limited", on="create", times=1, retry_after=7)
        press(office, journal)

        later(0)
        assert states(journal) == ["postponed", "ready", "ready"]
        later(8)

        assert states(journal) == ["posted"] * 3
        assert len(office.ledger()) == 3

    def test_a_refusal_stops_the_later_batches_too(self, office: Office, later: Later) -> None:
        journal = office.journal()
        press(office, journal)
        office.store.add_fault("forbidden", on="create", times=1)

        later(0)

        assert states(journal) == ["rejected", "draft", "draft"]
        journal.refresh_from_db()
        assert journal.state == "stopped"

    def test_a_closed_period_is_found_before_anything_is_sent(
        self, office: Office, later: Later
    ) -> None:
        journal = office.journal()
        office.store.setup.close_period(office.tenant_id, "202601")

        press(office, journal)
        later(0)

        assert office.posts() == 0
        assert states(journal) == ["rejected"] * 3
        journal.refresh_from_db()
        assert [p["code"] for p in journal.preflight_problems] == ["period_closed"]

    def test_what_can_go_goes_when_a_person_chose_it(self, office: Office, later: Later) -> None:
        journal = office.journal()
        office.store.setup.close_period(office.tenant_id, "202601")

        press(office, journal, send_valid_only=True)
        later(0)

        assert states(journal) == ["rejected", "posted", "posted"]

    def test_a_held_batch_goes_when_its_period_is_opened(
        self, office: Office, later: Later
    ) -> None:
        journal = office.journal()
        office.mapping.closed_period_rule = "hold"
        office.mapping.save()
        office.store.setup.close_period(office.tenant_id, "202601")
        press(office, journal, send_valid_only=True)
        later(0)
        assert states(journal) == ["held", "posted", "posted"]

        office.store.setup.open_period(office.tenant_id, "202601")
        later(60 * 31)

        assert states(journal) == ["posted"] * 3

    def test_an_account_to_sign_in_again_stops_the_queue_and_fails_no_journal(
        self, office: Office, later: Later
    ) -> None:
        journal = office.journal()
        press(office, journal)
        Connection.objects.update(state=Connection.State.SIGN_IN_AGAIN)

        later(0)
        assert states(journal) == ["ready"] * 3
        Connection.objects.update(state=Connection.State.AUTHORISED)
        later(180)

        assert states(journal) == ["posted"] * 3

    def test_a_batch_that_was_altered_in_the_ledger_is_never_called_posted(
        self, office: Office, later: Later
    ) -> None:
        journal = office.journal(lines=[line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")])
        office.store.add_fault("altered", on="read", times=1)
        press(office, journal)

        later(0)

        assert states(journal) == ["needs_person"]


class TestTwoWorkersAtOnce:
    def test_only_one_claims_a_batch(self, office: Office) -> None:
        journal = office.journal(lines=[line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")])
        Batch.objects.filter(journal=journal).update(
            state="ready",
            prepared_at=datetime.now(UTC),
            connection=office.connection,
            digest="d",
            not_before=datetime.now(UTC) - timedelta(seconds=1),
        )
        one, two = journal.batches.get(), journal.batches.get()
        now = datetime.now(UTC)

        first = one.claim(owner="one", now=now, lease_seconds=30)
        second = two.claim(owner="two", now=now, lease_seconds=30)

        assert (first, second) == (True, False)

    def test_b14_a_restore_declared_beside_a_worker_takes_the_batch_out_of_its_hands(
        self, office: Office, later: Later, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = office.journal(lines=[line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")])
        press(office, journal)

        def declare() -> None:
            now = datetime.now(UTC)
            restored = {"at": now, "backup_taken_at": now - timedelta(hours=1)}
            Restore.objects.create(watch_until=now + timedelta(days=100), **restored)

        _flip_before_the_claim(monkeypatch, declare)

        later(5)

        assert Restore.objects.exists()
        assert office.posts() == 0
        assert states(journal) == ["unknown"]  # a question, as soon as its turn comes again

    def test_b14_a_batch_whose_ledger_was_asked_since_the_restore_is_claimed(
        self, office: Office
    ) -> None:
        journal = office.journal(lines=[line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")])
        now = datetime.now(UTC)
        Batch.objects.filter(journal=journal).update(
            state="ready", prepared_at=now, connection=office.connection, digest="d", not_before=now
        )
        batch = journal.batches.get()
        for hours in (3, 1):
            at = now - timedelta(hours=hours)
            Restore.objects.create(
                at=at, backup_taken_at=at, watch_until=now + timedelta(days=hours)
            )

        asked = batch.open_attempt(Attempt.Kind.LOOK_UP, owner="me", now=now - timedelta(hours=2))
        between = batch.claim(owner="one", now=now, lease_seconds=30)
        Attempt.objects.filter(pk=asked.pk).update(started_at=now)
        after = batch.claim(owner="one", now=now, lease_seconds=30)

        assert (between, after) == (False, True)

    def test_a_state_written_under_a_lost_claim_changes_nothing(self, office: Office) -> None:
        journal = office.journal(lines=[line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")])
        now = datetime.now(UTC)
        Batch.objects.filter(journal=journal).update(
            state="ready", prepared_at=now, connection=office.connection, digest="d", not_before=now
        )
        claimed = journal.batches.get()
        assert claimed.claim(owner="one", now=now, lease_seconds=1)
        recovery.recover(BATCHES, now=now + timedelta(seconds=5))

        late = claimed.mark_accepted(number="GL000001", now=now + timedelta(seconds=6))

        assert not late
        assert states(journal) == ["unknown"]


def test_every_refusal_is_found_again_by_its_code() -> None:
    for name in ("TestCompany", "DebtorBlocked", "SeveralLookAlike", "PreflightFailed"):
        assert issubclass(error_class(name), ConnectorError)


@pytest.mark.django_db(transaction=True)
class TestAPowerCut:
    def test_b08_finds_every_step_on_the_disk(self, office: Office, later: Later) -> None:
        journal = office.journal(lines=march_run()[-2:])
        press(office, journal)
        waited: dict[str, bool] = {}

        def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            if sql.startswith('UPDATE "journals_batch"') and '"claim_owner" =' in sql:
                state = next(str(value) for value in params if value in list(BatchState))
                waited[state] = waits_for_the_disk()
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            later(0)

        assert waited == dict.fromkeys(("ready", "sending", "accepted", "posted"), True)


@pytest.mark.django_db(transaction=True)
class TestTwoBatchesOfOneJournalAtOnce:
    def test_leave_the_journal_in_the_state_of_both(self, office: Office) -> None:
        """A worker proves the one while a person closes the other; neither sees the other's yet."""
        march = [line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")]
        february = [line(FEBRUARY, "7010", "5.00"), line(FEBRUARY, "2821", "-5.00")]
        journal = office.journal(lines=[*february, *march])
        journal.batches.update(state="needs_person")
        first, second = journal.batches.order_by("period")
        now = datetime.now(UTC)

        def close(batch: Batch) -> None:
            with transaction.atomic():
                Batch.objects.filter(pk=batch.pk).update(state="closed", reason="Booked by hand")
                journal.refresh_state(now=now)

        def close_the_other() -> None:
            try:
                close(second)
            finally:
                connection.close()

        other = threading.Thread(target=close_the_other)
        with transaction.atomic():
            close(first)
            other.start()
            other.join(0.5)  # it waits for us, or has counted the first as it was
        other.join(20)

        journal.refresh_from_db()
        assert journal.state == "closed"
