"""Undo by the pages and commands: rights, strangers, what is shown before it is posted."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import AuditEntry
from journals.management.commands import _undoing
from journals.models import Batch, Journal
from journals.operations import sending
from organisations.operations.people import create_organisation
from tests import factories
from tests.journals.pages import rows
from tests.journals.pages.conftest import signed_in
from tests.journals.sending.conftest import MARCH, Office, line, make_office

Work = Callable[..., int]


@pytest.fixture
def office(db: None, sandbox: Any) -> Office:
    return make_office(sandbox)


@pytest.fixture
def client(office: Office) -> Client:
    return signed_in(office.member)


@pytest.fixture
def journal(office: Office, run_due_work: Work) -> Journal:
    made = office.journal(
        lines=[line(MARCH, "7010", "500.25", "0100", "K10"), line(MARCH, "2821", "-500.25")]
    )
    sending.request_sending(journal=made, by=None, now=datetime.now(UTC))
    run_due_work()
    made.refresh_from_db()
    assert made.state == "sent"
    return made


class TestTheConfirmPage:
    def test_shows_exactly_what_will_be_posted(self, office, client, journal, run_due_work):
        batch = journal.batches.get()
        url = reverse("journals:reverse", args=[journal.pk])

        html = client.get(url).content.decode()
        client.post(url, {"batch": batch.pk, "reason": "Wrong month"})
        run_due_work()

        posted = office.ledger()[-1]
        assert posted.description in html
        assert f"reverses {batch.vendor_number}" in html
        assert [entry["creditAmountInCurrency"] for entry in posted.lines] == [500.25, 0]
        assert html.count("500.25") >= 3

    def test_makes_no_call_and_posts_nothing(self, office, client, journal):
        before = len(office.store.requests())

        client.get(reverse("journals:reverse", args=[journal.pk]))

        assert len(office.store.requests()) == before

    def test_asks_for_the_reason(self, office, client, journal, run_due_work):
        url = reverse("journals:reverse", args=[journal.pk])

        answer = client.post(url, {"batch": journal.batches.get().pk, "reason": ""})
        run_due_work()

        assert answer.status_code == 409
        assert "A reason is missing." in answer.content.decode()
        assert len(office.ledger()) == 1

    def test_needs_a_batch_to_be_chosen(self, client, journal):
        url = reverse("journals:reverse", args=[journal.pk])

        answer = client.post(url, {"reason": "Wrong month"})

        assert answer.status_code == 409
        assert "There is nothing to reverse" in answer.content.decode()

    def test_offers_the_first_open_period_when_its_own_is_closed(
        self, office, client, journal, run_due_work
    ):
        office.store.setup.close_period(office.tenant_id, "202603")
        url = reverse("journals:reverse", args=[journal.pk])
        client.post(url, {"batch": journal.batches.get().pk, "reason": "Wrong month"})
        run_due_work()

        own = client.get(url).content.decode()
        moved = client.get(url + "?open_period=yes").content.decode()

        assert "a period is closed" in own
        assert "?open_period=yes" in own
        assert "<dd>202604" in moved

    def test_can_note_that_it_was_reversed_there(self, office, client, journal):
        url = reverse("journals:reverse", args=[journal.pk])

        client.post(
            url,
            {"batch": journal.batches.get().pk, "reason": "Deleted there", "by_hand": "yes"},
        )

        journal.refresh_from_db()
        assert journal.state == "reversed"
        assert len(office.ledger()) == 1
        assert AuditEntry.objects.filter(action="batch.reversed_by_hand").exists()


class TestTheJournalsPage:
    def test_shows_both_batches_with_reason_and_person(self, office, client, journal, run_due_work):
        number = journal.batches.get().vendor_number
        url = reverse("journals:reverse", args=[journal.pk])
        client.post(url, {"batch": journal.batches.get().pk, "reason": "Wrong month"})
        run_due_work()

        html = client.get(reverse("journals:detail", args=[journal.pk])).content.decode()

        mirror = Batch.objects.get(reverses__isnull=False)
        assert "Reversed" in html
        assert f"reverses {number}" in html
        assert f"by {mirror.vendor_number}" in html
        assert "Wrong month" in html
        assert str(office.member.user) in html
        assert f"Reverse was pressed for {number}" in html

    def test_leads_to_resending_and_back(self, client, journal, run_due_work):
        reverse_url = reverse("journals:reverse", args=[journal.pk])
        client.post(reverse_url, {"batch": journal.batches.get().pk, "reason": "Wrong month"})
        run_due_work()
        resend_url = reverse("journals:resend", args=[journal.pk])
        page = client.get(reverse("journals:detail", args=[journal.pk])).content.decode()
        confirm = client.get(resend_url).content.decode()

        answer = client.post(resend_url)

        resend = Journal.objects.get(resend_of=journal)
        old = client.get(reverse("journals:detail", args=[journal.pk])).content.decode()
        new = client.get(answer["Location"]).content.decode()
        assert resend_url in page
        assert f"{journal.reference} (2)" in confirm
        assert reverse("journals:detail", args=[resend.pk]) in old
        assert resend_url not in old
        assert reverse("journals:detail", args=[journal.pk]) in new
        assert resend.state == "imported"


class TestQueries:
    def test_of_the_confirm_page_are_as_many_for_six_batches_as_for_two(self, db):
        me = factories.member()
        client = signed_in(me)

        def asked(periods: tuple[str, ...]) -> int:
            journal = rows.journal(me.organisation, periods=periods, state="sent")
            through = factories.connection(me.organisation)
            for number, batch in enumerate(journal.batches.all()):
                rows.freeze(
                    batch,
                    connection=through,
                    state="posted",
                    vendor_number=f"{number}",
                    proven_at=rows.NOW,
                )
            url = reverse("journals:reverse", args=[journal.pk])
            client.get(url)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url).content.count(b'name="batch"') == len(periods)
            return len(queries)

        assert asked(("2026-01", "2026-02")) == asked(
            tuple(f"2026-{month:02d}" for month in range(1, 7))
        )


class TestRights:
    NAMES = ("journals:reverse", "journals:resend")

    def test_a_stranger_finds_no_page(self, journal):
        stranger = signed_in(factories.member())
        batch = journal.batches.get()

        for name in self.NAMES:
            url = reverse(name, args=[journal.pk])
            assert (stranger.get(url).status_code, stranger.post(url).status_code) == (404, 404)
        for name in ("journals:decision", "journals:close"):
            url = reverse(name, args=[batch.pk])
            assert stranger.get(url).status_code == 404
        assert stranger.post(reverse("journals:close", args=[batch.pk])).status_code == 404

    def test_who_may_send_may_not_undo_by_that(self, office, journal):
        sender = signed_in(factories.member(office.organisation, {"journals": "write"}))
        page = sender.get(reverse("journals:detail", args=[journal.pk])).content.decode()

        for name in self.NAMES:
            url = reverse(name, args=[journal.pk])
            assert (sender.get(url).status_code, sender.post(url).status_code) == (404, 404)
            assert url not in page

    def test_who_may_only_read_may_not_close(self, office, journal):
        reader = signed_in(factories.member(office.organisation, {"journals": "read"}))
        url = reverse("journals:close", args=[journal.batches.get().pk])

        assert (reader.get(url).status_code, reader.post(url).status_code) == (403, 403)

    def test_only_the_built_in_administrator_has_the_right_at_first(self, db):
        made = create_organisation(name="New office")

        having = [role.name for role in made.roles.all() if role.rights.get("undo")]
        assert having == ["Administrator"]


class TestClosing:
    @pytest.fixture
    def batch(self, office: Office) -> Batch:
        journal = rows.journal(office.organisation, state="stopped")
        made = journal.batches.get()
        Batch.objects.filter(pk=made.pk).update(state="rejected", failure_code="PreflightFailed")
        made.refresh_from_db()
        return made

    def test_asks_for_the_reason_and_shows_who_and_when(self, office, client, batch):
        url = reverse("journals:close", args=[batch.pk])
        without = client.post(url, {"reason": " "})

        client.post(url, {"reason": "Booked as 000900"})

        html = client.get(reverse("journals:detail", args=[batch.journal_id])).content.decode()
        assert without.status_code == 409
        assert "Booked as 000900" in html
        assert "Closed by hand" in html
        assert str(office.member.user) in html
        assert "What this means" not in html

    def test_can_be_reversed(self, client, batch):
        url = reverse("journals:close", args=[batch.pk])
        client.post(url, {"reason": "Booked as 000900"})

        page = client.get(url).content.decode()
        client.post(url, {"open_again": "yes"})

        batch.refresh_from_db()
        assert "Undo the closing" in page
        assert batch.state == "rejected"
        assert batch.reason == ""


class TestCommands:
    def run(self, name: str, *args: str) -> dict[str, Any]:
        out = io.StringIO()
        call_command(name, *args, "--json", stdout=out, stderr=io.StringIO())
        answer: dict[str, Any] = json.loads(out.getvalue())
        return answer

    def test_reverse_wait_and_resend(self, office, journal, run_due_work, monkeypatch):
        monkeypatch.setattr(_undoing, "sleep", lambda _seconds: run_due_work())

        reversed_ = self.run("reverse_batch", journal.reference, "--reason", "Wrong", "--wait")
        resend = self.run("resend", journal.reference)
        again = self.run("resend", journal.reference)

        assert reversed_["state"] == "reversed"
        assert [row["state"] for row in reversed_["batches"]] == ["reversed", "posted"]
        assert reversed_["batches"][1]["reverses"] == reversed_["batches"][0]["number"]
        assert resend["reference"] == f"{journal.reference} (2)"
        assert again["id"] == resend["id"]
        assert len(office.ledger()) == 2

    def test_reverse_fails_when_the_mirror_is_not_posted(
        self, office, journal, run_due_work, monkeypatch
    ):
        office.store.delete_batch(office.tenant_id, journal.batches.get().vendor_number)
        monkeypatch.setattr(_undoing, "sleep", lambda _seconds: run_due_work())
        out = io.StringIO()

        with pytest.raises(CommandError, match="Not every batch is reversed"):
            call_command(
                "reverse_batch", journal.reference, "--reason", "Wrong", "--wait", stdout=out
            )

        assert "is no longer in the ledger" in out.getvalue()

    def test_refuse_what_cannot_be_done(self, journal):
        with pytest.raises(CommandError, match="has no such batch in 2026-01"):
            self.run("reverse_batch", journal.reference, "--period", "2026-01", "--reason", "x")
        with pytest.raises(CommandError, match="cannot be resent"):
            self.run("resend", journal.reference)
        with pytest.raises(CommandError, match="has no such batch"):
            self.run("close_batch", journal.reference, "--period", "2026-03", "--reason", "x")

    def test_close_and_open_again(self, db):
        journal = rows.journal(factories.organisation(), state="stopped")
        Batch.objects.update(state="rejected")
        words = (journal.reference, "--period", "2026-03", "--reason", "Booked as 000900")

        closed = self.run("close_batch", *words)
        opened = self.run("close_batch", *words, "--open-again")

        assert closed["state"] == "closed"
        assert closed["batches"][0]["reason"] == "Booked as 000900"
        assert opened["batches"][0]["state"] == "rejected"

    @pytest.mark.parametrize("name", ["reverse_batch", "resend", "close_batch", "read_back"])
    def test_show_an_example_in_their_help(self, name, capsys):
        with pytest.raises(SystemExit):
            call_command(name, "--help")

        assert f"Example:\n  python manage.py {name}" in capsys.readouterr().out
