"""The torture itself: it draws the same plan from the same seed, and sees what must not be."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from background.crash_points import CRASH_POINTS
from sandbox.faults import KINDS
from tests.torture import journals, offices, payments, plan
from tests.torture.totals import Sum, Totals

PLACE = offices.Place(0, offices.PLAIN)
FORBIDDEN = offices.Place(1, offices.BLOCKED)


@dataclass
class Row:
    """A batch as the hub has it: posted and proven, unless a test says otherwise."""

    state: str = "posted"
    vendor_number: str = "000001"
    proven_at: datetime | None = field(default_factory=lambda: datetime(2026, 4, 8, tzinfo=UTC))
    period: str = "2026-03"
    total: Decimal = Decimal("82000.00")
    line_count: int = 3


def held(**changes: Any) -> dict[str, Any]:
    """Return the same batch as the ledger has it."""
    there = {"number": "000001", "period": "202603", "line_count": 3}
    return there | {"debit": "82000.00", "credit": "82000.00"} | changes


class TestWrong:
    def test_finds_nothing_where_the_ledger_holds_what_the_hub_says(self) -> None:
        assert list(journals._wrong(Row(), [held()], PLACE)) == []

    @pytest.mark.parametrize(
        ("row", "there", "words"),
        [
            (Row(), [held(), held(number="000002")], "2 times"),
            (Row(), [], "does not hold it"),
            (Row(state="unknown"), [held()], "is not posted, and the ledger holds it"),
            (Row(state="ready"), [], "is not posted"),
            (Row(vendor_number=""), [held()], "without a number"),
            (Row(proven_at=None), [held()], "or a proof"),
            (Row(), [held(number="000009")], "number 000009"),
            (Row(), [held(period="202604")], "period 202604"),
            (Row(), [held(debit="82000.01")], "total 82000.01"),
            (Row(), [held(line_count=2)], "2 lines"),
        ],
    )
    def test_names_what_must_not_be(self, row: Row, there: list[Any], words: str) -> None:
        found = list(journals._wrong(row, there, PLACE))

        assert words in " ".join(found)

    def test_names_a_batch_of_a_blocked_debtor_that_was_sent(self) -> None:
        found = list(journals._wrong(Row(state="rejected"), [held()], FORBIDDEN))

        assert found == ["must never be sent and is in the ledger (000001)"]

    def test_leaves_a_batch_of_a_blocked_debtor_that_was_not_sent(self) -> None:
        assert list(journals._wrong(Row(state="rejected"), [], FORBIDDEN)) == []


class TestPlan:
    def drawn(self, seed: int) -> plan.Plan:
        return plan.Plan.drawn(seed=seed, batches=1000, places=offices.places_for(1000))

    def test_is_the_same_for_the_same_seed_and_another_for_another(self) -> None:
        assert self.drawn(7).moments == self.drawn(7).moments
        assert self.drawn(7).dooms == self.drawn(7).dooms
        assert self.drawn(7).moments != self.drawn(8).moments

    def test_lets_every_kind_of_fault_happen_that_it_knows(self) -> None:
        kinds = {how["kind"] for _, what, how in self.drawn(1).moments if what == "fault"}

        assert kinds == set(plan.FAULTS) <= set(KINDS)

    def test_lets_a_company_deny_what_it_holds_once_in_each_way(self) -> None:
        for kind in plan.DENIALS:
            denied = [
                how["company"] for _, _, how in self.drawn(1).moments if how.get("kind") == kind
            ]

            assert len(denied) == len(set(denied))

    def test_opens_every_period_that_it_closes(self) -> None:
        moments = self.drawn(1).moments
        closed = [how for _, what, how in moments if what == "close_period"]
        opened = [how for _, what, how in moments if what == "open_period"]

        assert sorted(map(str, closed)) == sorted(map(str, opened))

    def test_kills_workers_at_crash_points_that_there_are(self) -> None:
        # The one or other at its n-th time, as HUB_DIE_AT says it.
        named = {doom.partition(":")[0] for doom in (*plan.DOOMS, *payments.DOOMS)}

        assert named <= set(CRASH_POINTS)


class TestTotals:
    def of(self, **changes: Sum) -> list[str]:
        all_, placed = Sum(3, Decimal("30.00")), Sum(2, Decimal("25.00"))
        sums = {"visma": all_, "noted": all_, "payments": all_, "registered": placed}
        sums |= {"there": placed, "without_invoice": Sum(1, Decimal("5.00"))} | changes
        return list(Totals(company="Nordvik", **sums).wrong())

    def test_agree_where_nothing_was_lost_and_nothing_doubled(self) -> None:
        assert self.of() == []

    @pytest.mark.parametrize(
        ("which", "words"),
        [
            ("visma", "Visma adds up 4 of 1,030.00"),
            ("noted", "the last fetch noted 4 of 1,030.00"),
            ("payments", "the hub has 4 of 1,030.00"),
            ("registered", "the hub registered 4 of 1,030.00"),
            ("there", "PowerOffice holds 4 of 1,030.00"),
            ("without_invoice", "without an invoice are 4 of 1,030.00"),
        ],
    )
    def test_name_the_side_that_differs(self, which: str, words: str) -> None:
        found = self.of(**{which: Sum(4, Decimal("1030.00"))})

        assert words in " ".join(found)

    def test_of_companies_are_not_all_alike(self) -> None:
        shares = payments._shares(5000)

        assert sum(shares) == 5000
        assert len(set(shares)) == len(payments.COMPANIES)
