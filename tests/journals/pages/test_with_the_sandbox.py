"""The pages and commands against the sandbox's ledger, with a worker that runs on request."""

import io
import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from journals.management.commands import _undoing
from tests.journals.pages.conftest import signed_in
from tests.journals.sending.conftest import Office, make_office


@pytest.fixture
def office(db: None, sandbox: Any) -> Office:
    return make_office(sandbox)


@pytest.fixture
def payroll(office: Office) -> Client:
    return signed_in(office.member)


class TestStory:
    def test_checks_sends_and_shows_three_batches(self, office, payroll, run_due_work):
        journal = office.journal()
        page = reverse("journals:detail", args=[journal.pk])

        checked = payroll.post(reverse("journals:check", args=[journal.pk]))
        run_due_work()
        check = payroll.get(checked["Location"].partition("#")[0]).content.decode()
        nothing_written = len(office.ledger())
        payroll.post(reverse("journals:send", args=[journal.pk]))
        run_due_work()
        live = payroll.get(page).context["live"]
        html = payroll.get(page).content.decode()

        assert "The ledger would accept every batch" in check
        assert nothing_written == 0
        assert office.posts() == 3
        assert [row.period for row in live.batches] == ["2026-01", "2026-02", "2026-03"]
        assert all(row.state == "posted" and row.vendor_number for row in live.batches)
        assert live.sent
        assert not live.live
        assert "pair--sent" in html

    def test_shows_before_sending_what_is_in_the_ledger_afterwards(
        self, office, payroll, run_due_work
    ):
        journal = office.journal()
        payroll.post(reverse("journals:check", args=[journal.pk]))
        run_due_work()
        march = journal.batches.get(period="2026-03")
        page = reverse("journals:detail", args=[journal.pk]) + f"?batch={march.pk}"
        before = payroll.get(page).context["both"]

        payroll.post(reverse("journals:send", args=[journal.pk]))
        run_due_work()

        after = payroll.get(page).context["both"]
        assert not before.content.frozen
        assert after.content.frozen
        assert before.content.lines == after.content.lines
        assert before.posted == after.posted
        assert after.content.debit == Decimal("82000.00")


class TestCommands:
    def test_check_and_send_without_a_browser(self, office, run_due_work, monkeypatch):
        journal = office.journal()
        monkeypatch.setattr(_undoing, "sleep", lambda _seconds: run_due_work())
        out = io.StringIO()

        call_command("check_journal", journal.reference, "--json", stdout=out)
        checked = json.loads(out.getvalue())
        out = io.StringIO()
        call_command("send_journal", journal.reference, "--wait", "60", "--json", stdout=out)

        sent = json.loads(out.getvalue())
        assert checked["can_be_sent"]
        assert len(checked["batches"]) == 3
        assert sent["state"] == "sent"
        assert len({row["number"] for row in sent["batches"]}) == 3
        assert len(office.ledger()) == 3

    def test_check_names_an_account_that_the_ledger_does_not_have(self, office):
        journal = office.journal()
        journal.content.lines.filter(account="7010").update(account="7019")
        out = io.StringIO()

        with pytest.raises(CommandError):
            call_command("check_journal", journal.reference, stdout=out)

        assert "Account 7019 does not exist" in out.getvalue()
        assert office.ledger() == []
