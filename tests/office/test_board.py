"""The month board as people see and use it (B1)."""

from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook
from playwright.sync_api import Browser

from audit.models import AuditEntry
from journals.models import BulkSend, Journal
from office import operations, seeding
from office.models import BoardView, Expectation, NothingExpected
from office.queries.rows import Row, rows_of
from office.rules import RowState
from organisations.models import Company, Membership, Organisation
from tests import factories
from tests.functional.desk import findings_at
from tests.journals.pages import rows

pytestmark = [pytest.mark.django_db]

NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
TODAY = date(2026, 11, 25)
MONTH = "2026-11"
BOARD = f"/month/{MONTH}/"


@pytest.fixture(autouse=True)
def payday() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def me() -> Membership:
    return factories.member()


@pytest.fixture
def office(me: Membership) -> Organisation:
    return me.organisation


@pytest.fixture
def client(me: Membership) -> Client:
    return signed_in(me)


def signed_in(member: Membership) -> Client:
    client = Client()
    client.force_login(member.user, backend="organisations.backends.HubBackend")
    return client


def company_of(of: Organisation, *, mapped: bool = True, **more: Any) -> Company:
    made = factories.company(of, **more)
    if mapped:
        rows.mapping(made)
    return made


def journal_of(company: Company, state: str = "imported", **more: Any) -> Journal:
    values: dict[str, Any] = {"periods": (MONTH,), "state": state, "state_at": NOW}
    return rows.journal(company.organisation, company=company, **(values | more))


def row(company: Company, period: str = MONTH) -> Row:
    every = rows_of(company.organisation, period, today=TODAY)
    return next(one for one in every if one.pk == company.pk)


def expect(company: Company, day: int, **more: Any) -> None:
    Expectation.objects.create(
        organisation=company.organisation, company=company, import_day=day, **more
    )


def plan(client: Client, act: str, *companies: Company) -> Any:
    return client.post(f"{BOARD}plan/", {"act": act, "company": [one.pk for one in companies]})


class TestARow:
    def test_b1_of_two_runs_says_the_worst_and_how_many_are_proven(self, office, client):
        company = company_of(office)
        journal_of(company, "sent")
        journal_of(company, "stopped")

        there = row(company)

        assert (there.state, there.proven, len(there.runs)) == (RowState.NEEDS_PERSON, 1, 2)
        assert "1 of 2 proven" in client.get(BOARD).content.decode()

    def test_b1_does_not_count_what_was_sent_again_under_another_reference(self, office):
        company = company_of(office)
        first = journal_of(company, "reversed")
        journal_of(company, "sent", resend_of=first)

        assert (row(company).state, len(row(company).runs)) == (RowState.PROVEN, 1)

    def test_b1_knows_runs_with_corrections(self, office, client):
        company = company_of(office)
        journal_of(company, periods=("2026-10", MONTH))
        other = company_of(office)
        journal_of(other)

        page = client.get(f"{BOARD}?run=corrections").content.decode()

        assert company.name in page
        assert f"Choose {other.name}" not in page

    @pytest.mark.parametrize(
        ("made", "words"),
        [
            ({"is_test": True}, "Test company"),
            ({"mapped": False}, "No mapping"),
        ],
    )
    def test_b1_is_blocked_with_the_reason_in_words(self, office, made, words):
        company = company_of(office, **made)
        journal_of(company)

        assert (row(company).state, row(company).words) == (RowState.BLOCKED, words)

    def test_b1_of_a_blocked_debtor_is_blocked(self, office):
        company = company_of(office, owner=factories.debtor(office, blocked=True))
        journal_of(company)

        assert (row(company).state, row(company).words) == (RowState.BLOCKED, "Debtor blocked")

    def test_b1_is_blocked_when_its_account_lets_nobody_in(self, office):
        company = company_of(office, mapped=False)
        rows.mapping(
            company,
            connection=factories.connection(office, authorised=False, state="sign_in_again"),
        )
        journal_of(company)

        assert (row(company).state, row(company).words) == (RowState.BLOCKED, "Sign in again")

    def test_b1_is_late_until_it_is_imported_and_again_until_it_is_sent(self, office):
        company = company_of(office)
        expect(company, 20, days_to_send=2)

        assert row(company).state is RowState.LATE

        journal_of(company)

        # The 20th is a Friday, two working days later is the 24th, and today is the 25th.
        assert row(company).state is RowState.LATE

        Expectation.objects.update(days_to_send=3)

        assert row(company).state is RowState.READY


