"""Invoices out of a file, for clients without PowerOffice Go."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from audit.models import AuditEntry
from payments.models import Invoice, Settlement
from payments.operations import invoice_files
from tests.payments import rows
from tests.payments.vendors import paid

FILE = (
    "number;customer_number;customer_name;issued_on;due_on;amount;kid;credits_number\n"
    "1001;10001;Kunde AS;2026-01-15;2026-02-14;1000,00;10017;\n"
    "2001;10001;Kunde AS;2026-01-20;;-400,00;;1001\n"
)


def upload(office, text: str):
    office.client.target = None
    office.client.save()
    return rows.signed_in(office.member).post(
        f"/invoices/clients/{office.client.pk}/invoices/",
        {"upload": SimpleUploadedFile("faktura.csv", text.encode())},
        follow=True,
    )


def test_are_stored_and_payments_find_them(office):
    assert "2 invoices are stored." in upload(office, FILE).content.decode()
    office.source.payments = [paid(1, "600.00", kid="10017")]

    office.fetch()

    made = Settlement.objects.order_by("pk")
    assert [(s.rule, str(s.amount), s.outcome) for s in made] == [
        ("credit", "400.00", ""),
        ("kid", "600.00", "settled"),
    ]
    assert len(office.source.marked) == 1
    assert office.target.posts == []


def test_of_a_file_with_a_bad_line_none_is(office):
    html = upload(office, FILE.replace("1000,00", "x")).content.decode()

    assert "faktura.csv, line 2" in html
    assert not Invoice.objects.exists()


def test_are_not_taken_beside_poweroffice_go(office):
    answer = rows.signed_in(office.member).post(
        f"/invoices/clients/{office.client.pk}/invoices/",
        {"upload": SimpleUploadedFile("faktura.csv", FILE.encode())},
        follow=True,
    )

    assert "come from PowerOffice Go" in answer.content.decode()
    assert not Invoice.objects.exists()


def test_what_goes_out_comes_in_again(office):
    upload(office, FILE)
    content = invoice_files.as_csv(office.client)
    Settlement.objects.all().delete()
    Invoice.objects.all().delete()

    upload(office, content.decode("utf-8-sig"))

    assert Invoice.objects.count() == 2


class TestExports:
    def test_of_clients_and_of_invoices_are_in_the_trail(self, office):
        browser = rows.signed_in(office.member)

        browser.get("/invoices/clients/export.csv")
        browser.get(reverse("payments:export_invoices", args=[office.client.pk]))

        taken = AuditEntry.objects.filter(action__endswith=".exported").order_by("pk")
        assert [(one.action, one.user, one.details) for one in taken] == [
            ("invoice_client.exported", office.member.user, {"format": "csv"}),
            ("invoices.exported", office.member.user, {"format": "csv"}),
        ]
