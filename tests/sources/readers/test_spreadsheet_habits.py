"""What people and spreadsheets do to tables: read as a careful person reads it, or named."""

import io
from datetime import datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from sources.readers.lines import Reading
from sources.readers.reading import read
from sources.readers.settings import SourceSettings
from sources.readers.suggesting import suggest_settings
from tests.sources.readers.files import amounts, codes, read_csv

DAY = datetime.fromisoformat("2026-03-25")
HEADINGS = ["account", "cost_centre", "date", "debit", "credit", "text"]
WAGES = ["7010", None, DAY, 100.0, None, "Pay"]
TAX = ["2731", None, DAY, None, 100.0, "Tax"]
SETTINGS = SourceSettings(format="xlsx", columns={name: name for name in HEADINGS})
CSV = SourceSettings(
    format="csv",
    separator=";",
    columns={name: name for name in ("account", "date", "debit", "credit", "text", "cost_centre")},
)


def sheet(
    *rows: list[Any], formats: dict[str, str] | None = None, hidden: tuple[int, ...] = ()
) -> Reading:
    """Read a workbook with those rows below the headings."""
    book = openpyxl.Workbook()
    page = book.active
    for row in (HEADINGS, *rows):
        page.append(row)
    for cell, code in (formats or {}).items():
        page[cell].number_format = code
    for number in hidden:
        page.row_dimensions[number].hidden = True
    out = io.BytesIO()
    book.save(out)
    return read(out, settings=SETTINGS)


def table(*rows: str) -> Reading:
    """Read a CSV file with those rows below the headings."""
    return read_csv(
        "\n".join(("account;date;debit;credit;text;cost_centre", *rows, "")), settings=CSV
    )


BOOKED = [("7010", Decimal("100.00")), ("2731", Decimal("-100.00"))]


class TestNumberThatIsShownWithZeros:
    def test_is_the_code_that_is_shown(self):
        reading = sheet([101, 100, DAY, 100.0, None, ""], TAX, formats={"A2": "0000", "B2": "0000"})

        line = reading.lines[0]
        assert (line.account, line.cost_centre) == ("0101", "0100")
        assert "code_is_number" not in codes(reading)

    def test_stays_the_same_amount(self):
        reading = sheet(["7010", None, DAY, 100, None, ""], TAX, formats={"D2": "000000"})

        assert amounts(reading) == BOOKED


class TestPercentage:
    @pytest.mark.parametrize("code", ["0%", "0.00%", "0.0 %"])
    def test_is_no_amount(self, code: str):
        reading = sheet(WAGES, TAX, formats={"D2": code})

        assert codes(reading)[0] == "amount_unreadable"


class TestHiddenRows:
    def test_are_asked_about(self):
        reading = sheet(WAGES, TAX, WAGES, TAX, hidden=(4, 5))

        found = next(one for one in reading.problems if one.code == "hidden_rows_read")
        assert (found.line, found.needs_confirmation) == (4, True)
        assert amounts(reading) == [(a, 2 * m) for a, m in BOOKED]

    def test_above_the_headings_do_not_matter(self):
        assert codes(sheet(WAGES, TAX, hidden=(1,))) == []


class TestCodeThatBecameADate:
    def test_is_refused(self):
        reading = sheet(["7010", datetime.fromisoformat("2026-02-01"), DAY, 100.0, None, ""], TAX)

        assert codes(reading)[0] == "code_is_date"
        assert reading.problems[0].value == "2026-02-01"


class TestAccount:
    def test_is_never_a_word(self):
        assert codes(sheet([True, None, DAY, 100.0, None, ""], TAX))[0] == "account_unreadable"
        assert codes(table("Transport;2026-03-25;100;;;"))[0] == "account_unreadable"


class TestDateThatIsANumber:
    @pytest.mark.parametrize("value", [46106, 46106.5])
    def test_is_named_with_the_day_it_stands_for(self, value: float):
        reading = sheet(["7010", None, value, 100.0, None, ""], TAX)

        assert codes(reading)[0] == "date_is_number"
        assert "2026-03-25" in reading.problems[0].text

    def test_is_named_in_a_text_file_too(self):
        assert codes(table("7010;46106;100;;;", "2731;46106;;100;;"))[0] == "date_is_number"


class TestDash:
    @pytest.mark.parametrize("dash", ["-", " - ", "\u2013"])
    def test_is_an_empty_amount(self, dash: str):
        reading = table(f"7010;2026-03-25;100;{dash};;", f"2731;2026-03-25;{dash};100;;")

        assert amounts(reading) == BOOKED

    def test_alone_is_a_missing_amount(self):
        reading = table("7010;2026-03-25;-;-;;", "2731;2026-03-25;;100;;")

        assert codes(reading)[0] == "amount_missing"


