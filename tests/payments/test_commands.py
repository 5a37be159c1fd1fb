"""The commands of payments."""

import json
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from connectors.errors import OutcomeUnknown, Rejected
from connectors.receivables.shared import SourceCompany
from connectors.receivables.source import ControlTotal, SourceCustomer
from connectors.receivables.target import TargetOpenItem
from payments.management.commands import fetch_payments
from payments.models import FetchRun, TimeBlock
from tests.payments import rows
from tests.payments.vendors import billed, paid


def run(office, name: str, *args: str):
    """Run a command and return its JSON."""
    out = StringIO()
    call_command(name, *args, "--json", "--organisation", office.organisation.name, stdout=out)
    return json.loads(out.getvalue())


def still_open(number: str, amount: str) -> TargetOpenItem:
    return TargetOpenItem("10001", number, amount=Decimal(amount), balance=Decimal(amount))


class TestFetchPayments:
    def test_of_one_client_makes_a_run_for_the_worker(self, office):
        found = run(office, "fetch_payments", "--client", office.client.number)

        assert [row["state"] for row in found["runs"]] == ["waiting"]

    def test_waits_for_the_result(self, office, monkeypatch):
        office.source.payments = [paid(1, "10.00")]
        monkeypatch.setattr(fetch_payments, "sleep", lambda _s: office.run_due_work())

        found = run(office, "fetch_payments", "--all", "--wait")

        assert found["runs"][0]["state"] == "done"
        assert found["runs"][0]["figures"]["new"] == 1
        assert found["runs"][0]["control"]["amount"] == "10.00"

    def test_ends_badly_when_the_totals_differ(self, office, monkeypatch):
        office.source.payments = [paid(1, "10.00")]
        monkeypatch.setattr(fetch_payments, "sleep", lambda _s: office.run_due_work())
        monkeypatch.setattr(
            office.source, "control_total", lambda query: ControlTotal(2, Decimal("30.00"))
        )

        with pytest.raises(CommandError, match="differ"):
            run(office, "fetch_payments", "--all", "--wait")

    def test_of_all_names_the_skipped_ones(self, office):
        rows.client_of(office.organisation, number="X9")

        found = run(office, "fetch_payments", "--all")

        assert [row["client"] for row in found["skipped"]] == ["X9"]

    def test_says_that_there_is_no_such_client(self, office):
        with pytest.raises(CommandError, match="no invoice client 'nobody'"):
            run(office, "fetch_payments", "--client", "nobody")
        assert not FetchRun.objects.exists()


class TestCheckInvoiceClient:
    def test_reports_and_proposes(self, office):
        found = run(office, "check_invoice_client", "--client", office.client.number)

        assert found["proposed_voucher_types"] == [21]
        assert found["organisation_number"] == "999999999"

    def test_ends_badly_when_it_is_another_company(self, office):
        office.source.company = SourceCompany("1", "Other AS", "111111111")

        with pytest.raises(CommandError, match="There are problems"):
            run(office, "check_invoice_client", "--client", office.client.number)


class TestSyncCreditBlocks:
    def test_mirrors_now(self, office):
        office.source.customers = [SourceCustomer(10001, "Kunde AS", "", True)]

        found = run(office, "sync_credit_blocks")

        assert found["clients"][0]["changed"] == 1
        assert TimeBlock.objects.filter(lifted_at=None).exists()


class TestReconcile:
    def test_prints_the_three_sums(self, office):
        office.target.invoices = [billed("1001", "100.00")]
        office.fetch()

        with pytest.raises(CommandError, match="unknown"):
            run(office, "reconcile")

    def test_ends_badly_where_poweroffice_has_refused_a_payment(self, office):
        office.target.invoices = [billed("1001", "100.00")]
        office.target.fault = lambda _payment: Rejected(vendor="PowerOffice")
        office.source.payments = [paid(1, "100.00", invoice_number="1001")]
        office.target.open_items = [still_open("1001", "100.00")]
        office.fetch()

        with pytest.raises(CommandError, match="Some payments are not in PowerOffice"):
            run(office, "reconcile")

    def test_ends_badly_where_it_is_unknown_whether_a_payment_stands_there(self, office):
        office.target.invoices = [billed("1001", "100.00")]
        office.target.fault = lambda _payment: OutcomeUnknown(vendor="PowerOffice")
        office.source.payments = [paid(1, "100.00", invoice_number="1001")]
        office.target.open_items = [still_open("1001", "100.00")]
        office.fetch()

        with pytest.raises(CommandError, match="Some payments are not in PowerOffice"):
            run(office, "reconcile")

    def test_ends_well_where_all_sides_are_equal(self, office):
        office.target.invoices = [billed("1001", "100.00")]
        office.source.payments = [paid(1, "100.00", invoice_number="1001")]
        office.fetch()

        assert run(office, "reconcile")["clients"][0]["failure"] == ""

    def test_one_that_fails_does_not_stop_the_others(self, office):
        rows.client_of(office.organisation, number="0", name="Without accounts AS")
        out = StringIO()

        with pytest.raises(CommandError, match="Not every client"):
            call_command(
                "reconcile", "--json", "--organisation", office.organisation.name, stdout=out
            )

        bare, compared = json.loads(out.getvalue())["clients"]
        assert "No Visma company is chosen" in bare["failure"]
        assert (compared["failure"], compared["hub"]) == ("", "0.00")
