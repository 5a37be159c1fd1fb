"""One's own page: name, language, password, sessions; and the organisation's page."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from audit.models import AuditEntry
from organisations.models import Membership, Organisation, User
from organisations.rules import ORGANISATION, Level
from organisations.tasks import forget_sessions
from tests import factories

pytestmark = pytest.mark.django_db

NEW = "seven-green-bottles"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="organisations.backends.HubBackend")
    return client


@pytest.fixture
def member() -> Membership:
    return factories.member(person=factories.user("ada@office.example"))


@pytest.fixture
def client(member: Membership) -> Client:
    return client_of(member.user)


class TestLanguage:
    def test_is_kept_with_the_person_whatever_the_browser_remembers(
        self, client: Client, member: Membership
    ) -> None:
        client.post("/i18n/setlang/", {"language": "sv"})

        member.user.refresh_from_db()
        assert member.user.language == "sv"
        elsewhere = client_of(member.user)
        elsewhere.cookies["django_language"] = "nb"
        assert '<html lang="sv"' in elsewhere.get("/people/").content.decode()

    def test_chosen_at_the_door_is_taken_in(self, member: Membership) -> None:
        client = Client()
        client.post("/i18n/setlang/", {"language": "nb"})

        client.post("/sign-in/", {"login": member.user.email, "password": factories.PASSWORD})

        member.user.refresh_from_db()
        assert member.user.language == "nb"

    def test_of_whoever_sat_here_before_is_not_taken_over(self, member: Membership) -> None:
        User.objects.update(language="sv")
        client = Client()
        client.cookies["django_language"] = "nb"

        client.post("/sign-in/", {"login": member.user.email, "password": factories.PASSWORD})

        member.user.refresh_from_db()
        assert member.user.language == "sv"

    def test_that_does_not_exist_is_not_stored(self, client: Client, member: Membership) -> None:
        client.post("/i18n/setlang/", {"language": "xx"})

        member.user.refresh_from_db()
        assert member.user.language == ""


class TestProfile:
    def test_changes_name_and_language(self, client: Client, member: Membership) -> None:
        client.post("/profile/", {"name": " Ada Ek ", "language": "sv"})

        member.user.refresh_from_db()
        assert (member.user.name, member.user.language) == ("Ada Ek", "sv")
        assert AuditEntry.objects.get(action="person.renamed").details["to"] == "Ada Ek"
        assert '<html lang="sv"' in client.get("/profile/").content.decode()

    def test_belongs_to_people_without_an_organisation_too(self) -> None:
        page = client_of(factories.user()).get("/profile/").content.decode()

        assert 'action="/sign-out/"' in page

    def test_is_in_the_menu(self, client: Client) -> None:
        page = client.get("/profile/").content.decode()

        assert 'href="/profile/"' in page
        assert 'href="/organisation/"' in page


class TestPassword:
    def change(self, client: Client, **values: str) -> Any:
        usual = {"present": factories.PASSWORD, "new_password": NEW, "repeated": NEW}
        return client.post("/profile/password/", usual | values)

    def test_is_changed_and_ends_the_other_sessions(
        self, client: Client, member: Membership
    ) -> None:
        other = client_of(member.user)

        answer = self.change(client)

        assert answer["Location"] == "/profile/"
        assert User.objects.get().check_password(NEW)
        assert client.get("/profile/").status_code == 200
        assert other.get("/profile/").status_code == 302
        assert AuditEntry.objects.get().action == "person.password_changed"

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({"present": "wrong"}, "not your current password"),
            ({"repeated": "another-one-here"}, "passwords differ"),
            ({"new_password": "short", "repeated": "short"}, "too short"),
            ({"new_password": "ada@office.example", "repeated": "ada@office.example"}, "similar"),
        ],
    )
    def test_is_kept_where_something_is_wrong(
        self, client: Client, values: dict[str, str], words: str
    ) -> None:
        page = self.change(client, **values)

        assert words in page.content.decode()
        assert User.objects.get().check_password(factories.PASSWORD)

    def test_guessing_the_present_one_is_throttled(self, client: Client, settings: Any) -> None:
        for _try in range(settings.HUB_SIGN_IN_FAILURES):
            assert self.change(client, present="wrong").status_code == 200

        assert self.change(client).status_code == 429
        assert User.objects.get().check_password(factories.PASSWORD)


class TestSessions:
    def test_end_everywhere(self, client: Client, member: Membership) -> None:
        other = client_of(member.user)

        answer = client.post("/profile/sessions/end/", follow=True)

        assert "signed out everywhere" in answer.content.decode()
        assert client.get("/profile/").status_code == 302
        assert other.get("/profile/").status_code == 302
        assert AuditEntry.objects.get().action == "person.sessions_ended"
        assert client.get("/profile/sessions/end/").status_code in (302, 405)

    def test_that_are_over_are_forgotten(self, client: Client) -> None:
        session = client.session
        old = client_of(factories.user()).session
        Session.objects.filter(pk=old.session_key).update(
            expire_date=datetime(2026, 1, 1, tzinfo=UTC)
        )

        forget_sessions(of_a_newer_version=True)

        assert [row.pk for row in Session.objects.all()] == [session.session_key]


class TestOrganisation:
    def test_is_changed_by_an_administrator_and_audited(
        self, client: Client, member: Membership
    ) -> None:
        before = member.organisation.name

        client.post("/organisation/", {"name": "Byrån", "requires_second_factor": "on"})

        organisation = Organisation.objects.get()
        assert (organisation.name, organisation.requires_second_factor) == ("Byrån", True)
        entry = AuditEntry.objects.get(action="organisation.changed")
        assert entry.details == {
            "name": [before, "Byrån"],
            "requires_second_factor": [False, True],
        }

    def test_tells_who_has_no_second_factor(self, client: Client, member: Membership) -> None:
        assert member.user.name in client.get("/organisation/").content.decode()

    def test_saved_without_a_change_leaves_no_trace(
        self, client: Client, member: Membership
    ) -> None:
        client.post("/organisation/", {"name": member.organisation.name})

        assert not AuditEntry.objects.exists()

    def test_refuses_the_name_of_another(self, client: Client, member: Membership) -> None:
        taken = factories.organisation()

        page = client.post("/organisation/", {"name": taken.name})

        assert page.status_code == 200
        member.organisation.refresh_from_db()
        assert member.organisation.name != taken.name

    def test_is_for_administrators(self, member: Membership) -> None:
        reader = factories.member(member.organisation, {ORGANISATION: Level.READ})

        assert client_of(reader.user).get("/organisation/").status_code == 403
        assert client_of(factories.member(rights={}).user).get("/organisation/").status_code == 404


class TestDemoUsers:
    def test_cannot_sign_in_without_the_sandbox(self, settings: Any) -> None:
        person = factories.user("demo@office.example", is_demo=True)
        client = client_of(person)
        proof = {"login": person.email, "password": factories.PASSWORD}
        assert client.get("/profile/").status_code == 200

        settings.HUB_SANDBOX = False

        assert client.get("/profile/").status_code == 302
        assert Client().post("/sign-in/", proof).status_code == 200
