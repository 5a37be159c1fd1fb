"""Accounts in Visma Business and PowerOffice Go: made in the settings, by a service or a person."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Connection
from accounts.operations import notifying
from accounts.rights import CONNECTIONS
from connectors.errors import NotAuthorized
from organisations import rules
from payments.rights import BUSINESS
from sandbox import receivables_story as story
from tests import factories
from tests.functional.connecting import Office
from tests.payments import rows

NORDVIK = story.NORDVIK


@pytest.fixture
def office(db: None, sandbox: Any, run_due_work: Callable[..., int]) -> Office:
    found = Office(run_due_work, rows.member())
    rows.activate(found.organisation)
    return found


def make(office: Office, where: str, **more: str) -> Any:
    """Fill in the form, and let the worker do what follows."""
    answer = office.client.post(
        "/invoices/settings/accounts/new/", {"where": where, "name": "Nordvik", **more}
    )
    assert answer.status_code == 302, answer.content.decode()
    office.run_due_work()
    return office.client.get(answer["Location"])


class TestBusinessNxtWithAPerson:
    def test_is_made_by_the_form_and_authorised_by_signing_in(self, office: Office) -> None:
        away = make(office, "businessnxt:interactive", tenant_id=str(NORDVIK.company_no))
        back = office.vendor.sign_in(away["Location"], tenant_id="")

        page = office.come_back(back)

        account = Connection.objects.get()
        assert account.kind == Connection.Kind.INTERACTIVE
        assert account.is_authorised
        assert account.refresh_token
        assert page.request["PATH_INFO"] == "/invoices/settings/"
        assert f"Connected to {NORDVIK.name}" in page.content.decode()

    def test_needs_the_number_of_the_company_for_no_token_names_one(self, office: Office) -> None:
        answer = office.client.post(
            "/invoices/settings/accounts/new/",
            {"where": "businessnxt:interactive", "name": "Nordvik"},
        )

        assert "Enter the company&#x27;s number" in answer.content.decode()
        assert not Connection.objects.exists()

    def test_that_was_denied_leads_back_to_these_settings(
        self, office: Office, sandbox: Any
    ) -> None:
        sandbox.store.add_fault("authorize_error", detail="access_denied")
        away = make(office, "businessnxt:interactive", tenant_id=str(NORDVIK.company_no))
        back = office.vendor.sign_in(away["Location"], tenant_id="")

        page = office.come_back(back).content.decode()

        assert "Not connected" in page
        assert 'href="/invoices/settings/"' in page
        assert not Connection.objects.get().is_authorised


class TestAServiceAndAClientKey:
    def test_are_tried_at_once_and_lead_back_with_the_companys_name(self, office: Office) -> None:
        nxt = make(office, "businessnxt:service", tenant_id=str(NORDVIK.company_no))
        go = make(office, "powerofficego:service", own_key=NORDVIK.client_key)

        assert nxt["Location"] == go["Location"] == "/invoices/settings/"
        page = office.client.get("/invoices/settings/").content.decode()
        assert page.count(f"Connected to {NORDVIK.name}") == 2
        assert all(one.is_authorised for one in Connection.objects.all())

    def test_are_disconnected_and_removed_on_the_same_page(self, office: Office) -> None:
        make(office, "businessnxt:service", tenant_id=str(NORDVIK.company_no))
        account = Connection.objects.get()

        answer = office.press(account, "disconnect")

        assert answer["Location"] == "/invoices/settings/"
        page = office.client.get("/invoices/settings/").content.decode()
        assert "Everything fetched and registered through it is kept." in page
        office.client.post(f"/connections/{account.pk}/remove/")
        assert not Connection.objects.exists()


class TestWhoMay:
    """S1 is about Visma.net; these accounts go by the rights of payments (S22)."""

    BUTTONS = ("authorise", "sign-out", "disconnect", "remove")

    @pytest.mark.parametrize(
        ("rights", "status"),
        [
            ({CONNECTIONS: "write", rules.ORGANISATION: "write"}, 404),
            ({CONNECTIONS: "write", BUSINESS: "write"}, 404),
            ({BUSINESS: "write", rules.ORGANISATION: "read"}, 403),
        ],
    )
    def test_the_right_to_visma_net_changes_none_of_them(
        self, office: Office, rights: dict[str, str], status: int
    ) -> None:
        account = rows.account(office.organisation, "businessnxt")
        other = rows.signed_in(factories.member(office.organisation, rights))

        for button in self.BUTTONS:
            assert other.post(f"/connections/{account.pk}/{button}/").status_code == status
        assert Connection.objects.get().is_authorised

    def test_the_rights_of_payments_change_no_account_of_visma_net(self, office: Office) -> None:
        account = factories.connection(office.organisation)

        for button in self.BUTTONS:
            assert office.client.post(f"/connections/{account.pk}/{button}/").status_code == 404

    def test_they_are_not_listed_among_the_accounts_of_visma_net(self, office: Office) -> None:
        rows.account(office.organisation, "businessnxt", name="Only of payments")
        person = rows.signed_in(factories.member(office.organisation))

        page = person.get("/connections/").content.decode()

        assert "Only of payments" not in page

    def test_a_mail_about_one_leads_to_these_settings(
        self, office: Office, mailoutbox: list[Any]
    ) -> None:
        account = rows.account(office.organisation, "businessnxt", owner=None)
        factories.member(office.organisation, {CONNECTIONS: "write"})

        notifying.notify_owner(
            account,
            about=notifying.SIGN_IN_AGAIN,
            failure=NotAuthorized(vendor="Visma Connect", account=account.name),
        )
        office.run_due_work()

        (mail,) = mailoutbox
        assert mail.to == [office.member.user.email]
        assert "/invoices/settings/" in mail.body
        assert "Payments wait until then" in mail.body
