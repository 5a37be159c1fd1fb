"""CSV, GBAT10 and XLSX: the same columns, the same lines."""

import io
import zipfile
from dataclasses import replace
from decimal import Decimal

import openpyxl
import pytest

from sources.readers.lines import Limits
from sources.readers.reading import read
from sources.readers.settings import SourceSettings
from tests.sources.readers.files import (
    CSV_SETTINGS,
    amounts,
    codes,
    csv_text,
    read_csv,
    read_sie,
    sie_run,
    table_rows,
    workbook,
    xlsx_rows,
)

XLSX_SETTINGS = replace(CSV_SETTINGS, format="xlsx")


def read_xlsx(content, *, settings=XLSX_SETTINGS, limits=None):
    return read(io.BytesIO(content), settings=settings, limits=limits)


def changed(**fields):
    """Return the run with the first row changed."""
    rows = table_rows()
    rows[0] |= fields
    return csv_text(rows)


def simple(*rows, columns, **settings):
    """Read CSV rows with those columns mapped by their own names."""
    text = "\n".join([";".join(columns), *rows]) + "\n"
    return read_csv(
        text,
        settings=SourceSettings(
            format="csv", separator=";", columns={name: name for name in columns}, **settings
        ),
    )


class TestCsv:
    def test_gives_the_same_lines_as_sie(self):
        reading = read_csv(csv_text())

        assert reading.ok
        assert codes(reading) == []
        assert reading.digest == read_sie(sie_run()).digest
        assert [line.line_number for line in reading.lines] == [2, 3, 4, 5, 6]

    def test_tells_company_run_and_currency(self):
        head = read_csv(csv_text()).head

        assert (head.organisation_number, head.run, head.currency) == ("5555555555", "7", "SEK")

    @pytest.mark.parametrize("separator", [";", "\t", "|"])
    def test_reads_every_separator(self, separator):
        settings = replace(CSV_SETTINGS, separator=separator)

        assert read_csv(csv_text(separator=separator), settings=settings).ok

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
    def test_reads_what_spreadsheets_save(self, encoding):
        reading = read_csv(csv_text().encode(encoding))

        assert reading.digest == read_csv(csv_text()).digest

    def test_finds_the_headings_below_a_title_and_counts_lines_of_the_file(self):
        reading = read_csv("sep=;\r\nLönejournal;;\r\n\r\n" + csv_text())

        assert reading.ok
        assert reading.lines[0].line_number == 5

    def test_reads_a_quoted_line_break_as_a_blank(self):
        text = changed(text='"Månads\r\nlön"')

        reading = read_csv(text)

        assert reading.lines[0].text == "Månads lön"
        assert reading.lines[1].line_number == 4

    def test_leaves_out_a_row_of_totals(self):
        rows = [
            *table_rows(),
            dict.fromkeys(table_rows()[0], "") | {"text": "Totalt", "debit": "1700.75"},
        ]

        reading = read_csv(csv_text(rows))

        assert codes(reading) == ["total_row_left_out"]
        assert reading.rows_read == 5

    def test_leaves_out_a_total_in_the_account_column(self):
        rows = [*table_rows(), table_rows()[0] | {"account": "Summa", "debit": "1700.75"}]

        assert codes(read_csv(csv_text(rows))) == ["total_row_left_out"]

    def test_leaves_out_rows_that_hold_nothing_to_book(self):
        rows = [*table_rows(), dict.fromkeys(table_rows()[0], "") | {"text": "Anna skrev ut"}]

        reading = read_csv(csv_text(rows))

        assert codes(reading) == ["notes_left_out"]
        assert "Anna" not in repr(reading)

    @pytest.mark.parametrize(
        ("fields", "code", "column"),
        [
            ({"debit": "1.000.00"}, "amount_unreadable", "debit"),
            ({"debit": "12.345"}, "amount_too_precise", "debit"),
            ({"debit": ""}, "amount_missing", "debit, credit"),
            ({"account": ""}, "account_missing", "account"),
            ({"account": "70 10 x"}, "account_unreadable", "account"),
            ({"period": "2026-13"}, "period_unreadable", "period"),
            ({"period": ""}, "period_missing", "period"),
            ({"date": "2026-02-30"}, "date_unreadable", "date"),
            ({"cost_centre": "x" * 41}, "code_too_long", "cost_centre"),
        ],
    )
    def test_names_line_and_column_of_what_cannot_be_read(self, fields, code, column):
        reading = read_csv(changed(**fields))

        problem = reading.problems[0]

        assert (problem.code, problem.line, problem.column) == (code, 2, column)
        assert not reading.ok
        assert "period_unbalanced" not in codes(reading)

    def test_reports_the_other_periods_balance_beside_an_unreadable_row(self):
        rows = table_rows()
        rows[0]["debit"] = "x"
        rows[3]["credit"] = "1.00"

        reading = read_csv(csv_text(rows))

        assert codes(reading)[:2] == ["amount_unreadable", "period_unbalanced"]
        assert reading.problems[1].params["period"] == "2026-01"

    def test_names_each_missing_column_with_the_headings_found(self):
        text = csv_text().replace("account;", "konto;").replace("period;", "månad;")

        reading = read_csv(text)

        assert [(p.code, p.column) for p in reading.problems] == [
            ("missing_column", "account"),
            ("missing_column", "period"),
        ]
        assert "konto" in reading.problems[0].params["headings"]

    def test_refuses_a_heading_that_stands_twice(self):
        reading = read_csv(csv_text().replace("currency", "account", 1))

        assert ("column_twice", "account") in [(p.code, p.column) for p in reading.problems]

    def test_refuses_a_map_that_takes_people_in(self):
        columns = dict(CSV_SETTINGS.columns) | {"text": "Employee name"}

        reading = read_csv(csv_text(), settings=replace(CSV_SETTINGS, columns=columns))

        assert codes(reading) == ["employee_column"]

    def test_does_not_keep_columns_that_are_not_mapped(self):
        text = (
            csv_text()
            .replace("\r\n", ";Anna Andersson\r\n")
            .replace("currency;Anna Andersson", "currency;Employee")
        )

        reading = read_csv(text)

        assert reading.ok
        assert "Anna" not in repr(reading)

    def test_refuses_an_open_quote_instead_of_swallowing_the_rest(self):
        reading = read_csv(changed(text='"Månadslön'))

        assert codes(reading) == ["row_unreadable"]
        assert reading.problems[0].line == 2
        assert reading.lines == ()

    def test_refuses_more_columns_and_rows_than_the_limits(self):
        assert codes(read_csv(csv_text(), limits=Limits(max_columns=3))) == ["too_many_columns"]
        assert codes(read_csv(csv_text(), limits=Limits(max_rows=2))) == ["too_many_rows"]
        assert codes(read_csv(csv_text(), limits=Limits(max_bytes=10))) == ["file_too_large"]

    @pytest.mark.parametrize(
        ("field", "value", "code"),
        [
            ("company", "556677-8899", "several_companies"),
            ("run", "8", "several_runs"),
            ("currency", "NOK", "several_currencies"),
        ],
    )
    def test_refuses_more_than_one_company_run_or_currency(self, field, value, code):
        reading = read_csv(changed(**{field: value}))

        assert codes(reading) == [code]

    def test_names_the_row_in_another_currency_than_the_sources(self):
        settings = replace(CSV_SETTINGS, currency="SEK")

        reading = read_csv(changed(currency="NOK"), settings=settings)

        assert reading.problems[0].code == "currency_differs"
        assert reading.problems[0].line == 2

    def test_reads_an_account_that_a_spreadsheet_made_a_number(self):
        rows = [row | {"account": row["account"] + ".0"} for row in table_rows()]

        reading = read_csv(csv_text(rows))

        assert codes(reading) == ["account_was_number"]
        assert reading.problems[0].params["count"] == "5"
        assert reading.digest == read_csv(csv_text()).digest

    def test_notes_dates_outside_the_period_that_a_row_names(self):
        reading = read_csv(changed(date="2026-04-02"))

        assert codes(reading) == ["date_outside_period"]
        assert reading.lines[0].period == "2026-03"

    def test_adds_up_rows_that_differ_only_by_employee(self):
        rows = table_rows()
        rows = [rows[0], *rows[0:1], rows[2] | {"credit": "2000.00"}]

        reading = read_csv(csv_text(rows))

        assert amounts(reading) == [("7010", Decimal("2000.00")), ("2821", Decimal("-2000.00"))]
        assert reading.lines[0].merged == 2

    def test_says_so_when_no_row_is_left(self):
        assert codes(read_csv(csv_text([]))) == ["no_lines"]

    def test_reads_200_000_rows_without_holding_them(self):
        peak_lines = 4

        def rows():
            yield b"date;account;amount\n"
            for number in range(50_000):
                yield b"2026-03-25;7010;1,00\n2026-03-25;7010;2,00\n"
                yield b"2026-03-25;2821;-1,50\n2026-03-25;2821;-1,50\n"
                assert number >= 0

        settings = SourceSettings(
            format="csv",
            separator=";",
            sign_rule="signed",
            columns={"date": "date", "account": "account", "amount": "amount"},
        )
        reading = read(io.BytesIO(b"".join(rows())), settings=settings)

        assert reading.rows_read == 200_000
        assert len(reading.lines) <= peak_lines
        assert reading.totals[0].debit == Decimal("150000.00")


