"""B17 for payments: a start date is proposed, and an earlier one is asked about with a number."""

from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from background.models import BackgroundRequest
from payments.models import Integration, InvoiceClient, Payment
from payments.operations import clients
from payments.operations.start_dates import COUNT, EarlierStart
from tests.payments import rows
from tests.payments.conftest import office as office
from tests.payments.vendors import paid

SETTINGS = "/invoices/settings/"


def save(office, day: str, **more: str):
    """Save the settings with another start date."""
    values = {"marker": "", "marker_value": "1", "fetch_from": day} | more
    return rows.signed_in(office.member).post(SETTINGS, values)


class TestTheStartDate:
    def test_is_proposed_as_the_first_of_the_present_month(self, office):
        Integration.objects.update(fetch_from=None)

        page = rows.signed_in(office.member).get(SETTINGS)

        first = timezone.localdate().replace(day=1)
        assert page.context["form"]["fetch_from"].value() == first

    def test_keeps_out_of_storage_and_of_the_target_what_is_before_it(self, office):
        office.source.payments = [paid(1, "1.00", paid_on=date(2025, 12, 31))]

        office.fetch()

        assert not Payment.objects.exists()
        assert not office.target.registered


class TestAnEarlierOne:
    def test_is_asked_about_and_changes_nothing_until_it_is_confirmed(self, office):
        before = Integration.objects.get().fetch_from

        page = save(office, "2025-01-01")

        assert page.status_code == 409
        assert "Fetch and register the earlier payments too" in page.content.decode()
        assert Integration.objects.get().fetch_from == before

    def test_says_how_many_payments_come_in_addition(self, office):
        office.source.payments = [
            paid(1, "1.00", paid_on=date(2025, 12, 1)),
            paid(2, "2.00", paid_on=date(2025, 12, 2)),
            paid(3, "3.00", paid_on=date(2026, 3, 1)),
        ]
        save(office, "2025-01-01")
        office.run_due_work()

        background_request = BackgroundRequest.objects.get(kind=COUNT)
        url = reverse("payments:earlier_count", args=[background_request.pk])
        said = rows.signed_in(office.member).get(url).content.decode()

        assert "2 payments would be added" in said
        assert not Payment.objects.exists()

    def test_is_counted_on_a_page_of_its_own_too_for_who_has_no_javascript(self, office):
        save(office, "2025-01-01")
        url = reverse("payments:earlier_count", args=[BackgroundRequest.objects.get(kind=COUNT).pk])
        me = rows.signed_in(office.member)

        page = me.get(url).content.decode()
        part = me.get(url, headers={"HX-Request": "true"}).content.decode()

        assert "<h1" in page
        assert 'http-equiv="refresh"' in page
        assert "<html" not in part

    def test_is_taken_when_confirmed(self, office):
        save(office, "2025-01-01", earlier_confirmed="on")

        assert Integration.objects.get().fetch_from == date(2025, 1, 1)

    def test_of_one_client_is_asked_about_too(self, office):
        with pytest.raises(EarlierStart):
            clients.save_client(
                organisation=office.organisation,
                client=office.client,
                values={"own_fetch_from": date(2025, 1, 1)},
                by=office.member.user,
            )

        assert InvoiceClient.objects.get().own_fetch_from is None

    def test_is_counted_for_nobody_else(self, office):
        save(office, "2025-01-01")
        background_request = BackgroundRequest.objects.get(kind=COUNT)
        stranger = rows.signed_in(rows.member())

        url = reverse("payments:earlier_count", args=[background_request.pk])

        assert stranger.get(url).status_code == 404

    def test_that_is_later_is_not_asked_about(self, office):
        assert save(office, "2026-03-01").status_code == 302
