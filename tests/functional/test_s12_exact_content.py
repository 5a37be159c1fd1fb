"""S12: the exact content before and after sending, as CSV and workbook, and never as XML."""

import csv
import io
from decimal import Decimal

from django.urls import NoReverseMatch, reverse
from openpyxl import load_workbook

from connectors.base import SegmentValue
from connectors.bounds import neutralised
from tests.journals.pages import rows
from tests.journals.pages.conftest import *  # noqa: F403


def csv_rows(client, batch) -> list[dict[str, str]]:
    answer = client.get(reverse("journals:export", args=[batch.pk, "csv"]))
    assert answer.status_code == 200
    text = answer.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def xlsx_rows(client, batch) -> list[dict[str, object]]:
    answer = client.get(reverse("journals:export", args=[batch.pk, "xlsx"]))
    sheet = load_workbook(io.BytesIO(answer.content)).active
    head, *body = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in body]


class TestContent:
    def test_is_shown_before_sending(self, me, client):
        journal = rows.journal(me.organisation)
        rows.mapping(journal.company)

        html = client.get(reverse("journals:detail", args=[journal.pk])).content.decode()

        assert "From payroll" in html
        assert "To be posted" in html
        assert "1 Avdelning 100" in html

    def test_is_shown_after_sending_as_it_was_sent(self, me, client):
        journal = rows.journal(me.organisation, state="sent")
        mapping = rows.mapping(journal.company)
        rows.freeze(
            journal.batches.get(),
            connection=mapping.connection,
            state="posted",
            vendor_number="000417",
            proven_at=rows.NOW,
            lines=(
                rows.line("7010", debit="100.00", segments=(SegmentValue(1, "SENT"),)),
                rows.line("2710", credit="100.00"),
            ),
        )

        html = client.get(reverse("journals:detail", args=[journal.pk])).content.decode()

        assert "1 Avdelning SENT" in html
        assert "As posted" in html
        assert "000417" in html

    def test_is_exported_equal_in_both_formats_before_sending(self, me, client):
        journal = rows.journal(me.organisation)
        rows.mapping(journal.company)
        batch = journal.batches.get()

        as_csv, as_xlsx = csv_rows(client, batch), xlsx_rows(client, batch)

        assert [row["account"] for row in as_csv] == ["7010", "2710"]
        assert [row["segment_1"] for row in as_csv] == ["100", ""]
        for left, right in zip(as_csv, as_xlsx, strict=True):
            assert left["account"] == right["account"]
            assert left["text"] == right["text"]
            assert left["reference"] == right["reference"] == journal.reference
            assert Decimal(left["debit"]) == Decimal(str(right["debit"]))
            assert Decimal(left["credit"]) == Decimal(str(right["credit"]))

    def test_is_exported_after_sending_as_it_was_sent(self, me, client):
        journal = rows.journal(me.organisation)
        batch = rows.freeze(
            journal.batches.get(),
            state="posted",
            vendor_number="000417",
            proven_at=rows.NOW,
            lines=(rows.line("7999", debit="0.10"), rows.line("2999", credit="0.10")),
        )

        exported = csv_rows(client, batch)

        assert [(r["account"], r["debit"], r["credit"]) for r in exported] == [
            ("7999", "0.10", "0.00"),
            ("2999", "0.00", "0.10"),
        ]
        assert exported[0]["description"] == batch.description
        assert exported[0]["posting_period"] == "202603"

    def test_starts_no_formula_in_a_spreadsheet(self, me, client):
        journal = rows.journal(me.organisation)
        batch = rows.freeze(
            journal.batches.get(),
            lines=(
                rows.line("7010", debit="1.00", text="=HYPERLINK(1)"),
                rows.line("2710", credit="1.00", text="+1"),
            ),
        )

        answer = client.get(reverse("journals:export", args=[batch.pk, "xlsx"]))
        sheet = load_workbook(io.BytesIO(answer.content)).active

        assert [row["text"] for row in csv_rows(client, batch)] == ["'=HYPERLINK(1)", "'+1"]
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
        assert [row["text"] for row in xlsx_rows(client, batch)] == ["=HYPERLINK(1)", "+1"]

    def test_neutralises_every_beginning_of_a_formula(self):
        for start in "=+-@\t\r":
            assert neutralised(f"{start}1") == f"'{start}1"
        assert neutralised("Wages - March") == "Wages - March"

    def test_is_never_given_as_xml(self, me, client):
        batch = rows.journal(me.organisation).batches.get()

        assert client.get(f"/journals/batches/{batch.pk}/export.xml").status_code == 404
        try:
            reverse("journals:export", args=[batch.pk, "xml"])
        except NoReverseMatch:
            return
        raise AssertionError("there is an address for XML")

    def test_that_cannot_be_planned_is_not_exported_as_an_empty_file(self, me, client):
        journal = rows.journal(me.organisation)
        rows.mapping(journal.company)
        journal.content.lines.filter(account="2710").delete()

        batch = journal.batches.get()
        answer = client.get(reverse("journals:export", args=[batch.pk, "csv"]), follow=True)

        assert "cannot be planned yet" in answer.content.decode()
        assert "does not balance" in answer.content.decode()
