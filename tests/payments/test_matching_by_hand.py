"""By hand: another customer's invoice, credit notes, payouts, differences of rounding (B11)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audit.models import AuditEntry
from connectors.receivables.source import SourceCustomer, SourceOpenItem
from payments.models import Invoice, InvoiceClient, Payment, ReconciliationLine, Settlement
from payments.operations import matching_by_hand, reconciling, undoing
from payments.operations.matching_by_hand import open_of
from payments.rules.refusals import MatchRefused, OtherCustomer
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.vendors import billed, paid


def match(office: Office, number: str, amount: str | None = None, **more: Any) -> Settlement:
    values: dict[str, Any] = {"reason": "Agreed on the telephone"} | more
    notes = Invoice.objects.filter(number__in=values.pop("credit_notes", ()))
    return matching_by_hand.match_by_hand(
        payment=Payment.objects.get(),
        invoice=Invoice.objects.get(number=number),
        amount=None if amount is None else Decimal(amount),
        by=office.member.user,
        now=office.now,
        credit_notes=list(notes.order_by("number")),
        **values,
    )


@contextmanager
def refused(why: str) -> Iterator[None]:
    with pytest.raises(MatchRefused) as caught:
        yield
    assert why in caught.value.params["why"]


def left(number: str) -> Decimal | None:
    return open_of(Invoice.objects.get(number=number))


def registered(office: Office) -> list[tuple[str, str]]:
    return sorted((p.invoice_number, str(p.amount)) for p in office.target.registered.values())


def fetched(office: Office, amount: str, *invoices: Any, **more: Any) -> Office:
    office.target.invoices = list(invoices)
    office.source.payments = [paid(1, amount, **more)]
    office.source.customers = [
        SourceCustomer(10001, "Bergvåg AS"),
        SourceCustomer(10002, "Løvstakken AS"),
    ]
    office.fetch()
    return office


class TestTheInvoiceOfAnotherCustomer:
    @pytest.fixture
    def two(self, office: Office) -> Office:
        return fetched(office, "1000.00", billed("1001", "1000.00", customer="10002"))

    def test_is_asked_about_with_both_names(self, two):
        with pytest.raises(OtherCustomer) as asked:
            match(two, "1001")

        assert asked.value.params == {
            "payer": "10001 Bergvåg AS",
            "customer": "10002 Løvstakken AS",
            "invoice": "1001",
        }
        assert not Settlement.objects.exists()

    def test_needs_a_reason_when_it_is_confirmed(self, two):
        with pytest.raises(MatchRefused):
            match(two, "1001", across=True, reason="  ")

    def test_is_matched_when_it_is_confirmed_and_stays_in_history_and_trail(self, two):
        match(two, "1001", across=True, reason="Parent company pays")

        one = Settlement.objects.get()
        details = AuditEntry.objects.get(action="payment.matched").details
        assert (one.rule, one.reason) == ("across", "Parent company pays")
        assert (details["payer"], details["customer"]) == (
            "10001 Bergvåg AS",
            "10002 Løvstakken AS",
        )
        html = rows.signed_in(two.member).get(f"/invoices/payments/{one.payment_id}/")
        assert "by hand, of another customer" in html.content.decode()

    def test_on_the_page_is_asked_about_and_confirmed_with_a_reason(self, two):
        me, payment = rows.signed_in(two.member), Payment.objects.get()
        url = f"/invoices/payments/{payment.pk}/match/"

        answer = me.post(url, {"invoice": "1001"})

        html = answer.content.decode()
        assert answer.status_code == 409
        assert "The payment is from 10001 Bergvåg AS" in html
        assert "10002 Løvstakken AS" in html
        assert not Settlement.objects.exists()
        me.post(url, {"invoice": "1001", "across": "on", "reason": ""})
        assert not Settlement.objects.exists()
        me.post(url, {"invoice": "1001", "across": "on", "reason": "Parent company pays"})
        assert Settlement.objects.get().reason == "Parent company pays"

    def test_by_command_is_confirmed_with_an_option(self, two):
        values = ["1/1", "--invoice", "1001", "--client", two.client.number]

        with pytest.raises(CommandError, match="The payment is from 10001"):
            call_command("match_payment", *values, "--reason", "Reason")
        out = StringIO()
        call_command(
            "match_payment", *values, "--other-customer", "--reason", "Reason", "--json", stdout=out
        )

        assert json.loads(out.getvalue())["events"][0]["how"] == "by hand, of another customer"


class TestACreditNote:
    @pytest.fixture
    def net(self, office: Office) -> Office:
        return fetched(
            office,
            "700.00",
            billed("1001", "1000.00"),
            billed("2001", "-300.00", is_credit_note=True),
            billed("2002", "-300.00", is_credit_note=True, customer="10002"),
        )

    def test_is_joined_with_a_net_payment_on_one_invoice(self, net):
        match(net, "1001", credit_notes=["2001"])
        net.work()

        assert (left("1001"), left("2001")) == (Decimal("0.00"), Decimal("0.00"))
        assert registered(net) == [("1001", "700.00")]

    def test_is_proposed_together_with_its_invoice_and_taken_with_one_press(self, net):
        me, payment = rows.signed_in(net.member), Payment.objects.get()
        html = me.get(f"/invoices/payments/{payment.pk}/").content.decode()
        assert "Suggestion: invoice 1001 less credit note 2001" in html

        me.post(
            f"/invoices/payments/{payment.pk}/match/",
            {"invoice": "1001", "credit_notes": "2001", "reason": "Invoice less credit note"},
        )

        assert (left("1001"), left("2001")) == (Decimal("0.00"), Decimal("0.00"))

    def test_of_another_customer_is_refused(self, net):
        with refused("another customer"):
            match(net, "1001", credit_notes=["2002"])

        assert not Settlement.objects.exists()

    def test_is_not_used_twice(self, net):
        one = match(net, "1001", credit_notes=["2001"])
        undoing.undo(settlement=one, reason="Wrong", by=net.member.user, now=net.now)
        net.work()

        with refused("nothing is open on credit note"):
            match(net, "1001", credit_notes=["2001"])

    def test_larger_than_the_invoice_is_refused(self, office):
        fetched(
            office,
            "700.00",
            billed("1001", "200.00"),
            billed("2001", "-300.00", is_credit_note=True),
        )

        with refused("larger than what is open"):
            match(office, "1001", credit_notes=["2001"])

    def test_that_a_payout_names_is_found_and_registered(self, office):
        fetched(
            office,
            "-300.00",
            billed("2001", "-300.00", is_credit_note=True),
            invoice_number="2001",
        )

        assert left("2001") == Decimal("0.00")
        assert registered(office) == [("2001", "-300.00")]
        page = rows.signed_in(office.member).get(f"/invoices/{Invoice.objects.get().pk}/")
        assert "Paid" in page.content.decode()

    def test_is_paid_out_by_hand_as_far_as_it_is_open(self, office):
        fetched(office, "-500.00", billed("2001", "-300.00", is_credit_note=True))

        with pytest.raises(MatchRefused):
            match(office, "2001", "-400.00")
        match(office, "2001")
        office.work()

        assert registered(office) == [("2001", "-300.00")]


class TestARoundingDifference:
    @pytest.fixture
    def lenient(self, office: Office) -> Office:
        InvoiceClient.objects.update(rounding_tolerance=Decimal("1.00"))
        return office

    @pytest.mark.parametrize(("amount", "closed"), [("999.60", "0.40"), ("1000.40", "-0.40")])
    def test_is_closed_with_its_reason_and_the_money_is_registered_as_it_came(
        self, lenient, amount, closed
    ):
        fetched(lenient, amount, billed("1001", "1000.00"), invoice_number="1001")

        one = Settlement.objects.get(rule="rounding")
        assert (str(one.amount), one.reason) == (closed, "0.40 ≤ 1.00")
        assert left("1001") == Decimal("0.00")
        assert registered(lenient) == [("1001", amount)]
        assert matching_by_hand.assigned_of(Payment.objects.get()) == Decimal(amount)
        html = rows.signed_in(lenient.member).get(f"/invoices/{one.invoice_id}/").content.decode()
        assert "rounding difference" in html

    def test_is_none_for_a_client_without_a_tolerance(self, office):
        fetched(office, "999.60", billed("1001", "1000.00"), invoice_number="1001")

        assert left("1001") == Decimal("0.40")

    def test_by_hand_is_closed_too(self, lenient):
        fetched(lenient, "999.60", billed("1001", "1000.00"))

        match(lenient, "1001")

        assert left("1001") == Decimal("0.00")

    def test_opens_again_when_its_payment_is_taken_off(self, lenient):
        fetched(lenient, "999.60", billed("1001", "1000.00"), invoice_number="1001")
        one = Settlement.objects.get(rule="invoice_number")

        undoing.undo(settlement=one, reason="Wrong", by=lenient.member.user, now=lenient.now)

        assert left("1001") == Decimal("1000.00")

    def test_opens_again_when_its_payment_is_returned(self, lenient):
        fetched(lenient, "999.60", billed("1001", "1000.00"), invoice_number="1001")
        lenient.source.payments.append(paid(2, "-999.60", invoice_number="1001"))

        lenient.fetch()

        assert left("1001") == Decimal("1000.00")

    def test_opens_again_when_the_return_is_matched_by_hand(self, lenient):
        fetched(lenient, "999.60", billed("1001", "1000.00"), invoice_number="1001")
        lenient.source.payments.append(paid(2, "-999.60"))
        lenient.fetch()

        matching_by_hand.match_by_hand(
            payment=Payment.objects.get(journal_number=2),
            invoice=Invoice.objects.get(number="1001"),
            amount=None,
            reason="Returned",
            by=lenient.member.user,
            now=lenient.now,
        )

        assert left("1001") == Decimal("1000.00")

    def test_opens_again_when_another_payment_of_the_invoice_is_taken_off(self, lenient):
        fetched(lenient, "600.00", billed("1001", "1000.00"), invoice_number="1001")
        lenient.source.payments.append(paid(2, "399.60", invoice_number="1001"))
        lenient.fetch()
        assert left("1001") == Decimal("0.00")
        first = Settlement.objects.get(payment__journal_number=1)

        undoing.undo(settlement=first, reason="Wrong", by=lenient.member.user, now=lenient.now)

        assert left("1001") == Decimal("600.40")

    def test_can_be_undone_alone(self, lenient):
        fetched(lenient, "999.60", billed("1001", "1000.00"), invoice_number="1001")
        one = Settlement.objects.get(rule="rounding")

        undoing.undo(settlement=one, reason="To be paid", by=lenient.member.user, now=lenient.now)

        assert left("1001") == Decimal("0.40")

    def test_counts_again_for_what_comes_after_a_return_on_the_same_page(self, lenient):
        lenient.target.invoices = [billed("1001", "1000.00")]
        lenient.source.payments = [
            paid(1, "999.60", invoice_number="1001"),
            paid(2, "-999.60", invoice_number="1001"),
            paid(3, "1000.00", invoice_number="1001"),
        ]

        lenient.fetch()

        assert left("1001") == Decimal("0.00")
        alive = Settlement.objects.filter(rule="rounding", undoes=None, undone_by=None)
        assert not alive.exists()

    def test_counts_again_for_what_comes_after_a_return_in_a_later_fetch(self, lenient):
        fetched(lenient, "999.60", billed("1001", "1000.00"), invoice_number="1001")
        lenient.source.payments += [
            paid(2, "-999.60", invoice_number="1001"),
            paid(3, "1000.00", invoice_number="1001"),
        ]

        lenient.fetch()

        assert left("1001") == Decimal("0.00")

    def test_is_a_reason_of_its_own_where_the_ledgers_keep_it_open(self, lenient):
        fetched(lenient, "999.60", billed("1001", "1000.00"), invoice_number="1001")
        lenient.source.open_items = [
            SourceOpenItem(
                customer_number=10001,
                invoice_number="1001",
                amount=Decimal("1000.00"),
                outstanding=Decimal("0.40"),
                currency="NOK",
            )
        ]

        made = reconciling.reconcile(
            lenient.fresh(), on=date(2026, 4, 8), by=lenient.member.user, now=lenient.now
        )

        (line,) = ReconciliationLine.objects.filter(reconciliation=made)
        assert (line.difference, str(line.source), str(line.hub)) == ("rounded", "0.40", "0.00")


class TestWhatIsLeftOfAPayment:
    def test_is_no_more_than_is_open_when_nobody_names_an_amount(self, office):
        fetched(office, "1200.00", billed("1001", "1000.00"))

        match(office, "1001")
        office.work()

        assert registered(office) == [("1001", "1000.00")]
        assert matching_by_hand.assigned_of(Payment.objects.get()) == Decimal("1000.00")

    def test_is_offered_to_the_oldest_invoice_that_can_take_it(self, office):
        fetched(
            office,
            "1200.00",
            billed("1001", "1000.00"),
            billed("1002", "900.00"),
            invoice_number="1001",
        )

        html = rows.signed_in(office.member).get(f"/invoices/payments/{Payment.objects.get().pk}/")

        assert "invoice 1002 is the customer&#x27;s oldest" in html.content.decode()

    def test_stands_on_a_settled_invoice_only_if_the_amount_is_named(self, office):
        fetched(office, "1200.00", billed("1001", "1000.00"), invoice_number="1001")

        with refused("nothing is open"):
            match(office, "1001")
        match(office, "1001", "200.00")

        assert left("1001") == Decimal("-200.00")
        with pytest.raises(MatchRefused):
            match(office, "1001", "200.00")
