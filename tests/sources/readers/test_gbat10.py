"""GBAT10: what is read of a row by place, and what is refused or said."""

import io
from decimal import Decimal

import pytest

from sources.readers.reading import read
from sources.readers.settings import SourceSettings
from tests.sources.readers.files import amounts, codes

WIDTH = 30


def row(account, net, **fields):
    """Return a row; fields by name of what else stands in it."""
    cells = ["GBAT10", "1", "20260325", "9", "3", "2026", account, "0", net, "0", "0"]
    cells += [""] * (WIDTH - len(cells))
    cells[20], cells[22], cells[23], cells[24] = "Lønn", "0", "0", "0"
    places = {
        "tag": 0, "date": 2, "month": 4, "year": 5, "vat": 7, "customer": 9, "supplier": 10,
        "text": 20, "project": 23, "department": 24, "gross": 27,
    }  # fmt: skip
    for name, value in fields.items():
        cells[places[name]] = value
    return ";".join(cells)


def gbat10(*rows, encoding="cp1252", chosen=""):
    """Read those rows."""
    content = "\r\n".join(rows).encode(encoding)
    return read(io.BytesIO(content), settings=SourceSettings(format="gbat10", encoding=chosen))


class TestGbat10:
    @pytest.mark.parametrize("mark", ["\t", ",", "|"])
    def test_says_that_fields_are_not_separated_by_semicolons(self, mark):
        reading = gbat10(row("5000", "100.00").replace(";", mark))

        assert codes(reading) == ["gbat10_separator"]

    def test_takes_the_gross_amount_and_the_date_where_net_and_period_are_empty(self):
        reading = gbat10(
            row("5000", "", gross="1000.00", month="", year=""),
            row("2600", "", gross="-1000.00", month="", year=""),
        )

        assert codes(reading) == []
        assert amounts(reading) == [("5000", Decimal("1000.00")), ("2600", Decimal("-1000.00"))]
        assert {line.period for line in reading.lines} == {"2026-03"}

    def test_refuses_a_gross_amount_with_a_vat_code(self):
        reading = gbat10(row("5000", "", gross="1000.00", vat="1"), row("2600", "-1000.00"))

        assert codes(reading)[0] == "gross_with_vat"

    def test_refuses_a_gross_amount_that_differs_from_the_net_amount(self):
        reading = gbat10(row("5000", "800.00", gross="1000.00"), row("2600", "-800.00"))

        assert codes(reading)[0] == "amounts_differ"
        assert not reading.ok

    def test_refuses_a_net_amount_of_zero_beside_a_gross_amount(self):
        reading = gbat10(row("5000", "0.00", gross="1000.00"), row("2600", "0", gross="-1000.00"))

        assert codes(reading)[0] == "amounts_differ"

    def test_takes_the_same_amount_twice(self):
        reading = gbat10(row("5000", "800", gross="800.00"), row("2600", "-800.00", gross="-800"))

        assert codes(reading) == []

    def test_reads_a_decimal_comma_with_a_warning(self):
        reading = gbat10(row("5000", "1000,50"), row("2600", "-1000,50"))

        assert codes(reading) == ["decimal_comma", "decimal_comma"]
        assert amounts(reading)[0] == ("5000", Decimal("1000.50"))

    def test_refuses_an_amount_that_can_be_read_in_two_ways(self):
        reading = gbat10(row("5000", "3.900"), row("2600", "-3.900"))

        assert codes(reading) == ["amount_ambiguous", "amount_ambiguous"]
        assert reading.problems[0].column == "net amount (field 9)"
        assert "column map" not in reading.problems[0].remedy

    def test_takes_project_and_department_zero_as_none(self):
        reading = gbat10(row("5000", "1.00"), row("2600", "-1.00", project="P1", department="10"))

        assert [(ln.cost_unit, ln.cost_centre) for ln in reading.lines] == [("", ""), ("P1", "10")]

    def test_asks_before_it_leaves_out_a_vat_code(self):
        reading = gbat10(row("5000", "1.00", vat="3"), row("2600", "-1.00"))

        assert [found.code for found in reading.to_confirm] == ["vat_code_left_out"]

    def test_says_that_customers_and_suppliers_are_left_out(self):
        reading = gbat10(row("5000", "1.00", customer="12"), row("2600", "-1.00", supplier="7"))

        assert codes(reading) == ["subledger_left_out"]
        assert reading.problems[0].params["count"] == "2"

    def test_follows_the_encoding_a_person_chose(self):
        rows = (row("5000", "1.00", text="Lønn Røros"), row("2600", "-1.00"))

        assert gbat10(*rows, encoding="cp865", chosen="cp865").lines[0].text == "Lønn Røros"

    @pytest.mark.parametrize("chosen", ["utf-16", "utf-8"])
    def test_says_so_when_the_chosen_encoding_does_not_fit(self, chosen):
        reading = gbat10(row("5000", "1.00"), row("2600", "-1.00"), chosen=chosen)

        assert codes(reading) == ["encoding_wrong"]
        assert reading.lines == ()

    def test_names_a_row_of_another_kind(self):
        reading = gbat10(
            row("5000", "1.00"), row("5000", "9.00", tag="GBAT11"), row("2600", "-1.00")
        )

        assert (codes(reading)[0], reading.problems[0].line) == ("row_not_gbat10", 2)

    def test_names_a_row_that_a_semicolon_in_its_text_has_shifted(self):
        reading = gbat10(row("5000", "1.00"), row("2600", "-1.00", text="Lønn; mars"))

        assert (codes(reading)[0], reading.problems[0].line) == ("row_width_differs", 2)
        assert "period_unbalanced" not in codes(reading)

    def test_names_a_field_that_cannot_be_read_by_its_name_and_place(self):
        reading = gbat10(row("5000", "1.00", month="13"), row("2600", "-1.00"))

        assert reading.problems[0].column == "year (field 6), period (field 5)"
        assert "column map" not in reading.problems[0].remedy
