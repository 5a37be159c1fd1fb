"""S3 and S4: press the icon, sign in, Allow, choose the company; the icon is coloured."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database

from accounts.models import Connection
from audit.models import AuditEntry
from background.models import BackgroundRequest
from sandbox import seed
from tests.functional.connecting import Office

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(sandbox: Any, run_due_work: Callable[..., int]) -> Office:
    return Office(run_due_work)


class TestAuthorising:
    def test_leads_to_the_vendor_and_back_to_the_name_of_the_company(self, office: Office) -> None:
        account = office.account()

        page = office.connect(account)

        assert "Connected to Påhittade Åkeriet AB." in page.content.decode()
        account.refresh_from_db()
        assert account.is_authorised
        assert (account.tenant_id, account.administration_currency) == (seed.AKERIET, "SEK")
        assert AuditEntry.objects.filter(action="connection.authorised").count() == 1

    def test_keeps_no_secret_readable(self, office: Office) -> None:
        account = office.account()

        back = office.sign_in(account)
        office.come_back(back)

        account.refresh_from_db()
        code = back.split("code=")[1].split("&")[0]
        with database.cursor() as cursor:
            cursor.execute("select * from background_request")
            background_requests = str(cursor.fetchall())
            cursor.execute("select * from accounts_connection")
            connections = str(cursor.fetchall())
        for secret in (code, account.access_token, account.refresh_token, account.id_token):
            assert secret
            assert secret not in background_requests + connections

    def test_a_service_needs_no_person(self, office: Office) -> None:
        account = office.account(kind="service", tenant_id=seed.AKERIET)

        page = office.press(account)

        assert page.status_code == 302
        account.refresh_from_db()
        assert account.administration_name == "Påhittade Åkeriet AB"

    def test_the_waiting_page_belongs_to_the_person_who_pressed(self, office: Office) -> None:
        account = office.account()
        office.press(account)
        background_request = BackgroundRequest.objects.get()
        other = Office(office.run_due_work)

        assert (
            other.client.get(f"/connections/requests/{background_request.pk}/").status_code == 404
        )


class TestTheOpenPage:
    def test_asks_again_until_everything_is_authorised(self, office: Office) -> None:
        account = office.account()
        before = office.client.get("/connections/").content.decode()

        office.connect(account)
        after = office.client.get("/connections/", headers={"HX-Target": "connections"})

        assert 'hx-trigger="every 2s"' in before
        assert "notice--error" in before
        assert "every 2s" not in after.content.decode()
        assert "notice--error" not in after.content.decode()
        assert "<html" not in after.content.decode()


class TestDisconnecting:
    def test_revokes_at_the_vendor_and_keeps_the_company(
        self, office: Office, sandbox: Any
    ) -> None:
        account = office.account()
        office.connect(account)

        office.press(account, "disconnect")

        account.refresh_from_db()
        assert account.state == Connection.State.NOT_AUTHORISED
        assert (account.access_token, account.refresh_token) == ("", "")
        assert account.tenant_id == seed.AKERIET
        assert sandbox.store.requests(vendor="visma-connect", call="revocation")

    def test_can_be_authorised_again(self, office: Office) -> None:
        account = office.account()
        office.connect(account)
        office.press(account, "disconnect")

        office.connect(account)

        account.refresh_from_db()
        assert account.is_authorised
