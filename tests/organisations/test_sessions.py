"""How long a session lasts, what counts as use of it, and where a person is signed in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from organisations.models import CacheEntry, Membership
from organisations.operations.sessions import device_of
from organisations.tasks import forget_sessions
from tests import factories

pytestmark = pytest.mark.django_db

START = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)
ADA = "ada@office.example"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PART = {"HX-Request": "true"}
RELOADED_BY_ITSELF = {"Sec-Fetch-Mode": "navigate"}
CLICKED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1"}
FETCHED = {"Sec-Fetch-Mode": "cors"}


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(START, tick=False) as travel:
        yield travel


@pytest.fixture(autouse=True)
def _limits(settings: Any) -> None:
    settings.HUB_SESSION_IDLE_SECONDS = 60 * 60
    settings.SESSION_COOKIE_AGE = 8 * 60 * 60


@pytest.fixture
def member() -> Membership:
    return factories.member(person=factories.user(ADA))


@pytest.fixture
def client(member: Membership) -> Client:
    return signed_in()


def signed_in(address: str = "192.0.2.7", agent: str = FIREFOX) -> Client:
    browser = Client(REMOTE_ADDR=address, HTTP_USER_AGENT=agent)
    browser.post("/sign-in/", {"login": ADA, "password": factories.PASSWORD})
    return browser


def is_signed_in(client: Client) -> bool:
    return client.get("/people/", headers=PART | {"HX-Current-URL": ""}).status_code == 200


class TestWithoutUse:
    def test_a_session_ends(self, client: Client, clock: Any) -> None:
        clock.shift(timedelta(minutes=59))
        assert is_signed_in(client)

        clock.shift(timedelta(minutes=1))

        assert not is_signed_in(client)
        assert client.get("/people/")["Location"] == "/sign-in/?next=/people/"

    @pytest.mark.parametrize("headers", [{}, CLICKED])
    def test_it_lasts_while_a_person_goes_to_pages(
        self, client: Client, clock: Any, headers: dict[str, str]
    ) -> None:
        for _hour in range(3):
            clock.shift(timedelta(minutes=50))
            client.get("/people/", headers=headers)

        assert is_signed_in(client)

    def test_it_lasts_while_something_is_sent(self, client: Client, clock: Any) -> None:
        for _hour in range(3):
            clock.shift(timedelta(minutes=50))
            client.post("/theme/", headers=PART)

        assert is_signed_in(client)

    @pytest.mark.parametrize("headers", [PART, RELOADED_BY_ITSELF, FETCHED])
    def test_it_is_not_prolonged_by_a_page_that_follows_itself(
        self, client: Client, clock: Any, headers: dict[str, str]
    ) -> None:
        for _minute in range(61):
            clock.shift(timedelta(minutes=1))
            client.get("/people/", headers=headers)

        assert not is_signed_in(client)


class TestAtMost:
    def test_a_session_lasts_so_long_however_much_it_is_used(
        self, client: Client, clock: Any
    ) -> None:
        for _part in range(15):
            clock.shift(timedelta(minutes=30))
            client.get("/people/")
            assert is_signed_in(client)

        clock.shift(timedelta(minutes=30))

        assert not is_signed_in(client)

    def test_it_begins_again_with_a_sign_in_and_not_with_another_password(
        self, client: Client, clock: Any
    ) -> None:
        clock.shift(timedelta(minutes=5))
        new = "seven-green-bottles"
        values = {"present": factories.PASSWORD, "new_password": new, "repeated": new}
        assert client.post("/profile/password/", values)["Location"] == "/profile/"
        for _part in range(15):
            clock.shift(timedelta(minutes=30))
            client.get("/people/")

        clock.shift(timedelta(minutes=26))

        assert not is_signed_in(client)


class TestWritingItDown:
    def test_is_done_once_a_minute_at_most(
        self, client: Client, clock: Any, django_assert_num_queries: Any
    ) -> None:
        began = UserSession.objects.get().last_seen_at
        clock.shift(timedelta(seconds=59))
        client.get("/people/")
        assert UserSession.objects.get().last_seen_at == began

        clock.shift(timedelta(seconds=1))
        client.get("/people/")

        assert UserSession.objects.get().last_seen_at == began + timedelta(minutes=1)

    def test_is_not_done_for_a_page_that_follows_itself(self, client: Client, clock: Any) -> None:
        clock.shift(timedelta(minutes=5))

        client.get("/people/", headers=PART)

        assert UserSession.objects.get().last_seen_at == START


class TestTheList:
    def test_shows_device_network_and_times(self, client: Client, clock: Any) -> None:
        signed_in("203.0.113.9", agent="Mozilla/5.0 (iPhone) AppleWebKit Version/18.0 Safari/605")
        clock.shift(timedelta(minutes=5))

        page = client.get("/profile/").content.decode()

        assert "Firefox on Linux" in page
        assert "this session" in page
        assert "Safari on iPhone" in page
        assert "203.0.113.9" in page
        assert "5 min ago" in page

    def test_ends_one_of_them(self, client: Client, member: Membership) -> None:
        other = signed_in("203.0.113.9")
        there = UserSession.objects.get(ip="203.0.113.9")

        client.post(reverse("organisations:end_session", args=[there.pk]))

        assert not is_signed_in(other)
        assert is_signed_in(client)
        assert "203.0.113.9" not in client.get("/profile/").content.decode()
        assert AuditEntry.objects.filter(action="person.session_ended").count() == 1

    def test_ends_none_of_somebody_else(self, client: Client) -> None:
        stranger = factories.member().user
        theirs = Client()
        theirs.force_login(stranger, backend="organisations.backends.HubBackend")
        theirs.get("/profile/")
        there = UserSession.objects.get(user=stranger)

        answer = client.post(reverse("organisations:end_session", args=[there.pk]))

        assert answer.status_code == 404
        assert theirs.get("/profile/").status_code == 200

    def test_ends_this_one_too(self, client: Client) -> None:
        here = UserSession.objects.get()

        answer = client.post(reverse("organisations:end_session", args=[here.pk]), follow=True)

        assert answer.redirect_chain[-1][0].startswith("/sign-in/")

    def test_leaves_out_what_is_over(self, client: Client, clock: Any, settings: Any) -> None:
        signed_in("203.0.113.9")
        clock.shift(timedelta(minutes=45))
        client.get("/people/")
        clock.shift(timedelta(minutes=20))

        assert "203.0.113.9" not in client.get("/profile/").content.decode()

    def test_takes_the_same_statements_for_many(
        self, client: Client, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(20):
            signed_in(f"203.0.113.{number}")

        with django_assert_max_num_queries(30):
            client.get("/profile/")

    @pytest.mark.parametrize(
        ("agent", "words"),
        [
            (FIREFOX, "Firefox on Linux"),
            ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36", "Chrome on Windows"),
            ("Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140", "Edge on Windows"),
            ("curl/8.5.0", "Another program"),
            ("", "Another program"),
        ],
    )
    def test_names_the_device(self, agent: str, words: str) -> None:
        assert device_of(agent) == words


class TestForgetting:
    def test_takes_what_is_over_and_keeps_the_rest(self, client: Client, clock: Any) -> None:
        old = signed_in("203.0.113.9")
        Session.objects.filter(pk=old.session.session_key).update(
            expire_date=START - timedelta(days=1)
        )
        CacheEntry.objects.create(cache_key="a", value="", expires=START - timedelta(days=1))
        CacheEntry.objects.create(cache_key="b", value="", expires=START + timedelta(days=1))

        forget_sessions(of_a_newer_version=True)

        assert UserSession.objects.get().ip == "192.0.2.7"
        assert [entry.pk for entry in CacheEntry.objects.all()] == ["b"]
