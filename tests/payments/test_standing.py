"""A refusal is seen: on every page, in the counts of a run, and in a mail to the owner."""

from datetime import date, timedelta

import pytest
from django.core import mail

from background.models import BackgroundRequest
from connectors.errors import OutcomeUnknown, Rejected, Unavailable
from payments.models import InvoiceClient, Registration
from payments.operations import alarming, deciding
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.vendors import billed, paid


@pytest.fixture
def three(office: Office) -> Office:
    """Return an office with three payments; what the target says to them is up to the test."""
    numbers = ("1001", "1002", "1003")
    office.target.invoices = [billed(number, "100.00") for number in numbers]
    office.source.payments = [
        paid(place, "100.00", invoice_number=number)
        for place, number in enumerate(numbers, start=1)
    ]
    return office


def lock(office: Office) -> None:
    """Let PowerOffice be locked at the payments' date."""
    office.target.locked = date(2026, 2, 28)


def page(office: Office, address: str) -> str:
    answer = rows.signed_in(office.member).get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def mails(office: Office) -> list[str]:
    """Let the owner be notified of what is wrong, and return the mails."""
    alarming.notify_owners(now=office.now)
    for background_request in BackgroundRequest.objects.filter(kind=alarming.NOTIFY):
        alarming.tell(background_request, office.now)
        background_request.delete()
    return [one.subject for one in mail.outbox]


class TestARefusedPayment:
    def test_is_counted_on_the_page_of_its_run(self, three):
        lock(three)

        run = three.fetch()

        html = page(three, f"/invoices/runs/{run.pk}/")
        assert run.state == "done"
        assert 'Refused by PowerOffice</span><span class="tile-figure">3' in html
        assert "3 payments of this run are not in PowerOffice" in html
        assert "2026-02-01" in page(three, f"/invoices/runs/{run.pk}/refused/")

    @pytest.mark.parametrize(
        "address", ["/invoices/", "/invoices/clients/{pk}/", "/invoices/not-there/"]
    )
    def test_is_counted_on_the_pages_of_its_client(self, three, address):
        lock(three)
        three.fetch()

        assert "Refused by PowerOffice" in page(three, address.format(pk=three.client.pk))

    def test_is_counted_at_home(self, three):
        lock(three)
        three.fetch()

        html = page(three, "/")

        assert 'Payments refused</span> <span class="tile-figure">3' in html

    def test_notifies_the_owner_in_one_mail_for_all(self, three):
        lock(three)
        three.fetch()

        assert mails(three) == [f"3 payments of {three.client.name} are not in PowerOffice"]
        assert "3 refused by PowerOffice" in mail.outbox[0].body
        assert f"/invoices/not-there/?client={three.client.pk}" in mail.outbox[0].body

    def test_is_notified_once(self, three):
        lock(three)
        three.fetch()
        mails(three)
        three.now += timedelta(days=1)

        assert len(mails(three)) == 1

    def test_that_is_refused_again_after_a_person_tried_is_notified_again(self, three):
        lock(three)
        three.fetch()
        mails(three)
        deciding.try_again(client=three.client, by=three.member.user, now=three.now)
        three.work(seconds=1)

        assert len(mails(three)) == 2

    def test_is_tried_again_with_all_the_others_of_its_client(self, three):
        lock(three)
        three.fetch()
        three.target.locked = None

        rows.signed_in(three.member).post(f"/invoices/clients/{three.client.pk}/again/")
        three.work(seconds=timedelta(days=400).total_seconds())

        assert set(Registration.objects.values_list("state", flat=True)) == {"registered"}

    def test_of_another_office_is_not_seen(self, three):
        lock(three)
        three.fetch()
        stranger = rows.member()
        rows.activate(stranger.organisation)

        browser = rows.signed_in(stranger)
        html = browser.get("/invoices/not-there/").content.decode()
        refusal = browser.post(f"/invoices/clients/{three.client.pk}/again/")

        assert "Refused by PowerOffice" not in html
        assert browser.get(f"/invoices/not-there/?client={three.client.pk}").status_code == 404
        assert refusal.status_code == 404


class TestWhatWaits:
    def test_is_notified_after_half_an_hour_and_not_before(self, three):
        three.target.fault = lambda payment: Unavailable(vendor="PowerOffice")
        three.fetch()
        before = mails(three)
        three.work(seconds=1000)
        three.work(seconds=1000)

        assert before == []
        assert mails(three) == [f"3 payments of {three.client.name} are not in PowerOffice"]

    def test_unknown_is_notified_when_nobody_answers(self, three):
        three.target.fault = lambda payment: OutcomeUnknown(vendor="PowerOffice")
        three.target.find_payment = lambda payment: (_ for _ in ()).throw(
            Unavailable(vendor="PowerOffice")
        )
        three.fetch()

        three.now += timedelta(minutes=31)

        assert len(mails(three)) == 1
        assert "unknown outcome" in mail.outbox[0].body

    def test_that_goes_through_notifies_nobody(self, three):
        three.fetch()
        three.now += timedelta(days=1)

        assert mails(three) == []


class TestTheList:
    @pytest.mark.parametrize(
        "query", ["?standing=x", "?client=x", "?page=999", "?standing=refused"]
    )
    def test_answers_whatever_a_person_types(self, three, query):
        three.fetch()

        status = rows.signed_in(three.member).get(f"/invoices/not-there/{query}").status_code

        assert status in (200, 404)

    def test_asks_the_database_as_often_for_many_as_for_one(
        self, three, django_assert_max_num_queries
    ):
        three.target.fault = lambda payment: Rejected(vendor="PowerOffice")
        three.fetch()
        browser = rows.signed_in(three.member)
        browser.get("/invoices/not-there/")

        with django_assert_max_num_queries(20):
            browser.get("/invoices/not-there/")

        assert InvoiceClient.objects.count() == 1