class TestSignRules:
    def test_nets_a_row_with_both_sides_filled(self):
        reading = simple(
            "2026-03-25;7010;100,0000;40,0000",
            "2026-03-25;2821;0,0000;60,0000",
            columns=["date", "account", "debit", "credit"],
        )

        assert amounts(reading) == [("7010", Decimal("60.00")), ("2821", Decimal("-60.00"))]

    def test_reads_a_signed_column(self):
        reading = simple(
            "2026-03-25;7010;60",
            "2026-03-25;2821;60,00-",
            columns=["date", "account", "amount"],
            sign_rule="signed",
        )

        assert amounts(reading) == [("7010", Decimal("60.00")), ("2821", Decimal("-60.00"))]

    def test_reads_a_signed_column_where_credit_is_positive(self):
        reading = simple(
            "2026-03-25;7010;-60",
            "2026-03-25;2821;60",
            columns=["date", "account", "amount"],
            sign_rule="signed_credit_positive",
        )

        assert amounts(reading) == [("7010", Decimal("60.00")), ("2821", Decimal("-60.00"))]

    @pytest.mark.parametrize(
        ("debit", "credit"),
        [("D", "K"), ("D", "C"), ("debit", "credit"), ("Debet", "Kredit"), ("+", "-")],
    )
    def test_reads_a_column_that_names_the_side(self, debit, credit):
        reading = simple(
            f"2026-03-25;7010;60;{debit}",
            f"2026-03-25;2821;60;{credit}",
            columns=["date", "account", "amount", "side"],
            sign_rule="sign_column",
        )

        assert amounts(reading) == [("7010", Decimal("60.00")), ("2821", Decimal("-60.00"))]

    def test_refuses_a_side_that_is_neither(self):
        reading = simple(
            "2026-03-25;7010;60;X",
            columns=["date", "account", "amount", "side"],
            sign_rule="sign_column",
        )

        assert codes(reading)[0] == "side_unreadable"


