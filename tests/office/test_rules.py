"""The rules of the month board, by worked examples."""

from datetime import date

import pytest

from office import rules
from office.rules import RowState, Step

TODAY = date(2026, 11, 25)


def state(*journals: str, **more: object) -> RowState:
    return rules.row_state(journals, today=TODAY, **more)  # type: ignore[arg-type]


class TestRowState:
    @pytest.mark.parametrize(
        ("journals", "expected"),
        [
            (["sent"], RowState.PROVEN),
            (["closed"], RowState.PROVEN),
            (["sent", "needs_person"], RowState.NEEDS_PERSON),
            (["sent", "stopped"], RowState.NEEDS_PERSON),
            (["sent", "unknown"], RowState.UNKNOWN),
            (["sent", "held"], RowState.HELD),
            (["sent", "imported"], RowState.READY),
            (["sent", "sending"], RowState.UNDER_WAY),
            (["unknown", "held", "imported"], RowState.UNKNOWN),
        ],
    )
    def test_b1_is_that_of_the_worst_journal(self, journals, expected):
        assert state(*journals) is expected

    def test_b1_counts_a_reversed_journal_as_not_sent(self):
        assert state("reversed") is RowState.READY

    def test_b1_needs_a_decision_when_payroll_changed_what_was_sent(self):
        assert state("sent", changed=True) is RowState.NEEDS_PERSON

    @pytest.mark.parametrize("why", [{"blocked": True}, {"signed_out": True}, {"served": False}])
    def test_b1_is_blocked_while_a_journal_cannot_be_sent(self, why):
        assert state("imported", **why) is RowState.BLOCKED
        assert state("sent", **why) is RowState.PROVEN

    def test_b1_is_late_the_day_after_a_journal_was_expected(self):
        assert state(expected=date(2026, 11, 24)) is RowState.LATE
        assert state(expected=date(2026, 11, 25)) is RowState.NOT_EXPECTED

    def test_b1_is_late_the_day_after_it_should_have_been_sent(self):
        assert state("imported", to_send=date(2026, 11, 24)) is RowState.LATE
        assert state("imported", to_send=date(2026, 11, 25)) is RowState.READY
        assert state("held", to_send=date(2026, 11, 24)) is RowState.LATE

    def test_b1_is_not_late_while_it_is_on_its_way_or_needs_a_person(self):
        late = date(2026, 11, 1)

        assert state("sending", to_send=late) is RowState.UNDER_WAY
        assert state("stopped", to_send=late) is RowState.NEEDS_PERSON

    def test_b1_is_blocked_before_payday_when_somebody_must_sign_in(self):
        assert state(expected=date(2026, 11, 28), signed_out=True) is RowState.BLOCKED

    def test_b1_expects_nothing_of_a_company_before_its_first_run(self):
        assert state(expected=None) is RowState.NOT_EXPECTED

    def test_b1_is_nothing_this_month_until_a_journal_comes_all_the_same(self):
        late = date(2026, 11, 1)

        assert state(nothing=True, expected=late) is RowState.NOTHING
        assert state("imported", nothing=True) is RowState.READY

    def test_b1_is_off_without_mapping_and_without_journal(self):
        assert state(served=False, expected=date(2026, 11, 1)) is RowState.OFF


class TestMarks:
    @pytest.mark.parametrize(
        ("journal", "looks"),
        [
            ("", "now todo todo todo"),
            ("imported", "done now todo todo"),
            ("stopped", "done now todo todo"),
            ("checking", "done now todo todo"),
            ("held", "done done now todo"),
            ("sending", "done done now todo"),
            ("unknown", "done done now todo"),
            ("reversed", "done done now todo"),
            ("sent", "done done done done"),
            ("closed", "done skipped skipped skipped"),
        ],
    )
    def test_b1_say_how_far_a_journal_is(self, journal, looks):
        assert [mark.look for mark in rules.marks(journal)] == looks.split()
        assert [mark.step for mark in rules.marks(journal)] == list(Step)

    def test_b1_know_every_state_of_a_journal(self):
        from journals.models import Journal

        assert set(rules.OF_JOURNAL) == set(Journal.State.values)
        assert all(rules.marks(one) for one in Journal.State.values)


