"""What is in a table is either in the journal or named in a problem."""

import io
from decimal import Decimal

import pytest

from sources.readers.reading import read
from sources.readers.row_checks import names_a_total
from sources.readers.settings import SourceSettings
from sources.readers.suggesting import suggest_settings
from tests.sources.readers.files import amounts, codes, read_csv, read_sie, sie_text, voucher

SIGNED = {"date": "date", "account": "account", "text": "text", "amount": "amount"}
SIDES = {"date": "date", "account": "account", "debit": "debit", "credit": "credit"}


def table(*rows, columns=SIGNED, separator=";", headings=None, **more):
    """Read a CSV file with those rows below its headings."""
    sign_rule = more.pop("sign_rule", "signed" if columns is SIGNED else "debit_credit")
    settings = SourceSettings(
        format="csv", separator=separator, columns=columns, sign_rule=sign_rule, **more
    )
    lines = [separator.join(headings or columns), *rows]
    return read_csv("\n".join(lines) + "\n", settings=settings)


class TestARowWithMoreFieldsThanHeadings:
    def test_is_named_with_what_has_no_heading(self):
        reading = table(
            "2026-03-25,7210,Lön,1234,50", "2026-03-25,2710,Skatt,-1234,50", separator=","
        )

        assert codes(reading) == ["row_too_wide", "row_too_wide"]
        assert (reading.problems[0].line, reading.problems[0].value) == (2, "50")
        assert not reading.ok

    def test_is_named_below_headings_that_end_with_a_separator(self):
        reading = table(
            "2026-03-25,7210,Lön,1234,50",
            separator=",",
            headings=[*SIGNED, ""],
        )

        assert codes(reading)[0] == "row_too_wide"

    def test_is_named_where_there_are_no_headings(self):
        reading = read_csv(
            "2026-03-25,7210,100\n2026-03-25,2710,-100,50\n",
            settings=SourceSettings(
                format="csv",
                separator=",",
                sign_rule="signed",
                header_row=-1,
                columns={"date": "#1", "account": "#2", "amount": "#3"},
            ),
        )

        assert (codes(reading)[0], reading.problems[0].line) == ("row_too_wide", 2)

    def test_may_end_with_empty_fields(self):
        assert codes(table("2026-03-25;7210;Lön;1;;", "2026-03-25;2710;Lön;-1;;")) == []


class TestARowWithFewerFieldsThanHeadings:
    def test_is_asked_about(self):
        reading = table(
            "2026-03-25;7210;Lön;5", "2026-03-25;2710;;-5;x", headings=[*SIGNED, "note"]
        )

        (found,) = reading.to_confirm
        assert (found.code, found.line, found.params["count"]) == ("row_too_narrow", 2, "1")

    def test_is_refused_where_a_column_names_people(self):
        reading = table(
            "2026-03-25;7210;5;Anna Ek", "2026-03-25;2710;;-5;Anna Ek",
            columns={"date": "date", "account": "account", "amount": "amount"},
            headings=["date", "account", "amount", "text", "Anställd"],
            sign_rule="signed",
        )  # fmt: skip

        assert "row_shifted" in codes(reading)
        assert "Anna" not in repr(reading)

    def test_is_a_note_or_a_total_where_it_does_not_reach_the_amount(self):
        reading = table("2026-03-25;7210;Lön;5", "Note", "2026-03-25;2710;;-5")

        assert codes(reading) == ["notes_left_out"]


class TestHeadings:
    def test_that_are_a_row_of_data_are_not_quoted(self):
        reading = read_csv(
            "2026-03-25;7210;Anna Ek;5\n2026-03-25;2710;Anna Ek;-5\n",
            settings=SourceSettings(format="csv", separator=";", columns=SIGNED),
        )

        assert "missing_column" in codes(reading)
        assert "Anna" not in repr(reading)


