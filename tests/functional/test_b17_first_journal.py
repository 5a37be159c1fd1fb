"""B17: before the first journal of a mapping is sent, the ledger is looked at."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.operations.access import connector_for
from audit.models import AuditEntry
from connectors.base import BatchToPost, PostingLine
from connectors.vismanet.client import Client as VismaNet
from journals.models import Batch, FirstLook, Journal
from journals.operations import previewing, resending, reversing, sending
from journals.rules.states import BatchState
from tests import factories
from tests.journals.pages.conftest import signed_in
from tests.journals.sending.conftest import (  # noqa: F401
    JANUARY,
    MARCH,
    Office,
    later,
    line,
    make_journal,
    make_office,
)

Later = Callable[[float], int]
APRIL = date(2026, 4, 24)


@pytest.fixture
def office(db: None, sandbox: Any) -> Office:
    """Return an office whose mapping has sent nothing yet."""
    return make_office(sandbox)


@pytest.fixture
def client(office: Office) -> Client:
    return signed_in(office.member)


@pytest.fixture
def work(later: Later) -> Callable[[], int]:  # noqa: F811
    """Return what lets the worker do what is due."""
    return lambda: later(0)


def book(office: Office, day: date = MARCH, total: str = "82000.00") -> str:
    """Book a batch in the ledger as the program before the hub did, and return its number."""
    amount, nothing = Decimal(total), Decimal("0.00")
    batch = BatchToPost(
        description=f"Lön {day:%Y-%m}",
        posted_on=day,
        period=f"{day:%Y%m}",
        currency="SEK",
        lines=(
            PostingLine("7010", amount, nothing, "Lön", ""),
            PostingLine("2821", nothing, amount, "Lön", ""),
        ),
        hold=False,
    )
    return connector_for(office.connection).post_journal(batch)


def run_of(office: Office, day: date = MARCH, total: str = "82000.00", run: str = "3") -> Journal:
    """Import a journal of one month."""
    lines = [line(day, "7010", total), line(day, "2821", f"-{total}")]
    return office.journal(lines=lines, run=run)


def press(journal: Journal) -> None:
    sending.request_sending(journal=journal, by=None, now=timezone.now())


def states(journal: Journal) -> set[str]:
    return set(Batch.objects.filter(journal=journal).values_list("state", flat=True))


def lists(office: Office) -> int:
    return len(office.store.requests(call="list", tenant_id=office.tenant_id))


def answer(client: Client, journal: Journal, choice: str, **more: str) -> Any:
    url = reverse("journals:booked", args=[journal.pk])
    return client.post(url, {"choice": choice} | more, follow=True)


def page_of(client: Client, journal: Journal) -> str:
    return client.get(reverse("journals:detail", args=[journal.pk])).content.decode()


class TestTheFirstJournal:
    def test_is_sent_when_the_ledger_holds_nothing_like_it(self, office: Office, work: Any) -> None:
        book(office, total="81999.99")
        journal = run_of(office)

        press(journal)
        work()

        assert states(journal) == {BatchState.POSTED}

    def test_stops_at_a_batch_of_the_same_date_and_total(
        self, office: Office, client: Client, work: Any
    ) -> None:
        number = book(office)
        journal = run_of(office)

        press(journal)
        work()

        page = page_of(client, journal)
        assert (office.posts(), states(journal)) == (1, {BatchState.REJECTED})
        assert "Is this run already booked?" in page
        for shown in (number, "2026-03-25", "82,000.00", "Lön 2026-03", "our batch for 2026-03"):
            assert shown in page

    def test_stops_at_its_correction_periods_too_and_sends_nothing_of_it(
        self, office: Office, work: Any
    ) -> None:
        book(office, JANUARY, "3200.00")
        journal = office.journal()

        sending.request_sending(journal=journal, by=None, now=timezone.now(), send_valid_only=True)
        work()

        assert (office.posts(), states(journal)) == (1, {BatchState.REJECTED})
        assert [one["of"] for one in FirstLook.objects.get().held] == ["2026-01"]

    def test_asks_in_the_dry_run_as_well(self, office: Office) -> None:
        number = book(office)
        journal = run_of(office)

        found = previewing.dry_run(journal=journal, now=timezone.now())

        assert [(p["code"], p["params"]["number"]) for p in found["problems"]] == [
            ("looks_booked", number)
        ]
        assert states(journal) == {BatchState.DRAFT}


class TestTheLook:
    def test_costs_calls_once_for_a_mapping(self, office: Office, work: Any) -> None:
        first = run_of(office)
        press(first)
        work()
        before = lists(office)
        second = run_of(office, APRIL, run="4")

        press(second)
        work()

        assert states(second) == {BatchState.POSTED}
        assert lists(office) == before

    def test_is_made_for_each_of_several_that_are_pressed_together(
        self, office: Office, work: Any
    ) -> None:
        book(office, APRIL, "500.00")
        first, second = run_of(office), run_of(office, APRIL, "500.00", run="4")

        press(first)
        press(second)
        work()

        assert (states(first), states(second)) == ({BatchState.POSTED}, {BatchState.REJECTED})

    def test_is_made_for_an_earlier_run_after_a_later_one(self, office: Office, work: Any) -> None:
        book(office)
        april = run_of(office, APRIL, run="4")
        press(april)
        work()
        march = run_of(office)

        press(march)
        work()

        assert (states(april), states(march)) == ({BatchState.POSTED}, {BatchState.REJECTED})

    def test_does_not_ask_about_what_was_reversed_and_is_resent(
        self, office: Office, work: Any
    ) -> None:
        journal = run_of(office)
        press(journal)
        work()
        reversing.request_reversal(
            batches=list(journal.batches.all()), reason="Wrong", by=None, now=timezone.now()
        )
        work()
        resend = resending.resend(journal=journal, by=None, now=timezone.now())

        press(resend)
        work()

        assert states(resend) == {BatchState.POSTED}

    def test_knows_the_batches_of_another_company_of_the_same_administration(
        self, office: Office, work: Any
    ) -> None:
        press(run_of(office))
        work()
        other = factories.mapping(office.organisation, through=office.connection, hold=False)
        same = make_journal(
            other.company, [line(MARCH, "7010", "82000.00"), line(MARCH, "2821", "-82000.00")]
        )

        press(same)
        work()

        assert states(same) == {BatchState.POSTED}

    def test_that_meets_an_outage_waits_and_sends_nothing(self, office: Office, work: Any) -> None:
        office.store.add_fault("bad_gateway", on="list", times=None)
        journal = run_of(office)

        press(journal)
        work()

        assert (office.posts(), states(journal)) == (0, {BatchState.READY})
        assert not FirstLook.objects.exists()


class TestATargetThatCannotBeListed:
    @pytest.fixture(autouse=True)
    def cannot_list(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(VismaNet, "capabilities", replace(VismaNet.capabilities, search=False))

    def test_asks_for_an_explicit_answer(self, office: Office, client: Client, work: Any) -> None:
        journal = run_of(office)

        press(journal)
        work()

        assert (office.posts(), states(journal)) == (0, {BatchState.REJECTED})
        assert "the ledger could not be listed" in page_of(client, journal)

    def test_is_sent_to_after_the_answer(self, office: Office, client: Client, work: Any) -> None:
        journal = run_of(office)
        press(journal)
        work()

        answer(client, journal, "another")
        work()

        assert states(journal) == {BatchState.POSTED}


class TestTheAnswer:
    @pytest.fixture
    def asked(self, office: Office, work: Any) -> Journal:
        """Return a journal about which a person is asked."""
        book(office)
        journal = run_of(office)
        press(journal)
        work()
        return journal

    def test_another_one_sends_it(self, office, client, asked, work) -> None:
        answer(client, asked, "another", reason="The bonus of the board")
        work()

        assert (states(asked), office.posts()) == ({BatchState.POSTED}, 2)
        entry = AuditEntry.objects.get(action="journal.another_run")
        assert (entry.user, entry.details["reason"]) == (
            office.member.user,
            "The bonus of the board",
        )

    def test_stands_in_the_history_with_who(self, office, client, asked, work) -> None:
        answer(client, asked, "another", reason="The bonus")

        page = page_of(client, asked)
        assert "Answer: it is another one. The bonus" in page
        assert str(office.member.user) in page

    def test_holds_only_for_what_was_seen(self, office, client, asked, work) -> None:
        answer(client, asked, "another")
        book(office)

        work()

        assert (states(asked), office.posts()) == ({BatchState.REJECTED}, 2)

    def test_booked_before_keeps_it_out_for_good(self, office, client, asked, work) -> None:
        answer(client, asked, "booked_before")
        work()
        client.post(reverse("journals:send", args=[asked.pk]))
        work()

        asked.refresh_from_db()
        assert (asked.state, office.posts()) == ("booked_before", 1)
        assert AuditEntry.objects.filter(action="journal.booked_before").count() == 1

    def test_booked_before_can_be_withdrawn_with_a_reason(self, client, asked) -> None:
        answer(client, asked, "booked_before")

        refused = answer(client, asked, "withdraw", reason=" ")
        before = states(asked)
        answer(client, asked, "withdraw", reason="It was another company's")

        assert "A reason is missing" in refused.content.decode()
        assert (before, states(asked)) == ({BatchState.BOOKED_BEFORE}, {BatchState.DRAFT})

    def test_survives_another_first_period(self, office, client, asked) -> None:
        answer(client, asked, "booked_before")

        call_command(
            "set_first_period", "2026-01", "--company", office.company.number, "--yes",
            "--reason", "x",
        )  # fmt: skip

        assert states(asked) == {BatchState.BOOKED_BEFORE}

    def test_is_given_once(self, client, asked) -> None:
        answer(client, asked, "booked_before")

        page = answer(client, asked, "another")

        assert "has already been answered" in page.content.decode()
        assert states(asked) == {BatchState.BOOKED_BEFORE}

    @pytest.mark.parametrize("choice", ["", "x", "\0", "another " * 40])
    def test_is_one_of_two(self, client, asked, choice) -> None:
        assert answer(client, asked, choice).status_code in (200, 400)

        assert states(asked) == {BatchState.REJECTED}

    def test_is_no_readers_and_no_strangers(self, office, asked) -> None:
        reader = signed_in(factories.member(office.organisation, rights={"journals": "read"}))
        stranger = signed_in(factories.member())

        assert answer(reader, asked, "another").status_code == 403
        assert answer(stranger, asked, "another").status_code == 404
        assert 'value="another"' not in page_of(reader, asked)


class TestByCommand:
    @pytest.fixture
    def asked(self, office: Office, work: Any) -> Journal:
        book(office)
        journal = run_of(office)
        press(journal)
        work()
        return journal

    def test_the_check_lists_it_and_fails(self, office: Office, capsys: Any) -> None:
        number = book(office)
        journal = run_of(office)

        with pytest.raises(CommandError):
            call_command("check_journal", str(journal.pk), "--json")

        said = json.loads(capsys.readouterr().out)
        assert not said["can_be_sent"]
        assert number in said["problems"][0]["summary"]

    def test_another_one_is_sent(self, asked: Journal, work: Any) -> None:
        call_command("send_journal", str(asked.pk), "--looks-booked", "another")
        work()

        assert states(asked) == {BatchState.POSTED}

    def test_booked_before_is_not(self, asked: Journal, work: Any, capsys: Any) -> None:
        call_command("check_journal", str(asked.pk), "--looks-booked", "booked-before", "--json")
        work()

        assert json.loads(capsys.readouterr().out)["state"] == "booked_before"
        with pytest.raises(CommandError):
            call_command("send_journal", str(asked.pk))

    def test_an_answer_without_a_question_is_refused(self, office: Office) -> None:
        journal = run_of(office)

        with pytest.raises(CommandError, match="There is no open question"):
            call_command("send_journal", str(journal.pk), "--looks-booked", "another")

        assert states(journal) == {BatchState.DRAFT}
