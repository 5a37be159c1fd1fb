"""What the marks of two contents say about their runs."""

import pytest

from journals.rules.run_marks import (
    Likeness,
    Replacing,
    RunMarks,
    free_run,
    is_repeated,
    likeness,
    replacing,
)
from journals.rules.states import BatchState as S


def marks(texts: str = "", vouchers: str = "") -> RunMarks:
    """Return marks; texts and vouchers are single letters."""
    return RunMarks(vouchers=frozenset(vouchers), texts=frozenset(texts))


class TestLikeness:
    def test_other_texts_are_another_run(self):
        assert likeness(marks("a"), marks("b")) is Likeness.OTHER

    def test_equal_texts_are_the_same_run(self):
        assert likeness(marks("ab"), marks("ab")) is Likeness.SAME

    def test_some_equal_texts_say_nothing(self):
        assert likeness(marks("ab"), marks("ac")) is Likeness.OPEN

    def test_no_texts_say_nothing(self):
        assert likeness(marks(), marks()) is Likeness.OPEN

    def test_other_voucher_numbers_are_another_run_whatever_the_texts(self):
        assert likeness(marks("a", "1"), marks("a", "2")) is Likeness.OTHER

    def test_a_voucher_number_on_one_side_says_nothing(self):
        assert likeness(marks("a", "1"), marks("a")) is Likeness.SAME


class TestIsRepeated:
    def test_equal_lines_under_another_voucher_number_may_be_paid_twice(self):
        assert not is_repeated(marks("a", "1"), marks("a", "2"))

    @pytest.mark.parametrize(("before", "now"), [("", ""), ("1", ""), ("", "1"), ("12", "2")])
    def test_equal_lines_are_the_same_run_unless_numbers_contradict(self, before, now):
        assert is_repeated(marks("a", before), marks("a", now))


class TestFreeRun:
    def test_is_the_first_ending_that_nobody_has(self):
        assert free_run("3", taken={"3", "3-2"}, length=24) == "3-3"

    def test_keeps_to_the_length(self):
        assert (
            free_run("2026-04-24-Ordinarie-lön", taken=(), length=24) == "2026-04-24-Ordinarie-l-2"
        )


class TestReplacing:
    @pytest.mark.parametrize("state", [S.DRAFT, S.READY, S.POSTPONED, S.HELD, S.REJECTED])
    def test_is_possible_while_nothing_may_be_in_the_ledger(self, state):
        assert replacing([state, S.DRAFT], is_reversed=False) is Replacing.POSSIBLE

    @pytest.mark.parametrize(
        "state",
        [S.SENDING, S.UNKNOWN, S.ACCEPTED, S.POSTED, S.RELEASED, S.NEEDS_PERSON, S.CLOSED],
    )
    def test_is_not_when_one_batch_is_or_may_be_there(self, state):
        assert replacing([state, S.DRAFT], is_reversed=False) is Replacing.IN_LEDGER

    def test_of_a_reversed_journal_is_what_is_sent_instead(self):
        assert replacing([S.REVERSED], is_reversed=True) is Replacing.AFTER_REVERSAL

    def test_of_a_partly_reversed_journal_is_not_possible(self):
        assert replacing([S.REVERSED, S.DRAFT], is_reversed=False) is Replacing.IN_LEDGER
