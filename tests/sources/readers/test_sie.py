import io
import zlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.readers.lines import Limits
from sources.readers.reading import read
from sources.readers.settings import SourceSettings
from sources.readers.sie_syntax import SieSyntaxError, checksum, tokenise
from tests.sources.readers.files import (
    HEAD,
    amounts,
    codes,
    day,
    read_sie,
    sie_run,
    sie_text,
    voucher,
)

BALANCED = ('#TRANS 7010 {1 "0100"} 100.00 "" "Lön"', '#TRANS 2821 {} -100.00 "" "Netto"')

field_text = st.text(
    alphabet=st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\\"),
    max_size=12,
)


def quoted(text):
    return '"' + text.replace('"', '\\"') + '"'


class TestTokenise:
    @pytest.mark.parametrize(
        ("line", "fields"),
        [
            ('#VER A 1 20260325 "Lön"', ["#VER", "A", "1", "20260325", "Lön"]),
            ('#VER "" "" 20260325', ["#VER", "", "", "20260325"]),
            ("#TRANS\t7010\t{}  \t100", ["#TRANS", "7010", [], "100"]),
            ('#TRANS 7010 { "1"  "1010"} 1', ["#TRANS", "7010", ["1", "1010"], "1"]),
            ('#TRANS 7010 {1 "a} b"} 1', ["#TRANS", "7010", ["1", "a} b"], "1"]),
            (r'#OBJEKT 1 "2" "Lager \"Väst\""', ["#OBJEKT", "1", "2", 'Lager "Väst"']),
            (
                '#VER L 1 20260325 "Lön ""extra"" 3" 1',
                [*["#VER", "L", "1"], "20260325", 'Lön "extra" 3', "1"],
            ),
            ('#TRANS 7010 {1 ""} "" ""', ["#TRANS", "7010", ["1", ""], "", ""]),
            (r'#PROGRAM "C:\temp" 1', ["#PROGRAM", r"C:\temp", "1"]),
            ('#PROGRAM "C:\\temp\\"', ["#PROGRAM", "C:\\temp\\"]),
        ],
    )
    def test_cuts_a_line_into_its_fields(self, line, fields):
        assert tokenise(line) == fields

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ('#TRANS 7010 {} 100 "" "Lön', "quote_not_closed"),
            ('#TRANS 7010 {1 "0100" 100', "object_list_not_closed"),
            ("#TRANS 7010 {1 {2", "object_list_not_closed"),
            ("#TRANS 7010 } 1", "brace_unexpected"),
        ],
    )
    def test_refuses_what_is_not_closed(self, line, code):
        with pytest.raises(SieSyntaxError) as caught:
            tokenise(line)

        assert caught.value.code == code

    @given(st.lists(st.one_of(field_text, st.lists(field_text, max_size=4)), max_size=6))
    def test_reads_back_what_is_written(self, fields):
        line = " ".join(
            quoted(part) if isinstance(part, str) else "{" + " ".join(map(quoted, part)) + "}"
            for part in fields
        )

        assert tokenise(line) == fields

    def test_takes_no_longer_than_the_line_is_long(self):
        line = '"' + '\\"a' * 50_000

        with pytest.raises(SieSyntaxError):
            tokenise("x " + line + " {")


