"""Who signed in and out, and who failed to, is in the audit trail."""

from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from audit.models import AuditEntry
from organisations.adapters import AccountAdapter
from organisations.models import Membership
from tests import factories
from tests.factories import code_of

pytestmark = pytest.mark.django_db

ADA = "ada@office.example"
FROM = {"REMOTE_ADDR": "192.0.2.7", "HTTP_X_REQUEST_ID": "request-12345678"}


@pytest.fixture(autouse=True)
def _behind_a_proxy(settings: Any) -> None:
    """Let the number of a request be believed that a proxy gave it."""
    settings.HUB_PROXY_COUNT = 1


@pytest.fixture
def member() -> Membership:
    return factories.member(person=factories.user(ADA, name="Ada Ek"))


def sign_in(password: str = factories.PASSWORD, email: str = ADA, **more: Any) -> Client:
    client = Client(**FROM)
    client.post("/sign-in/", {"login": email, "password": password}, **more)
    return client


def entries() -> list[tuple[str, str, str, str]]:
    found = AuditEntry.objects.order_by("pk")
    return [(one.action, one.who, one.address, one.request_id) for one in found]


class TestASignIn:
    def test_is_recorded_with_address_and_request(self, member: Membership) -> None:
        sign_in()

        assert entries() == [("person.signed_in", "Ada Ek", "192.0.2.7", "request-12345678")]
        entry = AuditEntry.objects.get()
        assert (entry.user, entry.details) == (member.user, {"second_factor": False})

    def test_is_recorded_in_every_organisation_of_the_person(self, member: Membership) -> None:
        factories.member(person=member.user)
        factories.member()

        sign_in()

        entries = AuditEntry.objects.values_list("organisation_id", flat=True)
        mine = member.user.memberships.values_list("organisation_id", flat=True)
        assert sorted(entries) == sorted(mine)

    def test_with_a_second_factor_is_recorded_when_the_code_was_right(
        self, member: Membership
    ) -> None:
        factories.second_factor(member.user)

        client = sign_in()
        entries = AuditEntry.objects.filter(action="person.signed_in")
        assert not entries.exists()
        client.post("/sign-in/code/", {"code": code_of(member.user)})

        assert entries.get().details == {"second_factor": True}

    def test_gives_the_browser_another_session(self, member: Membership) -> None:
        client = Client()
        client.post("/i18n/setlang/", {"language": "sv"})
        before = client.session.session_key

        client.post("/sign-in/", {"login": ADA, "password": factories.PASSWORD})

        assert client.session.session_key not in (None, before)

    def test_reads_in_words(self, member: Membership) -> None:
        client = sign_in()

        page = client.get("/audit/").content.decode()

        assert "Signed in" in page


class TestAFailedOne:
    def test_is_recorded_as_the_act_of_nobody_and_without_the_password(
        self, member: Membership
    ) -> None:
        sign_in("a-wrong-password")

        [entry] = AuditEntry.objects.all()
        assert entries() == [
            ("person.sign_in_failed", "Nobody signed in", "192.0.2.7", "request-12345678")
        ]
        assert entry.user is None
        assert entry.details == {"email": ADA, "step": "password", "locked": False}
        assert "a-wrong-password" not in str(vars(entry))

    def test_is_recorded_for_a_wrong_code(self, member: Membership) -> None:
        factories.second_factor(member.user)

        sign_in().post("/sign-in/code/", {"code": "000000"})

        assert AuditEntry.objects.get(action="person.sign_in_failed").details["step"] == "code"

    def test_of_an_address_that_nobody_has_is_in_no_trail(self, member: Membership) -> None:
        sign_in(email="nobody@office.example")

        assert entries() == []

    def test_of_a_form_that_was_not_filled_in_is_none(self, member: Membership) -> None:
        sign_in("")

        assert entries() == []

    def test_says_when_it_locks_and_then_fills_the_trail_no_more(
        self, member: Membership, settings: Any
    ) -> None:
        settings.HUB_SIGN_IN_FAILURES = 3

        for _try in range(6):
            sign_in("wrong")

        locked = [one.details["locked"] for one in AuditEntry.objects.order_by("pk")]
        assert locked == [False, False, True]

    def test_is_not_a_wrong_present_password_of_who_is_signed_in(self, member: Membership) -> None:
        client = sign_in()

        client.post("/profile/password/", {"present": "no", "new_password": "a", "repeated": "a"})

        assert [action for action, *_ in entries()] == ["person.signed_in"]


class TestASignOut:
    def test_is_recorded(self, member: Membership) -> None:
        client = sign_in()

        client.post("/sign-out/")

        assert [action for action, *_ in entries()] == ["person.signed_in", "person.signed_out"]
        assert client.get("/profile/").status_code == 302

    def test_of_nobody_is_nothing(self) -> None:
        Client().post("/sign-out/")

        assert entries() == []


class TestTheTrialsAddress:
    """A browser takes 127.0.0.1 and localhost for two, and gives passkeys to the second alone."""

    def test_is_led_to_before_anything_is_typed(self, settings: Any) -> None:
        settings.HUB_BASE_URL = "http://localhost:8000"
        settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]

        answer = Client(HTTP_HOST="127.0.0.1:8000").get("/sign-in/?next=/journals/")

        assert answer["Location"] == "http://localhost:8000/sign-in/?next=/journals/"
        assert Client(HTTP_HOST="localhost:8000").get("/sign-in/").status_code == 200

    @pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost:9000"])
    def test_is_not_led_to_from_another_port_that_leads_here(
        self, settings: Any, host: str
    ) -> None:
        settings.HUB_BASE_URL = "http://localhost:8000"
        settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]

        assert Client(HTTP_HOST=host).get("/sign-in/").status_code == 200

    def test_is_nobodys_business_in_production(self, settings: Any) -> None:
        settings.HUB_BASE_URL = "https://hub.office.example"
        settings.HUB_SANDBOX = False
        settings.ALLOWED_HOSTS = ["hub.office.example", "127.0.0.1"]

        assert Client(HTTP_HOST="127.0.0.1:8000").get("/sign-in/").status_code == 200


class TestNobody:
    @pytest.mark.parametrize(
        "name",
        [
            *("account_signup", "account_email", "account_change_password", "account_inactive"),
            *("account_confirm_email", "account_request_login_code", "mfa_trust"),
            *("mfa_view_recovery_codes", "mfa_signup_webauthn", "mfa_reauthenticate"),
        ],
    )
    def test_finds_an_address_of_the_library_that_is_not_needed(self, name: str) -> None:
        with pytest.raises(NoReverseMatch):
            reverse(name)

    def test_signs_up(self) -> None:
        assert AccountAdapter().is_open_for_signup(HttpRequest()) is False
