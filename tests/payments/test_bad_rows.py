"""One row that cannot be read is one named exception; the rest is booked, and the run says so."""

from decimal import Decimal

import pytest
from django.core.management import CommandError

from connectors.receivables.shared import PaymentKey, Unreadable
from connectors.receivables.source import SourceCustomer, SourceOpenItem
from connectors.visma_ledger import Reading, read_payment
from payments.management.commands.fetch_payments import _values, end
from payments.models import Customer, Payment, Reconciliation, ReconciliationLine, SkippedRow
from payments.operations import reconciling
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.vendors import billed, paid

GOOD = {
    "voucherJournalNo": 7,
    "auditNo": 1,
    "customerNo": 10001,
    "voucherNo": 1007,
    "voucherType": 21,
    "voucherDate": 20260201,
    "amountDomestic": Decimal("-100.00"),
    "amountInCurrency": Decimal("-100.00"),
    "extensions": {},
}
BAD = {
    "finer than a cent": ({"amountDomestic": Decimal("-100.005")}, "finer_than_a_cent"),
    "no customer": ({"customerNo": None}, "missing"),
    "no amount": ({"amountDomestic": None}, "missing"),
    "an amount in words": ({"amountDomestic": "hundre"}, "not_an_amount"),
    "an amount too large": ({"amountDomestic": Decimal("1e13")}, "too_large"),
    "no end to it": ({"amountDomestic": Decimal("Infinity")}, "not_an_amount"),
    "30 February": ({"voucherDate": 20260230}, "not_a_date"),
    "no date": ({"voucherDate": 0}, "not_a_date"),
    "a date in words": ({"valueDate": "1 February"}, "not_a_date"),
    "a number too large": ({"voucherNo": 2**63}, "too_large"),
    "a type too large": ({"voucherType": 2**31}, "too_large"),
    "a key in words": ({"auditNo": "x"}, "not_a_number"),
    "a strange currency": ({"extensions": {"currency": [1]}}, "not_readable"),
    "strange columns": ({"extensions": "x"}, "not_readable"),
}


class TestARow:
    @pytest.mark.parametrize(("change", "reason"), BAD.values(), ids=BAD)
    def test_that_cannot_be_read_says_why(self, change, reason):
        found = read_payment(GOOD | change, reading=Reading())

        assert isinstance(found, Unreadable)
        assert found.reason == reason

    @pytest.mark.parametrize("row", [None, "x", []])
    def test_that_is_none_says_so(self, row):
        assert isinstance(read_payment(row, reading=Reading()), Unreadable)

    def test_keeps_its_amount_where_that_much_can_be_read(self):
        found = read_payment(GOOD | {"amountDomestic": Decimal("-100.005")}, reading=Reading())

        assert found.amount == Decimal("100.005")

    @pytest.mark.parametrize("zero", ["0", "-0.00", "0.00"])
    def test_of_nothing_is_no_payment(self, zero):
        found = read_payment(GOOD | {"amountDomestic": Decimal(zero)}, reading=Reading())

        assert found.reason == "no_amount"

    def test_has_no_character_that_a_database_refuses(self):
        found = read_payment(GOOD | {"text": "a\x00b"}, reading=Reading())

        assert found.text == "a b"


@pytest.fixture
def one_bad(office: Office) -> Office:
    """Return an office with two good payments and a row of 100.005."""
    office.target.invoices = [billed("1001", "100.00"), billed("1002", "200.00")]
    office.source.payments = [
        paid(1, "100.00", invoice_number="1001"),
        paid(2, "200.00", invoice_number="1002"),
    ]
    office.source.unreadable = [
        Unreadable(
            PaymentKey(3, 1),
            "amountDomestic",
            "-100.005",
            "finer_than_a_cent",
            amount=Decimal("100.005"),
        )
    ]
    total = office.source.control_total

    def with_the_bad_one(query):
        found = total(query)
        return type(found)(found.count, found.amount + Decimal("100.005"))

    office.source.control_total = with_the_bad_one
    return office


class TestARun:
    def test_books_the_rest_and_its_total_is_explained(self, one_bad):
        run = one_bad.fetch()

        assert (run.state, run.agrees) == ("done", True)
        assert (run.hub_count, run.hub_amount) == (3, Decimal("400.005"))
        assert len(one_bad.target.registered) == 2

    def test_names_the_row_in_words(self, one_bad):
        run = one_bad.fetch()
        browser = rows.signed_in(one_bad.member)

        page = browser.get(f"/invoices/runs/{run.pk}/").content.decode()
        skipped = browser.get(f"/invoices/runs/{run.pk}/skipped/").content.decode()

        assert "1 row could not be read and is not booked; the rest is" in page
        assert "The amount has more than two decimals" in skipped
        assert "-100.005" in skipped
        assert "finer_than_a_cent" not in skipped

    def test_by_command_is_no_success(self, one_bad):
        run = one_bad.fetch()

        assert _values(run)["unread"] == 1
        with pytest.raises(CommandError, match="could not be read"):
            end([_values(run)])

    def test_with_a_row_without_a_key_counts_it(self, one_bad):
        one_bad.source.unreadable.append(Unreadable(None, "auditNo", "None", "missing"))

        run = one_bad.fetch()

        assert (run.hub_count, run.control_count, run.agrees) == (4, 4, True)

    def test_takes_the_first_of_two_rows_with_one_key_and_names_the_other(self, one_bad):
        one_bad.source.unreadable = []
        one_bad.source.control_total = lambda query: None
        one_bad.source.payments.append(paid(2, "250.00", invoice_number="1002"))

        run = one_bad.fetch()

        assert run.state == "done"
        assert sorted(Payment.objects.values_list("amount", flat=True)) == [100, 200]
        skipped = SkippedRow.objects.get()
        assert (skipped.reason, skipped.amount) == ("key_is_there_twice", Decimal("250.00"))

    def test_is_not_stopped_by_a_customer_or_an_invoice_that_cannot_be_read(self, one_bad):
        one_bad.source.customers = [
            Unreadable(None, "customerNo", "Fjord AS: None", "customer:missing"),
            SourceCustomer(10001, "Nordlys AS"),
        ]
        one_bad.target.invoices.append(
            Unreadable(None, "invoice", "invoice 9: field", "invoice:not_readable")
        )

        run = one_bad.fetch()
        html = rows.signed_in(one_bad.member).get(f"/invoices/runs/{run.pk}/skipped/")

        assert (run.state, run.agrees) == ("done", True)
        assert Customer.objects.filter(name="Nordlys AS").exists()
        text = " ".join(html.content.decode().split())
        assert "A customer of Visma: The field is empty" in text
        assert "An invoice of PowerOffice: The field cannot be read" in text


class TestAComparison:
    def test_names_the_row_that_cannot_be_read_and_compares_the_rest(self, one_bad):
        one_bad.fetch()
        one_bad.source.open_items = [
            Unreadable(None, "dueDate", "20260230", "not_a_date", amount=Decimal("5.00")),
            SourceOpenItem(10001, "1001", Decimal("1.00"), Decimal("1.00"), "NOK"),
        ]

        made = reconciling.reconcile(
            one_bad.fresh(), on=one_bad.now.date(), by=None, now=one_bad.now
        )

        assert made.counts["unreadable"] == 1
        assert made.source_total == Decimal("6.00")
        assert sum(row.source or 0 for row in ReconciliationLine.objects.all()) == Decimal("6.00")
        assert Reconciliation.objects.count() == 1