class TestARowOfTotals:
    @pytest.mark.parametrize(
        "text",
        [
            "Summa 7210", "7210 Summa", "Totalt", "Total:", "Sum konto 5000", "Delsumma",
            "Sub-total 7210", "Grand total", "Totaal", "Eindtotaal", "Yhteensä", "Välisumma",
            "Subtotal", "Slutsumma", "Kontosumma 7210", "* Summa *",
        ],
    )  # fmt: skip
    def test_is_known_by_its_words(self, text):
        assert names_a_total(text)

    @pytest.mark.parametrize("text", ["Lön", "Sumatra", "Totalförsvar", "Summering av lön", ""])
    def test_is_not_seen_in_other_words(self, text):
        assert not names_a_total(text)

    def test_that_carries_an_account_and_repeats_others_is_refused(self):
        reading = table(
            "2026-03-25;7210;Lön;100,00",
            "2026-03-25;7210;Summa 7210;100,00",
            "2026-03-25;2710;Skatt;-60,00",
            "2026-03-25;2710;Avdrag;-40,00",
            "2026-03-25;2710;Summa 2710;-100,00",
        )

        assert codes(reading) == ["subtotal_row", "subtotal_row"]
        assert [found.line for found in reading.problems] == [3, 6]

    def test_that_carries_an_account_and_repeats_nothing_is_asked_about(self):
        reading = table("2026-03-25;7210;Summa lön;100,00", "2026-03-25;2710;Skatt;-100,00")

        assert [found.code for found in reading.to_confirm] == ["subtotal_suspected"]
        assert reading.ok

    def test_without_account_is_left_out_where_it_is_the_total(self):
        reading = table(
            "2026-03-25;7210;100,00;",
            "2026-03-25;2710;;100,00",
            "Totalt;;100,00;100,00",
            columns=SIDES,
        )

        assert codes(reading) == ["total_row_left_out"]
        assert "100,00; 100,00" in reading.problems[0].text

    def test_without_account_is_asked_about_where_it_is_not_the_total(self):
        reading = table(
            "2026-03-25;7210;Lön;100,00",
            "2026-03-25;2710;Skatt;-100,00",
            ";;Total gift to staff;25,00",
            ";;Total gift to staff;-25,00",
        )

        assert [found.code for found in reading.to_confirm] == ["total_row_differs"] * 2
        assert len(reading.lines) == 2


class TestARowWithBothSides:
    def test_is_asked_about_with_its_values(self):
        reading = table("2026-03-25;7210;100;40", "2026-03-25;2710;;60", columns=SIDES)

        (found,) = reading.to_confirm
        assert (found.code, found.line) == ("both_sides", 2)
        assert "100.00 and 40.00" in found.text
        assert amounts(reading)[0] == ("7210", Decimal("60.00"))

    def test_of_which_one_is_zero_is_not(self):
        reading = table("2026-03-25;7210;100,00;0,00", "2026-03-25;2710;0;100", columns=SIDES)

        assert codes(reading) == []

    def test_is_asked_about_behind_more_warnings_than_are_kept(self):
        rows = ["2026-03-25;7210;Summa x;1,00", "2026-03-25;7211;y;-1,00"] * 600
        reading = table(*rows)

        assert "subtotal_suspected" in [found.code for found in reading.to_confirm]


class TestCreditsBelowZero:
    ROWS = ("2026-03-25;7210;100,00;", "2026-03-25;2710;;-100,00")

    def test_are_named_with_the_rule_that_reads_them(self):
        reading = table(*self.ROWS, columns=SIDES)

        assert codes(reading)[0] == "credits_negative"
        assert (reading.problems[0].line, reading.problems[0].value) == (3, "-100.00")
        assert "another column or rule" in reading.problems[0].remedy

    def test_are_read_by_their_rule(self):
        reading = table(*self.ROWS, columns=SIDES, sign_rule="debit_credit_negative")

        assert codes(reading) == []
        assert amounts(reading) == [("7210", Decimal("100.00")), ("2710", Decimal("-100.00"))]

    def test_are_proposed_and_never_certain(self):
        content = "Konto;Datum;Debet;Kredit\n7210;2026-03-25;100,00;\n2710;2026-03-25;;-100,00\n"

        suggestion = suggest_settings(io.BytesIO(content.encode()))

        assert suggestion.settings.sign_rule == "debit_credit_negative"
        assert suggestion.confidence["sign_rule"] == "guess"

    def test_of_a_run_of_reversals_are_read_as_they_stand(self):
        reading = table("2026-03-25;7210;-100,00;", "2026-03-25;2710;;-100,00", columns=SIDES)

        assert codes(reading) == []
        assert amounts(reading) == [("7210", Decimal("-100.00")), ("2710", Decimal("100.00"))]

    def test_are_named_beside_a_column_of_sides_too(self):
        reading = read_csv(
            "date;account;amount;side\n2026-03-25;7210;100;D\n2026-03-25;2710;-100;K\n",
            settings=SourceSettings(
                format="csv",
                separator=";",
                sign_rule="sign_column",
                columns={name: name for name in ("date", "account", "amount", "side")},
            ),
        )

        assert codes(reading)[0] == "credits_negative"


