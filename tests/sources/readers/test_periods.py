from datetime import date, datetime
from decimal import Decimal

import pytest

from sources.readers.periods import (
    date_from_text,
    date_of_cell,
    last_day,
    may_have_lost_a_zero,
    period_from_text,
    period_from_year_and_month,
)


class TestPeriodFromText:
    @pytest.mark.parametrize(
        "text",
        [
            "2026-03",
            "202603",
            "2026/3",
            "2026.03",
            "2026 03",
            "03/2026",
            "3-2026",
            "032026",
            "mars 2026",
            "Mars 2026",
            "March 2026",
            "mar-2026",
            "mrt 2026",
            "maaliskuu 2026",
            "2026 mars",
            "2026M03",
            "2026-P3",
            "2026-03-25",
            "2026-03-25T00:00:00",
            "maart 2026",
            "März 2026",
            "maaliskuussa 2026",
        ],
    )
    def test_reads_all_the_ways_a_month_is_written(self, text):
        assert period_from_text(text) == "2026-03"

    @pytest.mark.parametrize(
        "text", ["3", "mars", "2026-13", "2026-00", "202613", "26-03", "x", ""]
    )
    def test_refuses_what_has_no_year_or_no_month_of_the_calendar(self, text):
        with pytest.raises(ValueError):
            period_from_text(text)


class TestMayHaveLostAZero:
    @pytest.mark.parametrize("cell", [2026.1, 2026.03, Decimal("2026.1"), "2026.1", " 2026,1"])
    def test_questions_a_period_that_a_spreadsheet_kept_as_a_number(self, cell):
        assert may_have_lost_a_zero(cell)

    @pytest.mark.parametrize("cell", [202610, 2026.0, 10.0, "2026.10", "2026-1", "2026.01", None])
    def test_trusts_text_and_whole_numbers(self, cell):
        assert not may_have_lost_a_zero(cell)


class TestPeriodFromYearAndMonth:
    @pytest.mark.parametrize("month", ["3", "03", "P3", "mars", "March", "2026-03"])
    def test_reads_a_month_beside_its_year(self, month):
        assert period_from_year_and_month("2026", month) == "2026-03"

    @pytest.mark.parametrize(
        ("year", "month"), [("2026", "13"), ("26", "3"), ("2026", "x"), ("2025", "2026-03")]
    )
    def test_refuses_the_rest(self, year, month):
        with pytest.raises(ValueError):
            period_from_year_and_month(year, month)


class TestDateFromText:
    @pytest.mark.parametrize(
        "text",
        ["25 mars 2026", "25. maaliskuuta 2026", "25-Mar-2026", "25/mrt/2026", "2026 March 25",
         "March 25, 2026", "25. März 2026"],
    )  # fmt: skip
    @pytest.mark.parametrize("order", ["ymd", "dmy", "mdy"])
    def test_reads_a_month_in_words_whatever_the_order(self, text, order):
        assert date_from_text(text, date_format=order) == date(2026, 3, 25)

    def test_reads_a_short_year_beside_a_month_in_words_by_the_order(self):
        assert date_from_text("25-Mar-26", date_format="dmy") == date(2026, 3, 25)
        assert date_from_text("25-Mar-26", date_format="ymd", short_years=True) == date(2025, 3, 26)
        with pytest.raises(ValueError):
            date_from_text("25-Mar-26", date_format="ymd")

    @pytest.mark.parametrize("text", ["31 juni 2026", "25 x 2026", "Wed 25 Mar 2026", "mars 2026"])
    def test_refuses_other_words(self, text):
        with pytest.raises(ValueError):
            date_from_text(text, date_format="dmy")

    def test_refuses_a_time_of_utc_that_may_be_of_the_next_day(self):
        assert date_from_text("2026-02-28T00:00:00Z", date_format="ymd") == date(2026, 2, 28)
        assert date_from_text("2026-03-01T00:00:00+01:00", date_format="ymd") == date(2026, 3, 1)
        with pytest.raises(ValueError):
            date_from_text("2026-02-28T23:00:00Z", date_format="ymd")

    def test_reads_eight_figures_in_the_chosen_order_and_in_no_other(self):
        assert date_from_text("20032026", date_format="dmy") == date(2026, 3, 20)
        with pytest.raises(ValueError):
            date_from_text("20260320", date_format="dmy")

    def test_reads_a_short_year_first_only_where_tables_may_have_one(self):
        assert date_from_text("26-03-25", date_format="ymd", short_years=True) == date(2026, 3, 25)
        with pytest.raises(ValueError):
            date_from_text("26-03-25", date_format="ymd")

    @pytest.mark.parametrize(
        ("text", "form"),
        [
            ("2026-03-05", "dmy"),
            ("20260305", "ymd"),
            ("03052026", "mdy"),
            ("5.3.2026", "dmy"),
            ("05-03-26", "dmy"),
            ("05/03/2026", "dmy"),
            ("03/05/2026", "mdy"),
            ("2026-03-05 00:00:00", "ymd"),
            ("05032026", "dmy"),
        ],
    )
    def test_reads_by_the_chosen_order_unless_the_year_comes_first(self, text, form):
        assert date_from_text(text, date_format=form) == date(2026, 3, 5)

    @pytest.mark.parametrize(
        ("text", "form"),
        [
            ("05-03-2026", "ymd"),
            ("2026-02-30", "ymd"),
            ("31/12/2026", "mdy"),
            ("20261301", "ymd"),
            ("1803-01-01", "ymd"),
            ("mars", "dmy"),
            ("", "ymd"),
            ("2026-3-5-7", "ymd"),
            ("2026-03-055", "ymd"),
        ],
    )
    def test_refuses_another_order_and_days_that_do_not_exist(self, text, form):
        with pytest.raises(ValueError):
            date_from_text(text, date_format=form)

    def test_takes_the_day_of_a_spreadsheets_date(self):
        assert date_of_cell(datetime(2026, 3, 5, 12)) == date(2026, 3, 5)  # noqa: DTZ001
        assert date_of_cell(date(2026, 3, 5)) == date(2026, 3, 5)
        assert date_of_cell("2026-03-05") is None


class TestDaysOfAPeriod:
    @pytest.mark.parametrize(
        ("period", "last"), [("2026-02", 28), ("2028-02", 29), ("2026-12", 31), ("2026-04", 30)]
    )
    def test_are_those_of_the_calendar(self, period, last):
        assert last_day(period).day == last
        assert last_day(period).month == int(period[5:])
