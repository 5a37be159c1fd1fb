"""check_journal, send_journal and list_journals: answers, JSON and exit codes."""

import io
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from background import operations
from background.models import Heartbeat
from journals.management.commands import _undoing
from journals.models import Batch, Journal
from tests import factories
from tests.journals.pages import rows


def run(name: str, *args: str) -> str:
    out = io.StringIO()
    call_command(name, *args, stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.fixture
def journal(db) -> Journal:
    made = rows.journal(factories.organisation(), reference="LON-2026-03")
    rows.mapping(made.company)
    return made


def post_all() -> None:
    for number, batch in enumerate(Batch.objects.order_by("period"), start=100):
        rows.freeze(batch, state="posted", vendor_number=str(number), proven_at=rows.NOW)
    Journal.objects.update(state="sent")


class TestSendJournal:
    def test_queues_and_returns_at_once(self, journal):
        said = json.loads(run("send_journal", "LON-2026-03", "--json"))

        assert said["state"] == "checking"
        assert [row["state"] for row in said["batches"]] == ["ready"]

    def test_waits_until_all_is_posted(self, journal, monkeypatch):
        monkeypatch.setattr(_undoing, "sleep", lambda _seconds: post_all())

        said = json.loads(run("send_journal", "LON-2026-03", "--wait", "60", "--json"))

        assert said["state"] == "sent"
        assert [row["number"] for row in said["batches"]] == ["100"]

    def test_prints_a_table(self, journal, monkeypatch):
        monkeypatch.setattr(_undoing, "sleep", lambda _seconds: post_all())

        said = run("send_journal", str(journal.pk), "--wait", "60")

        assert "LON-2026-03: Sent" in said
        assert "2026-03" in said
        assert "Posted" in said

    def test_fails_when_a_batch_is_stopped_and_says_why(self, journal, monkeypatch):
        def stop(_seconds: float) -> None:
            Batch.objects.update(
                state="rejected", failure_code="PreflightFailed", failure_params={"count": "3"}
            )
            Journal.objects.update(state="stopped")

        monkeypatch.setattr(_undoing, "sleep", stop)
        out = io.StringIO()

        with pytest.raises(CommandError, match="Not every batch is posted"):
            call_command("send_journal", "LON-2026-03", "--wait", "60", stdout=out)

        assert "found 3 problems" in out.getvalue()

    def test_says_that_no_worker_runs_when_the_wait_is_over(self, journal, monkeypatch):
        ticks = iter(range(0, 1000, 10))
        monkeypatch.setattr(_undoing, "monotonic", lambda: float(next(ticks)))
        monkeypatch.setattr(_undoing, "sleep", lambda _seconds: None)

        with pytest.raises(CommandError, match=r"still on its way\. No worker is running"):
            run("send_journal", "LON-2026-03", "--wait", "30")

    def test_says_nothing_of_workers_when_one_runs(self, journal):
        Heartbeat.objects.create(name="worker-1", kind="worker", at=timezone.now())
        err = io.StringIO()

        call_command("send_journal", "LON-2026-03", stdout=io.StringIO(), stderr=err)

        assert err.getvalue() == ""

    def test_succeeds_again_when_all_was_posted_before(self, journal):
        post_all()

        assert json.loads(run("send_journal", "LON-2026-03", "--wait", "1", "--json"))

    def test_refuses_with_cause_and_remedy(self, journal):
        journal.company.is_test = True
        journal.company.save()

        with pytest.raises(CommandError, match="is a test company"):
            run("send_journal", "LON-2026-03")

        assert Batch.objects.get().state == "draft"

    def test_asks_for_the_company_when_several_have_the_reference(self, journal):
        other = rows.journal(journal.organisation, reference="LON-2026-03")
        rows.mapping(other.company)

        with pytest.raises(CommandError, match="--company"):
            run("send_journal", "LON-2026-03")
        run("send_journal", "LON-2026-03", "--company", other.company.number)

        assert Batch.objects.get(state="ready").journal_id == other.pk

    def test_says_when_there_is_no_such_journal(self, journal):
        with pytest.raises(CommandError, match="There is no journal 'LON-1'"):
            run("send_journal", "LON-1")


class TestCheckJournal:
    def answer(self, monkeypatch, **found: object) -> None:
        result = {"problems": [], "batches": [], "checked_at": rows.NOW.isoformat()} | found
        monkeypatch.setitem(
            operations._HANDLERS, "journals.check", lambda background_request, now: result
        )

    def test_says_that_all_could_be_posted(self, journal, monkeypatch):
        self.answer(monkeypatch)

        assert json.loads(run("check_journal", "LON-2026-03", "--json"))["can_be_sent"] is True
        assert "would accept every batch" in run("check_journal", "LON-2026-03")

    def test_fails_and_lists_what_stops_it(self, journal, monkeypatch):
        problem = {
            "code": "account_missing",
            "period": "2026-03",
            "lines": 1,
            "params": {"account": "7011", "administration": "Nord AB"},
        }
        self.answer(monkeypatch, problems=[problem])
        out = io.StringIO()

        with pytest.raises(CommandError, match="cannot be sent as it is"):
            call_command("check_journal", "LON-2026-03", stdout=out)

        assert "Account 7011 does not exist in Nord AB." in out.getvalue()

    def test_fails_with_words_when_the_ledger_cannot_be_asked(self, journal):
        journal.company.mappings.all().delete()

        with pytest.raises(CommandError, match="not mapped to an administration"):
            run("check_journal", "LON-2026-03")

    def test_changes_no_batch(self, journal, monkeypatch):
        self.answer(monkeypatch)

        run("check_journal", "LON-2026-03")

        assert Batch.objects.get().state == "draft"


class TestListJournals:
    def test_lists_what_is_asked_for(self, journal):
        rows.journal(journal.organisation, reference="STOPPED-1", state="stopped")

        every = json.loads(run("list_journals", "--json"))["journals"]
        attention = json.loads(run("list_journals", "--state", "attention", "--json"))["journals"]
        mine = run("list_journals", "--company", journal.company.number)

        assert {row["reference"] for row in every} == {"LON-2026-03", "STOPPED-1"}
        assert [row["reference"] for row in attention] == ["STOPPED-1"]
        assert "LON-2026-03" in mine
        assert "STOPPED-1" not in mine

    def test_refuses_a_state_that_does_not_exist(self, journal):
        with pytest.raises(CommandError, match="There is no state 'gone'"):
            run("list_journals", "--state", "gone")

    @pytest.mark.parametrize(
        "name", ["check_journal", "send_journal", "list_journals", "list_failures"]
    )
    def test_shows_an_example_in_its_help(self, name, capsys):
        with pytest.raises(SystemExit):
            call_command(name, "--help")

        assert f"Example:\n  python manage.py {name}" in capsys.readouterr().out
