"""Accounts of Business NXT: a service, and a person who signs in; a token names no company."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.models import Connection
from accounts.operations import connecting
from accounts.operations.access import source_for
from sandbox import receivables_story as story
from tests.conftest import SandboxServer
from tests.functional.connecting import Office
from tests.payments import rows

pytestmark = pytest.mark.django_db
NORDVIK = str(story.NORDVIK.company_no)


@pytest.fixture
def office(run_due_work: Callable[..., int]) -> Office:
    return Office(run_due_work, rows.member())


def account(office: Office, *, kind: str, company: str = NORDVIK) -> Connection:
    return connecting.create_connection(
        organisation=office.organisation,
        vendor="businessnxt",
        name="Nordvik",
        kind=kind,
        tenant_id=company,
        by=office.member.user,
    )


class TestAService:
    def test_is_authorised_for_the_company_that_it_was_made_for(
        self, sandbox: SandboxServer, office: Office
    ) -> None:
        connection = account(office, kind="service")

        office.press(connection)

        connection.refresh_from_db()
        assert connection.is_authorised
        assert connection.administration_name == story.NORDVIK.name
        assert connection.administration_organisation_number == story.NORDVIK.organisation_number
        assert connection.tenant_id == NORDVIK
        calls = sandbox.store.requests(vendor="business-nxt")
        assert {one.path for one in calls} == {"/api/graphql-service"}

    def test_asks_for_a_new_token_when_the_old_one_is_refused(
        self, sandbox: SandboxServer, office: Office
    ) -> None:
        connection = account(office, kind="service")
        office.press(connection)
        sandbox.store.setup.expire_access_tokens()
        connection.refresh_from_db()

        company = source_for(connection).read_company()

        assert company.number == NORDVIK

    def test_is_not_authorised_for_a_company_that_is_closed_to_it(
        self, sandbox: SandboxServer, office: Office
    ) -> None:
        connection = account(office, kind="service", company="4119999")

        page = office.press(connection)

        connection.refresh_from_db()
        assert not connection.is_authorised
        assert "Connect Application Access" in page.content.decode()

    def test_asks_for_read_access_only_where_the_operator_says_so(
        self, sandbox: SandboxServer, office: Office, settings: pytest.FixtureRequest
    ) -> None:
        settings.HUB_VENDORS = {**settings.HUB_VENDORS, "BUSINESS_NXT_READ_ONLY": "1"}
        connection = account(office, kind="service")

        office.press(connection)

        connection.refresh_from_db()
        assert connection.is_authorised
        assert connection.scope.endswith("-readonly")


class TestAPerson:
    def test_signs_in_with_code_and_pkce_and_reads_in_user_context(
        self, sandbox: SandboxServer, office: Office
    ) -> None:
        connection = account(office, kind="interactive")

        address = office.sign_in(connection)
        office.come_back(address)

        connection.refresh_from_db()
        assert connection.is_authorised
        assert connection.tenant_id == NORDVIK
        assert connection.refresh_token
        calls = sandbox.store.requests(vendor="business-nxt")
        assert {one.path for one in calls} == {"/api/graphql"}

    def test_is_refreshed_with_the_refresh_token(
        self, sandbox: SandboxServer, office: Office
    ) -> None:
        connection = account(office, kind="interactive")
        office.come_back(office.sign_in(connection))
        sandbox.store.setup.expire_access_tokens()
        connection.refresh_from_db()

        company = source_for(connection).read_company()

        assert company.organisation_number == story.NORDVIK.organisation_number

    def test_disconnects(self, sandbox: SandboxServer, office: Office) -> None:
        connection = account(office, kind="interactive")
        office.come_back(office.sign_in(connection))
        connection.refresh_from_db()

        connecting.disconnect(connection=connection, by=office.member.user, now=timezone.now())
        office.run_due_work()

        connection.refresh_from_db()
        assert not connection.is_authorised
        assert not connection.refresh_token
