"""The limits of storage are checked at the door: amounts, days and characters."""

import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from api import operations as tokens
from api.models import ApiToken
from journals.models import Batch, Journal
from payments.forms import SettingsForm, TimeForm
from payments.models import Invoice, TimeEntry
from sources.models import ImportedFile, JournalLine
from sources.operations import files
from tests import factories
from tests.journals.importing import builders
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.conftest import office as office
from tests.sources.readers.files import workbook

pytestmark = pytest.mark.django_db
FAULTS = Path(__file__).resolve().parents[3] / "shared" / "samples" / "faults"
needs_faults = pytest.mark.skipif(
    not FAULTS.is_dir(), reason="the samples of faults are not beside this checkout"
)

LARGEST = "99999999999.99"


class TestAJournal:
    def imported(self, *amounts: str) -> ImportedFile:
        office = factories.organisation()
        builders.company(office)
        rows = [(f"{7000 + n}", amount) for n, amount in enumerate(amounts)]
        return builders.imported(office, builders.sie(rows))

    def test_of_the_largest_amounts_is_stored_to_the_last_decimal(self):
        file = self.imported(LARGEST, f"-{LARGEST}")

        assert file.state == ImportedFile.State.IMPORTED
        assert sorted(JournalLine.objects.values_list("amount", flat=True)) == [
            Decimal(f"-{LARGEST}"),
            Decimal(LARGEST),
        ]
        assert Journal.objects.get().total == Batch.objects.get().total == Decimal(LARGEST)

    def test_of_the_largest_sum_is_stored_to_the_last_decimal(self):
        amounts = [*[LARGEST] * 100, *[f"-{LARGEST}"] * 100]

        file = self.imported(*amounts)

        assert file.state == ImportedFile.State.IMPORTED
        assert Journal.objects.get().total == Decimal("9999999999999.00")

    @pytest.mark.parametrize(
        "amount", ["100000000000.00", "12345678901234.56", "1234567890123456.78"]
    )
    def test_of_larger_amounts_is_refused_by_line_and_value(self, amount):
        file = self.imported(amount, f"-{amount}")

        assert builders.codes(file) == ["amount_too_large"] * 2
        assert amount in files.errors_of(file)[0].text
        assert not JournalLine.objects.exists()

    def test_whose_amounts_add_up_to_more_is_refused(self):
        file = self.imported(*[LARGEST] * 101, *[f"-{LARGEST}"] * 101)

        assert set(builders.codes(file)) == {"sum_too_large"}

    def test_that_was_stored_before_there_were_limits_breaks_no_page(self, client):
        file = self.imported("100.00", "-100.00")
        Journal.objects.update(total=Decimal("9999999999999999.99"))
        JournalLine.objects.update(amount=Decimal("9999999999999999.99"))
        Batch.objects.update(total=Decimal("9999999999999999.99"))
        member = factories.member(file.organisation)
        client.force_login(member.user)

        journal = Journal.objects.get()
        for address in (
            "/overview/",
            "/journals/",
            "/journals/import/",
            f"/journals/{journal.pk}/",
        ):
            assert client.get(address).status_code == 200, address


