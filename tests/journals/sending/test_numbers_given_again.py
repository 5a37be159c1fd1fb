"""A number that the ledger gives again, after somebody deleted the batch that had it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.vismanet.client import Client
from journals.models import Attempt, Batch, Journal
from journals.operations import deciding, reversing
from journals.rules.refusals import NumberGivenAgain
from tests.journals.sending.conftest import MARCH, Office, line
from tests.journals.sending.test_delivery import Later, press, states


def sent(office: Office, later: Later, *, run: str, amount: str = "5.00") -> Journal:
    journal = office.journal(
        run=run, lines=[line(MARCH, "7010", amount), line(MARCH, "2821", f"-{amount}")]
    )
    press(office, journal)
    later(0)
    journal.refresh_from_db()
    return journal


def delete_there(office: Office, journal: Journal) -> str:
    number: str = journal.batches.get(reverses__isnull=True).vendor_number
    office.store.delete_batch(office.tenant_id, number, number_again=True)
    return number


class TestANumberGivenAgain:
    def test_is_the_new_batchs_and_a_person_decides_about_the_deleted_one(
        self, office: Office, later: Later
    ) -> None:
        older = sent(office, later, run="1")
        number = delete_there(office, older)

        newer = sent(office, later, run="2", amount="7.00")

        gone, there = older.batches.get(), newer.batches.get()
        older.refresh_from_db()
        assert (there.state, there.vendor_number, newer.state) == ("posted", number, "sent")
        assert (gone.state, gone.failure_code) == ("needs_person", "NumberGivenAgain")
        assert gone.failure_params == {"number": number, "other": there.description}
        assert older.state == "needs_person"
        assert older.events.filter(code="no_longer_there").exists()
        assert [batch.description for batch in office.ledger()] == [there.description]
        assert Attempt.objects.filter(batch=there, kind=Attempt.Kind.POST).count() == 1

    def test_leaves_the_rest_of_the_queue_going(self, office: Office, later: Later) -> None:
        delete_there(office, sent(office, later, run="1"))

        journals = [sent(office, later, run=run, amount=f"{run}0.00") for run in "234"]

        assert [states(journal) for journal in journals] == [["posted"]] * 3

    def test_of_a_batch_that_looks_the_same_is_distinguished_by_its_key(
        self, office: Office, later: Later
    ) -> None:
        older = sent(office, later, run="1")
        delete_there(office, older)

        newer = sent(office, later, run="2")

        assert (states(older), states(newer)) == (["needs_person"], ["posted"])

    def test_of_a_batch_that_was_reversed_by_hand_stops_nothing(
        self, office: Office, later: Later
    ) -> None:
        older = sent(office, later, run="1")
        delete_there(office, older)
        reversing.mark_reversed_by_hand(
            batch=older.batches.get(),
            reason="Deleted",
            by=office.member.user,
            now=datetime.now(UTC),
        )

        newer = sent(office, later, run="2")

        assert (states(older), states(newer)) == (["reversed"], ["posted"])

    def test_that_the_vendor_only_says_is_not_believed(
        self, office: Office, later: Later, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A wrong Location takes no number from the batch that has it."""
        older = sent(office, later, run="1")
        number = older.batches.get().vendor_number
        post = Client.post_journal

        def says_the_old_number(client: Client, batch: Any, **more: Any) -> str:
            post(client, batch, **more)
            return number

        monkeypatch.setattr(Client, "post_journal", says_the_old_number)
        newer = sent(office, later, run="2", amount="7.00")

        assert (states(older), states(newer)) == (["posted"], ["posted"])
        assert newer.batches.get().vendor_number == office.ledger()[-1].number != number
        assert len(office.ledger()) == 2

    def test_is_not_sent_again_when_the_ledger_denies_the_new_batch_too(
        self, office: Office, later: Later, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It was taken: whoever deleted it meanwhile may have wanted it gone."""
        older = sent(office, later, run="1")
        number = older.batches.get().vendor_number
        post = Client.post_journal

        def is_deleted_at_once(client: Client, batch: Any, **more: Any) -> str:
            given = post(client, batch, **more)
            office.store.delete_batch(office.tenant_id, given, number_again=False)
            return number

        monkeypatch.setattr(Client, "post_journal", is_deleted_at_once)
        newer = sent(office, later, run="2", amount="7.00")
        for seconds in (200, 400, 600, 800):
            later(seconds)

        batch = newer.batches.get()
        assert (batch.state, batch.failure_code) == ("needs_person", "NumberNotFound")
        assert office.posts() == 2


class TestAReversalOfABatchThatIsGone:
    def test_is_not_sent_although_it_was_checked_before(self, office: Office, later: Later) -> None:
        journal = sent(office, later, run="1")
        original = journal.batches.get()
        reversing.request_reversal(
            batches=[original], reason="Wrong", by=office.member.user, now=datetime.now(UTC)
        )
        office.store.add_fault("rate_limited", on="create", retry_after=7)
        later(1)
        waited = original.mirror.state
        number = delete_there(office, journal)
        given_again = NumberGivenAgain(number=number, other="PAYROLL 2026-04")
        original.refresh_from_db()
        assert original.mark_no_longer_there(given_again, now=datetime.now(UTC))

        later(10)

        mirror = Batch.objects.get(reverses=original)
        assert waited == "postponed"
        assert (mirror.state, mirror.failure_code) == ("rejected", "OriginalGone")
        assert office.ledger() == []


class TestABatchThatWaitsForItsRelease:
    @pytest.fixture
    def waiting(self, office: Office, later: Later) -> Batch:
        office.mapping.release = True
        office.mapping.save()
        office.store.add_fault("unavailable", on="release", times=None)
        journal = sent(office, later, run="1")
        office.store.clear_faults()
        batch: Batch = journal.batches.get()
        assert (batch.state, batch.release_wanted) == ("posted", True)
        return batch

    def test_never_has_another_released_that_has_its_number(
        self, office: Office, later: Later, waiting: Batch
    ) -> None:
        (held,) = office.ledger()
        number = delete_there(office, waiting.journal)
        by_hand = replace(held, number="", description="By hand", debit="9.00", credit="9.00")
        office.store.add_batch(by_hand)

        later(400)

        waiting.refresh_from_db()
        assert (waiting.state, waiting.failure_code) == ("needs_person", "NumberGivenAgain")
        (there,) = office.ledger()
        assert (there.number, there.released, there.release_due) == (number, False, 0.0)

    def test_that_is_gone_goes_to_a_person_and_is_released_after_it_was_sent_again(
        self, office: Office, later: Later, waiting: Batch
    ) -> None:
        delete_there(office, waiting.journal)
        for seconds in (60, 120, 400, 700):
            later(seconds)
        waiting.refresh_from_db()
        found = (waiting.state, waiting.failure_code)

        deciding.decide(batch=waiting, choice=deciding.NOT_THERE, by=None, now=datetime.now(UTC))
        for seconds in (800, 810, 820):
            later(seconds)

        waiting.refresh_from_db()
        assert found == ("needs_person", "NumberNotFound")
        assert (waiting.state, len(office.ledger())) == ("released", 1)
        assert office.ledger()[0].released


class TestThePersonWhoDecides:
    @pytest.fixture
    def gone(self, office: Office, later: Later) -> Batch:
        older = sent(office, later, run="1")
        delete_there(office, older)
        sent(office, later, run="2", amount="7.00")
        found: Batch = older.batches.get()
        return found

    def decide(self, office: Office, batch: Batch, choice: str, reason: str = "") -> None:
        deciding.decide(
            batch=batch, choice=choice, by=office.member.user, now=datetime.now(UTC), reason=reason
        )

    def test_may_let_it_be_sent_again_once(self, office: Office, later: Later, gone: Batch) -> None:
        self.decide(office, gone, deciding.NOT_THERE)
        later(0)

        gone.refresh_from_db()
        assert (gone.state, len(office.ledger())) == ("posted", 2)
        assert gone.vendor_number == office.ledger()[-1].number

    def test_may_say_that_it_was_rightly_deleted(
        self, office: Office, later: Later, gone: Batch
    ) -> None:
        self.decide(office, gone, deciding.DELETED, reason="Booked in another company")
        later(0)

        gone.refresh_from_db()
        assert (gone.journal.state, len(office.ledger())) == ("reversed", 1)

    def test_cannot_give_it_the_number_of_the_other(self, office: Office, gone: Batch) -> None:
        with pytest.raises(deciding.NumberTaken) as refused:
            deciding.decide(
                batch=gone,
                choice=deciding.THIS_ONE,
                number=office.ledger()[0].number,
                by=office.member.user,
                now=datetime.now(UTC),
            )

        assert refused.value.params["other"] == office.ledger()[0].description
