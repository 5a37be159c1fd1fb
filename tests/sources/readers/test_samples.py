"""The shared samples give exactly what their README says."""

from decimal import Decimal

import pytest

from sources.readers.reading import read
from sources.readers.suggesting import suggest_settings
from tests.sources.readers.files import SAMPLES, needs_samples

pytestmark = needs_samples


def read_sample(name):
    with (SAMPLES / name).open("rb") as stream:
        settings = suggest_settings(stream, name=name).settings
        return read(stream, settings=settings)


class TestGoodSamples:
    @pytest.mark.parametrize("ending", ["si", "csv", "xlsx"])
    def test_give_24_lines_that_balance_per_period(self, ending):
        reading = read_sample(f"payroll-2026-03.{ending}")

        totals = {t.period: (t.lines, t.debit, t.credit) for t in reading.totals}

        assert reading.ok
        assert reading.problems == ()
        assert len(reading.lines) == reading.rows_read == 24
        assert totals == {
            "2026-01": (4, Decimal("4205.44"), Decimal("4205.44")),
            "2026-02": (7, Decimal("2080.31"), Decimal("2080.31")),
            "2026-03": (13, Decimal("257438.90"), Decimal("257438.90")),
        }

    @pytest.mark.parametrize("ending", ["si", "csv", "xlsx"])
    def test_tell_company_run_and_currency(self, ending):
        head = read_sample(f"payroll-2026-03.{ending}").head

        assert (head.organisation_number, head.run, head.currency) == ("5555555555", "3", "SEK")

    def test_are_the_same_content_in_all_formats(self):
        readings = [read_sample(f"payroll-2026-03.{ending}") for ending in ("si", "csv", "xlsx")]

        contents = [
            [
                (
                    ln.period,
                    ln.posted_on,
                    ln.account,
                    ln.cost_centre,
                    ln.cost_unit,
                    ln.amount,
                    ln.text,
                )
                for ln in reading.lines
            ]
            for reading in readings
        ]

        assert contents[0] == contents[1] == contents[2]
        assert len({reading.digest for reading in readings}) == 1

    def test_keep_leading_zeros_and_escaped_quotes(self):
        reading = read_sample("payroll-2026-03.si")

        assert {line.cost_centre for line in reading.lines} == {"", "0100", "0200", "0300"}
        assert reading.head.cost_centre_names["0200"] == 'Lager "Väst"'


class TestBrokenSamples:
    def test_unbalanced_february_is_named_with_its_difference_and_nothing_else(self):
        reading = read_sample("broken-unbalanced.si")

        (problem,) = reading.problems

        assert problem.code == "period_unbalanced"
        assert problem.params["period"] == "2026-02"
        assert problem.params["difference"] == problem.value == "0.50"
        assert [t.period for t in reading.totals if t.difference] == ["2026-02"]

    def test_garbage_is_refused_as_not_readable_and_cut_off(self):
        reading = read_sample("broken-garbage.si")

        assert [problem.code for problem in reading.problems] == ["not_text", "cut_off"]
        assert reading.problems[0].line == 32
        assert reading.lines == ()
        assert not reading.ok

    def test_missing_column_is_named_with_the_headings_found(self):
        reading = read_sample("broken-missing-column.csv")

        (problem,) = reading.problems

        assert (problem.code, problem.column) == ("missing_column", "account")
        assert "account_name, cost_center" in problem.params["headings"]
