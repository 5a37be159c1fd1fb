"""S13: the history says what was recorded; a page says what is waited for, with true buttons."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Connection
from connectors.errors import Rejected
from journals.models import Attempt, Journal
from journals.operations.reversing import mark_reversed_by_hand
from journals.queries import histories
from journals.queries.histories import Entry
from tests.functional.test_b07_decided_by_a_person import decide
from tests.journals.pages.conftest import signed_in
from tests.journals.sending.conftest import MARCH, Office, later, line, office  # noqa: F401
from tests.journals.sending.test_delivery import Later, press, states
from tests.journals.sending.test_numbers_given_again import delete_there, sent


def one(office: Office, run: str = "1") -> Journal:  # noqa: F811
    return office.journal(
        run=run, lines=[line(MARCH, "7010", "5.00", "0100", "K10"), line(MARCH, "2821", "-5.00")]
    )


def page(office: Office, journal: Journal) -> str:  # noqa: F811
    client = signed_in(office.member)
    html: str = client.get(reverse("journals:detail", args=[journal.pk])).content.decode()
    return html


def entries(journal: Journal) -> list[Entry]:
    return histories.history(journal)[0]


class TestTheHistory:
    def test_keeps_the_values_of_each_failure_when_the_next_one_comes(
        self,
        office: Office,  # noqa: F811
        later: Later,  # noqa: F811
    ) -> None:
        journal = one(office)
        office.store.setup.set_account(office.tenant_id, "7010", active=False)
        press(office, journal)
        later(0)
        batch = journal.batches.get()
        Attempt.objects.create(
            organisation=office.organisation,
            batch=batch,
            kind="post",
            owner="w",
            started_at=batch.state_at,
            outcome="vismanet.AccountInactive",
            params={"account": "7010, 7210"},
        )

        texts = [entry.text for entry in entries(journal)]

        assert any("It is one of: 7010, 7210." in text for text in texts)
        assert not any("…" in text for text in texts)

    def test_of_a_call_that_failed_keeps_them_with_the_call(
        self,
        office: Office,  # noqa: F811
        later: Later,  # noqa: F811
    ) -> None:
        journal = one(office)
        press(office, journal)
        office.store.add_fault("forbidden", on="create")
        later(0)
        press(office, journal)
        later(1)

        post = Attempt.objects.filter(batch__journal=journal, kind="post").earliest("started_at")

        assert states(journal) == ["posted"]
        assert post.params["vendor"] == "Visma.net"
        assert any("Visma.net" in e.text and "…" not in e.text for e in entries(journal))

    def test_of_an_act_does_not_mix_its_own_values_with_the_failures(
        self,
        office: Office,  # noqa: F811
    ) -> None:
        journal = one(office)
        failure = Rejected(vendor="X", period="2026-01")

        journal.remember("fault", now=journal.imported_at, failure=failure, period="2026-03")

        event = journal.events.get(code="fault")
        assert event.params["period"] == "2026-03"
        assert event.params["failure_params"] == {"vendor": "X", "period": "2026-01"}

    def test_of_a_failure_that_no_version_knows_any_more_is_still_a_line(
        self,
        office: Office,  # noqa: F811
    ) -> None:
        journal = one(office)
        journal.events.create(
            organisation=office.organisation,
            at=journal.imported_at,
            code="refused",
            params={"failure": "GoneSince", "failure_params": {"account": "7010"}},
        )

        (entry,) = entries(journal)

        assert "7010" in entry.detail


class TestThePageOfAJournalThatWaits:
    def test_for_a_sign_in_leads_there_and_offers_no_send(
        self,
        office: Office,  # noqa: F811
        later: Later,  # noqa: F811
    ) -> None:
        journal = one(office)
        press(office, journal)
        Connection.objects.update(state=Connection.State.SIGN_IN_AGAIN)
        later(0)

        html = page(office, journal)

        assert "Waits until someone has signed in to the account" in html
        assert reverse("accounts:connections") in html
        assert "press Send again" not in html
        assert "Try now" not in html

    def test_for_the_vendor_says_until_when_and_may_be_tried_now(
        self,
        office: Office,  # noqa: F811
        later: Later,  # noqa: F811
    ) -> None:
        journal = one(office)
        press(office, journal)
        office.store.add_fault("unavailable", on="GET", times=None)
        later(0)
        office.store.clear_faults()

        html = page(office, journal)
        signed_in(office.member).post(reverse("journals:try_now", args=[journal.pk]))
        later(1)

        assert "Waits for the vendor to answer again" in html
        assert "Next attempt:" in html
        assert "Try now" in html
        assert states(journal) == ["posted"]


class TestTheDecisionAboutABatchWhoseNumberWasGivenAgain:
    @pytest.fixture
    def gone(self, office: Office, later: Later) -> Any:  # noqa: F811
        older = sent(office, later, run="1")
        delete_there(office, older)
        sent(office, later, run="2", amount="7.00")
        return older.batches.get()

    def test_names_the_other_and_offers_what_can_be_true(
        self,
        office: Office,  # noqa: F811
        gone: Any,
    ) -> None:
        client = signed_in(office.member)

        html = client.get(reverse("journals:decision", args=[gone.pk])).content.decode()

        assert office.ledger()[0].description in html
        for choice in ("deleted", "not_there", "stop", "by_hand", "this_one"):
            assert f'value="{choice}"' in html

    def test_takes_that_it_was_rightly_deleted(
        self,
        office: Office,  # noqa: F811
        gone: Any,
    ) -> None:
        client = signed_in(office.member)

        decide(client, gone, choice="deleted", reason="Booked twice")

        gone.refresh_from_db()
        assert (gone.state, gone.reason) == ("reversed", "Booked twice")
        assert "rightly deleted" in page(office, gone.journal)


class TestAReversedJournal:
    def test_says_how_a_corrected_file_takes_its_place(
        self,
        office: Office,  # noqa: F811
        later: Later,  # noqa: F811
    ) -> None:
        journal = sent(office, later, run="1")
        delete_there(office, journal)
        mark_reversed_by_hand(
            batch=journal.batches.get(), reason="Wrong", by=None, now=journal.imported_at
        )
        client = signed_in(office.member)

        resend = client.get(reverse("journals:resend", args=[journal.pk])).content.decode()

        for html in (page(office, journal), resend):
            assert "Import the corrected file instead" in html


class TestManyJournalsThatAreRefusedTogether:
    def test_are_listed_in_one_notice_with_each_reason_once(
        self,
        office: Office,  # noqa: F811
    ) -> None:
        journals = [one(office, str(run)) for run in range(12)]
        office.company.is_test = True
        office.company.save()
        client = signed_in(office.member)

        answer = client.post(
            reverse("journals:send_chosen"),
            {"journal": [journal.pk for journal in journals]},
            follow=True,
        )

        notices = [str(notice) for notice in answer.context["messages"]]
        assert len(notices) == 1
        assert notices[0].startswith("12 journals were not sent.")
        assert notices[0].count("is a test company") == 1
        assert "and 7 more" in notices[0]
