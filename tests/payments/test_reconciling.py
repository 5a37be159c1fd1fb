"""Three sides at the same date, every difference explained or listed (S21)."""

import csv
import io
import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.http import HttpResponse
from django.urls import reverse
from openpyxl import load_workbook

from connectors.errors import Rejected
from connectors.receivables.shared import SourceCompany
from connectors.receivables.source import EarlierPayment, SourceOpenItem, SourceWriteOff
from connectors.receivables.target import TargetOpenItem
from payments.models import Invoice, Payment, Reconciliation, ReconciliationLine, Settlement
from payments.operations import matching_by_hand, reconciling
from payments.queries.invoices import list_invoices
from payments.rules.refusals import WrongCompany
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.vendors import billed, paid


def visma(number: str, left: str, customer: int = 10001) -> SourceOpenItem:
    return SourceOpenItem(customer, number, Decimal(left), Decimal(left), "NOK")


def go(number: str, left: str, *, write_off: bool = False, amount: str = "") -> TargetOpenItem:
    return TargetOpenItem(
        "10001", number, Decimal(amount or left), Decimal(left), is_write_off=write_off
    )


def compare(office: Office) -> Reconciliation:
    return reconciling.reconcile(office.fresh(), on=office.now.date(), by=None, now=office.now)


def reason(number: str) -> str:
    return (
        ReconciliationLine.objects.latest("reconciliation_id")
        .reconciliation.rows.get(invoice_number=number)
        .difference
    )


def test_another_company_is_not_compared_with(office):
    office.source.company = SourceCompany("4110102", "Other AS", "888888888", "NOK")

    with pytest.raises(WrongCompany):
        compare(office)

    assert not Reconciliation.objects.exists()


def test_explains_each_difference_by_what_accounts_for_all_of_it(office):
    office.target.invoices = [billed(n, "100.00") for n in ("1001", "1002", "1003", "1004", "1005")]
    office.source.payments = [
        paid(1, "100.00", invoice_number="1001"),
        paid(2, "100.00", invoice_number="1002"),
        paid(3, "100.00"),
    ]
    office.target.fault = lambda p: None
    office.target.locked = None
    office.client.clearing_account = ""
    office.client.save()  # nothing reaches the target: both registrations are refused
    office.fetch()
    office.source.open_items = [
        visma("1004", "100.00"),
        visma("1005", "90.00"),
    ]
    office.target.open_items = [go(n, "100.00") for n in ("1001", "1002", "1003", "1004", "1005")]

    made = compare(office)

    assert reason("1001") == "refused"
    assert reason("1003") == "unmatched"
    assert reason("1004") == "none"
    assert reason("1005") == "unknown"
    assert made.counts == {"refused": 2, "unmatched": 2, "none": 1, "unknown": 1}
    assert (made.source_total, made.hub_total) == (Decimal("190.00"), Decimal("200.00"))


def test_a_remainder_that_visma_wrote_off_is_said_to_be_written_off(office):
    office.target.invoices = [billed("1001", "100.00"), billed("1002", "50.00")]
    office.source.payments = [paid(1, "99.00", invoice_number="1001"), paid(2, "700.00")]
    office.fetch()
    office.source.open_items = [visma("1002", "40.00")]
    office.source.write_offs = [
        SourceWriteOff(10001, "1001", Decimal("1.00")),
        SourceWriteOff(10001, "1002", Decimal("3.00")),
    ]
    office.target.open_items = [go("1001", "1.00"), go("1002", "50.00")]

    made = compare(office)

    assert reason("1001") == "written_off"
    # Three of ten are no explanation of ten; the payment that waits may be one.
    assert reason("1002") == "unmatched"
    assert made.counts["written_off"] == 1


def test_a_payment_that_a_person_placed_and_visma_has_not_is_no_riddle(office):
    office.target.invoices = [billed("1001", "100.00"), billed("1002", "60.00")]
    office.source.payments = [paid(1, "100.00"), paid(2, "5.00")]
    office.fetch()
    matching_by_hand.match_by_hand(
        payment=Payment.objects.get(journal_number=1),
        invoice=Invoice.objects.get(number="1001"),
        amount=None,
        reason="The payer called",
        by=office.member.user,
        now=office.now,
    )
    office.work()
    office.source.open_items = [
        visma("1001", "100.00"),
        visma("1002", "70.00"),
        visma("", "-105.00"),
    ]
    office.target.open_items = [go("1002", "60.00")]

    made = compare(office)

    assert reason("1001") == "placed_here"
    # The payment explains one line, and none that it does not account for.
    assert reason("1002") == "unknown"
    assert reason("") == "placed_here"
    assert made.counts["unknown"] == 1


