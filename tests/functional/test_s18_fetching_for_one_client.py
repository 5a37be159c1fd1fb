"""S18: Invoices, Invoice overview, Fetch payments from Visma: for one invoice client."""

from datetime import timedelta
from decimal import Decimal

from django.urls import reverse

from connectors.receivables.shared import PaymentKey
from connectors.receivables.source import LeftOut
from payments.models import FetchRun
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.conftest import office as office
from tests.payments.vendors import billed, paid


def press(office: Office) -> str:
    """Press the button of the overview, let the worker fetch, and return the run's page."""
    me = rows.signed_in(office.member)
    assert "Fetch payments from Visma" in me.get("/invoices/").content.decode()
    answer = me.post(reverse("payments:fetch", args=[office.client.pk]))
    assert answer.status_code == 302
    run = FetchRun.objects.latest("pk")
    assert answer["Location"] == reverse("payments:run", args=[run.pk])
    waiting = me.get(answer["Location"]).content.decode()
    assert 'hx-trigger="every 2s"' in waiting
    office.run_due_work()
    html: str = me.get(answer["Location"]).content.decode()
    assert 'hx-trigger="every 2s"' not in html
    return html


def test_the_story_of_a_press(office):
    office.target.invoices = [billed("1001", "1000.00"), billed("1002", "500.00")]
    office.source.payments = [
        paid(1, "1000.00", invoice_number="1001"),
        paid(2, "200.00", invoice_number="1002"),
        paid(3, "77.00"),
    ]

    html = press(office)

    run = FetchRun.objects.get()
    for name, figure, total in (
        ("fetched", 3, "1,277.00"),
        ("new", 3, "1,277.00"),
        ("matched", 1, "1,000.00"),
        ("part", 1, "200.00"),
        ("unassigned", 1, "77.00"),
        ("marked", 2, "1,200.00"),
    ):
        url = reverse("payments:run_list", args=[run.pk, name])
        start = html.index(f'href="{url}"')
        assert f'tile-figure">{figure}<' in html[start : start + 300], name
        listed = rows.signed_in(office.member).get(url)
        assert len(listed.context["page"].object_list) == figure, name
        assert f'Together <span class="money">{total}' in listed.content.decode(), name
    assert "Count and sum match Visma's." in html

    invoices = (
        rows.signed_in(office.member)
        .get(reverse("payments:client", args=[office.client.pk]))
        .content.decode()
    )
    assert "300.00" in invoices  # what is open of the second one
    assert "Part paid" in invoices


def test_skipped_rows_are_listed_with_their_reason(office):
    office.source.left_out = [LeftOut(PaymentKey(9, 1), Decimal("5.00"), "compression")]
    office.source.payments = [paid(1, "1.00")]
    press(office)

    url = reverse("payments:run_list", args=[FetchRun.objects.get().pk, "skipped"])
    html = rows.signed_in(office.member).get(url).content.decode()

    assert "9/1" in html
    assert "compression" in html
    assert 'Together <span class="money">5.00' in html


def test_what_is_fetched_is_what_is_new_and_what_was_known(office):
    office.source.payments = [paid(1, "1.00")]
    press(office)
    office.source.payments.append(paid(2, "2.00"))
    office.now += timedelta(minutes=1)
    press(office)

    run = FetchRun.objects.latest("pk")
    assert (run.fetched, run.known) == (2, 1)
    for name, count in (("fetched", 2), ("new", 1), ("known", 1)):
        url = reverse("payments:run_list", args=[run.pk, name])
        assert len(rows.signed_in(office.member).get(url).context["page"].object_list) == count


def test_pressing_twice_makes_one_run(office):
    me = rows.signed_in(office.member)
    url = reverse("payments:fetch", args=[office.client.pk])

    assert me.post(url)["Location"] == me.post(url)["Location"]
    assert FetchRun.objects.count() == 1


def test_it_can_be_cancelled(office):
    me = rows.signed_in(office.member)
    me.post(reverse("payments:fetch", args=[office.client.pk]))
    run = FetchRun.objects.get()

    me.post(reverse("payments:cancel_run", args=[run.pk]))

    html = me.get(reverse("payments:run", args=[run.pk])).content.decode()
    assert "The run was stopped by a user." in html


def test_a_client_without_a_company_says_what_is_missing(office):
    office.client.source = None
    office.client.save()

    me = rows.signed_in(office.member)
    answer = me.post(reverse("payments:fetch", args=[office.client.pk]), follow=True)

    assert "No Visma company is chosen" in answer.content.decode()
    assert not FetchRun.objects.exists()
