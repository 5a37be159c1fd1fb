"""What is stored exactly on every database, and what is no text."""

from datetime import date
from decimal import Decimal

import pytest

from connectors import bounds, visma_ledger
from connectors.errors import BadAnswer
from connectors.powerofficego import payloads


class TestAmounts:
    @pytest.mark.parametrize("amount", ["99999999999.99", "-99999999999.99", "0.01"])
    def test_of_eleven_figures_and_two_decimals_are_taken(self, amount):
        assert bounds.is_amount(Decimal(amount))

    @pytest.mark.parametrize("amount", ["100000000000.00", "-1e30", "NaN", "Infinity"])
    def test_of_more_are_not(self, amount):
        assert not bounds.is_amount(Decimal(amount))

    def test_and_their_sums_are_exact_as_binary_fractions(self):
        for largest in (bounds.LARGEST_AMOUNT, bounds.LARGEST_SUM):
            assert Decimal(f"{float(largest):.2f}") == largest
            assert len(str(largest).replace(".", "")) <= 15


class TestDays:
    @pytest.mark.parametrize(
        ("day", "is_one"),
        [
            (date(1989, 12, 31), False),
            (date(1990, 1, 1), True),
            (date(2099, 12, 31), True),
            (date(2100, 1, 1), False),
            (date(1, 1, 1), False),
        ],
    )
    def test_lie_within_1990_and_2099(self, day, is_one):
        assert bounds.is_day(day) is is_one


class TestText:
    @pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f", "\ud800", "\uffff"])
    def test_holds_no_control_character_and_no_half_of_a_pair(self, character):
        assert bounds.no_text_in(f"a{character}b") == f"U+{ord(character):04X}"
        assert bounds.as_text(f"a{character}b") == "a b"

    def test_holds_letters_tabulators_and_line_ends(self):
        text = "Lön\tRøros\r\n€ 🙂 ' \u00a0"

        assert (bounds.no_text_in(text), bounds.as_text(text)) == ("", text)


class TestWhatAVendorAnswers:
    @pytest.mark.parametrize("value", [10**11, -(10**11), 10**400, Decimal("NaN")])
    def test_with_too_large_an_amount_is_one_row_that_cannot_be_read(self, value):
        with pytest.raises(visma_ledger.Unread):
            visma_ledger.amount({"a": value}, "a")

    def test_may_hold_a_larger_sum_than_an_amount(self):
        row = {"a": Decimal("1234567890123.45")}

        assert visma_ledger.amount(row, "a", largest=bounds.LARGEST_SUM) == row["a"]

    @pytest.mark.parametrize("value", [10101, 19891231, 21000101, 99999999, 10**30])
    def test_with_a_day_outside_the_years_is_one_row_that_cannot_be_read(self, value):
        with pytest.raises(visma_ledger.Unread):
            visma_ledger.day({"a": value}, "a")

    def test_with_a_number_that_no_column_holds_is_one_row_that_cannot_be_read(self):
        with pytest.raises(visma_ledger.Unread):
            visma_ledger.whole({"a": 2**63}, "a")

    def test_has_its_text_without_control_characters(self):
        assert visma_ledger.text({"a": "A\0B"}, "a") == "A B"

    def test_with_too_large_a_balance_is_a_bad_answer(self):
        with pytest.raises(BadAnswer):
            payloads.open_item({"customeraccountno": "1", "invoiceno": "2", "balance": 10**14})


class TestRowNumber:
    @pytest.mark.parametrize(
        "text", ["", None, "²", "٣", "-1", "+1", "1.0", " 1", "1\n", "9" * 18, "9" * 5000, "1_0"]
    )
    def test_is_none_for_what_names_no_row(self, text):
        assert bounds.row_number(text) is None

    def test_is_the_number(self):
        assert (bounds.row_number("7"), bounds.row_number("9" * 17)) == (7, int("9" * 17))


class TestNeutralised:
    @pytest.mark.parametrize(
        ("text", "safe"),
        [
            ("=1+1", "'=1+1"),
            ("＝1+1", "'＝1+1"),
            ("  =1+1", "'  =1+1"),
            ("\t=1", "'\t'=1"),
            ("Wages\n=1+1", "Wages\n'=1+1"),
            ("Wages\r\n  @SUM(A1)", "Wages\r\n'  @SUM(A1)"),
            ("Wages\u2028-1", "Wages\u2028'-1"),
            ("Wages;=1+1", "Wages;'=1+1"),
            ("Wages,=1+1", "Wages,'=1+1"),
            ("Wages\t=1+1", "Wages\t'=1+1"),
        ],
    )
    def test_leaves_no_formula_wherever_a_cell_may_begin(self, text, safe):
        assert bounds.neutralised(text) == safe

    @pytest.mark.parametrize(
        "text", ["Wages - March", "10,-", "a=b", "ada@office.example", "1 200,50", "O'Brien", ""]
    )
    def test_leaves_the_rest_alone(self, text):
        assert bounds.neutralised(text) == text

    @pytest.mark.parametrize(
        "text",
        [
            *("=1", "-1", "\t=1", "\n\n=1", "a\n=1", "a\r\n@b", "x;=1", "a\n b", "a\n  +1"),
            *("\r", "O'Brien"),
        ],
    )
    def test_can_be_undone_by_who_reads_the_file_back(self, text):
        assert bounds.as_it_was(bounds.neutralised(text)) == text