class TestFieldKeptFromASpreadsheet:
    @pytest.mark.parametrize("code", ['="0100"', '"=""0100"""', "'0100"])
    def test_is_what_a_spreadsheet_shows(self, code: str):
        reading = table(f'="7010";2026-03-25;100;;;{code}', "2731;2026-03-25;;100;;")

        assert (reading.lines[0].account, reading.lines[0].cost_centre) == ("7010", "0100")


class TestHeadingsAgain:
    ROWS = ("7010;2026-03-25;100;;;", "2731;2026-03-25;;100;;")

    def test_are_asked_about(self):
        again = table(*self.ROWS, "account;date;debit;credit;text;cost_centre", *self.ROWS)

        found = next(one for one in again.problems if one.code == "headings_again")
        assert (found.line, found.needs_confirmation) == (4, True)
        assert amounts(again) == [(a, 2 * m) for a, m in BOOKED]

    def test_in_another_order_are_refused(self):
        again = table(*self.ROWS, "account;date;credit;debit;text;cost_centre", *self.ROWS)

        assert codes(again) == ["headings_differ"]


class TestNote:
    def test_in_the_column_of_accounts_is_left_out_and_named(self):
        reading = table(*TestHeadingsAgain.ROWS, "Printed 2026-03-20;;;;;")

        assert codes(reading) == ["notes_left_out"]
        assert amounts(reading) == BOOKED

    @pytest.mark.parametrize("row", ["Wages;;100;;;", "Wages;2026-03-25;;;;", "7020;;;;;"])
    def test_is_none_where_anything_could_be_booked(self, row: str):
        assert table(*TestHeadingsAgain.ROWS, row).errors


class TestBalance:
    @pytest.mark.parametrize(
        "text",
        ["Ingående balans", "Inngående saldo", "Opening balance", "Beginsaldo", "Alkusaldo", "IB",
         "Saldo 7010", "Primo", "Brought forward", "I alt 7010", "Gesamt"],
    )  # fmt: skip
    def test_with_an_account_is_asked_about(self, text: str):
        reading = table(
            f"7010;2026-03-25;40;;{text};",
            "7010;2026-03-25;60;;Pay;",
            "2731;2026-03-25;;100;;",
        )

        assert codes(reading) == ["subtotal_suspected"]
        assert reading.to_confirm

    @pytest.mark.parametrize("text", ["Saldoavdrag", "Balansräkning 3", "IBAN", "Total lön 2"])
    def test_is_not_seen_in_other_words(self, text: str):
        rows = (f"7010;2026-03-25;100;;{text};", "2731;2026-03-25;;100;;")

        assert ("subtotal_suspected" in codes(table(*rows))) == text.startswith("Total")


class TestAmountsOfOneSign:
    def test_are_said_to_lack_a_side(self):
        settings = SourceSettings(
            format="csv",
            separator=";",
            sign_rule="signed",
            columns={name: name for name in ("account", "date", "amount")},
        )
        rows = "account;date;amount\n7010;2026-03-25;100\n2731;2026-03-25;100\n"

        found = read_csv(rows, settings=settings).errors[0]

        assert (found.code, found.line) == ("one_sided", 2)
        assert "column or rule" in found.remedy


class TestSuggestedSign:
    def test_is_the_usual_one_where_debits_are_below_zero_too(self):
        text = "Konto;Datum;Debet;Kredit\n7010;2026-03-25;-100,00;\n2731;2026-03-25;;-100,00\n"

        found = suggest_settings(io.BytesIO(text.encode()), name="run.csv")

        assert found.settings.sign_rule == "debit_credit"

    def test_knows_soll_and_haben(self):
        text = "Konto;Datum;Belopp;S/H\n7010;2026-03-25;100,00;S\n2731;2026-03-25;100,00;H\n"

        found = suggest_settings(io.BytesIO(text.encode()), name="run.csv").settings

        assert (found.sign_rule, found.columns["side"]) == ("sign_column", "S/H")


class TestNorwegianDosLetters:
    def test_are_known_by_the_letters_beside_them(self):
        rows = [
            "account;date;debit;credit;text;cost_centre",
            "5000;2026-03-25;100;;Lønn Røros;",
            "2930;2026-03-25;;100;;",
        ]
        content = "\n".join(rows).encode("cp865")

        assert read_csv(content, settings=CSV).lines[0].text == "Lønn Røros"
