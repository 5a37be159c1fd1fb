"""A password that somebody else made does no more than set one's own."""

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from organisations.models import Membership, User
from organisations.operations import people
from tests import factories

pytestmark = pytest.mark.django_db
CHANGE = "/profile/password/"
OWN = "seven-green-bottles"


@pytest.fixture
def member() -> Membership:
    """Return a member whose password the operator made."""
    made = factories.member()
    people.make_temporary(made.user)
    return made


@pytest.fixture
def client(member: Membership) -> Client:
    client = Client()
    client.post("/sign-in/", {"login": member.user.email, "password": factories.PASSWORD})
    return client


def change(client: Client, to: str = OWN) -> Any:
    values = {"present": factories.PASSWORD, "new_password": to, "repeated": to}
    return client.post(CHANGE, values, follow=True)


class TestATemporaryPassword:
    @pytest.mark.parametrize("path", ["/", "/people/", "/journals/", "/profile/", "/invitation/"])
    def test_opens_no_page_but_the_one_that_changes_it(self, client: Client, path: str) -> None:
        answer = client.get(path)

        assert (answer.status_code, answer["Location"]) == (302, CHANGE)
        assert "set by someone else" in client.get(CHANGE).content.decode()

    def test_does_nothing_that_is_posted_either(self, client: Client, member: Membership) -> None:
        client.post("/people/invite/", {"email": "a@b.example", "role": member.role_id})

        assert not member.organisation.invitations.exists()

    def test_leads_a_page_that_follows_itself_there(self, client: Client) -> None:
        answer = client.get("/journals/", headers={"HX-Request": "true"})

        assert answer["HX-Redirect"] == CHANGE

    def test_is_over_when_the_person_has_chosen_another(
        self, client: Client, member: Membership
    ) -> None:
        change(client)

        assert client.get("/people/").status_code == 200
        assert User.objects.get(pk=member.user_id).check_password(OWN)

    def test_is_not_chosen_again(self, client: Client, member: Membership) -> None:
        answer = change(client, to=factories.PASSWORD)

        assert "Choose another one" in answer.content.decode()
        assert client.get("/people/").status_code == 302

    def test_can_be_left_by_signing_out(self, client: Client) -> None:
        assert client.post("/sign-out/")["Location"] == "/sign-in/"

    def test_is_changed_before_a_second_factor_is_set_up(
        self, client: Client, member: Membership
    ) -> None:
        type(member.organisation).objects.update(requires_second_factor=True)
        assert client.get("/people/")["Location"] == CHANGE

        change(client)

        assert client.get("/people/")["Location"] == "/profile/second-factor/"

    def test_is_what_the_operators_command_gives(self, member: Membership) -> None:
        User.objects.update(password_is_temporary=False)

        call_command("set_password", member.user.email)

        assert User.objects.get(pk=member.user_id).password_is_temporary

    def test_is_none_of_the_demo_people(self) -> None:
        call_command("seed_demo")

        assert not User.objects.filter(is_demo=True, password_is_temporary=True).exists()