class TestInvoices:
    HEAD = "Fakturanr;Kundenr;Navn;Fakturadato;Forfallsdato;Beløp;KID\n"

    def upload(self, office: Office, content: bytes) -> str:
        office.client.target = None
        office.client.save()
        answer = rows.signed_in(office.member).post(
            f"/invoices/clients/{office.client.pk}/invoices/",
            {"upload": SimpleUploadedFile("faktura.csv", content)},
            follow=True,
        )
        assert answer.status_code == 200
        return str(answer.content.decode())

    @pytest.mark.parametrize(
        ("row", "said"),
        [
            ("82;1;A;2026-03-01;;1000000000000000,00;", "line 2: Amount is 1000000000000000,00"),
            ("83;1;A;2026-03-01;;12 34,50;", "line 2: Amount is 12 34,50"),
            ("84;1;A;0001-01-01;;100,00;", "lies outside the years 1990 to 2099"),
            ("85;1;A\0;2026-03-01;;100,00;", "contains the character U+0000"),
            ("86;1;A;2026-03-01;;1.234;", "can be read in two ways"),
        ],
    )
    def test_that_cannot_be_stored_are_refused_by_line_field_and_value(self, office, row, said):
        html = self.upload(office, (self.HEAD + row).encode())

        assert said.casefold() in html.casefold()
        assert not Invoice.objects.exists()

    def test_of_the_largest_amounts_are_stored_and_listed(self, office):
        lines = [f"{n};1;A;2026-03-01;;{'9' * 11},99;" for n in range(100)]

        self.upload(office, (self.HEAD + "\n".join(lines)).encode())

        assert {one.amount for one in Invoice.objects.all()} == {Decimal(LARGEST)}
        asker = rows.signed_in(office.member)
        for address in ("/invoices/", f"/invoices/clients/{office.client.pk}/", "/overview/"):
            assert asker.get(address).status_code == 200, address

    def test_with_an_rf_reference_are_stored_without_a_kid_and_it_is_said(self, office):
        row = "81;100;A;2026-03-01;2026-03-31;100,00;RF18539007547034"

        html = self.upload(office, (self.HEAD + row).encode())

        assert "RF reference" in html
        assert Invoice.objects.get().kid == ""

    @needs_faults
    @pytest.mark.parametrize(
        ("name", "stored"),
        [
            ("27-invoice-rf-reference.csv", 1),
            ("28-invoice-16-figures.csv", 0),
            ("29-invoice-blanks-anywhere.csv", 0),
            ("30-invoice-year-1.csv", 0),
        ],
    )
    def test_of_the_samples_of_faults_are_read_rightly(self, office, name, stored):
        self.upload(office, (FAULTS / name).read_bytes())

        assert Invoice.objects.count() == stored


ENDPOINTS = ("/api/v1/time-entries", "/api/v1/fetches")
DEEP = ('{"a":' + "[" * 4_400, "[" * 9_000, '{"a":' * 1_500)
BROKEN = ("", "{", "[]", '"x"', "nul", "{'a': 1}", "\ufeff{}", '{"client": 1' + "0" * 5_000 + "}")


class TestTheApi:
    def send(self, office: Office, address: str, body: str | bytes) -> Any:
        _row, secret = tokens.create(
            organisation=office.organisation,
            name="program",
            scopes=list(ApiToken.Scope),
            by=office.member.user,
            now=office.now,
        )
        return Client(raise_request_exception=False).post(
            address,
            body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {secret}"},
        )

    @pytest.mark.parametrize("address", ENDPOINTS)
    @pytest.mark.parametrize("body", [*DEEP, *BROKEN])
    def test_answers_broken_and_deep_json_with_400_and_json(self, office, address, body):
        answer = self.send(office, address, body)

        assert answer.status_code == 400
        assert answer.json()["code"] == "bad_request"

    @pytest.mark.parametrize("address", ENDPOINTS)
    @pytest.mark.parametrize("body", [b"\xff\xfe{}", b'{"client": "\xff"}', b"\0", b"x" * 60_000])
    def test_answers_bytes_that_are_no_json_with_400_and_json(self, office, address, body):
        answer = self.send(office, address, body)

        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")

    @pytest.mark.parametrize(
        "field", ["client", "customer", "date", "text", "employee", "reference"]
    )
    @pytest.mark.parametrize("text", ["\ud800", "a\0", "\x1b[31m"])
    def test_refuses_what_is_no_text_by_its_field(self, office, field, text):
        rows.customer(office.client, "10001")
        body = {"client": office.client.number, "customer": "10001", "date": "2026-04-08"}

        answer = self.send(office, ENDPOINTS[0], json.dumps(body | {"minutes": 90, field: text}))

        assert answer.status_code == 400
        assert not TimeEntry.objects.exists()

    @needs_faults
    @pytest.mark.parametrize("name", ["31-api-lone-surrogate.json", "32-api-deep.json"])
    @pytest.mark.parametrize("address", ENDPOINTS)
    def test_answers_the_samples_of_faults_with_400_and_json(self, office, address, name):
        answer = self.send(office, address, (FAULTS / name).read_bytes())

        assert answer.status_code == 400
        assert answer.json()["code"] == "bad_request"


