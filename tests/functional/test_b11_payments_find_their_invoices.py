"""B11: open amounts from events; the queue hides nothing; a match can be undone."""

from decimal import Decimal

import pytest
from django.urls import reverse

from connectors.receivables.shared import PaymentKey
from connectors.receivables.source import LeftOut
from payments.models import FetchRun, Invoice, Payment, Settlement
from payments.operations import fetching
from payments.queries.payments import tie_of
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.conftest import office as office
from tests.payments.vendors import billed, paid


@pytest.fixture
def story(office: Office) -> Office:
    """Open, part, paid, over, credited, returned; and one that nobody can place."""
    office.target.invoices = [
        billed("1001", "1000.00"),
        billed("1002", "1000.00"),
        billed("1003", "1000.00", kid="10017"),
        billed("1004", "1000.00"),
        billed("1005", "1000.00"),
        billed("2005", "-1000.00", is_credit_note=True, credits_number="1005"),
        billed("1006", "1000.00"),
    ]
    office.source.payments = [
        paid(1, "400.00", invoice_number="1002"),
        paid(2, "1000.00", kid="10017"),
        paid(3, "1100.00", invoice_number="1004"),
        paid(4, "1000.00", invoice_number="1006"),
        paid(5, "-1000.00", invoice_number="1006"),
        paid(6, "1000.00"),
    ]
    office.fetch()
    return office


def test_every_state_is_computed_from_the_events(story):
    url = reverse("payments:client", args=[story.client.pk])
    page = rows.signed_in(story.member).get(url).context["page"]

    assert {row.number: (row.state, str(row.open)) for row in page.object_list} == {
        "1001": ("Open", "1000.00"),
        "1002": ("Part paid", "600.00"),
        "1003": ("Paid", "0.00"),
        "1004": ("Paid", "0.00"),
        "1005": ("Credited", "0.00"),
        "2005": ("Credited", "0.00"),
        "1006": ("Payment returned", "1000.00"),
    }
    assert not [f for f in Invoice._meta.get_fields() if f.name in ("open", "paid", "state")]


def test_the_queue_hides_nothing_and_its_sum_is_tied(story):
    tie = tie_of(story.client)

    assert (tie.on_invoices, tie.unmatched) == (Decimal("2400.00"), Decimal("1100.00"))
    assert (tie.control_amount, tie.difference) == (Decimal("3500.00"), Decimal("0.00"))
    html = (
        rows.signed_in(story.member)
        .get(f"/invoices/unmatched/?client={story.client.pk}")
        .content.decode()
    )
    assert "No KID and no invoice number came with it" in html
    assert "3,500.00" in html


def test_customer_and_amount_are_a_suggestion_that_a_person_takes(story):
    payment = Payment.objects.get(journal_number=6)
    me = rows.signed_in(story.member)
    html = me.get(f"/invoices/payments/{payment.pk}/").content.decode()
    assert "Same customer and amount" in html
    assert "1001" in html
    assert not Settlement.objects.filter(payment=payment).exists()

    me.post(f"/invoices/payments/{payment.pk}/match/", {"invoice": "1001", "reason": "Same"})

    assert Settlement.objects.get(payment=payment).invoice.number == "1001"
    assert tie_of(story.client).unmatched == Decimal("100.00")


def test_what_was_paid_too_much_stands_in_the_queue_and_goes_where_a_person_puts_it(story):
    payment = Payment.objects.get(journal_number=3)
    me = rows.signed_in(story.member)
    html = me.get("/invoices/unmatched/").content.decode()
    assert "More was paid than was open; the rest is unmatched" in html
    assert {p.invoice_number: str(p.amount) for p in story.target.registered.values()}[
        "1004"
    ] == "1000.00"

    url = f"/invoices/payments/{payment.pk}/match/"
    me.post(url, {"invoice": "1004", "amount": "100.00", "reason": "Kept for the customer"})
    story.run_due_work()

    page = me.get(reverse("payments:client", args=[story.client.pk])).context["page"]
    over = next(row for row in page.object_list if row.number == "1004")
    assert (over.state, str(over.open)) == ("Paid too much", "-100.00")
    there = [p.amount for p in story.target.registered.values() if p.invoice_number == "1004"]
    assert sorted(there) == [Decimal("100.00"), Decimal("1000.00")]


def test_a_match_is_undone_with_a_reason_and_the_payment_is_back_in_the_queue(story):
    settlement = Settlement.objects.get(invoice__number="1003")
    me = rows.signed_in(story.member)

    me.post(reverse("payments:undo_match", args=[settlement.pk]), {"reason": ""})
    assert not Settlement.objects.exclude(undoes=None).exists()
    me.post(reverse("payments:undo_match", args=[settlement.pk]), {"reason": "Wrong customer"})
    story.run_due_work()

    html = me.get("/invoices/unmatched/").content.decode()
    assert "A user removed it from its invoice" in html
    assert len(story.target.reversed) == 1


def test_what_came_after_vismas_total_was_asked_shows_as_a_difference_and_not_as_skipped(office):
    office.source.payments = [paid(1, "100.00")]
    office.source.left_out = [LeftOut(PaymentKey(1, 9), Decimal("12.50"), "compression")]
    office.fetch()
    office.source.payments.append(paid(2, "40.00"))
    office.source.page_size = 1

    def stop(cursor: str) -> None:
        # A second run registers a page and is then stopped, before it asks for the total.
        if Payment.objects.count() == 2:
            fetching.cancel(run=FetchRun.objects.latest("pk"), by=None, now=office.now)

    office.source.payments.append(paid(3, "1.00"))
    office.source.before_page = stop
    assert office.fetch().state == "cancelled"

    tie = tie_of(office.fresh())
    assert (tie.left_out, tie.unmatched) == (Decimal("12.50"), Decimal("140.00"))
    assert (tie.control_amount, tie.difference) == (Decimal("112.50"), Decimal("-40.00"))