class TestTheBoard:
    def test_b1_opens_with_the_period_that_is_expected_now(self, office, client):
        journal_of(company_of(office))

        assert client.get("/month/")["Location"].startswith(f"{BOARD}?whose=all")

    def test_b1_shows_the_worst_state_first(self, office, client):
        names = {}
        for state in ("sent", "imported", "stopped", "unknown"):
            company = company_of(office, name=f"Company {state}")
            journal_of(company, state)
            names[state] = company.name

        page = client.get(BOARD).content.decode()

        order = sorted(names, key=lambda one: page.index(f"</span> {names[one]}</a>"))
        assert order == ["stopped", "unknown", "imported", "sent"]

    def test_b1_counts_each_state_and_each_count_is_a_filter(self, office, client):
        for state in ("sent", "sent", "stopped"):
            journal_of(company_of(office), state)

        shown = client.get(f"{BOARD}?state=proven").context["board"]

        counts = {one.state: one.count for _l, _n, states in shown.counts for one in states}
        assert (counts[RowState.PROVEN], counts[RowState.NEEDS_PERSON]) == (2, 1)
        assert {row.state for row in shown.page.object_list} == {RowState.PROVEN}

    def test_b1_warns_of_unfinished_work_in_earlier_periods_always(self, office, client):
        journal_of(company_of(office), "stopped", periods=("2026-09",))
        journal_of(company_of(office), "imported", periods=("2026-10",))
        journal_of(company_of(office), "sent", periods=("2026-10",))

        page = client.get(f"{BOARD}?state=proven").content.decode()

        assert "2 companies have unfinished work in earlier periods" in page
        assert "/month/2026-10/" in page
        assert "October 2026 (1)" in page

    def test_b1_warns_of_a_journal_that_never_came_last_month(self, office, client):
        missing, seasonal = company_of(office), company_of(office)
        expect(missing, 20)
        expect(seasonal, 20)
        NothingExpected.objects.create(
            organisation=office, company=seasonal, period="2026-10", reason="Closed"
        )

        older = client.get(BOARD).context["board"].older

        assert (older.companies, older.periods) == (1, [("2026-10", 1)])

    def test_b1_of_a_new_office_leads_on(self, client):
        assert "No companies yet" in client.get(BOARD).content.decode()

    def test_b1_is_not_there_without_the_right_to_journals(self, office):
        other = signed_in(factories.member(office, rights={"organisation": "read"}))

        assert other.get(BOARD).status_code == 404

    @pytest.mark.parametrize("period", ["2026-13", "2026-00", "202611", "x"])
    def test_b1_knows_no_month_that_there_is_not(self, client, period):
        assert client.get(f"/month/{period}/").status_code == 404

    def test_b1_leaves_out_what_it_does_not_understand_of_an_address(self, office, client):
        journal_of(company_of(office))

        page = client.get(f"{BOARD}?state=nonsense&owner=x&debtor=-1&whose=nobody&page=99")

        assert (page.status_code, page.context["board"].total) == (200, 1)

    def test_b1_looks_again_every_five_seconds_only_while_something_is_under_way(
        self, office, client
    ):
        journal = journal_of(company_of(office), "sending")
        busy = client.get(BOARD).content.decode()
        Journal.objects.filter(pk=journal.pk).update(state="sent")
        quiet = client.get(BOARD).content.decode()

        assert "every 5s" in busy
        assert "every 60s" in quiet

    def test_b1_asks_the_database_as_often_for_many_companies_as_for_few(self, me, client):
        def asked() -> int:
            with CaptureQueriesContext(
                database,
            ) as seen:
                assert client.get(BOARD, headers={"HX-Target": "board"}).status_code == 200
            return len(seen)

        journal_of(company_of(me.organisation))
        few = asked()
        for _ in range(30):
            journal_of(company_of(me.organisation))

        assert asked() == few