class TestPeriodRules:
    def test_takes_the_period_from_the_date(self):
        reading = simple(
            "25.03.2026;7010;5",
            "25.03.2026;2821;-5",
            columns=["date", "account", "amount"],
            sign_rule="signed",
            date_format="dmy",
        )

        assert {line.period for line in reading.lines} == {"2026-03"}

    def test_takes_the_period_from_year_and_month(self):
        reading = simple(
            "2026;3;7010;5",
            "2026;03;2821;-5",
            columns=["year", "month", "account", "amount"],
            sign_rule="signed",
            period_rule="year_and_month_columns",
        )

        assert {line.period for line in reading.lines} == {"2026-03"}
        assert reading.lines[0].posted_on.isoformat() == "2026-03-31"


class TestGbat10:
    def row(self, account, amount, *, period="3", department="0100", project="P1"):
        cells = [""] * 30
        cells[0:7] = ["GBAT10", "1", "20260325", "6", period, "2026", account]
        cells[8], cells[20], cells[23], cells[24] = amount, "Lønn", project, department
        return ";".join(cells)

    def test_is_read_by_place_with_its_own_period(self):
        text = "\r\n".join(
            [self.row("5000", "100.00", period="1"), self.row("2930", "-100.00", period="1")]
        )

        reading = read(io.BytesIO(text.encode("cp1252")), settings=SourceSettings(format="gbat10"))

        line = reading.lines[0]
        assert reading.ok
        assert reading.head.format == "gbat10"
        assert (line.period, line.account, line.amount) == ("2026-01", "5000", Decimal("100.00"))
        assert (line.cost_centre, line.cost_unit, line.text) == ("0100", "P1", "Lønn")


