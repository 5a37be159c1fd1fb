"""Five hundred accounts: the list by company, and one way through all that need a sign-in."""

import re

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser

from accounts.models import Connection
from organisations.models import Membership
from sandbox import seed
from tests import factories
from tests.functional.connecting import Office
from tests.functional.desk import findings_at

pytestmark = pytest.mark.django_db

LIST, QUEUE = "/connections/", "/connections/queue/"
S = Connection.State


@pytest.fixture
def me() -> Membership:
    return factories.member()


@pytest.fixture
def client(me: Membership) -> Client:
    return signed_in(me)


def signed_in(me: Membership) -> Client:
    client = Client()
    client.force_login(me.user, backend="organisations.backends.HubBackend")
    return client


def account(me: Membership, company: str, state: str = S.AUTHORISED, **more: str) -> Connection:
    made = factories.connection(me.organisation, administration_name=company, **more)
    Connection.objects.filter(pk=made.pk).update(state=state)
    return made


def companies(client: Client, address: str = LIST) -> list[str]:
    page = client.get(address).content.decode()
    return re.findall(r'<td data-label="Company">\s*<strong>([^<]+)</strong>', page)


class TestTheList:
    def test_is_by_company_and_what_is_broken_comes_first(self, me, client):
        account(me, "Beta AB")
        account(me, "Zeta AB", S.SIGN_IN_AGAIN)
        account(me, "Alfa AB")
        account(me, "Yta AB", S.NOT_AUTHORISED)

        assert companies(client) == ["Zeta AB", "Yta AB", "Alfa AB", "Beta AB"]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("?q=beta", ["Beta AB"]),
            ("?q=anna", ["Alfa AB"]),
            ("?q=556012-5790", ["Beta AB"]),
            ("?state=sign_in_again", ["Alfa AB"]),
            ("?state=nonsense", ["Alfa AB", "Beta AB"]),
            ("?q=beta&state=sign_in_again", []),
        ],
    )
    def test_is_searched_and_filtered(self, me, client, query, found):
        account(me, "Alfa AB", S.SIGN_IN_AGAIN, name="anna@office")
        account(me, "Beta AB", administration_organisation_number="5560125790")

        assert companies(client, LIST + query) == found

    def test_says_how_many_need_a_sign_in_on_every_page_of_it(self, me, client):
        for number in range(60):
            account(me, f"Company {number:02}", S.SIGN_IN_AGAIN if number < 3 else S.AUTHORISED)

        assert "3 accounts need a sign-in" in client.get(LIST + "?page=2").content.decode()
        assert len(companies(client)) == 50

    def test_asks_the_database_as_often_for_five_hundred_as_for_five(self, me, client):
        def statements() -> int:
            with CaptureQueriesContext(database) as asked:
                assert client.get(LIST).status_code == 200
            return len(asked)

        for number in range(5):
            account(me, f"Company {number}", S.SIGN_IN_AGAIN)
        statements()
        few = statements()
        Connection.objects.bulk_create(
            Connection(
                organisation=me.organisation,
                vendor="vismanet",
                name=f"more {number}",
                state=S.SIGN_IN_AGAIN,
                administration_name=f"More {number}",
            )
            for number in range(495)
        )

        assert statements() == few

    def test_left_open_is_answered_nothing_while_nothing_changed(self, me, client):
        made = account(me, "Alfa AB", S.SIGN_IN_AGAIN)
        page = client.get(LIST).content.decode()
        again = re.search(r'hx-get="([^"]+)"\s+hx-trigger="every 2s"', page)[1]
        again = again.replace("&amp;", "&")
        part = {"HX-Target": "connections", "HX-Request": "true"}

        same = client.get(again, headers=part)
        Connection.objects.filter(pk=made.pk).update(state=S.AUTHORISED)
        changed = client.get(again, headers=part)

        assert (same.status_code, changed.status_code) == (204, 200)
        assert "Authorised" in changed.content.decode()


@pytest.fixture
def three(me: Membership) -> list[Connection]:
    account(me, "Works AB")
    return [account(me, f"{name} AB", S.SIGN_IN_AGAIN) for name in ("Alfa", "Beta", "Cesar")]


def shown(client: Client) -> str:
    return client.get(QUEUE).content.decode()


def begin(client: Client) -> None:
    assert client.post(QUEUE + "begin/")["Location"] == QUEUE


def skip(client: Client, one: Connection) -> None:
    client.post(QUEUE + "skip/", {"account": str(one.pk)})


