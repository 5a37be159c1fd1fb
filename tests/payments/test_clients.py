"""Invoice clients: made, changed, checked, in and out as CSV."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from connectors.receivables import SourceCompany
from payments.models import InvoiceClient
from payments.operations import client_files, clients, fetching
from tests.payments import rows
from tests.payments.vendors import SOURCE, paid


def form(office, **more):
    values = {
        "number": "77",
        "name": "New AS",
        "organisation_number": "999 999 999",
        "currency": "nok",
        "voucher_types": "21, 22",
        "clearing_account": "1940",
        "fetches_every_hours": "0",
    }
    return rows.signed_in(office.member).post("/invoices/clients/new/", values | more)


class TestForm:
    def test_makes_a_client(self, office):
        assert form(office).status_code == 302

        made = InvoiceClient.objects.get(number="77")
        assert (made.organisation_number, made.currency) == ("999999999", "NOK")
        assert made.voucher_types == [21, 22]

    def test_refuses_a_visma_company_that_another_client_has(self, office):
        answer = form(office, source=str(office.client.source_id))

        assert "Another invoice client has this Visma company." in answer.content.decode()

    def test_offers_no_account_of_another_organisation(self, office):
        theirs = rows.account(rows.client_of().organisation, SOURCE)

        assert form(office, source=str(theirs.pk)).status_code == 200
        assert not InvoiceClient.objects.filter(number="77").exists()

    def test_changes_are_saved(self, office):
        url = reverse("payments:client_settings", args=[office.client.pk])
        values = {
            "number": office.client.number,
            "name": "Renamed AS",
            "organisation_number": "999999999",
            "currency": "NOK",
            "source": str(office.client.source_id),
            "target": str(office.client.target_id),
            "voucher_types": "21",
            "clearing_account": "1940",
            "fetches_every_hours": "6",
        }
        assert rows.signed_in(office.member).post(url, values).status_code == 302
        assert office.fresh().name == "Renamed AS"

    def test_payments_of_one_company_are_never_continued_with_another(self, office):
        office.source.payments = [paid(1, "1.00")]
        office.fetch()
        other = rows.account(office.organisation, SOURCE)

        with pytest.raises(clients.ClientRefused):
            clients.save_client(
                organisation=office.organisation,
                client=office.fresh(),
                values={"source": other},
                by=office.member.user,
            )


class TestCheck:
    def test_shows_findings_and_proposals_on_the_page(self, office):
        office.source.company = SourceCompany("1", "Other AS", "111111111")
        me = rows.signed_in(office.member)

        answer = me.post(reverse("payments:check_client", args=[office.client.pk]))
        office.run_due_work()
        html = me.get(answer["Location"]).content.decode()
        assert "has the organisation number 111111111" in html
        assert "Proposed as payments" in html


class TestFiles:
    def upload(self, office, text: str):
        file = SimpleUploadedFile("clients.csv", text.encode())
        return rows.signed_in(office.member).post(
            "/invoices/clients/import/", {"upload": file}, follow=True
        )

    def test_what_goes_out_comes_in_again(self, office):
        before = client_files.as_csv(office.organisation)
        InvoiceClient.objects.all().delete()

        self.upload(office, before.decode("utf-8-sig"))

        assert client_files.as_csv(office.organisation) == before

    def test_nothing_of_a_file_with_a_bad_line_is_taken(self, office):
        text = "number;name;voucher_types\n1;A;21\n2;B;x\n"

        html = self.upload(office, text).content.decode()

        assert "Line 3" in html
        assert InvoiceClient.objects.count() == 1


class TestScheduled:
    def test_starts_by_itself_when_its_hour_has_come(self, office):
        assert fetching.start_scheduled(now=office.now) == 0
        office.client.fetches_every_hours = 6
        office.client.save()

        assert fetching.start_scheduled(now=office.now) == 1
        office.work()
        assert fetching.start_scheduled(now=office.now + timedelta(hours=5)) == 0
        assert fetching.start_scheduled(now=office.now + timedelta(hours=6)) == 1
