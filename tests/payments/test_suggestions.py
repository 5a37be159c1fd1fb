"""What fits to a payment that waits stands in the queue itself, at a constant cost."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from connectors.receivables.source import SourceCustomer
from payments.models import Payment
from payments.queries.invoices import with_assigned
from payments.queries.suggestions import suggestions_for
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.vendors import billed, paid


def waiting(office: Office, *payers: int) -> Office:
    """Let each payer have an invoice of its own amount, and a payment of it that names nothing."""
    office.target.invoices = [
        billed(f"9{payer}", f"{payer}.00", customer=str(payer)) for payer in payers
    ]
    office.source.payments = [
        paid(journal, f"{payer}.00", customer=payer) for journal, payer in enumerate(payers, 1)
    ]
    office.source.customers = [SourceCustomer(payer, f"Customer {payer}") for payer in payers]
    office.fetch()
    return office


def suggested() -> dict[int, tuple[str, ...]]:
    found = with_assigned(Payment.objects.all()).select_related("client")
    keys = dict(Payment.objects.values_list("pk", "journal_number"))
    offers = suggestions_for(list(found))
    return {keys[pk]: tuple(f"{o.invoice} {o.amount}" for o in some) for pk, some in offers.items()}


class TestSuggestionsOfAPage:
    def test_are_of_the_payers_own_invoices(self, office):
        waiting(office, 10001, 10002)

        assert suggested() == {1: ("910001 10001.00",), 2: ("910002 10002.00",)}

    def test_cost_as_many_statements_for_many_rows_as_for_few(self, office):
        waiting(office, *range(10001, 10021))
        found = list(with_assigned(Payment.objects.all()).select_related("client"))

        with CaptureQueriesContext(
            connection,
        ) as few:
            suggestions_for(found[:2])
        with CaptureQueriesContext(connection) as many:
            assert len(suggestions_for(found)) == 20

        assert len(many) == len(few) == 1

    def test_are_no_other_clients_invoices(self, office):
        waiting(office, 10001)
        theirs = rows.client_of(office.organisation)
        rows.customer(theirs, "10001")
        rows.payment(theirs, customer_number="10001")

        assert suggested()[1] == ("910001 10001.00",)
        assert [offers for key, offers in suggested().items() if key != 1] == [()]

    def test_stand_in_the_queue(self, office):
        waiting(office, 10001)

        html = rows.signed_in(office.member).get("/invoices/unmatched/").content.decode()

        assert "invoice 910001 of the same customer has exactly this amount open" in html

    def test_stand_in_the_answer_of_the_command(self, office):
        waiting(office, 10001)
        out = StringIO()

        call_command("list_payments", "--waiting", "unmatched", "--json", stdout=out)

        (row,) = json.loads(out.getvalue())["payments"]
        assert [(one["invoice"], one["amount"]) for one in row["suggestions"]] == [
            ("910001", "10001.00")
        ]

    @pytest.mark.parametrize("unknown_outcome", ["order_processing"])
    def test_are_none_where_it_may_be_no_money(self, office, unknown_outcome):
        waiting(office, 10001)
        Payment.objects.update(unknown_outcome=unknown_outcome)

        assert suggested() == {}