class TestTheQueue:
    def test_leads_from_one_broken_account_to_the_next(self, client, three):
        begin(client)
        first = shown(client)
        Connection.objects.filter(pk=three[0].pk).update(state=S.AUTHORISED)

        assert "1 of 3" in first
        assert "Alfa AB</h2>" in first
        assert "2 of 3" in shown(client)
        assert "Beta AB</h2>" in shown(client)

    def test_skips_one_and_says_so_at_the_end(self, client, three):
        begin(client)
        skip(client, three[0])
        Connection.objects.filter(pk__in=[three[1].pk, three[2].pk]).update(state=S.AUTHORISED)

        end = shown(client)

        assert "2 of 3 accounts are signed in" in end
        skipped = end.partition("Skipped: these are still waiting")[2]
        assert "Alfa AB" in skipped
        assert "Beta AB" not in skipped

    def test_goes_through_the_skipped_ones_again(self, client, three):
        begin(client)
        for one in three:
            skip(client, one)
        assert "0 of 3 accounts" in shown(client)

        begin(client)

        assert "1 of 3" in shown(client)

    def test_takes_up_accounts_that_nobody_has_signed_in_to_yet(self, me, client):
        account(me, "", S.NOT_AUTHORISED, name="new@office")
        account(me, "Disconnected AB", S.NOT_AUTHORISED)

        begin(client)

        assert "1 of 1" in shown(client)
        assert "new@office" in shown(client)

    def test_leaves_out_an_account_that_was_removed_meanwhile(self, client, three):
        begin(client)
        three[0].delete()

        assert "1 of 2" in shown(client)

    def test_begins_with_nothing_to_do_on_the_list(self, me, client):
        account(me, "Works AB")

        answer = client.post(QUEUE + "begin/", follow=True)

        assert "No account needs a sign-in." in answer.content.decode()

    def test_is_left_at_any_time(self, client, three):
        begin(client)

        client.post(QUEUE + "end/")

        assert client.get(QUEUE)["Location"] == LIST

    def test_asks_the_database_as_often_for_two_hundred_as_for_three(self, me, client, three):
        def statements() -> int:
            begin(client)
            with CaptureQueriesContext(database) as asked:
                shown(client)
            return len(asked)

        few = statements()
        for number in range(200):
            account(me, f"More {number}", S.SIGN_IN_AGAIN)

        assert statements() == few

    def test_shows_nothing_of_another_office(self, client, three):
        begin(client)
        stranger = factories.member()
        queue = client.session["sign_in_queue"]
        client.force_login(stranger.user, backend="organisations.backends.HubBackend")
        kept = client.session
        kept["sign_in_queue"] = queue
        kept.save()

        assert client.get(QUEUE)["Location"] == LIST

    @pytest.mark.parametrize(("level", "status"), [(None, 404), ("read", 403)])
    def test_is_for_who_may_sign_in(self, me, level, status):
        me.role.rights = {"vismanet": level} if level else {}
        me.role.save()

        assert signed_in(me).post(QUEUE + "begin/").status_code == status
        assert signed_in(me).get(QUEUE).status_code == status


class TestAtTheVendor:
    def test_comes_back_from_the_sign_in_to_the_next_account(self, sandbox, run_due_work):
        office = Office(run_due_work)
        first = office.account(name="a first", state_at=timezone.now())
        office.account(name="b second")
        begin(office.client)

        office.client.post(reverse("accounts:authorise", args=[first.pk]))
        run_due_work()
        page = office.connect(first, seed.AKERIET).content.decode()

        assert "Connected to" in page
        assert "2 of 2" in page
        assert "b second" in page

    def test_leads_from_a_refused_sign_in_back_into_the_queue(self, sandbox, run_due_work):
        office = Office(run_due_work)
        one = office.account(name="a first")
        begin(office.client)

        failed = office.come_back(office.sign_in(one, allow=False)).content.decode()

        assert f'href="{QUEUE}"' in failed


@pytest.mark.browser
def test_every_step_is_accessible(me: Membership, client: Client, browser: Browser) -> None:
    for name in ("Alfa", "Beta"):
        account(me, f"{name} AB", S.SIGN_IN_AGAIN, failure_code="NotAuthorized")
    account(me, "Works AB")
    found = findings_at(browser, client, LIST) + findings_at(browser, client, LIST + "?q=nothing")
    begin(client)
    found += findings_at(browser, client, QUEUE)
    skip(client, Connection.objects.get(administration_name="Alfa AB"))
    Connection.objects.filter(administration_name="Beta AB").update(state=S.AUTHORISED)
    found += findings_at(browser, client, QUEUE)

    assert found == []
