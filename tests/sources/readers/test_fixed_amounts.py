"""Amounts where the format says how they are written: SIE and GBAT10."""

import pytest

from sources.readers.fixed_amounts import FixedAmounts
from sources.readers.problems import ProblemLog
from tests.sources.readers.files import amounts, codes, read_sie, voucher


def read(*texts):
    """Return what comes of the amounts of one file, and the codes of its problems."""
    log = ProblemLog(fixed_fields=True)
    reader = FixedAmounts(log)
    found = [reader.read(number, text, column="amount") for number, text in enumerate(texts, 1)]
    reader.finish(column="amount")
    return found, [problem.code for problem in log.shown()]


class TestFixedAmounts:
    @pytest.mark.parametrize(
        ("text", "minor", "codes"),
        [
            ("100", 10000, []),
            ("-100.5", -10050, []),
            (".50", 50, []),
            ("100.00-", -10000, []),
            ("100,50", 10050, ["decimal_comma"]),
            ("1,234.50", 123450, ["thousands_mark"]),
            ("1.234,50", 123450, ["thousands_mark"]),
            ("1 234.50", 123450, ["thousands_mark"]),
            ("1'234.50", 123450, ["thousands_mark"]),
            ("1,234,567", 123456700, ["thousands_mark"]),
            ("-1.234.567,00", -123456700, ["thousands_mark"]),
        ],
    )
    def test_are_read_where_only_one_reading_is_possible(self, text, minor, codes):
        assert read(text) == ([minor], codes)

    @pytest.mark.parametrize("text", ["151.000", "3.900", "1,200", "-12.500", "(1,500)", "1,500-"])
    def test_are_refused_with_three_figures_after_a_single_mark(self, text):
        assert read(text) == ([None], ["amount_ambiguous"])

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("1234.500", "amount_too_precise"),
            ("0.500", "amount_too_precise"),
            ("100.0000", "amount_too_precise"),
            ("1,234.500", "amount_too_precise"),
            ("12,34,50", "amount_unreadable"),
            ("1,23.40", "amount_unreadable"),
            ("--5", "amount_unreadable"),
            ("1e5", "amount_unreadable"),
            ("99999999999999999", "amount_too_large"),
        ],
    )
    def test_are_refused_where_no_reading_fits(self, text, code):
        assert read(text) == ([None], [code])

    @pytest.mark.parametrize(
        "texts",
        [
            ("1,234.50", "100,50"),
            ("100,50", "1,234.50"),
            ("1.234,50", "100.50"),
            ("100.50", "1.234.567"),
        ],
    )
    def test_refuse_one_sign_for_thousands_and_decimals_in_one_file(self, texts):
        _, codes = read(*texts)

        assert "amount_marks_mixed" in codes
        assert codes.count("amount_marks_mixed") == 1


class TestInSie:
    def test_a_point_in_a_plain_row_counts_for_the_marks_of_the_file(self):
        reading = read_sie(voucher("#TRANS 7010 {} 100.50", "#TRANS 2821 {} 1.234.567"))

        assert "amount_marks_mixed" in codes(reading)

    @pytest.mark.parametrize(
        "row",
        [
            "#TRANS 7010 {} 1 234.50",
            '#TRANS 7010 {} 1 234.50 20260325 "text"',
            "#TRANS 7010 {} -1 234",
            "#TRANS 7010 {} 1 234 567,00",
        ],
    )
    def test_a_blank_between_thousands_is_named_as_such(self, row):
        reading = read_sie(voucher(row, "#TRANS 2821 {} -1.00"))

        assert codes(reading)[0] == "amount_has_blank"
        assert "period_unbalanced" not in codes(reading)
        assert " 234" in reading.problems[0].value
        assert "column map" not in reading.problems[0].remedy

    def test_a_quoted_amount_with_a_blank_is_read_with_a_warning(self):
        reading = read_sie(voucher('#TRANS 7010 {} "1 234.50"', "#TRANS 2821 {} -1234.50"))

        assert reading.ok
        assert [str(amount) for _, amount in amounts(reading)] == ["1234.50", "-1234.50"]
