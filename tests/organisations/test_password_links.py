"""A link for a new password that an administrator hands to a member who forgot the old one."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from organisations.models import Membership, User
from organisations.rules import ORGANISATION, Level
from tests import factories

pytestmark = pytest.mark.django_db

NEW = "seven-green-bottles"


@pytest.fixture
def administrator() -> Membership:
    return factories.member()


@pytest.fixture
def member(administrator: Membership) -> Membership:
    return factories.member(administrator.organisation, rights={})


def signed_in(member: Membership) -> Client:
    client = Client()
    client.force_login(member.user, backend="organisations.backends.HubBackend")
    return client


def ask(by: Membership, of: Membership) -> Any:
    return signed_in(by).post(reverse("organisations:password_link", args=[of.pk]), follow=True)


def link_in(answer: Any, settings: Any) -> str:
    found = re.search(r"<code>(\S+)</code>", answer.content.decode())
    assert found is not None
    return found[1].removeprefix(settings.HUB_BASE_URL)


def set_new(link: str) -> Any:
    client = Client()
    page = client.get(link)["Location"]
    return client.post(page, {"new_password": NEW, "repeated": NEW}, follow=True)


def sign_in(user: User) -> Any:
    return Client().post("/sign-in/", {"login": user.email, "password": NEW})


class TestLink:
    def test_is_offered_beside_each_other_member(
        self, administrator: Membership, member: Membership
    ) -> None:
        page = signed_in(administrator).get(reverse("organisations:people")).content.decode()

        assert reverse("organisations:password_link", args=[member.pk]) in page
        assert reverse("organisations:password_link", args=[administrator.pk]) not in page

    def test_lets_the_person_set_a_password_once(
        self, administrator: Membership, member: Membership, settings: Any
    ) -> None:
        answer = ask(administrator, member)
        link = link_in(answer, settings)

        set_new(link)

        assert sign_in(member.user).status_code == 302
        assert "no longer works" in Client().get(link).content.decode()

    def test_leaves_a_mark_since_who_made_it_could_have_used_it(
        self, administrator: Membership, member: Membership
    ) -> None:
        ask(administrator, member)

        assert User.objects.get(pk=member.user_id).handed_over

    def test_is_shown_to_no_cache_and_stored_nowhere(
        self, administrator: Membership, member: Membership, settings: Any
    ) -> None:
        answer = ask(administrator, member)

        assert "no-store" in answer["Cache-Control"]
        assert link_in(answer, settings) not in str(list(AuditEntry.objects.values()))

    def test_does_not_get_past_the_second_factor(
        self, administrator: Membership, member: Membership, settings: Any
    ) -> None:
        factories.second_factor(member.user)
        set_new(link_in(ask(administrator, member), settings))

        assert sign_in(member.user)["Location"] == "/sign-in/code/"

    def test_is_in_the_audit_trail_as_the_act_of_who_made_it(
        self, administrator: Membership, member: Membership
    ) -> None:
        ask(administrator, member)

        entry = AuditEntry.objects.get(action="person.password_link_made")
        assert (entry.user, entry.object_text) == (administrator.user, str(member.user))


class TestRefusal:
    def refused(self, by: Membership, of: Membership, words: str) -> None:
        answer = ask(by, of)

        assert words in answer.content.decode()
        assert "<code>" not in answer.content.decode()
        assert not AuditEntry.objects.filter(action="person.password_link_made").exists()

    def test_for_who_is_in_another_organisation_too(
        self, administrator: Membership, member: Membership
    ) -> None:
        factories.member(person=member.user)

        self.refused(administrator, member, "also works for another organisation")

    def test_for_an_operator_of_the_installation(
        self, administrator: Membership, member: Membership
    ) -> None:
        User.objects.filter(pk=member.user_id).update(is_superuser=True)

        self.refused(administrator, member, "is an operator of the hub")

    def test_for_who_may_not_sign_in(self, administrator: Membership, member: Membership) -> None:
        User.objects.filter(pk=member.user_id).update(is_active=False)

        self.refused(administrator, member, "may not sign in")

    def test_for_oneself_whose_present_password_is_asked_for(
        self, administrator: Membership
    ) -> None:
        self.refused(administrator, administrator, "on your profile")

    def test_to_who_may_only_read_people(
        self, administrator: Membership, member: Membership
    ) -> None:
        reader = factories.member(administrator.organisation, rights={ORGANISATION: Level.READ})

        assert ask(reader, member).status_code == 403

    def test_to_the_administrator_of_another_organisation(self, member: Membership) -> None:
        assert ask(factories.member(), member).status_code == 404