class TestReading:
    def test_reads_vouchers_into_lines_by_period(self):
        reading = read_sie(sie_run())

        first = reading.lines[0]

        assert reading.ok
        assert codes(reading) == []
        assert [t.period for t in reading.totals] == ["2026-01", "2026-03"]
        assert (first.account, first.cost_centre, first.cost_unit) == ("7010", "0100", "K1")
        assert first.text == "Lönekörning 7, mars 2026: Månadslön"
        assert first.posted_on == day("2026-03-25")
        assert first.line_number == 16

    def test_tells_what_the_file_says_of_itself(self):
        head = read_sie(sie_run()).head

        assert head.organisation_number == "5555555555"
        assert (head.company_number, head.company_name) == ("12", "Påhittade Åkeriet AB")
        assert (head.run, head.currency, head.already_read) == ("7", "SEK", False)
        assert head.generated_on == day("2026-03-20")
        assert head.program == "Påhittad lön 1.0"
        assert head.first_names[0] == "Påhittade Åkeriet AB"
        assert head.declared_dimensions["1"] == "Kostnadsställe"
        assert head.cost_centre_names == {"0100": "Södra"}
        assert "ANNA" not in repr(head)

    @pytest.mark.parametrize("encoding", ["cp437", "cp1252", "utf-8", "utf-8-sig"])
    def test_reads_every_encoding_met(self, encoding):
        reading = read_sie(sie_run(), encoding=encoding)

        assert reading.head.company_name == "Påhittade Åkeriet AB"
        assert reading.digest == read_sie(sie_run()).digest

    def test_follows_the_encoding_a_person_chose(self):
        text = sie_run().replace("Åkeriet", "Økonomi")

        settings = SourceSettings(format="sie", encoding="cp865")
        reading = read(io.BytesIO(text.encode("cp865")), settings=settings)

        assert reading.head.company_name == "Påhittade Økonomi AB"

    def test_says_so_when_the_chosen_encoding_is_wrong(self):
        settings = SourceSettings(format="sie", encoding="utf-8")
        reading = read(io.BytesIO(sie_run().encode("cp437")), settings=settings)

        assert codes(reading) == ["encoding_wrong"]

    def test_mixes_line_ends_as_files_do(self):
        text = sie_run().replace("\r\n", "\n", 9)

        assert read_sie(text).digest == read_sie(sie_run()).digest

    def test_ignores_the_case_of_labels_unknown_labels_and_a_dos_end_of_file(self):
        text = sie_run().replace("#TRANS", "#trans").replace("#VER", "#Ver") + "#NYTT 1 2\r\n\x1a"

        reading = read_sie(text)

        assert reading.ok
        assert reading.digest == read_sie(sie_run()).digest

    def test_reads_an_unquoted_and_an_empty_series_alike(self):
        text = sie_run().replace('#VER "" ""', "#VER A 1")

        assert read_sie(text).digest == read_sie(sie_run()).digest

    def test_reads_fast_and_slow_rows_alike(self):
        slow = (
            sie_run().replace("#TRANS 7010", '#TRANS "7010"').replace("#TRANS 2821", "#Trans 2821")
        )

        assert read_sie(slow).digest == read_sie(sie_run()).digest

    def test_gives_the_same_digest_when_read_twice_and_another_for_another_amount(self):
        other = sie_run().replace("1000.00", "1000.01").replace("-1500.50", "-1500.51")

        assert read_sie(sie_run()).digest == read_sie(sie_run()).digest
        assert read_sie(sie_run()).digest != read_sie(other).digest

    def test_tells_its_progress_up_to_the_end(self):
        progress = []
        content = sie_run().encode("cp437")

        read(
            io.BytesIO(content),
            settings=SourceSettings(format="sie"),
            on_progress=lambda done, total: progress.append((done, total)),
        )

        assert progress[-1] == (len(content), len(content))