class TestWhose:
    def test_b1_mine_are_those_that_i_am_responsible_for(self, me, office, client):
        mine = company_of(office)
        Company.objects.filter(pk=mine.pk).update(owner=me.user)
        company_of(office)

        shown = client.get(f"{BOARD}?whose=mine").context["board"].page.object_list

        assert [one.pk for one in shown] == [mine.pk]

    def test_b1_a_deputys_own_include_those_of_somebody_who_is_away(self, me, office, client):
        absent = factories.member(office)
        company = company_of(office)
        Company.objects.filter(pk=company.pk).update(owner=absent.user, deputy=me.user)

        def mine() -> list[int]:
            board = client.get(f"{BOARD}?whose=mine").context["board"]
            return [one.pk for one in board.page.object_list]

        assert mine() == []

        signed_in(absent).post(
            "/month/away/", {"away_from": "2026-11-24", "away_until": "2026-11-25"}
        )
        assert mine() == [company.pk]

        signed_in(absent).post(
            "/month/away/", {"away_from": "2026-11-26", "away_until": "2026-12-01"}
        )
        assert mine() == []

    def test_b1_as_deputy_shows_them_in_any_case(self, me, office, client):
        company = company_of(office)
        Company.objects.filter(pk=company.pk).update(deputy=me.user)
        company_of(office)

        shown = client.get(f"{BOARD}?whose=deputy").context["board"].page.object_list

        assert [one.pk for one in shown] == [company.pk]

    def test_b1_is_mine_at_first_for_payroll_who_are_responsible_for_some(self, office):
        rights = {"journals": "write"}
        payroll = factories.member(office, rights=rights)
        company = company_of(office)

        assert "whose=all" in signed_in(payroll).get("/month/")["Location"]

        Company.objects.filter(pk=company.pk).update(owner=payroll.user)
        assert "whose=mine" in signed_in(payroll).get("/month/")["Location"]

    def test_b1_filters_are_kept_per_person(self, me, office, client):
        other = signed_in(factories.member(office))
        client.get(f"{BOARD}?whose=deputy&q=åker&keep=1")

        assert "whose=deputy&q=%C3%A5ker" in client.get("/month/")["Location"]
        assert "deputy" not in other.get("/month/")["Location"]
        assert BoardView.objects.count() == 1

    @pytest.mark.parametrize(
        ("first", "last", "said"),
        [
            ("2026-11-24", "", "Enter both days, or neither."),
            ("2026-11-24", "2026-11-20", "The last day lies before the first."),
            ("tomorrow", "2026-11-20", "Enter a valid date."),
        ],
    )
    def test_b1_an_absence_that_is_none_is_refused(self, client, first, last, said):
        page = client.post("/month/away/", {"away_from": first, "away_until": last})

        assert said in page.content.decode()


class TestSendingFromTheBoard:
    def test_b1_shows_the_plan_first_and_sends_exactly_that(self, office, client):
        ready, test, empty = (
            company_of(office),
            company_of(office, is_test=True),
            company_of(office),
        )
        journal, _never = journal_of(ready), journal_of(test)

        answer = plan(client, "send", ready, test, empty)

        bulk = BulkSend.objects.get()
        assert answer["Location"] == f"/journals/bulk/{bulk.pk}/"
        outcomes = dict(bulk.items.values_list("journal__company", "outcome"))
        assert outcomes == {ready.pk: "waiting", test.pk: "left_out"}
        assert Journal.objects.get(pk=journal.pk).state == "imported"
        page = client.get(answer["Location"]).content.decode()
        assert "1 of the chosen companies has no journal of this period yet." in page

    def test_b1_says_so_when_nothing_is_chosen_or_nothing_is_to_send(self, office, client):
        company = company_of(office)

        none = client.post(f"{BOARD}plan/", {"act": "send"}, follow=True).content.decode()
        nothing = client.post(
            f"{BOARD}plan/", {"act": "send", "company": [company.pk, "x", "-1"]}, follow=True
        ).content.decode()

        assert "Choose at least one company first." in none
        assert "have no journal of this period to send" in nothing
        assert not BulkSend.objects.exists()

    def test_b1_takes_no_company_of_another_office(self, client):
        theirs = company_of(factories.organisation())
        journal_of(theirs)

        plan(client, "send", theirs)

        assert not BulkSend.objects.exists()