def test_money_that_visma_holds_and_the_hub_never_saw_stays_unknown(office):
    office.target.invoices = [billed("1001", "100.00")]
    office.fetch()
    office.source.open_items = [visma("1001", "100.00"), visma("", "-55.00")]
    office.target.open_items = [go("1001", "100.00")]

    compare(office)

    assert reason("") == "unknown"


def test_what_is_over_stands_on_the_payment_in_the_target(office):
    office.target.invoices = [billed("1001", "100.00")]
    office.source.payments = [paid(1, "130.00", invoice_number="1001"), paid(2, "5.00")]
    office.fetch()
    office.source.open_items = [visma("1001", "-30.00"), visma("", "-5.00")]

    assert compare(office).counts == {"unmatched": 1}


def test_agrees_when_all_is_registered(office):
    office.target.invoices = [billed("1001", "100.00"), billed("1002", "100.00")]
    office.source.payments = [paid(1, "100.00", invoice_number="1001")]
    office.fetch()
    office.source.open_items = [visma("1002", "100.00")]
    office.target.open_items = [go("1002", "100.00")]

    made = compare(office)

    assert made.counts == {"none": 1}
    assert made.source_total == made.hub_total == made.target_total == Decimal("100.00")
    assert made.ageing[2] == "100.00"  # due 14 February, compared 8 April: 53 days


def test_keeps_the_sums_and_forgets_the_lines_of_old_ones(office, monkeypatch):
    monkeypatch.setattr(reconciling, "_KEEP", 1)
    office.target.invoices = [billed("1001", "100.00")]
    office.fetch()

    compare(office)
    compare(office)

    assert Reconciliation.objects.count() == 2
    assert ReconciliationLine.objects.count() == 1


def test_is_exported_equal_in_both_formats_and_starts_no_formula(office):
    name = "=HYPERLINK(1)"
    office.target.invoices = [billed("1001", "100.00", customer_name=name)]
    office.fetch()
    office.target.open_items = [go("1001", "80.50")]
    address = reverse("payments:export_reconciliation", args=[compare(office).pk, "csv"])
    browser = rows.signed_in(office.member)

    text = browser.get(address)
    workbook = browser.get(address.replace(".csv", ".xlsx"))

    assert text["Content-Type"] == "text/csv; charset=utf-8"
    (line,) = csv.DictReader(io.StringIO(text.content.decode("utf-8-sig")), delimiter=";")
    assert (line["customer_name"], line["due_on"]) == (f"'{name}", "2026-02-14")
    assert (line["hub_open"], line["target_less_hub"]) == ("100.00", "-19.50")
    heads, cells = load_workbook(io.BytesIO(workbook.content)).active.iter_rows()
    there = {head.value: cell for head, cell in zip(heads, cells, strict=True)}
    assert (there["customer_name"].data_type, there["customer_name"].value) == ("s", name)
    assert (there["due_on"].value.date(), there["hub_open"].value) == (date(2026, 2, 14), 100)
    assert there["target_less_hub"].value == -19.5


def shown(page: HttpResponse, label: str) -> str:
    """Return the figure under that name, in a tile or in the first row of a table."""
    html = page.content.decode()
    found = re.search(rf'(?:tile-label">|data-label="){label}["<].*?>([\d.,\s]+)<', html, re.DOTALL)
    return found[1].strip() if found else ""


def test_what_an_unmatched_payment_lowers_has_a_name_of_its_own(office):
    office.target.invoices = [billed("1001", "900.00")]
    office.source.payments = [paid(1, "300.00")]
    office.fetch()
    compare(office)
    browser = rows.signed_in(office.member)

    overview = browser.get("/invoices/")
    client = browser.get(f"/invoices/clients/{office.client.pk}/")
    reconciliation = browser.get(f"/invoices/clients/{office.client.pk}/reconciliation/")

    assert shown(overview, "Open on invoices") == shown(client, "Open on the invoice") == "900.00"
    assert shown(reconciliation, "Balance here") == "600.00"
    assert "Unmatched payments are not deducted" in overview.content.decode()
    assert "less unmatched payments" in reconciliation.content.decode()