class TestRows:
    def test_books_trans_only(self):
        text = voucher(
            "#BTRANS 1910 {} -157.00",
            '#RTRANS 1920 {} -157.00 20260326 "" "" "BO"',
            "#TRANS 1920 {} -157.00",
            "#TRANS 7010 {} 157.00",
        )

        reading = read_sie(text)

        assert amounts(reading) == [("1920", Decimal("-157.00")), ("7010", Decimal("157.00"))]
        assert codes(reading) == ["rows_not_booked"]
        assert reading.problems[0].params["count"] == "2"

    def test_keeps_two_vouchers_of_the_same_date_and_text(self):
        one = ['#VER "" "" 20260325 "Lön"', "{", *BALANCED, "}"]

        reading = read_sie(sie_text(*one, *one))

        assert reading.ok
        assert reading.rows_read == 4
        assert [(line.amount, line.merged) for line in reading.lines] == [
            (Decimal("200.00"), 2),
            (Decimal("-200.00"), 2),
        ]

    def test_keeps_debit_and_credit_of_the_same_account_apart(self):
        reading = read_sie(
            voucher("#TRANS 7010 {} 100.00", "#TRANS 7010 {} -30.00", "#TRANS 2821 {} -70.00")
        )

        assert amounts(reading)[:2] == [("7010", Decimal("100.00")), ("7010", Decimal("-30.00"))]

    def test_leaves_out_rows_of_zero_and_counts_them(self):
        reading = read_sie(voucher(*BALANCED, "#TRANS 3740 {} 0.00", "#TRANS 3741 {} -0"))

        assert len(reading.lines) == 2
        assert reading.problems[0].code == "zero_rows_left_out"
        assert reading.problems[0].params["count"] == "2"

    def test_names_a_period_off_by_a_hundredth(self):
        reading = read_sie(voucher("#TRANS 7010 {} 100.01", "#TRANS 2821 {} -100.00"))

        assert codes(reading) == ["period_unbalanced"]
        assert reading.problems[0].value == "0.01"
        assert reading.problems[0].line == 14

    def test_warns_of_vouchers_that_only_balance_together(self):
        reading = read_sie(
            sie_text(
                '#VER "" "" 20260325 "A"',
                "{",
                "#TRANS 7010 {} 5.00",
                "}",
                '#VER "" "" 20260326 "B"',
                "{",
                "#TRANS 2821 {} -5.00",
                "}",
            )
        )

        assert reading.ok
        assert codes(reading) == ["voucher_unbalanced", "voucher_unbalanced"]

    def test_accepts_a_decimal_comma_with_a_warning(self):
        reading = read_sie(voucher("#TRANS 7010 {} 100,50", "#TRANS 2821 {} -100.50"))

        assert codes(reading) == ["decimal_comma"]
        assert reading.ok

    def test_accepts_a_missing_object_list_with_a_warning(self):
        reading = read_sie(voucher("#TRANS 1930 100.50", "#TRANS 2821 {} -100.50"))

        assert codes(reading) == ["object_list_missing"]
        assert amounts(reading)[0] == ("1930", Decimal("100.50"))

    def test_reads_amounts_without_and_with_one_decimal_and_a_quantity(self):
        reading = read_sie(
            voucher(
                '#TRANS 7010 {} 32934 "" "" 160.00',
                "#TRANS 2821 {} -32933.5",
                "#TRANS 3740 {} -.50",
            )
        )

        assert [amount for _, amount in amounts(reading)] == [
            Decimal("32934.00"),
            Decimal("-32933.50"),
            Decimal("-0.50"),
        ]

    @pytest.mark.parametrize(
        ("row", "code", "column"),
        [
            ("#TRANS 7010 {} 1.005", "amount_ambiguous", "amount"),
            ("#TRANS 7010 {} 1234.005", "amount_too_precise", "amount"),
            ("#TRANS 7010 {} abc", "amount_unreadable", "amount"),
            ("#TRANS 7010 {} 11111111111111111.00", "amount_too_large", "amount"),
            ("#TRANS 7010 {}", "field_missing", "amount"),
            ("#TRANS", "field_missing", "account"),
            ("#TRANS 70A0 {} 1.00", "account_unreadable", "account"),
            ('#TRANS 7010 {1 "0100" 2} 1.00', "object_count_odd", "objects"),
            ('#TRANS 7010 {1 "a" 1 "b"} 1.00', "object_twice", "objects"),
            ('#TRANS 7010 {1 "a" ) "b"} 1.00', "dimension_unreadable", "objects"),
            ('#TRANS 7010 {1 "' + "x" * 41 + '"} 1.00', "code_too_long", "objects"),
            ('#TRANS 7010 {1 "0100} 1.00', "quote_not_closed", "#TRANS"),
            ('#TRANS 7010 {1 "0100" 1.00', "object_list_not_closed", "#TRANS"),
            ('#TRANS 7010 {} 0.00 20261301 "x"', "date_unreadable", "#TRANS date"),
            ("7010 1.00", "line_not_understood", ""),
        ],
    )
    def test_names_line_and_column_of_what_cannot_be_read(self, row, code, column):
        reading = read_sie(voucher(*BALANCED, row))

        problem = reading.problems[0]

        assert (problem.code, problem.line, problem.column) == (code, 18, column)
        assert not reading.ok
        assert problem.expected
        assert problem.remedy
        assert "period_unbalanced" not in codes(reading)

    def test_reports_all_rows_at_once_not_the_first_only(self):
        reading = read_sie(voucher(*["#TRANS 7010 {} x"] * 700))

        assert reading.problem_counts["error"] == 700
        assert len(reading.problems) == 500

    def test_flags_a_row_dated_in_another_month_than_its_voucher(self):
        reading = read_sie(
            voucher('#TRANS 7010 {} 5.00 20260228 ""', '#TRANS 2821 {} -5.00 20260301 ""')
        )

        assert codes(reading) == ["row_date_other_month"]
        assert {line.period for line in reading.lines} == {"2026-03"}

    def test_shortens_a_text_that_is_too_long(self):
        reading = read_sie(voucher(*BALANCED, text="x" * 300))

        assert {len(line.text) for line in reading.lines} == {255}
        assert "text_shortened" in codes(reading)