class TestExpectedDates:
    def test_b1_are_the_median_of_six_months_and_two_days(self):
        arrivals = [
            ("2026-05", date(2026, 5, 20)),
            ("2026-06", date(2026, 6, 22)),
            ("2026-07", date(2026, 7, 21)),
            ("2026-08", date(2026, 8, 24)),
            ("2026-09", date(2026, 9, 22)),
            ("2026-10", date(2026, 10, 30)),
        ]

        # Days 20 21 22 22 24 30 of the month: the middle is 22, and two more.
        offset = rules.learnt_offset(arrivals)

        assert offset is not None
        assert rules.due("2026-11", offset) == date(2026, 11, 24)

    def test_b1_forget_what_is_older_than_six_months(self):
        old = [(f"2025-{month:02d}", date(2025, month, 5)) for month in range(1, 10)]
        new = [(f"2026-{month:02d}", date(2026, month, 25)) for month in range(5, 11)]

        assert rules.learnt_offset([*old, *new]) == 26

    def test_b1_may_lie_in_the_month_after_the_period(self):
        assert rules.learnt_offset([("2026-10", date(2026, 11, 3))]) == 35
        assert rules.due("2026-11", 35) == date(2026, 12, 6)

    def test_b1_are_unknown_before_the_first_run(self):
        assert rules.learnt_offset([]) is None

    @pytest.mark.parametrize(
        ("period", "day", "month_after", "expected"),
        [
            ("2026-11", 25, False, date(2026, 11, 25)),
            ("2026-02", 31, False, date(2026, 2, 28)),
            ("2026-11", 10, True, date(2026, 12, 10)),
            ("2026-12", 5, True, date(2027, 1, 5)),
            ("2027-01", 31, True, date(2027, 2, 28)),
        ],
    )
    def test_b1_are_fixed_by_a_day_that_short_months_have_too(
        self, period, day, month_after, expected
    ):
        offset = rules.offset_of_day(period, day=day, month_after=month_after)

        assert rules.due(period, offset) == expected

    def test_b1_sending_follows_two_working_days_later(self):
        friday = date(2026, 11, 20)

        assert rules.working_days_after(friday, 2) == date(2026, 11, 24)
        assert rules.working_days_after(friday, 0) == friday


class TestThePeriodThatIsExpectedNow:
    @pytest.mark.parametrize(
        ("today", "expected"),
        [
            (date(2026, 11, 25), "2026-11"),
            (date(2026, 12, 1), "2026-11"),
            (date(2026, 12, 16), "2026-11"),
            (date(2026, 12, 17), "2026-12"),
        ],
    )
    def test_b1_begins_a_week_before_its_first_journal(self, today, expected):
        # The first journal is expected on day 24.
        assert rules.expected_now(today, first_offset=23, newest="2026-10") == expected

    def test_b1_is_that_of_the_newest_journal_where_nothing_is_learnt(self):
        assert rules.expected_now(TODAY, first_offset=None, newest="2026-03") == "2026-03"
        assert rules.expected_now(TODAY, first_offset=None, newest="") == "2026-11"

    def test_b1_may_begin_in_the_month_before(self):
        assert rules.expected_now(date(2026, 11, 29), first_offset=4, newest="") == "2026-12"


@pytest.mark.parametrize(
    ("period", "months", "expected"),
    [("2026-01", -1, "2025-12"), ("2026-12", 1, "2027-01"), ("2026-05", -24, "2024-05")],
)
def test_a_period_moves_over_the_turn_of_the_year(period, months, expected):
    assert rules.moved(period, months) == expected
