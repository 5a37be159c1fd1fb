"""Whose tokens let a program in."""

from datetime import UTC, datetime

import pytest

from organisations.domain import BUSINESS
from payments.operations import tokens
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