class TestDimensions:
    def test_drops_employees_and_says_so_without_naming_them(self):
        reading = read_sie(
            voucher('#TRANS 7010 {1 "0100" 7 "19800101-1234"} 5.00', "#TRANS 2821 {} -5.00")
        )

        assert codes(reading) == ["employee_left_out"]
        assert "19800101" not in repr(reading)

    def test_drops_a_dimension_that_is_declared_below_employees(self):
        text = voucher('#TRANS 7010 {8 "Kalle"} 5.00', "#TRANS 2821 {} -5.00")
        text = '#UNDERDIM 8 "Namn" 7\r\n#OBJEKT 8 "Kalle" "Kalle Ek"\r\n' + text

        reading = read_sie(text, cost_unit_dimension="8")

        assert "Kalle" not in repr(reading)
        assert codes(reading) == ["employee_left_out"]

    def test_refuses_settings_that_map_employees(self):
        reading = read_sie(sie_run(), cost_centre_dimension="7")

        assert codes(reading) == ["settings_impossible"]

    def test_warns_of_a_dimension_that_is_used_and_not_chosen(self):
        reading = read_sie(voucher('#TRANS 7010 {6 "P1"} 5.00', "#TRANS 2821 {} -5.00"))

        assert codes(reading) == ["dimension_left_out"]
        assert reading.problems[0].value == "6"

    def test_takes_cost_centre_and_unit_from_the_dimensions_chosen(self):
        reading = read_sie(
            voucher('#TRANS 7010 {6 "P1" 20 "X"} 5.00', "#TRANS 2821 {} -5.00"),
            cost_centre_dimension="20",
            cost_unit_dimension="6",
        )

        assert (reading.lines[0].cost_centre, reading.lines[0].cost_unit) == ("X", "P1")

    def test_reads_objects_that_were_never_declared(self):
        reading = read_sie(voucher('#TRANS 7010 {"1" "9999"} 5.00', "#TRANS 2821 { } -5.00"))

        assert reading.ok
        assert codes(reading) == []
        assert reading.lines[0].cost_centre == "9999"


class TestVouchers:
    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            (['#VER "" "" 20260325 "A"', "{", *BALANCED], "voucher_not_closed"),
            (
                [
                    '#VER "" "" 20260325 "A"',
                    "{",
                    *BALANCED,
                    '#VER "" "" 20260325 "B"',
                    "{",
                    *BALANCED,
                    "}",
                ],
                "voucher_not_closed",
            ),
            ([*BALANCED], "row_outside_voucher"),
            (['#VER "" "" 20260325 "A"', *BALANCED], "row_outside_voucher"),
            (["{", "}"], "brace_unexpected"),
            (['#VER "" "" 20260325 "A"', "{", "{", *BALANCED, "}"], "brace_unexpected"),
            (['#VER "" "" 20261325 "A"', "{", *BALANCED, "}"], "date_unreadable"),
            (['#VER "" "" "" "A"', "{", *BALANCED, "}"], "field_missing"),
            (['#VER "" "" 20260325 "A', "{", *BALANCED, "}"], "quote_not_closed"),
        ],
    )
    def test_refuses_broken_structure(self, lines, expected):
        reading = read_sie(sie_text(*lines))

        assert reading.problems[0].code == expected
        assert not reading.ok

    def test_notes_a_voucher_without_rows(self):
        reading = read_sie(
            sie_text('#VER "" "" 20260325 "A"', "{", "}", *voucher(*BALANCED).splitlines())
        )

        assert codes(reading) == ["voucher_empty"]
        assert reading.ok

    def test_says_so_when_there_is_nothing_to_book(self):
        assert "no_lines" in codes(read_sie(HEAD))

    def test_accepts_an_opening_brace_behind_the_voucher(self):
        reading = read_sie(sie_text('#VER "" "" 20260325 "A" {', *BALANCED, "}"))

        assert reading.ok

    def test_warns_of_a_date_outside_the_years_of_the_file(self):
        reading = read_sie(voucher(*BALANCED, day="20250131"))

        assert codes(reading) == ["date_outside_year"]
        assert reading.ok

    def test_accepts_an_empty_year(self):
        head = HEAD.replace("#RAR 0 20260101 20261231", "#RAR 0")

        assert codes(read_sie(sie_run().replace(HEAD, head))) == []


