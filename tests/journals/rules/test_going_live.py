"""Does the ledger hold the first journal of a mapping already?"""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connectors.base import BatchStatus, LedgerBatch, Period
from journals.rules.going_live import look, periods_to_look_in
from journals.rules.planning import PlannedBatch

OURS = PlannedBatch(
    period="2026-03",
    posting_period="202603",
    posted_on=date(2026, 3, 25),
    description="PAYROLL 2026-03/3 2026-03 ABCDEFGH",
    key="ABCDEFGH",
    reference="PAYROLL 2026-03/3",
    currency="SEK",
    lines=(),
    total=Decimal("45000.00"),
    from_periods=("2026-03",),
)
THERE = LedgerBatch(
    number="123",
    description="Lön mars",
    period="202603",
    status=BatchStatus.RELEASED,
    debit_total=Decimal("45000.00"),
    credit_total=Decimal("45000.00"),
    lines=(),
    posted_on=date(2026, 3, 25),
)


def alike(there: LedgerBatch, ours: PlannedBatch = OURS, **more: set[str]) -> bool:
    """Say whether the one looks like the other."""
    known, under_way = more.get("known", ()), more.get("under_way", ())
    return bool(look([ours], [there], known=known, ours=under_way).alike)


class TestLook:
    def test_finds_a_batch_of_the_same_date_and_total(self):
        (found,) = look([OURS], [THERE], known=()).alike

        assert (found.number, found.posted_on, found.total, found.of) == (
            "123", "2026-03-25", "45000.00", "2026-03",
        )  # fmt: skip

    @pytest.mark.parametrize(
        "there",
        [
            replace(THERE, posted_on=date(2026, 3, 26)),
            replace(THERE, debit_total=Decimal("44999.99"), credit_total=Decimal("44999.99")),
            replace(THERE, status=BatchStatus.VOIDED),
        ],
    )
    def test_does_not_find_another_day_another_total_or_what_was_voided(self, there):
        assert not alike(there)

    def test_finds_the_total_alone_where_the_target_tells_no_date(self):
        assert alike(replace(THERE, posted_on=None))

    def test_finds_the_total_alone_where_our_batch_waits_for_its_period(self):
        assert alike(replace(THERE, posted_on=date(2026, 3, 31)), replace(OURS, held=True))

    def test_finds_what_has_our_own_description_whatever_the_amounts(self):
        assert alike(
            replace(THERE, description=OURS.description, debit_total=Decimal(1), posted_on=None)
        )

    def test_leaves_out_what_the_hub_has_a_row_for(self):
        assert not alike(THERE, known={"123"})

    def test_leaves_out_another_batch_of_ours_that_is_under_way(self):
        assert not alike(THERE, under_way={"Lön mars"})

    def test_lists_some_of_the_others_and_counts_all(self):
        others = [replace(THERE, number=str(n), debit_total=Decimal(n), credit_total=Decimal(n))
                  for n in range(30)]  # fmt: skip

        seen = look([OURS], [*others, THERE], known=())

        assert (seen.held[0].number, len(seen.held), seen.count) == ("123", 11, 31)


class TestPeriodsToLookIn:
    PERIODS = (
        Period(id="202602", starts_on=date(2026, 2, 1), open=False),
        Period(id="202603", starts_on=date(2026, 3, 1), open=True),
        Period(id="202604", starts_on=date(2026, 4, 1), open=True),
    )

    def test_are_those_of_the_batches(self):
        assert periods_to_look_in([OURS], self.PERIODS) == ["202603"]

    def test_are_also_the_own_period_of_a_correction_that_is_moved(self):
        moved = replace(OURS, period="2026-02", posting_period="202603")

        assert periods_to_look_in([moved], self.PERIODS) == ["202602", "202603"]

    def test_are_the_own_period_of_a_batch_that_waits(self):
        assert periods_to_look_in([replace(OURS, posting_period="")], self.PERIODS) == ["202603"]