class TestNothingThisMonth:
    def test_b1_is_said_with_a_reason_of_exactly_the_companies_that_were_shown(
        self, office, client
    ):
        company, arrived = company_of(office), company_of(office)
        expect(company, 20)
        journal_of(arrived)
        shown = plan(client, "nothing", company, arrived)
        assert [one.pk for one in shown.context["plan"].left_out] == [arrived.pk]

        self.confirm(client, shown, reason="Nobody is employed")

        assert (row(company).state, row(company).words) == (
            RowState.NOTHING,
            "Nobody is employed",
        )
        entry = AuditEntry.objects.get(action="company.nothing_expected")
        assert entry.details == {"period": MONTH, "reason": "Nobody is employed"}
        assert row(company, "2026-12").state is not RowState.NOTHING

    def confirm(self, client: Client, shown: Any, *, reason: str) -> Any:
        taken = shown.context["plan"].taken
        return client.post(
            f"{BOARD}nothing/",
            {
                "reason": reason,
                "company": [one.pk for one in taken],
                "stamp": [one.stamp for one in taken],
            },
            follow=True,
        )

    def test_b1_drops_and_names_what_changed_meanwhile(self, office, client):
        company = company_of(office)
        expect(company, 30)
        shown = plan(client, "nothing", company)
        Expectation.objects.update(import_day=20)

        page = self.confirm(client, shown, reason="Closed").content.decode()

        assert f"because they changed meanwhile: {company.name}" in page
        assert not NothingExpected.objects.exists()

    def test_b1_needs_a_reason(self, office, client):
        company = company_of(office)
        expect(company, 30)

        page = self.confirm(client, plan(client, "nothing", company), reason=" ")

        assert "This field is required" in page.content.decode()
        assert not NothingExpected.objects.exists()

    def test_b1_can_be_withdrawn(self, me, office, client):
        company = company_of(office)
        expect(company, 30)
        self.confirm(client, plan(client, "nothing", company), reason="Closed")

        client.post(f"{BOARD}companies/{company.pk}/again/")

        assert row(company).state is RowState.NOT_EXPECTED
        assert AuditEntry.objects.filter(action="company.expected_again").exists()

    def test_b1_gives_way_to_a_journal(self, office, client):
        company = company_of(office)
        expect(company, 30)
        self.confirm(client, plan(client, "nothing", company), reason="Closed")
        journal_of(company)

        assert row(company).state is RowState.READY


class TestTheOwner:
    def test_b1_is_changed_for_many_at_once(self, me, office, client):
        first, second = company_of(office), company_of(office)
        other = factories.member(office)
        shown = plan(client, "owner", first, second)

        client.post(
            f"{BOARD}owner/",
            {
                "company": [one.pk for one in shown.context["plan"].taken],
                "owner": me.user_id,
                "deputy": other.user_id,
            },
        )

        people = Company.objects.values_list("owner", "deputy").distinct()
        assert list(people) == [(me.user_id, other.user_id)]
        assert AuditEntry.objects.filter(action="company.owner_changed").count() == 2

    def test_b1_is_no_deputy_of_their_own(self, me, office, client):
        company = company_of(office)

        page = client.post(
            f"{BOARD}owner/",
            {"company": company.pk, "owner": me.user_id, "deputy": me.user_id},
        )

        assert "somebody else than the responsible person" in page.content.decode()

    def test_b1_is_changed_only_by_who_may_change_companies(self, office):
        payroll = signed_in(factories.member(office, rights={"journals": "write"}))
        company = company_of(office)

        answer = payroll.post(f"{BOARD}owner/", {"company": company.pk})

        assert answer.status_code == 404


