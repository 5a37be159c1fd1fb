"""What settles a reading, what leaves it open, and what contradicts itself."""

from dataclasses import replace
from typing import Any

import pytest

from sources.readers.evidence import CERTAIN, DATE_ORDER, DECIMAL_MARK, GUESS, LIKELY, SIGN, Finding
from sources.readers.lines import Reading
from sources.readers.settings import PERIOD_FROM_DATE, SIGNED, SourceSettings
from sources.readers.settling import Settled, settle
from tests.sources.readers.files import read_csv

SETTINGS = SourceSettings(
    format="csv",
    separator=";",
    decimal_mark=",",
    date_format="dmy",
    sign_rule=SIGNED,
    period_rule=PERIOD_FROM_DATE,
    columns={"account": "Konto", "date": "Datum", "amount": "Belopp"},
)


def table(*rows: tuple[str, str, str]) -> Reading:
    """Read rows of account, date and amount."""
    lines = ["Konto;Datum;Belopp", *(";".join(row) for row in rows)]
    return read_csv("\n".join(lines) + "\n", settings=SETTINGS)


def of_amounts(*amounts: str) -> Finding:
    """Return what amounts say about the decimal mark."""
    return found(table(*(("7010", "2026-03-25", amount) for amount in amounts)), DECIMAL_MARK)


def of_dates(*days: str) -> Finding:
    """Return what dates say about their order."""
    return found(table(*(("7010", day, "1,00") for day in days)), DATE_ORDER)


def found(reading: Reading, rule: str) -> Finding:
    """Return the finding about a rule."""
    return next(finding for finding in reading.evidence if finding.rule == rule)


def settled(*rows: tuple[str, str, str], chosen: tuple[str, ...] = (), **how: Any) -> Settled:
    """Return what is settled of such a file."""
    return settle(replace(SETTINGS, **how), table(*rows).evidence, chosen=chosen)


class TestDecimalMark:
    @pytest.mark.parametrize(
        "amount", ["1,200", "3.900", "151.000", "12.500", "-1,200", "1.234", "(2,300)", "900,000-"]
    )
    def test_is_open_with_three_figures_after_a_single_mark(self, amount):
        finding = of_amounts("100", amount)

        assert (finding.confidence, finding.example.value) == (GUESS, amount)
        assert finding.example.line == 3

    def test_shows_what_the_example_is_by_each_mark(self):
        assert of_amounts("1,200").meanings == {",": "1.20", ".": "1200.00"}
        assert of_amounts("1,234").meanings == {",": "1.234", ".": "1234.00"}

    @pytest.mark.parametrize(
        ("amount", "mark"),
        [
            ("1,234.50", "."),
            ("12.5", "."),
            ("1,200,300", "."),
            ("1 234,500", ","),
            ("1234,500", ","),
            ("0,500", ","),
            (".50", "."),
            ("12.5000", "."),
        ],
    )
    def test_is_settled_by_another_value_wherever_it_stands(self, amount, mark):
        before, after = of_amounts(amount, "1,200"), of_amounts("1,200", amount)

        assert before.fits == after.fits == (mark,)
        assert before.proof.value == after.proof.value == amount

    def test_does_not_matter_where_no_amount_has_a_mark(self):
        finding = of_amounts("100", "-100", "1 200")

        assert finding.confidence == CERTAIN
        assert len(finding.fits) == 2

    def test_of_both_kinds_in_one_file_is_a_contradiction(self):
        how = settled(("7010", "2026-03-25", "1,234.50"), ("7010", "2026-03-25", "12,50"))

        (problem,) = how.contradictions
        assert problem.code == "marks_clash"
        assert (problem.line, problem.value, problem.params["other"]) == (3, "12,50", "1,234.50")

    @pytest.mark.parametrize(
        ("first", "last"),
        [("2.50", "1.500"), ("1,200", "12,5"), ("1.234,50", "1,200"), ("1.200", "1,200")],
    )
    def test_is_not_settled_where_one_mark_is_used_in_both_ways(self, first, last):
        how = settled(("7010", "2026-03-25", first), ("7010", "2026-03-25", last))

        (problem,) = how.contradictions
        assert problem.code == "marks_clash"
        assert {problem.value, problem.params["other"]} == {first, last}

    def test_is_settled_where_more_than_two_decimals_are_usual(self):
        assert of_amounts("1.200", "0.500", "12.5").fits == (".",)
        assert of_amounts("1.200", "12.5000").fits == (".",)

    def test_chosen_before_is_contradicted_with_line_and_value(self):
        rows = [("7010", "2026-03-25", "5"), ("7010", "2026-03-25", "1,234.50")]

        how = settled(*rows, chosen=(DECIMAL_MARK,), decimal_mark=",")

        (problem,) = how.contradictions
        assert (problem.code, problem.line, problem.value) == ("mark_contradicts", 3, "1,234.50")

    def test_chosen_before_answers_the_question(self):
        how = settled(("7010", "2026-03-25", "1,200"), chosen=(DECIMAL_MARK, SIGN))

        assert (how.questions, how.contradictions) == ((), ())


