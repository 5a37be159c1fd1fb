"""Who one is, once more, before what could lock a person out or let somebody else in."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from structlog.testing import capture_logs

from api.models import ApiToken
from organisations.models import Membership, Organisation, User
from organisations.operations import second_factor
from organisations.rules import rights_in_order
from payments.models import Integration
from tests import factories

pytestmark = pytest.mark.django_db

START = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)
ASKS = "Confirm that it is you"
PROOF = {"confirm-password": factories.PASSWORD}
EVERY_CHANGE = (
    *("mfa_activate_totp", "mfa_deactivate_totp", "mfa_add_webauthn"),
    *("mfa_edit_webauthn", "mfa_remove_webauthn", "organisations:recovery_codes"),
    *("organisations:password", "organisations:organisation"),
    *("organisations:invite", "organisations:change_role", "organisations:remove_person"),
    *("organisations:password_link", "organisations:reset_second_factor"),
    *("organisations:roles", "organisations:new_role", "api:new_token"),
    *("organisations:end_session", "organisations:end_sessions"),
)
"""What changes factors, passwords, tokens, people, rights, or the rule for all of them."""
PAGES = {"mfa_activate_totp", "mfa_add_webauthn", "organisations:password"}
"""Asked before the page is shown already: it asks for secrets itself."""


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(START, tick=False) as travel:
        yield travel


@pytest.fixture
def member() -> Membership:
    found = factories.member(
        rights={right.key: right.levels[-1].value for right in rights_in_order()}
    )
    Integration.objects.create(organisation=found.organisation, activated_at=START)
    return found


@pytest.fixture
def client(member: Membership, clock: Any) -> Client:
    """Return a browser in which the person signed in a while ago."""
    browser = Client()
    browser.force_login(member.user, backend="organisations.backends.HubBackend")
    clock.shift(timedelta(minutes=11))
    return browser


def address_of(name: str, member: Membership) -> str:
    takes_one = any(word in name for word in ("edit_", "remove_", "change_", "link", "reset_"))
    takes_one = takes_one or name.endswith("end_session")
    return reverse(name, args=[member.pk] if takes_one else [])


class TestEveryChange:
    @pytest.mark.parametrize("name", EVERY_CHANGE)
    def test_is_asked_for_a_while_after_the_sign_in(
        self, client: Client, member: Membership, name: str
    ) -> None:
        address = address_of(name, member)

        answer = client.post(address, {"name": "x"})

        assert answer.status_code == 403
        assert ASKS in answer.content.decode()
        assert (ASKS in client.get(address).content.decode()) is (name in PAGES)

    @pytest.mark.parametrize("name", EVERY_CHANGE)
    def test_is_not_asked_for_just_after_the_sign_in(self, member: Membership, name: str) -> None:
        browser = Client()
        browser.force_login(member.user, backend="organisations.backends.HubBackend")

        assert ASKS not in browser.post(address_of(name, member), {"name": "x"}).content.decode()

    def test_changes_nothing_meanwhile(self, client: Client, member: Membership) -> None:
        client.post(reverse("organisations:organisation"), {"name": "Another"})
        client.post(reverse("api:new_token"), {"name": "x", "scopes": "time"})
        client.post(reverse("organisations:remove_person", args=[member.pk]))

        assert Organisation.objects.get().name == member.organisation.name
        assert not ApiToken.objects.exists()
        assert Membership.objects.filter(pk=member.pk).exists()


class TestConfirming:
    def test_goes_on_with_what_was_sent_and_counts_for_some_minutes(
        self, client: Client, clock: Any
    ) -> None:
        address = reverse("organisations:organisation")
        page = client.post(address, {"name": "Byrån", "requires_second_factor": "on"})
        kept = dict(
            re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode())
        )

        client.post(address, kept | PROOF)

        organisation = Organisation.objects.get()
        assert (organisation.name, organisation.requires_second_factor) == ("Byrån", True)
        organisation.requires_second_factor = False
        organisation.save()
        client.post(address, {"name": "Byrån 2"})
        assert Organisation.objects.get().name == "Byrån 2"
        clock.shift(timedelta(minutes=11))
        assert ASKS in client.post(address, {"name": "Byrån 3"}).content.decode()

    def test_gives_the_session_another_key_and_lists_it_once(self, client: Client) -> None:
        client.get("/profile/")
        before = client.cookies["sessionid"].value

        client.post(reverse("organisations:password"), PROOF | {"confirm-reads": "1"})

        now = client.cookies["sessionid"].value
        assert now != before
        assert not Session.objects.filter(session_key=before).exists()
        assert list(UserSession.objects.values_list("session_key", flat=True)) == [now]

    def test_is_no_refusal_in_the_log(self, client: Client) -> None:
        with capture_logs() as lines:
            client.post(reverse("organisations:organisation"), {"name": "Another"})

        assert [line for line in lines if line["event"] == "access_refused"] == []

    def test_keeps_nothing_of_it_in_the_session(self, client: Client) -> None:
        before = set(client.session.keys())

        client.post(reverse("organisations:organisation"), {"name": "Byrån"})

        assert set(client.session.keys()) == before
        assert "Byrån" not in str(dict(client.session.items()))

    def test_carries_no_secret_through_the_page(self, client: Client) -> None:
        page = client.post(
            reverse("organisations:password"),
            {"present": "one-secret", "new_password": "two-secret", "repeated": "two-secret"},
        ).content.decode()

        assert ASKS in page
        assert "secret" not in page

    def test_leads_to_the_page_that_was_asked_for(self, client: Client) -> None:
        address = reverse("organisations:password")
        page = client.get(address).content.decode()
        assert 'name="confirm-reads"' in page

        answer = client.post(address, PROOF | {"confirm-reads": "1"})

        assert answer["Location"] == address
        assert ASKS not in client.get(address).content.decode()

    def test_refuses_a_wrong_password_and_counts_it(self, client: Client, settings: Any) -> None:
        address = reverse("organisations:organisation")
        wrong = {"name": "x", "confirm-password": "wrong"}
        for _try in range(settings.HUB_SIGN_IN_FAILURES):
            page = client.post(address, wrong)
            assert "not your current password" in page.content.decode()

        assert client.post(address, wrong | PROOF).status_code == 429

    def test_takes_no_password_alone_of_who_has_a_second_factor(
        self, client: Client, member: Membership
    ) -> None:
        factories.second_factor(member.user)
        address = reverse("organisations:organisation")

        by_password = client.post(address, {"name": "Byrån"} | PROOF)
        by_code = client.post(
            address, {"name": "Byrån", "confirm-code": factories.code_of(member.user)}
        )

        assert ASKS in by_password.content.decode()
        assert by_code.status_code == 302
        assert Organisation.objects.get().name == "Byrån"

    def test_takes_a_recovery_code_where_the_app_is_lost(
        self, client: Client, member: Membership
    ) -> None:
        code = factories.second_factor(member.user)[0]

        client.post(reverse("mfa_deactivate_totp"), {"confirm-code": code})

        assert not second_factor.is_on(member.user)

    def test_asks_a_stranger_to_sign_in_and_who_has_no_right_for_nothing(
        self, member: Membership, clock: Any
    ) -> None:
        reader = Client()
        reader.force_login(
            factories.member(member.organisation, {}).user,
            backend="organisations.backends.HubBackend",
        )
        clock.shift(timedelta(minutes=11))
        address = reverse("organisations:new_role")

        assert Client().post(address)["Location"].startswith("/sign-in/")
        assert reader.post(address).status_code == 404

    def test_is_counted_from_a_sign_in_by_the_page_too(self, member: Membership) -> None:
        User.objects.filter(pk=member.user_id).update(email="ada@office.example")
        browser = Client()
        proof = {"login": "ada@office.example", "password": factories.PASSWORD}
        browser.post("/sign-in/", proof)

        answer = browser.post(reverse("organisations:organisation"), {"name": "Byrån"})

        assert answer.status_code == 302
