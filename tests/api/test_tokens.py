"""Whose tokens let a program in, and the page on which they are made."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from api import operations as tokens
from api.models import ApiToken
from organisations.pages import ROWS_ON_A_PAGE
from payments.rights import BUSINESS
from tests.factories import PASSWORD
from tests.payments import rows

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)


class TestTokenOf:
    @pytest.fixture
    def member(self):
        return rows.member(None, BUSINESS)

    @pytest.fixture
    def secret(self, member):
        _token, secret = tokens.create(
            organisation=member.organisation,
            name="program",
            scopes=["time_entries"],
            by=member.user,
            now=NOW,
        )
        return secret

    def test_lets_in_while_its_maker_may_sign_in(self, secret):
        assert tokens.token_of(secret, now=NOW) is not None

    def test_lets_in_one_of_a_demo_user_while_the_sandbox_is_in_use(self, member, secret):
        type(member.user).objects.update(is_demo=True)

        assert tokens.token_of(secret, now=NOW) is not None

    def test_refuses_an_old_one_of_a_demo_user_in_production(self, member, secret, settings):
        type(member.user).objects.update(is_demo=True)
        settings.HUB_SANDBOX = False

        assert tokens.token_of(secret, now=NOW) is None

    def test_refuses_one_of_a_person_who_left(self, member, secret):
        type(member.user).objects.update(is_active=False)

        assert tokens.token_of(secret, now=NOW) is None


class TestThePage:
    @pytest.fixture
    def member(self):
        member = rows.member()
        rows.activate(member.organisation)
        return member

    def test_makes_a_token_that_is_shown_once(self, member):
        me = rows.signed_in(member)
        form = {"name": "Payroll", "scopes": ["time_entries"], "confirm-password": PASSWORD}

        made = me.post(reverse("api:new_token"), form).content.decode()
        later = me.get(reverse("api:tokens")).content.decode()

        assert "hub_" in made
        assert "Payroll" in later
        assert "hub_" not in later

    def test_ends_a_token_at_once(self, member):
        token, secret = tokens.create(
            organisation=member.organisation,
            name="program",
            scopes=["time_entries"],
            by=member.user,
            now=NOW,
        )

        rows.signed_in(member).post(reverse("api:revoke_token", args=[token.pk]))

        assert tokens.token_of(secret, now=NOW) is None

    def test_is_in_the_menu_of_those_who_may(self, member):
        address = reverse("api:tokens")
        other = rows.member(member.organisation, BUSINESS)

        assert address in rows.signed_in(member).get("/profile/").content.decode()
        assert address not in rows.signed_in(other).get("/profile/").content.decode()
        assert rows.signed_in(other).get(address).status_code == 404

    def test_comes_in_pages(self, member):
        ApiToken.objects.bulk_create(
            ApiToken(organisation=member.organisation, name=f"Token {n:03}", digest=str(n))
            for n in range(ROWS_ON_A_PAGE + 1)
        )
        me = rows.signed_in(member)

        first = me.get(reverse("api:tokens")).content.decode()
        second = me.get(reverse("api:tokens"), {"page": "2"}).content.decode()

        assert 'href="?page=2"' in first
        assert f"Token {ROWS_ON_A_PAGE:03}" not in first
        assert f"Token {ROWS_ON_A_PAGE:03}" in second
