"""What a password, a session and the way out keep, whatever else the sign-in does."""

import re
from datetime import UTC, datetime

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from organisations.models import Membership
from tests import factories, lists

pytestmark = pytest.mark.django_db
TYPED = "  Två blanksteg, Å och ett €  "


def sign_in(email: str, password: str) -> Client:
    client = Client()
    client.post("/sign-in/", {"login": email, "password": password})
    return client


def is_in(client: Client) -> bool:
    return client.get("/profile/").status_code == 200


class TestAPassword:
    @pytest.fixture
    def email(self) -> str:
        member = factories.member()
        member.user.set_password(TYPED)
        member.user.save()
        return member.user.email

    @pytest.mark.parametrize(
        ("typed", "is_it"),
        [
            (TYPED, True),
            *((TYPED.strip(), False), (TYPED.lower(), False), (TYPED[:-3], False)),
            (TYPED + "x", False),
        ],
    )
    def test_is_compared_as_it_was_typed(self, email: str, typed: str, is_it: bool) -> None:
        assert is_in(sign_in(email, typed)) is is_it

    def test_is_compared_to_its_end_however_long_it_is(self) -> None:
        member = factories.member()
        member.user.set_password("x" * 127 + "y")
        member.user.save()

        assert not is_in(sign_in(member.user.email, "x" * 127 + "z"))
        assert is_in(sign_in(member.user.email, "x" * 127 + "y"))

    def test_is_good_after_years(self, email: str) -> None:
        with time_machine.travel(datetime(2036, 1, 1, tzinfo=UTC), tick=False):
            assert is_in(sign_in(email, TYPED))


class TestAPasswordField:
    @pytest.mark.parametrize("page", ["/sign-in/", "/profile/password/"])
    def test_is_masked_and_open_to_password_managers(self, page: str) -> None:
        member = factories.member()
        client = Client()
        if page != "/sign-in/":
            client = sign_in(member.user.email, factories.PASSWORD)

        fields = re.findall(r"<input[^>]*>", client.get(page).content.decode())

        found = [one for one in fields if "password" in one or "present" in one]
        masked = [one for one in found if 'type="password"' in one]
        assert len(masked) == (1 if page == "/sign-in/" else 3)
        for field in masked:
            assert re.search(r'autocomplete="(current|new)-password"', field)
            assert "readonly" not in field
            assert int((re.findall(r'maxlength="(\d+)"', field) or ["64"])[0]) >= 64


class TestASession:
    @pytest.fixture
    def member(self) -> Membership:
        return factories.member()

    def test_has_a_key_that_nobody_guesses(self, member: Membership) -> None:
        keys = {
            sign_in(member.user.email, factories.PASSWORD)
            .cookies[settings.SESSION_COOKIE_NAME]
            .value
            for _time in range(3)
        }

        assert len(keys) == 3
        assert {len(key) for key in keys} == {32}
        assert all(re.fullmatch("[a-z0-9]+", key) for key in keys)

    def test_is_gone_after_signing_out(self, member: Membership) -> None:
        client = sign_in(member.user.email, factories.PASSWORD)
        key = client.cookies[settings.SESSION_COOKIE_NAME].value
        client.post(reverse("account_logout"))

        client.cookies[settings.SESSION_COOKIE_NAME] = key

        assert not is_in(client)
        assert not Session.objects.filter(session_key=key).exists()

    def test_ends_with_the_account(self, member: Membership) -> None:
        client = sign_in(member.user.email, factories.PASSWORD)
        assert is_in(client)

        type(member.user).objects.filter(pk=member.user.pk).update(is_active=False)

        assert not is_in(client)

    def test_is_given_to_nobody_who_did_not_sign_in(self) -> None:
        client = Client()
        for page in ("/sign-in/", "/", "/sign-in/forgotten/", "/healthz"):
            client.get(page)

        assert not Session.objects.exists()


class TestSigningOut:
    def test_is_on_every_page(self) -> None:
        office = lists.open_office()
        lists.fill(office, 2)
        client = Client()
        client.force_login(office.user)

        for name, address in lists.pages(office):
            answer = client.get(address)
            page = answer.content.decode()
            if answer.status_code == 200 and "</html>" in page:
                assert f'action="{reverse("account_logout")}"' in page, name