class TestTheFileAsAWhole:
    @pytest.mark.parametrize("label", ["#IB", "#UB", "#OIB", "#OUB", "#RES", "#PSALDO", "#PBUDGET"])
    def test_refuses_a_full_export(self, label):
        reading = read_sie(HEAD + f"{label} 0 1930 100.00\r\n" + voucher(*BALANCED))

        assert codes(reading) == ["sie_full_export"]
        assert reading.lines == ()

    @pytest.mark.parametrize("number", ["1", "2", "3"])
    def test_refuses_types_without_vouchers(self, number):
        reading = read_sie(HEAD.replace("#SIETYP 4", f"#SIETYP {number}"))

        assert codes(reading) == ["sie_without_vouchers"]

    def test_refuses_a_file_without_any_label_of_sie(self):
        assert codes(read_sie("#HELLO\r\nworld\r\n"))[0] == "not_sie"

    def test_accepts_a_quoted_format_and_a_tab_after_the_label(self):
        text = sie_run().replace("#FORMAT PC8", '#FORMAT\t"PC8"').replace("#TRANS ", "#TRANS\t")

        assert read_sie(text).digest == read_sie(sie_run()).digest

    def test_asks_to_confirm_a_file_that_was_read_before(self):
        reading = read_sie(sie_run().replace("#FLAGGA 0", "#FLAGGA 1"))

        assert [problem.code for problem in reading.to_confirm] == ["already_read"]
        assert reading.head.already_read
        assert reading.ok

    def test_refuses_two_currencies(self):
        reading = read_sie("#VALUTA SEK\r\n#VALUTA NOK\r\n" + sie_run())

        assert codes(reading) == ["several_currencies"]

    def test_refuses_another_currency_than_the_sources(self):
        assert codes(read_sie("#VALUTA NOK\r\n" + sie_run(), currency="SEK")) == [
            "currency_differs"
        ]
        assert codes(read_sie(sie_run(), currency="SEK")) == []

    def test_takes_the_run_from_the_newest_voucher(self):
        text = sie_run().replace("Lönekörning 7, mars", "Lönekörning 8, mars")

        assert read_sie(text).head.run == "8"

    def test_stops_at_the_limit_of_rows(self):
        content = io.BytesIO(sie_run().encode("cp437"))

        reading = read(content, settings=SourceSettings(format="sie"), limits=Limits(max_rows=3))

        assert codes(reading) == ["too_many_rows"]
        assert reading.lines == ()

    def test_warns_of_a_line_without_label_outside_of_vouchers(self):
        reading = read_sie(sie_run() + "hello\r\n")

        assert codes(reading) == ["line_ignored"]


class TestChecksum:
    def with_checksum(self, value=None):
        body = sie_run().removeprefix("#FLAGGA 0\r\n")
        crc = 0
        for line in body.encode("cp437").splitlines():
            crc = checksum(line, crc)
        return f"#FLAGGA 0\r\n#KSUMMA\r\n{body}#KSUMMA {crc if value is None else value}\r\n"

    def test_covers_label_and_fields_without_blanks_between_quotes_and_braces(self):
        line = rb'  #OBJEKT 1 {2 "a b"} "Lager \"V\""'

        assert checksum(line, 0) == zlib.crc32(b'#OBJEKT12a bLager "V"')

    def test_says_nothing_when_it_is_right(self):
        assert codes(read_sie(self.with_checksum())) == []

    def test_warns_when_it_differs(self):
        reading = read_sie(self.with_checksum(value=1))

        assert codes(reading) == ["checksum_differs"]
        assert reading.ok

    def test_refuses_a_file_that_opens_one_and_does_not_close_it(self):
        text = self.with_checksum().rsplit("#KSUMMA", 1)[0]

        reading = read_sie(text)

        assert codes(reading) == ["cut_off"]
        assert reading.problems[0].line == 2
        assert not reading.ok
