"""Any company, journal, invoice or customer is found by its number or name."""

import pytest
from django.test import Client
from django.urls import reverse

from organisations.models import Membership
from tests import factories
from tests.journals.pages import rows
from tests.journals.pages.conftest import signed_in
from tests.payments import rows as payment_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def me() -> Membership:
    return factories.member()


@pytest.fixture
def client(me: Membership) -> Client:
    return signed_in(me)


def found(client: Client, text: str) -> str:
    answer = client.get(reverse("organisations:find"), {"find": text})
    assert answer.status_code == 200
    return answer.content.decode()


def opened(client: Client, text: str) -> str:
    answer = client.get(reverse("organisations:find"), {"find": text})
    assert answer.status_code == 302
    return str(answer["Location"])


class TestFinding:
    def test_a_company_by_part_of_its_name_whatever_the_case(self, me, client) -> None:
        company = factories.company(me.organisation, name="Älvdalens Åkeri AB")
        factories.company(me.organisation, name="Älvsborgs Bygg AB")
        html = found(client, "älv")
        assert "Älvdalens Åkeri AB" in html
        assert "Älvsborgs Bygg AB" in html
        assert opened(client, "åkeri") == reverse("organisations:company", args=[company.pk])

    def test_a_company_by_its_organisation_number_however_it_is_written(self, me, client) -> None:
        company = factories.company(me.organisation, organisation_number="5560360793")
        assert opened(client, "556036-0793") == reverse("organisations:company", args=[company.pk])

    def test_a_journal_by_its_number_in_the_ledger(self, me, client) -> None:
        journal = rows.journal(me.organisation)
        rows.freeze(
            journal.batches.get(), state="posted", vendor_number="000417", proven_at=rows.NOW
        )
        assert opened(client, "000417") == reverse("journals:detail", args=[journal.pk])

    def test_a_journal_by_part_of_its_reference(self, me, client) -> None:
        journal = rows.journal(me.organisation, reference="PAYROLL 2026-11/77")
        rows.journal(me.organisation, reference="PAYROLL 2026-11/78")
        assert opened(client, "2026-11/77") == reverse("journals:detail", args=[journal.pk])

    def test_an_invoice_its_customer_and_its_client(self) -> None:
        of = payment_rows.client_of(number="7", name="Fjord AS")
        customer = payment_rows.customer(of, "10417", name="Kystfisk AS")
        invoice = payment_rows.invoice(of, number="88123", customer=customer)
        client = payment_rows.signed_in(payment_rows.member(of.organisation, "business"))
        assert opened(client, "88123") == reverse("payments:invoice", args=[invoice.pk])
        assert opened(client, "10417") == reverse("payments:customer", args=[customer.pk])
        assert opened(client, "kystfisk") == reverse("payments:customer", args=[customer.pk])
        assert opened(client, "Fjord") == reverse("payments:client", args=[of.pk])

    def test_says_when_there_are_more(self, me, client) -> None:
        for number in range(9):
            factories.company(me.organisation, name=f"Alfa {number} AB")
        html = found(client, "Alfa")
        assert html.count("row-link") == 8
        assert "There are more." in html

    def test_says_when_there_is_none_and_when_too_little_was_typed(self, client) -> None:
        assert "Nothing has “Omega” in its number or name." in found(client, "Omega")
        assert "Type at least two characters." in found(client, "a")

    def test_finds_nothing_of_another_office(self, client) -> None:
        factories.company(factories.organisation(), name="Theirs AB")
        assert "Theirs AB" not in found(client, "Theirs")

    def test_finds_nothing_that_the_role_does_not_read(self, me) -> None:
        rows.journal(me.organisation, reference="PAYROLL 2026-11/9")
        reader = signed_in(factories.member(me.organisation, {"organisation": "read"}))
        assert "Nothing has" in found(reader, "PAYROLL")

    def test_follows_what_is_typed_without_leaving_the_page(self, me, client) -> None:
        factories.company(me.organisation, name="Only AB")
        answer = client.get(
            reverse("organisations:find"), {"find": "Only"}, headers={"HX-Target": "found"}
        )
        assert answer.status_code == 200
        assert "<html" not in answer.content.decode()
        assert "Only AB" in answer.content.decode()

    @pytest.mark.parametrize("text", ["%%", "__", "'; --", "9" * 400, "🙂🙂"])
    def test_survives_whatever_is_typed(self, client, text) -> None:
        assert client.get(reverse("organisations:find"), {"find": text}).status_code == 200