class TestXlsx:
    def test_gives_the_same_lines_as_csv(self):
        reading = read_xlsx(workbook(xlsx_rows()))

        assert reading.ok
        assert codes(reading) == []
        assert reading.digest == read_csv(csv_text()).digest
        assert reading.lines[0].line_number == 2

    def test_warns_of_codes_stored_as_numbers(self):
        rows = xlsx_rows()
        rows[1][5] = 100
        rows[2][5] = 200

        reading = read_xlsx(workbook(rows))

        assert codes(reading) == ["code_is_number"]
        assert (reading.problems[0].line, reading.problems[0].params["count"]) == (2, "2")
        assert reading.lines[0].cost_centre == "100"

    def test_takes_accounts_stored_as_numbers(self):
        rows = xlsx_rows()
        for row in rows[1:]:
            row[4] = int(row[4])

        assert read_xlsx(workbook(rows)).digest == read_csv(csv_text()).digest

    def test_ignores_hidden_sheets(self):
        content = workbook(xlsx_rows(), hidden="Old")

        assert read_xlsx(content).ok
        reading = read_xlsx(content, settings=replace(XLSX_SETTINGS, sheet="Old"))
        assert codes(reading) == ["sheet_missing"]
        assert reading.problems[0].params["sheets"] == "Journal"

    def test_refuses_amounts_beyond_two_decimals_and_tells_of_smaller_ones(self):
        rows = xlsx_rows()
        rows[1][7] = 1000.005
        rows[2][7] = 500.5004

        reading = read_xlsx(workbook(rows))

        assert codes(reading)[:2] == ["amount_too_precise", "amount_rounded"]

    def test_refuses_what_is_no_workbook(self):
        assert codes(read_xlsx(b"PK\x03\x04 nothing")) == ["workbook_unreadable"]

    def test_refuses_a_zip_that_is_no_workbook(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as parts:
            parts.writestr("hello.txt", "hello")

        assert codes(read_xlsx(out.getvalue())) == ["workbook_unreadable"]

    def test_refuses_more_columns_and_rows_than_the_limits(self):
        content = workbook(xlsx_rows())

        assert codes(read_xlsx(content, limits=Limits(max_columns=3))) == ["too_many_columns"]
        assert codes(read_xlsx(content, limits=Limits(max_rows=2))) == ["too_many_rows"]

    def test_finds_the_sheet_with_the_mapped_headings(self):
        book = openpyxl.load_workbook(io.BytesIO(workbook(xlsx_rows())))
        book.create_sheet("Notes", 0).append(["hello", "world"])
        out = io.BytesIO()
        book.save(out)

        assert read_xlsx(out.getvalue()).ok
