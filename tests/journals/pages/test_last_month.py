"""B6: a journal that is unlike the run before, on its page and at Send."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEntry
from connectors.errors import ConnectorError
from journals.models import Batch, BulkSend, Journal, JournalMark, MutedAccount
from journals.operations import bulk_sending, last_month, sending
from organisations.models import Company, Membership
from sources.models import JournalLine
from tests import factories
from tests.journals.importing.builders import company as office_company
from tests.journals.importing.builders import imported, sie
from tests.journals.pages import rows
from tests.ui.test_pages import shown

pytestmark = pytest.mark.django_db
USUAL = {"7010": 100_000, "7510": 31_420, "2710": -30_000, "2731": -31_420, "2821": -70_000}
MONTHS = ("2025-12", "2026-01", "2026-02")


def of_month(company: Company, period: str, amounts: Mapping[str, int], **more: Any) -> Journal:
    """Make a journal of those amounts, as an import leaves it, without its marks."""
    made = rows.journal(company.organisation, company=company, periods=(period,), **more)
    JournalLine.objects.filter(content=made.content).delete()
    JournalLine.objects.bulk_create(
        JournalLine(
            organisation=company.organisation,
            content=made.content,
            line_number=number,
            period=period,
            posted_on=date(int(period[:4]), int(period[5:]), 25),
            account=account,
            cost_centre="100" if account == "7010" else "",
            amount=Decimal(amount),
        )
        for number, (account, amount) in enumerate(amounts.items(), 1)
    )
    return made


@pytest.fixture
def company(me: Membership) -> Company:
    """Return a mapped company with three usual months, each a little different."""
    made = factories.company(me.organisation, currency="SEK")
    rows.mapping(made)
    for number, period in enumerate(MONTHS):
        of_month(made, period, USUAL | {"7010": 100_000 + number}, state="sent")
    return made


@pytest.fixture
def unlike(company: Company) -> Journal:
    """Return March, whose social costs went up and whose tax is missing."""
    amounts = {"7010": 102_000, "7510": 45_000, "2731": -45_000, "2821": -102_000}
    return of_month(company, "2026-03", amounts)


def page_of(client: Client, journal: Journal) -> str:
    answer = client.get(reverse("journals:detail", args=[journal.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def explain(client: Client, journal: Journal, **fields: object) -> Any:
    return client.post(reverse("journals:explain", args=[journal.pk]), fields, follow=True)


class TestB6ThePage:
    def test_says_what_moved_and_by_how_much_wages_did(self, client, unlike) -> None:
        html = page_of(client, unlike)
        assert "7510: 45,000, February 2026 31,420 (+43 %)." in html
        assert "Wages moved +2 %." in html
        assert "2710: missing, used in each of the last 3 months." in html

    def test_of_a_journal_like_the_ones_before_has_no_marks(self, client, company) -> None:
        html = page_of(client, of_month(company, "2026-03", USUAL | {"7010": 101_000}))
        assert "Unlike the run before" not in html

    def test_marks_again_when_a_month_before_was_corrected(self, client, company, unlike) -> None:
        page_of(client, unlike)
        JournalLine.objects.filter(
            content__journals__run_period="2026-02", account__in=("7510", "2731")
        ).update(amount=Decimal(45_000))
        assert "7510: 45,000, February 2026" not in page_of(client, unlike)

    def test_writes_nothing_when_nothing_has_changed(self, client, unlike) -> None:
        page_of(client, unlike)
        before = list(JournalMark.objects.values_list("pk", flat=True))
        page_of(client, unlike)
        assert list(JournalMark.objects.values_list("pk", flat=True)) == before

    def test_folds_many_marks_under_one_sentence(self, client, company) -> None:
        accounts = {f"73{n:02}": 10_000 for n in range(12)}
        Journal.objects.filter(company=company).delete()
        for number, period in enumerate(MONTHS):
            of_month(company, period, accounts | {"2821": -120_000 - number}, state="sent")
        journal = of_month(company, "2026-03", dict.fromkeys(accounts, 14000) | {"2821": -168_000})
        html = page_of(client, journal)
        assert "Most accounts moved by about +40 %: one cause?" in html
        assert "<details>" in html

    @pytest.mark.parametrize(
        ("address", "more"),
        [("journals:last_month", ()), ("journals:detail", ()), ("journals:account", ("7510",))],
    )
    def test_is_not_a_strangers(self, client, stranger, unlike, address, more) -> None:
        place = reverse(address, args=[unlike.pk, *more])
        assert client.get(place).status_code == 200
        assert stranger.get(place).status_code == 404

    def test_compares_every_account(self, client, unlike) -> None:
        html = client.get(reverse("journals:last_month", args=[unlike.pk])).content.decode()
        assert "45,000.00" in html
        assert "+43 %" in html

    def test_shows_one_account_over_thirteen_months(self, client, unlike) -> None:
        answer = client.get(reverse("journals:account", args=[unlike.pk, "7510"]))
        html = answer.content.decode()
        assert 'role="img"' in html
        # Twelve months before March, of which three had a run.
        assert html.count("<tr>") == 1 + 13
        assert html.count(">31,420<") >= 3
        gone = client.get(reverse("journals:account", args=[unlike.pk, "9999"]))
        assert gone.status_code == 404


class TestB6AnExplanation:
    def test_is_kept_with_who_and_when(self, me, client, unlike) -> None:
        page_of(client, unlike)
        mark = JournalMark.objects.get(account="2710")
        explain(client, unlike, mark=mark.pk, reason="rate_change", words="Paid  elsewhere")
        mark.refresh_from_db()
        assert (mark.reason, mark.explanation) == ("rate_change", "Paid elsewhere")
        assert mark.explained_by == me.user
        assert AuditEntry.objects.filter(action="journal.explained").count() == 1

    def test_of_all_that_are_left_is_one(self, client, unlike) -> None:
        page_of(client, unlike)
        explain(client, unlike, mark="all", reason="bonus")
        assert not JournalMark.objects.filter(reason="").exists()

    @pytest.mark.parametrize(
        ("fields", "words"),
        [({}, "Choose a reason."), ({"reason": "other"}, "what the other reason is"),
         ({"reason": "sunshine"}, "Choose a reason.")],
    )  # fmt: skip
    def test_needs_a_reason_and_words_for_another(self, client, unlike, fields, words) -> None:
        page_of(client, unlike)
        assert words in explain(client, unlike, mark="all", **fields).content.decode()
        assert not JournalMark.objects.exclude(reason="").exists()

    def test_is_shown_with_the_same_mark_next_month(self, client, company, unlike) -> None:
        page_of(client, unlike)
        explain(client, unlike, mark="all", reason="leaver", words="Until March")
        html = page_of(client, of_month(company, "2026-04", USUAL | {"2710": 0}))
        assert "Explained before: March 2026: Leaver: Until March" in " ".join(html.split())

    def test_ends_when_the_figures_are_other_ones(self, client, unlike) -> None:
        page_of(client, unlike)
        explain(client, unlike, mark="all", reason="bonus")
        JournalLine.objects.filter(content=unlike.content, account="7510").update(amount=47_000)
        page_of(client, unlike)
        open_ones = JournalMark.objects.filter(reason="").values_list("kind", "account")
        assert ("moved", "7510") in open_ones
        assert ("missing", "2710") not in open_ones

    def test_is_not_for_who_may_only_read(self, reader, unlike) -> None:
        address = reverse("journals:explain", args=[unlike.pk])
        assert reader.post(address, {"mark": "all", "reason": "bonus"}).status_code == 403

    def test_of_another_offices_journal_is_none(self, stranger, unlike) -> None:
        address = reverse("journals:explain", args=[unlike.pk])
        assert stranger.post(address, {"mark": "all", "reason": "bonus"}).status_code == 404


class TestB6AMutedAccount:
    def mute(self, client: Client, journal: Journal, until: date) -> Any:
        address = reverse("journals:mute", args=[journal.pk, "2710"])
        return client.post(address, {"until": until.isoformat()}, follow=True)

    def test_is_not_marked_until_its_day(self, client, unlike) -> None:
        self.mute(client, unlike, timezone.localdate() + timedelta(days=30))
        page_of(client, unlike)
        assert not JournalMark.objects.filter(account="2710").exists()
        last_month.refresh(unlike, today=timezone.localdate() + timedelta(days=31))
        assert JournalMark.objects.filter(account="2710").exists()

    @pytest.mark.parametrize("days", [-1, 401])
    def test_has_a_day_within_reach(self, client, unlike, days) -> None:
        answer = self.mute(client, unlike, timezone.localdate() + timedelta(days=days))
        assert "Choose a day from today" in answer.content.decode()
        assert not MutedAccount.objects.exists()

    def test_is_marked_again_by_hand(self, client, company, unlike) -> None:
        self.mute(client, unlike, timezone.localdate() + timedelta(days=30))
        muted = MutedAccount.objects.get()
        client.post(reverse("journals:mark_rule", args=[company.pk]), {"unmute": muted.pk})
        assert not MutedAccount.objects.exists()


@pytest.fixture
def strict(client: Client, company: Company) -> Company:
    """Return the company, whose marks must be explained."""
    client.post(reverse("journals:mark_rule", args=[company.pk]), {"gate": "explain"})
    return company


class TestB6WhatMustBeExplained:
    def by_page(self, client: Client, journal: Journal) -> None:
        client.post(reverse("journals:send", args=[journal.pk]))

    def by_operation(self, client: Client, journal: Journal) -> None:
        with pytest.raises(ConnectorError) as refused:
            sending.request_sending(journal=journal, by=None, now=timezone.now())
        assert refused.value.code() == "MarksToExplain"

    def by_many(self, client: Client, journal: Journal) -> None:
        bulk = bulk_sending.prepare(
            organisation=journal.organisation,
            journals=Journal.objects.filter(pk=journal.pk),
            by=None,
            now=timezone.now(),
        )
        assert BulkSend.objects.get(pk=bulk.pk).items.get().failure_code == "MarksToExplain"

    @pytest.mark.parametrize("press", [by_page, by_operation, by_many])
    def test_is_not_sent_before_however_it_is_pressed(
        self, client, strict, unlike, press: Callable[..., None]
    ) -> None:
        page_of(client, unlike)
        press(self, client, unlike)
        assert set(Batch.objects.filter(journal=unlike).values_list("state", flat=True)) == {
            "draft"
        }

    def test_is_named_at_send(self, client, strict, unlike) -> None:
        page_of(client, unlike)
        answer = client.post(reverse("journals:send", args=[unlike.pk]))
        assert answer.status_code == 409
        assert "Marks not explained:" in answer.content.decode()

    def test_is_sent_when_it_is(self, client, strict, unlike) -> None:
        page_of(client, unlike)
        explain(client, unlike, mark="all", reason="bonus")
        self.by_page(client, unlike)
        assert set(Batch.objects.filter(journal=unlike).values_list("state", flat=True)) == {
            "ready"
        }

    def test_stops_nothing_where_marks_are_only_shown(self, client, unlike) -> None:
        page_of(client, unlike)
        self.by_page(client, unlike)
        assert Batch.objects.filter(journal=unlike, state="ready").exists()

    def test_is_chosen_by_who_may_send(self, reader, company) -> None:
        address = reverse("journals:mark_rule", args=[company.pk])
        assert reader.post(address, {"gate": "explain"}).status_code == 403
        assert reader.get(address).status_code == 200


def test_b6_a_file_is_marked_when_it_is_imported(me) -> None:
    company = office_company(me.organisation)
    for period in MONTHS:
        of_month(company, period, {"7010": 50_000, "2821": -50_000})
    imported(me.organisation, sie((("7010", "90000.00"), ("2821", "-90000.00"))))
    found = JournalMark.objects.filter(journal__run_period="2026-03")
    assert ("moved", "7010") in set(found.values_list("kind", "account"))


@pytest.mark.parametrize("width", [1280, 390])
def test_b6_axe_core_finds_nothing(browser, client, company, unlike, width) -> None:
    for address in (
        reverse("journals:detail", args=[unlike.pk]),
        reverse("journals:last_month", args=[unlike.pk]),
        reverse("journals:account", args=[unlike.pk, "7510"]),
        reverse("journals:mark_rule", args=[company.pk]),
    ):
        page = shown(browser, client.get(address).content.decode(), width)
        found = Axe().run(page)
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert found.violations_count == 0, found.generate_report()
        assert not wide, address
