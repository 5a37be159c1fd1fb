"""The list of a client's invoices, by what is open on each."""

import pytest

from payments.models import Invoice, InvoiceClient, Settlement
from payments.operations import matching
from payments.queries.invoices import list_invoices
from tests.payments import rows

pytestmark = pytest.mark.django_db


def pay(invoice: Invoice, amount: str) -> None:
    payment = rows.payment(invoice.client, amount=amount)
    Settlement.objects.create(
        organisation=invoice.organisation,
        client=invoice.client,
        invoice=invoice,
        payment=payment,
        amount=payment.amount,
        rule="manual",
        made_at=rows.NOW,
    )


@pytest.fixture
def client() -> InvoiceClient:
    """Return a client with an invoice, or credit note, of every kind."""
    made = rows.client_of()
    pay(rows.invoice(made, "paid", "100.00"), "100.00")
    pay(rows.invoice(made, "part", "100.00"), "40.00")
    pay(rows.invoice(made, "over", "100.00"), "130.00")
    rows.invoice(made, "credited", "100.00")
    rows.invoice(made, "C-used", "-50.00", is_credit_note=True, credits_number="credited")
    matching.apply_credit_notes(made, run=None, now=rows.NOW)
    rows.invoice(made, "C-unused", "-20.00", is_credit_note=True)
    rows.invoice(made, "unknown", posted_amount=None)
    return made


@pytest.mark.parametrize(
    ("state", "numbers"),
    [
        ("open", {"part", "over", "credited", "C-unused"}),
        ("over", {"over"}),
        ("settled", {"paid", "C-used"}),
    ],
)
def test_filters_by_what_is_left_after_payments_and_credit_notes(client, state, numbers):
    page = list_invoices(client, state=state)

    assert {row.number for row in page} == numbers
