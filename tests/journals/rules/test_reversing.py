"""Mirrors of batches, and references of what is sent again."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest

from connectors.base import Period
from journals.rules.keys import DESCRIPTION_LENGTH
from journals.rules.planning import Unbalanced
from journals.rules.reversing import (
    REFERENCE_LENGTH,
    mirror_description,
    mirror_key,
    mirrored,
    resend_reference,
    where_to_post,
)
from tests.journals.rules.test_read_back import MARCH, sent

YEAR = [
    Period(id=f"2026{month:02d}", starts_on=date(2026, month, 1), open=month > 3)
    for month in range(1, 13)
]


def cancels(sent, mirror):
    """Say whether the two together leave every account and dimension as it was."""
    left = defaultdict(Decimal)
    for line in (*sent, *mirror):
        left[line.account, line.segments] += line.debit - line.credit
    return not any(left.values())


class TestMirrored:
    def test_changes_the_places_of_debit_and_credit(self):
        mirror = mirrored(MARCH)

        assert [(line.account, line.debit, line.credit) for line in mirror] == [
            ("7010", Decimal("0.00"), Decimal("82000.00")),
            ("7010", Decimal("0.00"), Decimal("18000.00")),
            ("2821", Decimal("100000.00"), Decimal("0.00")),
        ]

    def test_keeps_dimensions_texts_and_references(self):
        for line, turned in zip(MARCH, mirrored(MARCH), strict=True):
            assert (line.segments, line.text, line.reference) == (
                turned.segments,
                turned.text,
                turned.reference,
            )

    def test_cancels_what_was_sent_and_nothing_else_does(self):
        assert cancels(MARCH, mirrored(MARCH))
        assert not cancels(MARCH, MARCH)
        assert not cancels(MARCH, mirrored(MARCH)[:2])

    def test_twice_is_the_batch_again(self):
        assert mirrored(mirrored(MARCH)) == MARCH

    def test_refuses_lines_that_do_not_balance(self):
        with pytest.raises(Unbalanced):
            mirrored([sent("7010", "10.00")])


class TestMirrorKey:
    def test_follows_from_the_batch_and_is_another_one(self):
        key = mirror_key("7F3K2AB", "202603")

        assert key == mirror_key("7F3K2AB", "202603")
        assert key not in ("7F3K2AB", mirror_key("7F3K2AB", "202604"))
        assert len(key) == 7


class TestMirrorDescription:
    def test_names_the_number_that_it_reverses(self):
        words = mirror_description(
            number="000417", reference="PAYROLL 2026-03/3", period="2026-03", key="ABCDEFG"
        )

        assert words == "REV 000417 PAYROLL 2026-03/3 2026-03 ABCDEFG"

    def test_never_cuts_the_key(self):
        words = mirror_description(
            number="000417", reference="R" * 40, period="2026-03", key="ABCDEFG"
        )

        assert len(words) <= DESCRIPTION_LENGTH
        assert words.endswith(" 2026-03 ABCDEFG")


class TestWhereToPost:
    def where(self, period: str, *, in_open_period: bool = False):
        return where_to_post(
            period=period,
            posted_on=date(2026, int(period[4:]), 25),
            periods=YEAR,
            in_open_period=in_open_period,
        )

    def test_is_the_own_period_while_it_is_open(self):
        found = self.where("202604", in_open_period=True)

        assert (found.period, found.posted_on, found.moved) == (
            "202604",
            date(2026, 4, 25),
            False,
        )

    def test_is_closed_unless_the_first_open_one_is_asked_for(self):
        own, moved = self.where("202603"), self.where("202603", in_open_period=True)

        assert (own.period, own.closed, own.moved) == ("202603", True, False)
        assert (moved.period, moved.posted_on) == ("202604", date(2026, 4, 1))

    def test_is_the_own_period_when_nothing_is_known(self):
        found = where_to_post(
            period="202603", posted_on=date(2026, 3, 25), periods=(), in_open_period=True
        )

        assert (found.period, found.closed) == ("202603", False)


class TestReferenceOfAResend:
    def test_names_the_old_one_and_counts(self):
        assert resend_reference("LON-3", []) == "LON-3 (2)"
        assert resend_reference("LON-3 (2)", ["LON-3", "LON-3 (2)"]) == "LON-3 (3)"
        assert resend_reference("LON-3", ["LON-3 (2)"]) == "LON-3 (3)"

    def test_is_never_too_long(self):
        name = resend_reference("L" * 40, [])

        assert len(name) == REFERENCE_LENGTH
        assert name.endswith(" (2)")
