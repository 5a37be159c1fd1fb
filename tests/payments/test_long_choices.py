"""Pages of payments in an office with many clients and tokens: searched, and in pages."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from payments.models import Customer, InvoiceClient, TimeEntry
from tests.payments import rows
from tests.payments.conftest import Office
from ui import choosing


@pytest.fixture
def many(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Return an office with more clients than a select is good for."""
    monkeypatch.setattr(choosing, "FEW", 2)
    for number in ("71", "72", "73"):
        one = InvoiceClient.objects.create(
            organisation=office.organisation, number=number, name=f"Client {number}"
        )
        Customer.objects.create(
            organisation=office.organisation, client=one, number="5", name=f"Fjord of {number}"
        )
    return office


@pytest.fixture
def register(many: Office) -> Callable[..., Any]:
    """Return what sends the form of the time page."""
    common = {"client": "", "customer": "", "worked_on": "2026-04-08", "minutes": "60"}
    me = rows.signed_in(many.member)
    return lambda **values: me.post(reverse("payments:time"), common | values)


class TestTime:
    def test_is_registered_on_the_customer_of_the_client_that_was_named(
        self, register: Callable[..., Any]
    ) -> None:
        register(client_text="72", customer_text="5")

        assert TimeEntry.objects.get().customer.name == "Fjord of 72"

    def test_takes_a_customer_by_name(self, register: Callable[..., Any]) -> None:
        register(client_text="Client 73", customer_text="fjord of 73")

        assert TimeEntry.objects.get().customer.name == "Fjord of 73"

    def test_refuses_a_customer_of_another_client(self, register: Callable[..., Any]) -> None:
        other = Customer.objects.get(name="Fjord of 73")

        answer = register(client_text="72", customer_text=str(other), customer=other.pk)

        assert answer.status_code == 400
        assert not TimeEntry.objects.exists()

    def test_asks_for_the_client_alone_while_it_is_open(self, register: Callable[..., Any]) -> None:
        page = register(client_text="xyz", customer_text="5").content.decode()

        assert "1 error to correct" in page
        assert "Nothing matches “xyz”." in page


class TestUnmatched:
    def test_are_narrowed_by_what_was_written(self, many: Office) -> None:
        me = rows.signed_in(many.member)

        page = me.get(reverse("payments:unmatched"), {"client": "", "client_text": "72"})
        wrong = me.get(reverse("payments:unmatched"), {"client": "", "client_text": "xyz"})

        assert 'value="72 Client 72"' in page.content.decode()
        assert "Nothing matches “xyz”." in wrong.content.decode()

    def test_of_another_organisations_client_are_no_page(self, many: Office) -> None:
        stranger = rows.signed_in(rows.member())
        rows.activate(stranger.get("/profile/").wsgi_request.organisation)
        client = InvoiceClient.objects.get(number="72")

        answer = stranger.get(reverse("payments:unmatched"), {"client": client.pk})

        assert answer.status_code == 404
