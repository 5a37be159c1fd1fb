from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.readers.amounts import (
    AmountError,
    minor_from_number,
    minor_from_text,
    to_decimal,
    to_minor,
)

minor_units = st.integers(min_value=-(10**13) + 1, max_value=10**13 - 1)


def amount_from_text(text, *, decimal_mark):
    return to_decimal(minor_from_text(text, decimal_mark=decimal_mark))


class TestAmountFromText:
    @pytest.mark.parametrize(
        ("text", "mark", "amount"),
        [
            ("100,50", ",", "100.50"),
            ("100.5", ".", "100.50"),
            ("-32934", ".", "-32934.00"),
            ("1 234,56", ",", "1234.56"),
            ("1\u00a0234\u00a0567,00", ",", "1234567.00"),
            ("1.234.567,89", ",", "1234567.89"),
            ("1,234,567.89", ".", "1234567.89"),
            ("1'234.50", ".", "1234.50"),
            ("100,00-", ",", "-100.00"),
            ("(100,00)", ",", "-100.00"),
            ("\u2212100,00", ",", "-100.00"),
            ("+5", ",", "5.00"),
            (",50", ",", "0.50"),
            ("100,0000", ",", "100.00"),
            ("0", ",", "0.00"),
        ],
    )
    def test_reads_what_payroll_systems_write(self, text, mark, amount):
        assert amount_from_text(text, decimal_mark=mark) == Decimal(amount)

    @pytest.mark.parametrize(
        ("text", "mark"),
        [
            ("100.50", ","),
            ("1.23,45", ","),
            ("1,234.56", ","),
            ("12 34,00", ","),
            ("--5", "."),
            ("-5-", "."),
            ("(-5)", "."),
            ("1e5", "."),
            ("١٢", "."),
            ("²", "."),
            ("", "."),
            ("-", "."),
            ("abc", "."),
            ("NaN", "."),
            ("1_000", "."),
            ("5,", ","),
            ("12,3a", ","),
            ("1.234 567,00", ","),
            ("0.500", ","),
            ("0,500", "."),
        ],
    )
    def test_refuses_what_is_not_an_amount_by_the_rule(self, text, mark):
        with pytest.raises(AmountError) as caught:
            amount_from_text(text, decimal_mark=mark)

        assert caught.value.code == "amount_unreadable"

    def test_refuses_value_beyond_two_decimals(self):
        with pytest.raises(AmountError) as caught:
            amount_from_text("1,005", decimal_mark=",")

        assert caught.value.code == "amount_too_precise"

    @pytest.mark.parametrize("mark", [",", "."])
    def test_takes_eleven_digits_and_refuses_twelve(self, mark):
        assert amount_from_text(f"-99999999999{mark}99", decimal_mark=mark) == Decimal(
            "-99999999999.99"
        )
        for text in ("100000000000", "12345678901234.56", "100 000 000 000,00"):
            with pytest.raises(AmountError) as caught:
                amount_from_text(text.replace(".", mark).replace(",", mark), decimal_mark=mark)
            assert caught.value.code == "amount_too_large"

    def test_refuses_more_digits_than_the_database_holds(self):
        with pytest.raises(AmountError) as caught:
            amount_from_text("1" * 17, decimal_mark=",")

        assert caught.value.code == "amount_too_large"

    @given(minor_units, st.sampled_from([",", "."]), st.sampled_from(["", " ", "\u00a0", "'"]))
    def test_reads_back_what_is_written_with_any_grouping(self, minor, mark, grouping):
        whole, decimals = divmod(abs(minor), 100)
        grouped = f"{whole:,}".replace(",", grouping)
        text = f"{'-' if minor < 0 else ''}{grouped}{mark}{decimals:02d}"

        assert minor_from_text(text, decimal_mark=mark) == minor

    @given(st.text(max_size=12), st.sampled_from([",", "."]))
    def test_never_fails_in_another_way(self, text, mark):
        try:
            minor = minor_from_text(text, decimal_mark=mark)
        except AmountError:
            return

        assert any(letter.isdigit() for letter in text)
        assert isinstance(minor, int)


class TestMinorUnits:
    @given(minor_units)
    def test_turn_into_decimals_and_back_exactly(self, minor):
        amount = to_decimal(minor)

        assert amount.as_tuple().exponent == -2
        assert to_minor(amount) == minor

    def test_refuse_an_amount_with_more_decimals(self):
        with pytest.raises(ValueError, match="beyond"):
            to_minor(Decimal("1.005"))


class TestMinorFromNumber:
    @pytest.mark.parametrize(
        ("number", "expected"),
        [
            (82000, (8200000, False)),
            (25764.4, (2576440, False)),
            (0.1 + 0.2, (30, False)),
            (12.344, (1234, True)),
            (Decimal("5.50"), (550, False)),
        ],
    )
    def test_takes_the_noise_of_binary_fractions_and_tells_of_rounding(self, number, expected):
        assert minor_from_number(number) == expected

    @pytest.mark.parametrize(
        ("number", "code"),
        [
            (12.345, "amount_too_precise"),
            (float("nan"), "amount_unreadable"),
            (float("inf"), "amount_unreadable"),
            (10**17, "amount_too_large"),
            (10**11, "amount_too_large"),
            (1e11, "amount_too_large"),
            (12345678901234.56, "amount_too_large"),
        ],
    )
    def test_refuses_what_would_change_the_value(self, number, code):
        with pytest.raises(AmountError) as caught:
            minor_from_number(number)

        assert caught.value.code == code
