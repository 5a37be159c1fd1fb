"""S22: three rights, each off until it is given; on page, command and API."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from api.models import ApiToken, digest_of
from audit.models import AuditEntry
from organisations.models import Membership
from organisations.rules import BUILT_IN_ROLES, Level
from payments.models import FetchRun
from payments.operations import fetching
from payments.rights import BUSINESS, PAYMENTS_IMPORT, PAYMENTS_OVERVIEW
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.conftest import office as office

RIGHTS = (BUSINESS, PAYMENTS_OVERVIEW, PAYMENTS_IMPORT)


def test_no_built_in_role_may_use_any_of_them():
    for rights in BUILT_IN_ROLES.values():
        assert not {key for key in RIGHTS if rights.get(key) == Level.WRITE}


def test_of_the_built_in_roles_the_auditor_alone_sees_payments():
    readers = {name for name, rights in BUILT_IN_ROLES.items() if set(RIGHTS) & set(rights)}

    assert readers == {"Auditor"}


def somebody(office: Office, *rights: str) -> Membership:
    return rows.member(office.organisation, *rights)


def api(office: Office, person: Membership, body: dict[str, Any]) -> Any:
    """Call the API with a token whose maker has lost, or never had, a right."""
    ApiToken.objects.create(
        organisation=office.organisation,
        name="program",
        digest=digest_of("hub_secret"),
        scopes=["payments_overview", "payments_import"],
        created_by=person.user,
    )
    return Client().post(
        "/api/v1/fetches",
        json.dumps(body),
        content_type="application/json",
        headers={"Authorization": "Bearer hub_secret"},
    )


def command(office: Office, person: Membership, *which: str) -> str:
    out = StringIO()
    call_command(
        "fetch_payments",
        *which,
        "--json",
        "--as",
        person.user.email,
        "--organisation",
        office.organisation.name,
        stdout=out,
    )
    return out.getvalue()


class TestUseOfTheIntegration:
    def test_without_it_there_is_no_page_and_no_menu(self, office):
        person = somebody(office, PAYMENTS_OVERVIEW, PAYMENTS_IMPORT, "journals")
        client = rows.signed_in(person)

        assert client.get("/invoices/").status_code == 404
        assert client.get("/invoices/import/").status_code == 404
        assert "/invoices/" not in client.get("/overview/").content.decode()

    def test_with_it_the_menu_leads_to_the_page(self, office):
        client = rows.signed_in(somebody(office, BUSINESS))

        assert 'href="/invoices/"' in client.get("/overview/").content.decode()
        assert client.get("/invoices/").status_code == 200

    def test_it_is_enough_for_cancelling_a_run_of_somebody_else(self, office):
        run = fetching.request_fetch(client=office.client, by=office.member.user, now=office.now)
        url = reverse("payments:cancel_run", args=[run.pk])

        refused = rows.signed_in(somebody(office, PAYMENTS_OVERVIEW, PAYMENTS_IMPORT)).post(url)
        before = FetchRun.objects.get().state
        rows.signed_in(somebody(office, BUSINESS)).post(url)

        assert (refused.status_code, before) == (404, "waiting")
        assert FetchRun.objects.get().state == "cancelled"

    def test_the_command_refuses_without_it(self, office):
        with pytest.raises(CommandError, match="is missing"):
            command(office, somebody(office, PAYMENTS_OVERVIEW), "--client", office.client.number)

    def test_the_api_refuses_without_it(self, office):
        person = somebody(office, PAYMENTS_OVERVIEW)

        assert api(office, person, {"client": office.client.number}).status_code == 401


class TestFetchingFromTheOverview:
    def test_without_it_there_is_no_button_and_no_fetch(self, office):
        client = rows.signed_in(somebody(office, BUSINESS, PAYMENTS_IMPORT))
        url = reverse("payments:fetch", args=[office.client.pk])

        assert url not in client.get("/invoices/").content.decode()
        assert client.post(url).status_code == 404
        assert not FetchRun.objects.exists()

    def test_with_it_there_is(self, office):
        client = rows.signed_in(somebody(office, BUSINESS, PAYMENTS_OVERVIEW))
        url = reverse("payments:fetch", args=[office.client.pk])

        assert url in client.get("/invoices/").content.decode()
        assert client.post(url).status_code == 302
        assert FetchRun.objects.count() == 1

    def test_the_command(self, office):
        which = ("--client", office.client.number)

        with pytest.raises(CommandError, match="Fetch payments from the invoice overview"):
            command(office, somebody(office, BUSINESS, PAYMENTS_IMPORT), *which)
        assert command(office, somebody(office, BUSINESS, PAYMENTS_OVERVIEW), *which)

    @pytest.mark.parametrize(
        ("right", "status"), [(PAYMENTS_OVERVIEW, 202), (PAYMENTS_IMPORT, 403)]
    )
    def test_the_api(self, office, right, status):
        person = somebody(office, BUSINESS, right)

        answer = api(office, person, {"client": office.client.number})

        assert answer.status_code == status

    def test_the_trail_names_the_person_and_the_token(self, office):
        person = somebody(office, BUSINESS, PAYMENTS_OVERVIEW)

        api(office, person, {"client": office.client.number})

        entry = AuditEntry.objects.get(action="payments.fetched")
        assert (entry.user, entry.details) == (person.user, {"token": "program"})


class TestFetchingFromTheImportMenu:
    def test_without_it_there_is_no_menu_and_no_fetch(self, office):
        client = rows.signed_in(somebody(office, BUSINESS, PAYMENTS_OVERVIEW))

        assert "/invoices/import/" not in client.get("/invoices/").content.decode()
        assert client.post("/invoices/import/", {"which": "all"}).status_code == 404
        assert not FetchRun.objects.exists()

    def test_with_it_there_is(self, office):
        client = rows.signed_in(somebody(office, BUSINESS, PAYMENTS_IMPORT))

        assert "/invoices/import/" in client.get("/invoices/").content.decode()
        assert client.post("/invoices/import/", {"which": "all"}).status_code == 302
        assert FetchRun.objects.count() == 1

    def test_the_command(self, office):
        with pytest.raises(CommandError, match="Fetch payments from the import menu"):
            command(office, somebody(office, BUSINESS, PAYMENTS_OVERVIEW), "--all")
        assert command(office, somebody(office, BUSINESS, PAYMENTS_IMPORT), "--all")

    @pytest.mark.parametrize(
        ("right", "status"), [(PAYMENTS_IMPORT, 202), (PAYMENTS_OVERVIEW, 403)]
    )
    def test_the_api(self, office, right, status):
        person = somebody(office, BUSINESS, right)

        assert api(office, person, {"all": True}).status_code == status