class TestExpectedDates:
    def test_b1_are_learnt_from_when_journals_came(self, office):
        company = company_of(office)
        for month, day in ((8, 24), (9, 22), (10, 23)):
            journal_of(
                company,
                "sent",
                periods=(f"2026-{month:02d}",),
                imported_at=datetime(2026, month, day, 12, tzinfo=UTC),
            )

        operations.learn(office, now=NOW)

        assert (row(company).expected, row(company).learnt) == (date(2026, 11, 25), True)

    def test_b1_learning_again_changes_nothing(self, office):
        journal_of(company_of(office), "sent", periods=("2026-10",))

        assert operations.learn(office, now=NOW) == 1
        assert operations.learn(office, now=NOW) == 0

    def test_b1_that_a_person_fixed_win_over_what_was_learnt(self, office, client):
        company = company_of(office)
        journal_of(company, "sent", periods=("2026-10",))
        operations.learn(office, now=NOW)

        client.post(f"/month/companies/{company.pk}/", {"import_day": "27", "days_to_send": "1"})
        operations.learn(office, now=NOW)

        assert (row(company).expected, row(company).learnt) == (date(2026, 11, 27), False)
        assert AuditEntry.objects.filter(action="company.expectation_fixed").exists()

    @pytest.mark.parametrize("day", ["0", "32", "-1", "soon", "1.5"])
    def test_b1_on_a_day_that_no_month_has_are_refused(self, office, client, day):
        company = company_of(office)

        page = client.post(
            f"/month/companies/{company.pk}/", {"import_day": day, "days_to_send": "2"}
        )

        assert "field-problem" in page.content.decode()
        assert not Expectation.objects.exists()

    def test_b1_are_read_but_not_changed_without_the_right(self, office):
        company = company_of(office)
        reader = signed_in(factories.member(office, rights={"organisation": "read"}))

        page = reader.post(f"/month/companies/{company.pk}/", {"import_day": "5"})

        assert '<form class="form"' not in page.content.decode()
        assert not Expectation.objects.exists()


class TestExport:
    def test_b1_holds_the_rows_that_the_filters_leave_of_all_pages(self, office, client):
        for _ in range(3):
            journal_of(company_of(office), "sent")
        journal_of(company_of(office, name="=Left out"), "stopped")

        text = client.get(f"{BOARD}board.csv?state=proven").content.decode("utf-8-sig")
        sheet = load_workbook(BytesIO(client.get(f"{BOARD}board.xlsx").content)).active

        assert len(text.splitlines()) == 4
        assert "Left out" not in text
        assert sheet is not None
        assert sheet.max_row == 5


class TestASeededOffice:
    def test_b1_has_companies_in_every_kind_of_state(self, office):
        seeding.seed(
            organisation=office,
            companies=100,
            months=8,
            today=date(2026, 12, 1),
            owners=[],
        )

        states = {one.state for one in rows_of(office, MONTH, today=date(2026, 12, 1))}

        assert states == {
            RowState.NEEDS_PERSON,
            RowState.BLOCKED,
            RowState.LATE,
            RowState.PROVEN,
            RowState.NOTHING,
            RowState.OFF,
            RowState.READY,
        }


@pytest.mark.browser
class TestInABrowser:
    def test_b1_every_state_is_accessible(self, me, office, client, browser: Browser):
        seeding.seed(organisation=office, companies=100, months=3, today=TODAY, owners=[me.user])

        assert findings_at(browser, client, f"{BOARD}?state=late") == []
        assert findings_at(browser, client, f"{BOARD}?state=ready") == []
        assert findings_at(browser, client, "/month/2026-10/?state=needs_person") == []
