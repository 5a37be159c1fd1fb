"""S2: any user name but an empty one; it starts not authorised, with words."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Connection
from audit.models import AuditEntry
from tests.functional.connecting import Office

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(run_due_work: Callable[..., int]) -> Office:
    return Office(run_due_work)


class TestNewAccount:
    @pytest.mark.parametrize("name", ["anna@fjordbyra.example", "Åsa Öberg", "<b>7</b>", "x" * 120])
    def test_takes_any_user_name(self, office: Office, name: str) -> None:
        answer = office.client.post("/connections/new/", {"name": name, "kind": "interactive"})

        assert answer.status_code == 302
        account = Connection.objects.get()
        assert (account.name, account.state) == (name, Connection.State.NOT_AUTHORISED)
        assert AuditEntry.objects.get(action="connection.created").object_text == name

    @pytest.mark.parametrize("name", ["", "   "])
    def test_refuses_an_empty_one(self, office: Office, name: str) -> None:
        answer = office.client.post("/connections/new/", {"name": name, "kind": "interactive"})

        assert answer.status_code == 200
        assert not Connection.objects.exists()

    def test_shows_a_grey_icon_with_words_and_a_red_notice(self, office: Office) -> None:
        office.account()

        page: Any = office.client.get("/connections/").content.decode()

        assert "Not authorised" in page
        assert "pair--on" not in page
        assert "notice--error" in page

    def test_offers_the_service_first_where_the_hub_is_set_up_for_it(
        self, office: Office, settings: Any
    ) -> None:
        service = {
            "VISMA_CONNECT_SERVICE_CLIENT_ID": "isv_service",
            "VISMA_CONNECT_SERVICE_CLIENT_SECRET": "secret",
        }
        settings.HUB_VENDORS = settings.HUB_VENDORS | service
        with_it = office.client.get("/connections/new/").content.decode()
        settings.HUB_VENDORS = settings.HUB_VENDORS | dict.fromkeys(service, "")
        without = office.client.get("/connections/new/").content.decode()

        assert 0 < with_it.index('value="service"') < with_it.index('value="interactive"')
        assert "nobody has to sign in again" in with_it
        assert 'value="service"' not in without
        assert "nobody has to sign in again" not in without

    def test_a_service_needs_the_id_of_its_company(self, office: Office) -> None:
        answer = office.client.post("/connections/new/", {"name": "x", "kind": "service"})

        assert "A service requires the id" in answer.content.decode()
        assert not Connection.objects.exists()