class TestASideThatHasNothing:
    def test_is_never_equal(self, office):
        office.source.payments = [paid(1, "640.00")]
        office.fetch()
        office.source.open_items = [visma("", "-640.00")]

        made = compare(office)

        line = ReconciliationLine.objects.get()
        assert (line.source, line.hub, line.target) == (Decimal(-640), Decimal(-640), None)
        assert (line.difference, line.target_less_hub) == ("unmatched", Decimal(640))
        assert made.counts == {"unmatched": 1}

    def test_leaves_tiles_that_are_the_sums_of_their_lines(self, office):
        office.target.invoices = [billed("1001", "100.00"), billed("1002", "100.00")]
        office.source.payments = [paid(1, "640.00"), paid(2, "30.00", invoice_number="1001")]
        office.fetch()
        office.source.open_items = [visma("", "-640.00"), visma("1001", "70.00")]
        office.target.open_items = [go("1001", "70.00")]

        made = compare(office)

        lines = list(made.rows.all())
        for side in ("source", "hub", "target"):
            total = sum((getattr(line, side) or Decimal(0) for line in lines), Decimal(0))
            assert getattr(made, f"{side}_total") == total
        assert {"none"} == {
            line.difference for line in lines if line.source == line.hub == line.target
        }


class TestAnAmountNewerThanTheComparison:
    def test_is_not_compared_yet(self, office):
        office.target.invoices = [billed("1001", "100.00"), billed("1003", "50.00")]
        office.source.payments = [paid(1, "50.00", invoice_number="1003")]
        office.fetch()
        office.source.open_items = [visma("1001", "100.00")]
        office.target.open_items = [go("1001", "100.00")]
        compare(office)
        office.target.invoices.append(billed("1002", "300.00"))
        office.now += timedelta(minutes=1)
        office.fetch()

        found = {row.number: row for row in list_invoices(office.client).object_list}

        assert (found["1001"].source, found["1001"].is_compared) == (Decimal(100), True)
        assert (found["1002"].source, found["1002"].target) == (None, None)
        assert not found["1002"].is_compared
        # It was settled then: nothing is open on it, which is known.
        assert (found["1003"].source, found["1003"].is_compared) == (Decimal(0), True)

    def test_says_so_on_the_page(self, office):
        office.target.invoices = [billed("1001", "100.00")]
        office.fetch()
        compare(office)
        office.target.invoices.append(billed("1002", "300.00"))
        office.now += timedelta(minutes=1)
        office.fetch()
        browser = rows.signed_in(office.member)
        new = Invoice.objects.get(number="1002")

        for address in (f"/invoices/clients/{office.client.pk}/", f"/invoices/{new.pk}/"):
            assert "Not compared yet" in browser.get(address).content.decode()


class TestAReasonThatTheHubKnows:
    def test_is_that_poweroffice_refused_it(self, office):
        office.target.invoices = [billed("1001", "100.00")]
        office.source.payments = [paid(1, "100.00", invoice_number="1001")]
        office.target.fault = lambda payment: Rejected(vendor="PowerOffice")
        office.fetch()
        office.target.open_items = [go("1001", "100.00")]

        compare(office)

        assert reason("1001") == "refused"

    def test_is_that_a_person_must_decide(self, office):
        office.target.invoices = [billed("1001", "100.00")]
        office.source.payments = [paid(1, "100.00", invoice_number="1001")]
        office.target.fault = lambda payment: ZeroDivisionError()
        office.fetch()
        office.target.open_items = [go("1001", "100.00")]

        compare(office)

        assert reason("1001") == "unknown_outcome"

    def test_is_a_payment_before_the_start_date(self, office):
        office.target.invoices = [billed("1001", "100.00")]
        office.fetch()
        office.source.earlier = [EarlierPayment(10001, "1001", Decimal("40.00"))]
        office.source.open_items = [
            visma("1001", "60.00"),
            replace(visma("", "-15.00"), posted_on=date(2025, 12, 30)),
        ]
        office.target.open_items = [go("1001", "100.00")]

        compare(office)

        assert (reason("1001"), reason("")) == ("before_start", "before_start")

    def test_is_a_match_across_customers(self, office):
        office.target.invoices = [billed("1001", "100.00")]
        office.source.payments = [paid(1, "100.00", customer=10002)]
        office.fetch()
        rows.customer(office.client, "10002")
        Settlement.objects.create(
            organisation=office.organisation,
            client=office.client,
            invoice=Invoice.objects.get(),
            payment=Payment.objects.get(),
            amount=Decimal(100),
            rule="manual",
            made_at=office.now,
        )
        office.source.open_items = [visma("1001", "100.00"), visma("", "-100.00", 10002)]

        compare(office)

        assert (reason("1001"), reason("")) == ("across", "across")

    def test_is_a_part_payment_that_poweroffice_did_not_join(self, office):
        office.target.invoices = [billed("1001", "100.00")]
        office.source.payments = [paid(1, "40.00", invoice_number="1001")]
        office.fetch()
        (reference,) = office.target.registered
        office.source.open_items = [visma("1001", "60.00")]
        office.target.open_items = [
            go("1001", "100.00"),
            replace(go("", "-40.00"), reference=reference),
        ]

        compare(office)

        assert (reason("1001"), reason("")) == ("not_joined", "not_joined")
