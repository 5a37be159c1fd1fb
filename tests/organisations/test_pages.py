"""Pages of companies, people and roles; what a stranger sees of them."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import urls
from audit.models import AuditEntry
from journals.rights import JOURNALS
from organisations.models import Company, Debtor, Membership
from organisations.rules import ORGANISATION, Level
from tests import factories

pytestmark = pytest.mark.django_db

PERSONAL = {
    *("theme", "switch_organisation", "recovery_codes"),
    *("profile", "password", "end_session", "end_sessions"),
}
BY_ID = [pattern.name for pattern in urls.urlpatterns if "<int:pk>" in str(pattern.pattern)]
BY_NAME = [
    pattern.name
    for pattern in urls.urlpatterns
    if pattern.name not in BY_ID and pattern.name not in PERSONAL
]


def signed_in(member: Membership) -> Client:
    client = Client()
    client.force_login(member.user, backend="organisations.backends.HubBackend")
    return client


@pytest.fixture
def member() -> Membership:
    return factories.member()


@pytest.fixture
def client(member: Membership) -> Client:
    return signed_in(member)


class TestStranger:
    @pytest.mark.parametrize("name", BY_ID)
    def test_finds_nothing_of_another_organisation(self, name: str, member: Membership) -> None:
        theirs = factories.member().organisation
        rows = (
            factories.connection(theirs),
            factories.company(theirs),
            factories.debtor(theirs),
            Membership.objects.get(organisation=theirs),
        )
        client = signed_in(member)

        for pk in {row.pk for row in rows} - {member.pk}:
            address = reverse(f"accounts:{name}", args=[pk])
            posted = client.post(address, {"reason": "x"}).status_code
            assert posted in (404, 405), address
            if posted == 405:
                assert client.get(address).status_code == 404

    @pytest.mark.parametrize("name", BY_NAME)
    def test_without_any_right_there_is_no_page(self, name: str) -> None:
        client = signed_in(factories.member(rights={}))
        address = reverse(f"accounts:{name}")

        assert 404 in (client.get(address).status_code, client.post(address).status_code)
        assert 200 not in (client.get(address).status_code, client.post(address).status_code)

    @pytest.mark.parametrize("name", BY_NAME)
    def test_signed_out_leads_to_the_sign_in(self, name: str) -> None:
        address = reverse(f"accounts:{name}")

        answers = [Client().get(address), Client().post(address)]

        led = [answer["Location"] for answer in answers if answer.status_code == 302]
        assert led
        assert all(place.startswith("/sign-in/") for place in led)


class TestSignIn:
    def test_takes_email_in_any_case(self) -> None:
        factories.member(person=factories.user("ada@office.example"))
        proof = {"login": "Ada@Office.example", "password": factories.PASSWORD}

        answer = Client().post("/sign-in/", proof)

        assert answer.status_code == 302

    def test_refuses_a_wrong_password_with_words(self) -> None:
        factories.user("ada@office.example")

        answer = Client().post("/sign-in/", {"login": "ada@office.example", "password": "no"})

        assert "is wrong" in answer.content.decode()

    def test_is_locked_after_many_failures(self, settings: Any) -> None:
        factories.user("ada@office.example")
        client = Client()
        wrong = {"login": "ada@office.example", "password": "no"}
        for _try in range(settings.HUB_SIGN_IN_FAILURES):
            client.post("/sign-in/", wrong)

        answer = client.post("/sign-in/", wrong | {"password": factories.PASSWORD})

        assert answer.status_code == 429

    def test_never_leads_to_another_site(self) -> None:
        factories.user("ada@office.example")
        proof = {"login": "ada@office.example", "password": factories.PASSWORD}

        answer = Client().post("/sign-in/", proof | {"next": "https://evil.example/"})

        assert answer["Location"] == "/"


class TestThemeAndOrganisation:
    def test_theme_is_a_cookie(self, client: Client) -> None:
        answer = client.post("/theme/", {"theme": "dark", "next": "https://evil.example/"})

        assert answer.cookies["theme"].value == "dark"
        assert answer["Location"] == "/"

    def test_switches_to_another_of_ones_organisations_only(self, member: Membership) -> None:
        second = factories.member(person=member.user).organisation
        strange = factories.organisation()
        client = signed_in(member)

        assert client.post("/organisation/switch/", {"organisation": second.pk}).status_code == 302
        assert client.get("/companies/").wsgi_request.organisation == second
        assert client.post("/organisation/switch/", {"organisation": strange.pk}).status_code == 404


class TestCompanies:
    def test_are_created_changed_and_audited(self, client: Client, member: Membership) -> None:
        debtor = factories.debtor(member.organisation)
        values = {
            "number": "9",
            "name": "Bageriet AB",
            "organisation_number": "16555555-5555",
            "currency": "sek",
            "debtor": debtor.pk,
            "owner": "",
        }
        client.post("/companies/new/", values)
        company = Company.objects.get()

        client.post(f"/companies/{company.pk}/", values | {"is_test": "on"})

        company.refresh_from_db()
        assert (company.organisation_number, company.currency) == ("5555555555", "SEK")
        assert company.is_test
        assert AuditEntry.objects.get(action="company.changed").details == {
            "is_test": [False, True]
        }
        assert "Bageriet AB" in client.get("/companies/?q=555555-5555").content.decode()

    def test_refuse_another_organisations_debtor(self, client: Client) -> None:
        strange = factories.debtor(factories.organisation())

        client.post(
            "/companies/new/",
            {"number": "9", "name": "B", "currency": "SEK", "debtor": strange.pk},
        )

        assert not Company.objects.exists()

    def test_readers_see_and_cannot_change(self, member: Membership) -> None:
        reader = factories.member(member.organisation, rights={ORGANISATION: Level.READ})
        company = factories.company(member.organisation)
        client = signed_in(reader)

        assert company.name in client.get(f"/companies/{company.pk}/").content.decode()
        client.post(f"/companies/{company.pk}/", {"name": "Changed"})
        assert Company.objects.get().name == company.name
        assert client.get("/companies/new/").status_code == 403


class TestDebtors:
    def test_are_blocked_with_a_reason_and_unblocked(
        self, client: Client, member: Membership
    ) -> None:
        debtor = factories.debtor(member.organisation)

        client.post(f"/debtors/{debtor.pk}/block/", {"reason": ""})
        assert not Debtor.objects.get().is_blocked
        client.post(f"/debtors/{debtor.pk}/block/", {"reason": "Unpaid"})
        assert Debtor.objects.get().blocked_reason == "Unpaid"
        client.post(f"/debtors/{debtor.pk}/unblock/")

        assert not Debtor.objects.get().is_blocked
        assert AuditEntry.objects.filter(action__startswith="debtor.").count() == 2


class TestPeople:
    def test_the_last_administrator_stays(self, client: Client, member: Membership) -> None:
        client.post(f"/people/{member.pk}/remove/")
        other = factories.role(member.organisation, rights={JOURNALS: Level.READ})
        client.post(f"/people/{member.pk}/role/", {"role": other.pk})

        assert Membership.objects.get(pk=member.pk).role_id == member.role_id


class TestRoles:
    def test_rights_are_changed_in_the_matrix(self, client: Client, member: Membership) -> None:
        role = factories.role(member.organisation, rights={})

        client.post("/roles/", {f"{role.pk}-journals": "read"})

        role.refresh_from_db()
        assert role.rights == {"journals": "read"}
        assert AuditEntry.objects.get(action="role.changed").details["to"] == {"journals": "read"}

    def test_a_level_that_does_not_exist_changes_nothing(
        self, client: Client, member: Membership
    ) -> None:
        role = factories.role(member.organisation, rights={})

        client.post("/roles/", {f"{role.pk}-journals": "read", f"{role.pk}-audit": "write"})

        role.refresh_from_db()
        assert role.rights == {}

    def test_every_page_opens(self, client: Client) -> None:
        for name in ("roles", "people", "debtors", "companies", "invite", "new_debtor"):
            assert client.get(reverse(f"organisations:{name}")).status_code == 200, name