class TestDateOrder:
    @pytest.mark.parametrize(
        ("days", "order"),
        [
            (("03/04/2026", "25/03/2026"), "dmy"),
            (("03/04/2026", "03/25/2026"), "mdy"),
            (("01-02-03", "99-03-31"), "ymd"),
            (("20032026",), "dmy"),
            (("03202026",), "mdy"),
            (("20260325",), "ymd"),
            (("01-02-03", "13-02-03", "31-01-30", "03-02-2001"), "dmy"),
        ],
    )
    def test_is_settled_by_a_value_that_has_one_reading(self, days, order):
        assert of_dates(*days).fits == (order,)

    @pytest.mark.parametrize("day", ["01-02-03", "26-03-25", "03-04-2026", "03042026"])
    def test_is_open_where_every_value_has_two(self, day):
        finding = of_dates(day)

        assert (finding.confidence, finding.example.value) == (GUESS, day)
        assert len(set(finding.meanings.values())) == len(finding.meanings)

    def test_does_not_matter_where_all_readings_are_the_same_day(self):
        assert of_dates("03-03-2026").confidence == CERTAIN
        assert of_dates("26-03-26").confidence == CERTAIN
        assert of_dates("2026-03-04").confidence == CERTAIN

    def test_shows_the_days_of_each_reading(self):
        assert of_dates("26-03-25").meanings == {"ymd": "2026-03-25", "dmy": "2025-03-26"}

    def test_of_both_kinds_in_one_file_is_a_contradiction(self):
        how = settled(("7010", "25/03/2026", "1,00"), ("7010", "03/25/2026", "1,00"))

        (problem,) = how.contradictions
        assert (problem.code, problem.line) == ("dates_clash", 3)
        assert problem.params["other"] == "25/03/2026"

    def test_chosen_before_is_contradicted_with_line_and_value(self):
        how = settled(("7010", "25/03/2026", "1,00"), chosen=(DATE_ORDER,), date_format="mdy")

        (problem,) = how.contradictions
        assert (problem.code, problem.line, problem.value) == ("date_contradicts", 2, "25/03/2026")


class TestSign:
    def test_of_one_amount_column_is_always_asked(self):
        finding = found(table(("7010", "2026-03-25", "5,00")), SIGN)

        assert finding.confidence == GUESS
        assert finding.example.value == "5,00"

    def test_leans_to_what_makes_costs_a_debit(self):
        debit = found(table(("7210", "2026-03-25", "5,00"), ("2710", "2026-03-25", "-5,00")), SIGN)
        credit = found(table(("7210", "2026-03-25", "-5,00"), ("2710", "2026-03-25", "5,00")), SIGN)

        assert (debit.leaning, credit.leaning) == ("signed", "signed_credit_positive")
        assert debit.confidence == LIKELY
        assert debit.is_open
