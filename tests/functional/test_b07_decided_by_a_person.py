"""B7: what the hub may not decide is decided by a person, who sees all candidates side by side."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from journals.models import Batch, FirstLook
from journals.operations import sending
from journals.rules.states import MAY_BE_IN_LEDGER, BatchState
from tests import factories
from tests.journals.pages.conftest import signed_in
from tests.journals.sending.conftest import MARCH, Office, later, line, make_office  # noqa: F401

Later = Callable[[float], int]


@pytest.fixture
def office(db: None, sandbox: Any) -> Office:
    return make_office(sandbox)


@pytest.fixture
def client(office: Office) -> Client:
    return signed_in(office.member)


@pytest.fixture
def batch(office: Office, later: Later) -> Batch:  # noqa: F811
    """Return a batch whose answer was lost, and which somebody has copied in the ledger since."""
    journal = office.journal(
        lines=[
            line(MARCH, "7010", "500.25", "0100", "K10"),
            line(MARCH, "2821", "-500.25"),
        ]
    )
    office.store.add_fault("lose_answer", on="create", times=1)
    sending.request_sending(journal=journal, by=office.member.user, now=datetime.now(UTC))
    later(0)
    first = office.ledger()[0].number
    office.store.setup.copy_batch(office.tenant_id, first)
    second = office.ledger()[1].number
    office.store.setup.change_line(office.tenant_id, second, 1, amount="600.25")
    office.store.setup.change_line(office.tenant_id, second, 2, amount="600.25")
    later(10)
    found = journal.batches.get()
    assert found.state == "needs_person"
    return found


def decide(client: Client, batch: Batch, **answer: str) -> Any:
    return client.post(reverse("journals:decide", args=[batch.pk]), answer, follow=True)


class TestThePage:
    def test_shows_what_was_sent_beside_every_candidate(self, client, batch):
        page = client.get(reverse("journals:decision", args=[batch.pk]))

        html = page.content.decode()
        first, second = page.context["decision"].candidates
        assert [first.number, second.number] == batch.candidates
        assert first.equal
        assert not second.equal
        assert "600.25" in html
        assert "Differs: amount" in html
        for words in ("This one", "None of them, send", "None of them, do not send"):
            assert words in html
        assert "I booked it by hand" in html
        assert ">at " in html

    def test_is_reached_from_the_journal(self, client, batch):
        html = client.get(reverse("journals:detail", args=[batch.journal_id])).content.decode()

        assert reverse("journals:decision", args=[batch.pk]) in html

    def test_shows_no_buttons_to_who_may_only_read(self, office, batch):
        reader = signed_in(factories.member(office.organisation, {"journals": "read"}))

        html = reader.get(reverse("journals:decision", args=[batch.pk])).content.decode()

        assert "500.25" in html
        assert "None of them, send" not in html

    def test_leads_back_when_it_was_decided_meanwhile(self, client, batch):
        Batch.objects.update(state="ready")

        answer = client.get(reverse("journals:decision", args=[batch.pk]))

        assert answer["Location"] == reverse("journals:detail", args=[batch.journal_id])


class TestThisOne:
    def test_is_read_back_and_posted(self, client, batch, later):  # noqa: F811
        decide(client, batch, choice="this_one", number=batch.candidates[0])
        later(11)

        batch.refresh_from_db()
        assert (batch.state, batch.vendor_number) == ("posted", batch.candidates[0])

    def test_is_never_called_posted_when_it_holds_something_else(
        self,
        client,
        batch,
        later,  # noqa: F811
    ):
        wrong = batch.candidates[1]

        decide(client, batch, choice="this_one", number=wrong)
        later(11)

        batch.refresh_from_db()
        page = client.get(reverse("journals:decision", args=[batch.pk]))
        assert (batch.state, batch.failure_code) == ("needs_person", "ReadBackDiffers")
        assert [one.number for one in page.context["decision"].candidates] == [wrong]

    def test_cannot_be_the_number_of_another_batch(self, office, client, batch):
        Batch.objects.create(
            organisation=office.organisation,
            journal=batch.journal,
            connection=batch.connection,
            period="2026-02",
            key="OTHER01",
            total=1,
            line_count=2,
            vendor_number="000900",
            state="posted",
            proven_at=batch.state_at,
        )

        answer = decide(client, batch, choice="this_one", other_number="000900")

        batch.refresh_from_db()
        assert batch.state == "needs_person"
        assert "is the number of another batch" in answer.content.decode()


class TestNoneOfThem:
    def test_sends_it_again(self, office, client, batch, later):  # noqa: F811
        decide(client, batch, choice="not_there")
        later(11)

        batch.refresh_from_db()
        assert batch.state == "posted"
        assert batch.vendor_number not in batch.candidates
        assert office.posts() == 2


class TestStopped:
    REASON = "Payroll has corrected the run"

    def test_is_not_sent_and_says_who_stopped_it_and_why(
        self,
        office,
        client,
        batch,
        later,  # noqa: F811
    ):
        answer = decide(client, batch, choice="stop", reason=self.REASON)
        later(600)

        batch.refresh_from_db()
        assert (batch.state, batch.vendor_number, batch.sent_at) == ("rejected", "", None)
        assert batch.journal.state == "stopped"
        assert office.posts() == 1
        words = f"{office.member.user} stopped the batch: {self.REASON}"
        assert words in answer.content.decode()
        entry = AuditEntry.objects.get(action="batch.decided")
        assert entry.user == office.member.user
        assert entry.details == {"choice": "stop", "number": "", "reason": self.REASON}

    def test_may_be_sent_after_all_and_goes_once(
        self,
        office,
        client,
        batch,
        later,  # noqa: F811
    ):
        decide(client, batch, choice="stop", reason=self.REASON)

        client.post(reverse("journals:send", args=[batch.journal_id]))
        later(0)

        batch.refresh_from_db()
        assert batch.state == "posted"
        assert batch.vendor_number not in ("", *batch.candidates)
        assert office.posts() == 2

    def test_lets_go_of_a_number_that_held_something_else(self, client, batch, later):  # noqa: F811
        decide(client, batch, choice="this_one", number=batch.candidates[1])
        later(11)
        batch.refresh_from_db()
        assert batch.vendor_number

        decide(client, batch, choice="stop", reason=self.REASON)

        batch.refresh_from_db()
        assert (batch.state, batch.vendor_number) == ("rejected", "")

    def test_stands_no_longer_in_the_way_of_a_corrected_file(self, client, batch):
        assert BatchState(batch.state) in MAY_BE_IN_LEDGER

        decide(client, batch, choice="stop", reason=self.REASON)

        batch.refresh_from_db()
        assert BatchState(batch.state) not in MAY_BE_IN_LEDGER

    def test_needs_the_reason(self, client, batch):
        answer = decide(client, batch, choice="stop", reason=" ")

        batch.refresh_from_db()
        assert batch.state == "needs_person"
        assert answer.status_code == 409

    def test_needs_the_right_to_send(self, office, batch):
        reader = signed_in(factories.member(office.organisation, rights={"journals": "read"}))

        answer = decide(reader, batch, choice="stop", reason=self.REASON)

        batch.refresh_from_db()
        assert answer.status_code == 403
        assert batch.state == "needs_person"


class TestBookedByHand:
    def test_closes_it_with_the_reason(self, office, client, batch, later):  # noqa: F811
        decide(client, batch, choice="by_hand", reason="Kept 000002")
        later(60)

        batch.refresh_from_db()
        assert (batch.state, batch.reason) == ("closed", "Kept 000002")
        assert batch.journal.state == "closed"
        assert office.posts() == 1
        assert AuditEntry.objects.get(action="batch.closed_by_hand").user == office.member.user

    def test_needs_the_reason(self, client, batch):
        answer = decide(client, batch, choice="by_hand", reason=" ")

        batch.refresh_from_db()
        assert batch.state == "needs_person"
        assert answer.status_code == 409
        assert "A reason is missing." in answer.content.decode()


class TestOwnNumber:
    def test_is_read_instead_of_searched_for(self, office, later):  # noqa: F811
        office.mapping.own_numbers = True
        office.mapping.save()
        office.store.setup.set_company(office.tenant_id, manual_numbers=True)
        journal = office.journal(lines=[line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")])
        office.store.add_fault("lose_answer", on="create", times=1)
        sending.request_sending(journal=journal, by=None, now=datetime.now(UTC))

        later(0)
        before_the_first_journal = FirstLook.objects.get().looked_at
        later(10)

        own = journal.batches.get()
        lists = office.store.requests(call="list", tenant_id=office.tenant_id)
        assert (own.state, own.vendor_number) == ("posted", own.own_number)
        assert [datetime.fromisoformat(one.at) > before_the_first_journal for one in lists] == [
            False
        ]
        assert office.posts() == 1
