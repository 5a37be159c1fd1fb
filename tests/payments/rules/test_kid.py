"""The payer's reference and its check digit."""

import pytest

from payments.rules import kid


class TestCheckDigit:
    @pytest.mark.parametrize("text", ["2345676", "10017"])
    def test_of_modulus_10_counts_every_second_figure_twice(self, text):
        assert kid.is_valid(text)

    @pytest.mark.parametrize(("figures", "digit"), [("12345678", "5"), ("1001", "4")])
    def test_of_modulus_11_weighs_from_two_to_seven(self, figures, digit):
        assert kid.mod11_digit(figures) == digit

    def test_ten_is_written_as_a_dash(self):
        assert kid.mod11_digit("6") == "-"
        assert kid.is_valid("6-")


class TestIsValid:
    @pytest.mark.parametrize("text", ["2345676", "234 5676", "0002345676", "123456785"])
    def test_takes_either_modulus_however_it_is_written(self, text):
        assert kid.is_valid(text)

    @pytest.mark.parametrize("text", ["2345677", "", "0", "0000", "12A45", "1" * 26, "7"])
    def test_refuses_a_wrong_digit_and_what_is_no_kid(self, text):
        assert not kid.is_valid(text)


class TestKey:
    def test_is_the_same_with_leading_zeros_and_blanks(self):
        assert kid.key_of("000 234 5676") == kid.key_of("2345676") == "2345676"

    def test_of_other_text_is_empty(self):
        assert kid.key_of("invoice 12") == ""
