"""S16: how far back in time payments are fetched."""

from datetime import date

from payments.models import Payment
from tests.payments import rows
from tests.payments.conftest import office as office
from tests.payments.vendors import paid

SETTINGS = "/invoices/settings/"


def test_what_is_older_than_the_start_date_is_not_fetched(office):
    office.source.payments = [
        paid(1, "1.00", paid_on=date(2026, 2, 28)),
        paid(2, "2.00", paid_on=date(2026, 3, 1)),
    ]
    rows.signed_in(office.member).post(
        SETTINGS, {"marker": "", "marker_value": "1", "fetch_from": "2026-03-01"}
    )

    office.fetch()

    assert [p.journal_number for p in Payment.objects.all()] == [2]


def test_an_earlier_date_brings_the_older_ones_too(office):
    office.source.payments = [
        paid(1, "1.00", paid_on=date(2025, 12, 1)),
        paid(200, "2.00", paid_on=date(2026, 3, 1)),
    ]
    office.fetch()
    rows.signed_in(office.member).post(
        SETTINGS,
        {
            "marker": "",
            "marker_value": "1",
            "fetch_from": "2025-01-01",
            "earlier_confirmed": "on",
        },
    )

    run = office.fetch()

    assert run.is_full
    assert Payment.objects.count() == 2


def test_a_client_may_have_its_own(office):
    office.client.own_fetch_from = date(2026, 3, 1)
    office.client.save()
    office.source.payments = [paid(1, "1.00", paid_on=date(2026, 2, 1))]

    assert office.fetch().fetched == 0