class TestPages:
    @pytest.fixture
    def asker(self, office: Office) -> Client:
        return rows.signed_in(factories.member(office.organisation))

    @pytest.mark.parametrize("character", ["%00", "%1B", "%7F"])
    @pytest.mark.parametrize(
        "address",
        ["/journals/?q=a{}", "/invoices/unmatched/?client={}", "/audit/?q={}", "/companies/?a{}=1"],
    )
    def test_refuse_control_characters_in_an_address(self, asker, address, character):
        answer = asker.get(address.format(character))

        assert answer.status_code == 400
        assert "Nothing was changed" in answer.content.decode()

    def test_refuse_control_characters_in_a_form(self, asker):
        answer = asker.post(reverse("payments:time"), {"text": "a\x00b"})

        assert answer.status_code == 400

    def test_take_letters_of_every_language(self, asker):
        assert asker.get("/journals/?q=L%C3%B6n+%F0%9F%99%82").status_code == 200

    @pytest.mark.parametrize("day", ["0001-01-01", "1989-12-31", "2100-01-01", "9999-12-31"])
    def test_refuse_a_day_of_time_outside_the_years(self, office, asker, day):
        values = {"client": office.client.pk, "worked_on": day, "minutes": "90"}

        form = TimeForm(values, organisation=office.organisation)

        assert "worked_on" in form.errors
        assert asker.post(reverse("payments:time"), values).status_code < 500

    @pytest.mark.parametrize("day", ["0001-01-01", "2100-01-01"])
    def test_refuse_a_start_date_outside_the_years(self, office, day):
        form = SettingsForm({"fetch_from": day})

        assert "fetch_from" in form.errors

    @pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-13-45", "x"])
    def test_leave_out_days_outside_the_years_in_an_address(self, asker, day):
        assert asker.get(f"/audit/?since={day}&until={day}").status_code == 200


class TestAWorkbookInTheBrowser:
    """What a workbook holds beside its journal is said on the page of its file, in one try."""

    HEADINGS: ClassVar[list[str]] = ["account", "date", "text", "debit", "credit"]
    ROWS: ClassVar[list[list[Any]]] = [
        ["7010", date(2026, 3, 25), "Pay", 100, None],
        ["2821", date(2026, 3, 25), "Pay", None, 100],
    ]

    def page_of(self, content: bytes) -> tuple[ImportedFile, str]:
        member = factories.member()
        company = builders.company(member.organisation)
        file = builders.imported(
            member.organisation, content, name="a.xlsx", company=company, run="1"
        )
        if file.state == ImportedFile.State.NEEDS_COLUMNS:
            file = builders.accept_columns(file)
        answer = rows.signed_in(member).get(f"/journals/import/{file.pk}/")
        assert answer.status_code == 200
        return file, str(answer.content.decode())

    def test_names_another_sheet_and_waits_for_a_person(self):
        book = load_workbook(io.BytesIO(workbook([self.HEADINGS, *self.ROWS])))
        other = book.create_sheet("Kst 200")
        for row in (self.HEADINGS, *self.ROWS):
            other.append(row)
        out = io.BytesIO()
        book.save(out)

        file, html = self.page_of(out.getvalue())

        assert file.state == ImportedFile.State.NEEDS_CONFIRMATION
        assert "Kst 200" in html

    def test_names_a_formula_that_was_never_calculated(self):
        content = workbook([self.HEADINGS, *self.ROWS, ["7510", date(2026, 3, 25), "x", "=D2", 0]])

        file, html = self.page_of(content)

        assert file.state == ImportedFile.State.REFUSED
        assert "debit contains a formula that was never calculated: =D2" in html

    def test_says_in_one_try_that_it_is_damaged(self):
        content = bytearray(workbook([self.HEADINGS, *self.ROWS]))
        content[len(content) // 2] ^= 0xFF

        file, html = self.page_of(bytes(content))

        assert file.state == ImportedFile.State.REFUSED
        assert "damaged or not a workbook" in html
