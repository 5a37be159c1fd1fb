"""Why three sides differ."""

from decimal import Decimal

import pytest

from payments.rules.reconciling import Difference, Sides, ageing, explain


@pytest.mark.parametrize(
    ("sides", "difference"),
    [
        (Sides(Decimal(100), Decimal(100), Decimal(100)), Difference.NONE),
        (Sides(None, Decimal(0), None), Difference.NONE),
        (
            Sides(Decimal(0), Decimal(0), Decimal(100), in_transit=Decimal(100)),
            Difference.IN_TRANSIT,
        ),
        (Sides(Decimal(0), Decimal(0), Decimal(100), in_transit=Decimal(60)), Difference.UNKNOWN),
        (
            Sides(Decimal(0), Decimal(100), Decimal(100), unmatched=Decimal(100)),
            Difference.UNMATCHED,
        ),
        (Sides(Decimal(0), Decimal(100), Decimal(100), unmatched=Decimal(60)), Difference.UNKNOWN),
        (Sides(Decimal(100), Decimal(0), None, placed_here=Decimal(100)), Difference.PLACED_HERE),
        (Sides(Decimal(100), Decimal(0), None, placed_here=Decimal(60)), Difference.UNKNOWN),
        (
            Sides(Decimal(10), Decimal(10), Decimal(0), written_off=Decimal(10)),
            Difference.WRITTEN_OFF,
        ),
        (
            Sides(Decimal(0), Decimal(10), Decimal(0), written_off=Decimal(10)),
            Difference.WRITTEN_OFF,
        ),
        (
            Sides(Decimal(0), Decimal(10), Decimal(10), written_off_in_source=Decimal(10)),
            Difference.WRITTEN_OFF,
        ),
        (
            Sides(Decimal(0), Decimal(10), Decimal(10), written_off_in_source=Decimal(4)),
            Difference.UNKNOWN,
        ),
        (
            Sides(
                Decimal(0),
                Decimal(10),
                Decimal(10),
                written_off_in_source=Decimal(10),
                unmatched=Decimal(400),
            ),
            Difference.WRITTEN_OFF,
        ),
        (Sides(Decimal(50), Decimal(0), Decimal(0), compressed=Decimal(50)), Difference.COMPRESSED),
        (Sides(Decimal(103), Decimal(100), Decimal(100), foreign=True), Difference.CURRENCY),
        (Sides(Decimal(103), Decimal(100), Decimal(100)), Difference.UNKNOWN),
        (Sides(None, Decimal(100), Decimal(100), has_source=False), Difference.NONE),
        (Sides(Decimal(100), Decimal(100), None, has_target=False), Difference.NONE),
    ],
)
def test_a_difference_has_one_reason_that_accounts_for_all_of_it(sides, difference):
    assert explain(sides).difference is difference


def test_the_differences_are_counted_from_visma_to_us_to_the_target():
    found = explain(Sides(Decimal(70), Decimal(100), Decimal(110)))

    assert (found.hub_less_source, found.target_less_hub) == (Decimal(30), Decimal(10))


def test_ageing_has_a_class_for_what_is_not_due():
    items = [
        (-5, Decimal(1)),
        (0, Decimal(2)),
        (30, Decimal(4)),
        (31, Decimal(8)),
        (90, Decimal(16)),
        (400, Decimal(32)),
    ]

    assert ageing(items) == [Decimal(3), Decimal(4), Decimal(8), Decimal(16), Decimal(32)]