class TestABookingRowAboveTheHeadings:
    def test_is_named(self):
        content = (
            "2026-03-25;7210;Lön;5,00\n2026-03-25;2710;Lön;-5,00\n"
            "date;account;text;amount\n2026-03-25;7210;Lön;1,00\n2026-03-25;2710;Lön;-1,00\n"
        )
        settings = SourceSettings(format="csv", separator=";", sign_rule="signed", columns=SIGNED)

        reading = read_csv(content, settings=settings)

        assert codes(reading) == ["row_above_headings", "row_above_headings"]
        assert reading.lines == ()


class TestCharacters:
    @pytest.mark.parametrize("character", ["\0", "\x01", "\x1a", "\x0b", "\x9d", "\ufffe"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
    def test_of_control_are_refused_after_decoding(self, character, encoding):
        text = f"date;account;text;amount\n2026-03-25;7210;L{character}n;1\n2026-03-25;2710;;-1\n"
        settings = SourceSettings(format="csv", separator=";", sign_rule="signed", columns=SIGNED)

        reading = read_csv(text.encode(encoding), settings=settings)

        assert codes(reading) == ["not_text"]
        assert reading.problems[0].line == 2

    def test_of_half_a_pair_are_refused(self):
        text = "date;account;text;amount\n2026-03-25;7210;L\ud800n;1\n2026-03-25;2710;;-1\n"
        settings = SourceSettings(format="csv", separator=";", sign_rule="signed", columns=SIGNED)

        reading = read_csv(text.encode("utf-16", "surrogatepass"), settings=settings)

        assert codes(reading) == ["encoding_wrong"]

    def test_of_control_in_a_sie_file_in_utf16_are_refused(self):
        text = voucher('#TRANS 7010 {} 5.00 "" "a\0b"', "#TRANS 2821 {} -5.00")

        assert codes(read_sie(text, encoding="utf-16")) == ["not_text"]

    def test_of_dos_end_a_table(self):
        text = "date;account;text;amount\r\n2026-03-25;7210;;1\r\n2026-03-25;2710;;-1\r\n\x1a"
        settings = SourceSettings(format="csv", separator=";", sign_rule="signed", columns=SIGNED)

        assert codes(read_csv(text, settings=settings)) == []


class TestChosenEncodings:
    @pytest.mark.parametrize("format", ["csv", "sie"])
    @pytest.mark.parametrize("chosen", ["utf-16", "utf-8"])
    def test_that_do_not_fit_are_named(self, format, chosen):
        content = {
            "csv": "date;account;text;amount\r\n2026-03-25;7210;Lön;1\r\n",
            "sie": voucher("#TRANS 7010 {} 5.00", "#TRANS 2821 {} -5.00"),
        }[format].encode("cp437")
        settings = SourceSettings(
            format=format, separator=";", encoding=chosen, sign_rule="signed", columns=SIGNED
        )

        reading = read(io.BytesIO(content), settings=settings)

        assert codes(reading) == ["encoding_wrong"]
        assert reading.lines == ()

    def test_that_do_not_fit_are_named_with_their_line(self):
        content = "date;account;text;amount\n2026-03-25;7210;;1\n2026-03-25;2710;L\x94n;-1\n"
        settings = SourceSettings(
            format="csv", separator=";", encoding="utf-8", sign_rule="signed", columns=SIGNED
        )

        reading = read_csv(content.encode("latin-1"), settings=settings)

        assert (reading.problems[0].line, reading.problems[0].value) == (3, "0x94")


class TestSie:
    def test_in_utf16_is_read(self):
        reading = read_sie(
            voucher("#TRANS 7010 {} 5.00", "#TRANS 2821 {} -5.00"), encoding="utf-16"
        )

        assert reading.ok
        assert reading.lines[0].text == "Lön"

    @pytest.mark.parametrize("encoding", ["cp437", "cp1252", "utf-8"])
    def test_counts_its_checksum_in_cp437_whatever_its_encoding(self, encoding):
        text = (
            '#FLAGGA 0\r\n#KSUMMA\r\n#FORMAT PC8\r\n#SIETYP 4\r\n#PROGRAM "Demo" 1.0\r\n'
            '#GEN 20260325\r\n#ORGNR 555555-5555\r\n#FNAMN "Bolaget"\r\n'
            '#VER "" "" 20260325 "Lönekörning 15"\r\n{\r\n#TRANS 7210 {} 100\r\n'
            "#TRANS 1930 {} -100\r\n}\r\n#KSUMMA 3897692744\r\n"
        )

        assert codes(read_sie(text, encoding=encoding)) == []
        assert codes(read_sie(text.replace("100", "200"), encoding=encoding)) == [
            "checksum_differs"
        ]

    @pytest.mark.parametrize(
        "record",
        [
            '#KONTO 1684 "Fordringar 12" skärm"',
            '#DIM 6 "Projekt',
            '#OBJEKT 1 "A" "x" "',
            '#PROGRAM "Demo',
            "#ADRESS {",
            "#RAR 0 20260101 2026-12-31",
        ],
    )
    def test_warns_of_a_fault_in_a_record_that_books_nothing(self, record):
        text = voucher("#TRANS 7010 {} 5.00", "#TRANS 2821 {} -5.00")

        reading = read_sie(f"{record}\r\n{text}")

        assert reading.ok
        assert set(codes(reading)) <= {"record_unreadable"}

    @pytest.mark.parametrize("record", ['#ORGNR "5555555555', '#VALUTA "SEK', '#FLAGGA "1'])
    def test_refuses_a_fault_in_a_record_that_changes_what_is_booked(self, record):
        text = voucher("#TRANS 7010 {} 5.00", "#TRANS 2821 {} -5.00")

        assert codes(read_sie(f"{record}\r\n{text}"))[0] == "quote_not_closed"

    def test_asks_about_a_label_inside_a_voucher_that_it_does_not_know(self):
        reading = read_sie(
            voucher("#TRANS 7010 {} 5.00", "#TRANS 2821 {} -5.00", "#TRAMS 7010 {} 9.00")
        )

        (found,) = reading.to_confirm
        assert (found.code, found.column) == ("label_unknown", "#TRAMS")

    def test_tells_of_unknown_labels_outside_of_vouchers(self):
        text = voucher("#TRANS 7010 {} 5.00", "#TRANS 2821 {} -5.00")

        assert codes(read_sie(text + "#NYTT 1\r\n#NYTT 2\r\n")) == ["labels_ignored"]

    def test_asks_about_an_added_row_that_is_not_repeated(self):
        reading = read_sie(
            voucher(
                "#TRANS 7010 {} 5.00",
                "#TRANS 2821 {} -5.00",
                "#RTRANS 7010 {} 9.00",
                "#RTRANS 2821 {} -9.00",
                "#TRANS 2821 {} -9",
                "#TRANS 7011 {} 9.00",
            )
        )

        assert [(found.code, found.line) for found in reading.to_confirm] == [
            ("added_row_not_repeated", 18)
        ]

    def test_refuses_two_companies_in_one_file(self):
        text = voucher("#TRANS 7010 {} 5.00", "#TRANS 2821 {} -5.00")

        reading = read_sie(text + "#ORGNR 556677-8899\r\n" + sie_text(head=""))

        assert codes(reading) == ["several_companies"]


class TestANoBreakSpaceBetweenThousands:
    def test_speaks_for_windows_where_it_is_the_only_letter_beyond_ascii(self):
        text = (
            "date;account;text;amount\n2026-03-25;7210;;1\u00a0000,00\n2026-03-25;2710;;-1000,00\n"
        )
        settings = SourceSettings(format="csv", separator=";", sign_rule="signed", columns=SIGNED)

        reading = read_csv(text.encode("cp1252"), settings=settings)

        assert amounts(reading)[0] == ("7210", Decimal("1000.00"))
