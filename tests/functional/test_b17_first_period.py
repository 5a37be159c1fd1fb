"""B17: a mapping has a first period; runs before it were booked before the hub."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEntry
from journals.models import Batch, Journal, journal_of
from journals.operations import preparing, previewing, resending, sending
from journals.rules.refusals import BookedBefore
from journals.rules.states import BatchState
from mappings.models import Mapping
from tests import factories
from tests.journals.importing.builders import imported, sie
from tests.journals.pages.conftest import signed_in
from tests.journals.sending.conftest import JANUARY, Office, later, make_office  # noqa: F401
from tests.mappings.targets import connected
from tests.mappings.wizard import answer, walk_to_dimensions

Later = Callable[[float], int]
NOW = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)


@pytest.fixture
def office(db: None, sandbox: Any) -> Office:
    """Return an office whose mapping begins in April 2026."""
    made = make_office(sandbox)
    begin(made, "2026-04")
    return made


@pytest.fixture
def client(office: Office) -> Client:
    return signed_in(office.member)


def begin(office: Office, period: str) -> None:
    """Give the mapping a first period, as if it had always had it."""
    Mapping.objects.filter(pk=office.mapping.pk).update(first_period=period)
    office.mapping.refresh_from_db()


def press(journal: Journal) -> int:
    return sending.request_sending(journal=journal, by=None, now=timezone.now())


def states(journal: Journal) -> set[str]:
    return set(Batch.objects.filter(journal=journal).values_list("state", flat=True))


class TestTheFirstPeriod:
    def test_is_proposed_as_the_present_month_and_required(
        self, sandbox: Any, run_due_work: Any, db: None
    ) -> None:
        me = factories.member()
        company = factories.company(me.organisation)
        client = signed_in(me)
        walk_to_dimensions(client, company, connected(me.organisation, sandbox.url), run_due_work)

        shown = client.get(reverse("mappings:step", args=["policy"]))
        refused = answer(
            client, "policy", posting="hold", closed_period_rule="hold", first_period=""
        )

        assert shown.context["form"]["first_period"].value() == f"{timezone.localdate():%Y-%m}"
        assert "first_period" in refused.context["form"].errors

    @pytest.mark.parametrize("typed", ["2026-13", "202603", "mars", "1989-12", "2026-3", "٢٠٢٦-٠٣"])
    def test_is_a_month(self, sandbox: Any, run_due_work: Any, db: None, typed: str) -> None:
        me = factories.member()
        company = factories.company(me.organisation)
        client = signed_in(me)
        walk_to_dimensions(client, company, connected(me.organisation, sandbox.url), run_due_work)

        refused = answer(
            client, "policy", posting="hold", closed_period_rule="hold", first_period=typed
        )

        assert refused.status_code == 200
        assert "first_period" in refused.context["form"].errors

    def test_stands_on_the_page_of_the_mapping(self, office: Office, client: Client) -> None:
        page = client.get(reverse("mappings:detail", args=[office.mapping.pk]))

        assert ("First period", "2026-04") in page.context["pairs"]


class TestARunBeforeIt:
    def test_arrives_as_booked_before_the_hub(self, office: Office) -> None:
        journal = journal_of(imported(office.organisation, sie()))

        journal.refresh_from_db()
        assert journal.state == "booked_before"
        assert states(journal) == {BatchState.BOOKED_BEFORE}

    def test_is_refused_at_the_press_with_the_period_in_words(
        self, office: Office, client: Client
    ) -> None:
        journal = journal_of(imported(office.organisation, sie()))

        page = client.post(reverse("journals:send", args=[journal.pk]))

        assert page.status_code == 409
        assert "is earlier than 2026-04" in page.content.decode()
        assert states(journal) == {BatchState.BOOKED_BEFORE}

    def test_is_kept_out_by_the_check_when_the_period_came_after_the_press(
        self, office: Office
    ) -> None:
        begin(office, "2026-01")
        journal = office.journal()
        press(journal)
        begin(office, "2026-04")

        preparing.prepare(journal_id=journal.pk, clock=timezone.now)

        assert states(journal) == {BatchState.BOOKED_BEFORE}

    def test_is_kept_out_just_before_the_call(self, office: Office, later: Later) -> None:  # noqa: F811
        begin(office, "2026-01")
        journal = office.journal()
        press(journal)
        preparing.prepare(journal_id=journal.pk, clock=timezone.now)
        begin(office, "2026-04")

        later(0)

        assert office.posts() == 0
        assert states(journal) == {BatchState.BOOKED_BEFORE}

    def test_is_listed_and_counted_apart(self, office: Office, client: Client) -> None:
        imported(office.organisation, sie())

        home = client.get("/overview/").content.decode()
        company = client.get(reverse("journals:company", args=[office.company.pk]))
        listed = client.get(reverse("journals:list") + "?state=booked_before").content.decode()

        assert "Booked before the hub" in home
        assert "1 run was booked before the hub" in company.content.decode()
        assert "PAYROLL 2026-03/3" in listed

    def test_is_dry_run_with_the_same_words(self, office: Office) -> None:
        journal = journal_of(imported(office.organisation, sie()))

        with pytest.raises(BookedBefore):
            previewing.dry_run(journal=journal, now=timezone.now())


class TestARunFromItOn:
    def test_may_correct_periods_before_it(self, office: Office, later: Later) -> None:  # noqa: F811
        begin(office, "2026-03")

        journal = office.journal()
        press(journal)
        later(0)

        assert states(journal) == {BatchState.POSTED}
        assert {held.period for held in office.ledger()} == {"202601", "202602", "202603"}

    def test_that_was_reversed_is_sent_again_though_its_corrections_are_older(
        self,
        office: Office,
        later: Later,  # noqa: F811
    ) -> None:
        begin(office, "2026-03")
        journal = office.journal()
        press(journal)
        later(0)
        january = Batch.objects.get(journal=journal, period="2026-01")
        Batch.objects.filter(pk=january.pk).update(state=BatchState.REVERSED)
        resend = resending.resend(journal=journal, by=None, now=timezone.now())

        press(resend)
        later(0)

        assert (resend.run_period, states(resend)) == ("2026-01", {BatchState.POSTED})


class TestAnotherFirstPeriod:
    def change(self, office: Office, period: str, reason: str = "Checked in the ledger") -> Any:
        """Change it by command."""
        call_command(
            "set_first_period", period, "--company", office.company.number, "--yes",
            "--reason", reason,
        )  # fmt: skip

    def test_that_is_earlier_lets_runs_be_sent(self, office: Office) -> None:
        journal = journal_of(imported(office.organisation, sie()))

        self.change(office, "2026-03")

        journal.refresh_from_db()
        assert (journal.state, states(journal)) == ("imported", {BatchState.DRAFT})
        assert press(journal) == 1

    def test_that_is_later_takes_waiting_runs_out(self, office: Office) -> None:
        begin(office, "2026-01")
        journal = office.journal()
        press(journal)

        self.change(office, "2026-05")

        assert states(journal) == {BatchState.BOOKED_BEFORE}

    def test_touches_nothing_that_is_or_may_be_in_the_ledger(self, office: Office) -> None:
        begin(office, "2026-01")
        journal = office.journal()
        Batch.objects.filter(journal=journal).update(state=BatchState.UNKNOWN)

        self.change(office, "2026-05")

        assert states(journal) == {BatchState.UNKNOWN}

    def test_needs_a_reason_and_is_audited_with_it(self, office: Office) -> None:
        with pytest.raises(CommandError, match="reason"):
            self.change(office, "2026-03", reason=" ")
        self.change(office, "2026-03")

        details = AuditEntry.objects.get(action="mapping.changed").details
        assert details == {
            "first_period": {"from": "2026-04", "to": "2026-03"},
            "reason": "Checked in the ledger",
        }

    def test_says_first_what_it_would_change(self, office: Office, capsys: Any) -> None:
        imported(office.organisation, sie())

        call_command("set_first_period", "2026-03", "--company", office.company.number, "--json")

        said = json.loads(capsys.readouterr().out)
        assert (said["changed"], said["to_send"], said["booked_before"]) == (False, 1, 0)
        office.mapping.refresh_from_db()
        assert office.mapping.first_period == "2026-04"

    def test_is_asked_about_in_the_browser(
        self, office: Office, client: Client, run_due_work: Any
    ) -> None:
        imported(office.organisation, sie())
        client.get(reverse("mappings:edit", args=[office.mapping.pk]))
        run_due_work()
        answer(client, "policy", posting="hold", closed_period_rule="hold", first_period="2026-03")

        asked = client.get(reverse("mappings:step", args=["review"])).content.decode()
        refused = client.post(reverse("mappings:step", args=["review"]), {"reason": ""})
        office.mapping.refresh_from_db()
        before = office.mapping.first_period
        client.post(reverse("mappings:step", args=["review"]), {"reason": "Not booked"})

        office.mapping.refresh_from_db()
        assert "1 run that counts as booked before the hub could then be sent" in asked
        assert (refused.status_code, before) == (200, "2026-04")
        assert office.mapping.first_period == "2026-03"
        assert Journal.objects.get().state == "imported"

    def test_does_not_reach_another_companys_runs(self, office: Office) -> None:
        other = factories.mapping(office.organisation, first_period="2026-04")
        Mapping.objects.filter(pk=other.pk).update(first_period="2026-04")
        journal = journal_of(imported(office.organisation, sie()))

        call_command(
            "set_first_period", "2026-01", "--company", other.company.number, "--yes",
            "--reason", "x",
        )  # fmt: skip

        assert states(journal) == {BatchState.BOOKED_BEFORE}


class TestNewMappings:
    def test_marks_what_was_imported_before_it(self, office: Office, later: Later) -> None:  # noqa: F811
        Mapping.objects.all().delete()
        journal = journal_of(imported(office.organisation, sie()))

        call_command(
            "map_company", "--company", office.company.number,
            "--connection", str(office.connection.pk), "--closed-period", "refuse",
            "--first-period", "2026-04",
        )  # fmt: skip

        assert states(journal) == {BatchState.BOOKED_BEFORE}
