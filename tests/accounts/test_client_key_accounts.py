"""An account of PowerOffice Go: a client key instead of a sign-in, and tokens of 20 minutes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Connection
from accounts.operations import access, connecting
from background.models import BackgroundRequest
from connectors.powerofficego.errors import OtherClient
from organisations.models import Organisation
from sandbox import receivables_story as story
from tests import factories
from tests.conftest import SandboxServer

pytestmark = pytest.mark.django_db


def account(organisation: Organisation, client_key: str, name: str = "Nordvik") -> Connection:
    made = connecting.create_connection(
        organisation=organisation, vendor="powerofficego", kind="service", name=name, by=None
    )
    made.own_key = client_key
    made.save(update_fields=["own_key"])
    return made


def authorise(connection: Connection, run_due_work: Callable[..., int]) -> BackgroundRequest:
    background_request = connecting.authorise_service(connection=connection, by=None)
    run_due_work()
    background_request.refresh_from_db()
    connection.refresh_from_db()
    return background_request


@pytest.fixture
def organisation() -> Organisation:
    return factories.organisation()


class TestAuthorising:
    def test_learns_which_company_the_key_reaches(
        self, sandbox: SandboxServer, organisation: Organisation, run_due_work: Any
    ) -> None:
        connection = account(organisation, story.NORDVIK.client_key)

        authorise(connection, run_due_work)

        assert connection.is_authorised
        assert connection.administration_name == "Nordvik Eiendomsdrift AS"
        books = sandbox.store.powerofficego.client("nordvik")
        assert connection.tenant_id == books.client["client_id"]

    def test_says_that_a_key_is_wrong(
        self, sandbox: SandboxServer, organisation: Organisation, run_due_work: Any
    ) -> None:
        connection = account(organisation, "made-up")

        background_request = authorise(connection, run_due_work)

        assert not connection.is_authorised
        assert background_request.failure_code == "powerofficego.ClientKeyRefused"

    def test_refuses_the_same_company_twice(
        self, sandbox: SandboxServer, organisation: Organisation, run_due_work: Any
    ) -> None:
        authorise(account(organisation, story.NORDVIK.client_key), run_due_work)

        background_request = authorise(
            account(organisation, story.NORDVIK.client_key, "again"), run_due_work
        )

        assert background_request.failure_code == "AlreadyConnected"


class TestTokens:
    def test_are_renewed_when_their_minutes_are_over(
        self, sandbox: SandboxServer, organisation: Organisation, run_due_work: Any
    ) -> None:
        connection = account(organisation, story.NORDVIK.client_key)
        authorise(connection, run_due_work)
        first = connection.access_token

        with time_machine.travel(timezone.now() + timedelta(minutes=21), tick=False):
            assert access.target_for(connection).read_lock_date()

        connection.refresh_from_db()
        assert connection.access_token != first

    def test_never_reach_another_company_under_the_same_account(
        self, sandbox: SandboxServer, organisation: Organisation, run_due_work: Any
    ) -> None:
        connection = account(organisation, story.NORDVIK.client_key)
        authorise(connection, run_due_work)
        connection.own_key = story.HAVGLOTT.client_key
        connection.save(update_fields=["own_key"])

        with (
            time_machine.travel(timezone.now() + timedelta(minutes=21), tick=False),
            pytest.raises(OtherClient),
        ):
            access.target_for(connection).read_lock_date()
