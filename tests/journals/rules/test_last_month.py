"""B6: what of a run is unlike the runs before it, by worked examples."""

from decimal import Decimal

import pytest

from journals.rules.account_kinds import AccountKind, is_result, kind_of
from journals.rules.last_month import (
    History,
    MarkKind,
    Run,
    RunName,
    base_of,
    common_percent,
    comparable,
    marks,
    rows,
    year_before,
)

USUAL = {"7010": 100_000, "7510": 31_420, "2710": -30_000, "2731": -31_420, "2821": -70_000}


def run(period: str = "2026-03", *, lines: int = 10, reference: str = "", **changes: int) -> Run:
    """Return a run like the usual one, with other amounts by ``a7510=…``, and 0 for none."""
    amounts = USUAL | {name[1:]: amount for name, amount in changes.items()}
    return Run(
        reference=reference or f"PAYROLL {period}/1",
        period=period,
        amounts={(account, ""): Decimal(a) for account, a in amounts.items() if a},
        lines=lines,
    )


def history(*more: Run, last: Run | None = None, **given: object) -> History:
    """Return three usual months before March, the last of them as given."""
    # A hundred crowns apart: the usual month is never the one before to the last öre.
    before = [last or run("2026-02", a7010=100_100), run("2026-01"), run("2025-12")]
    values = {"before": (*before, *more), "known_accounts": frozenset(USUAL)} | given
    return History(**values)  # type: ignore[arg-type]


def kinds(of: Run, by: History, *, currency: str = "SEK") -> list[tuple[str, str]]:
    return [(str(mark.kind), mark.account) for mark in marks(of, by, currency=currency)]


class TestB6AnAmount:
    def test_like_last_month_is_not_marked(self) -> None:
        assert kinds(run(), history()) == []

    @pytest.mark.parametrize(
        ("account", "last", "now", "is_marked"),
        [
            ("7010", 50_000, 55_000, True),
            ("7010", 50_001, 55_000, False),  # 4,999: too little
            ("7010", 100_000, 109_999, False),  # 9.999 %: too small a share
            ("7510", 25_000, 27_500, True),
            ("7510", 25_000, 27_499, False),
            ("2710", -50_000, -55_000, True),
            ("2710", -50_000, -54_999, False),
            ("7331", 10_000, 12_500, True),
            ("7331", 10_004, 12_504, False),  # 24.99 %
            ("7331", 6_000, 8_499, False),  # 2,499
        ],
    )
    def test_that_moved_is_marked_by_value_and_share_of_its_kind(
        self, account: str, last: int, now: int, is_marked: bool
    ) -> None:
        changed = {f"a{account}": last}
        before = history(
            last=run("2026-02", **changed), known_accounts=frozenset({*USUAL, account})
        )
        found = kinds(run(**{f"a{account}": now}), before)
        assert (("moved", account) in found) is is_marked

    def test_in_euro_is_measured_by_a_tenth(self) -> None:
        before = history(last=run("2026-02", a9999=1_000), known_accounts=frozenset({"9999"}))
        # 250 euro and 25 percent; of 2,500 it would be far away.
        assert ("moved", "9999") in kinds(run(a9999=1_250), before, currency="EUR")
        assert ("moved", "9999") not in kinds(run(a9999=1_249), before, currency="EUR")

    def test_of_social_costs_says_by_how_much_wages_moved(self) -> None:
        [mark] = [
            mark
            for mark in marks(run(a7510=45_000, a7010=102_102), history(), currency="SEK")
            if (mark.kind, mark.account) == (MarkKind.MOVED, "7510")
        ]
        assert mark.words == {
            "this": "45000", "base": "31420", "percent": "+43", "wages": "+2", "period": "2026-02",
        }  # fmt: skip

    def test_on_an_account_that_was_never_used_is_marked_whatever_it_is(self) -> None:
        assert ("never_used", "7690") in kinds(run(a7690=1), history())

    def test_that_is_missing_is_marked_when_each_of_three_months_had_it(self) -> None:
        assert ("missing", "2710") in kinds(run(a2710=0), history())

    def test_that_is_missing_is_not_when_one_of_them_had_none(self) -> None:
        before = history(last=run("2026-02", a2710=0))
        assert ("missing", "2710") not in kinds(run(a2710=0), before)

    def test_whose_sign_turned_is_marked_whatever_it_is(self) -> None:
        before = history(last=run("2026-02", a2920=-3), known_accounts=frozenset({*USUAL, "2920"}))
        assert ("sign_turned", "2920") in kinds(run(a2920=2), before)


class TestB6ARun:
    def test_with_fewer_than_three_before_it_has_no_marks(self) -> None:
        before = History(before=(run("2026-02"), run("2026-01")))
        assert marks(run(a7010=900_000, a7690=5), before, currency="SEK") == []

    def test_equal_to_the_last_one_to_the_ore_may_be_the_same_run(self) -> None:
        [mark] = marks(run(), history(last=run("2026-02")), currency="SEK")
        assert (mark.kind, mark.words) == (MarkKind.SAME, {"reference": "PAYROLL 2026-02/1"})

    def test_with_the_total_of_a_sent_one_may_be_the_same_file(self) -> None:
        sent = run("2026-03", reference="PAYROLL 2026-03/7", a7010=101_000, a2821=-71_000)
        now = run(a7010=101_000, a2821=-70_999)
        [mark] = marks(now, history(sent=(sent,)), currency="SEK")
        assert (mark.kind, mark.words["reference"]) == (MarkKind.SENT_BEFORE, "PAYROLL 2026-03/7")

    @pytest.mark.parametrize(("lines", "is_marked"), [(15, True), (14, False), (5, True)])
    def test_with_half_as_many_lines_more_or_less_is_marked(
        self, lines: int, is_marked: bool
    ) -> None:
        assert (("lines", "") in kinds(run(lines=lines), history())) is is_marked

    def test_whose_total_moved_by_a_fifth_is_marked(self) -> None:
        # 131,520 before: a fifth of it is 26,304.
        assert ("total", "") in kinds(run(a7010=126_404), history())
        assert ("total", "") not in kinds(run(a7010=126_403), history())

    def test_whose_social_costs_moved_by_more_than_one_and_a_half_points_is_marked(self) -> None:
        before = history(last=run("2026-02", a7010=100_000, a7510=31_400))
        assert ("ratio", "") in kinds(run(a7510=32_901), before)
        assert ("ratio", "") not in kinds(run(a7510=32_900), before)

    def test_with_a_new_cost_centre_or_without_an_old_one_is_marked(self) -> None:
        old = Run("R", "2026-02", {("7010", "100"): Decimal(5), ("7010", "200"): Decimal(5)}, 2)
        new = Run("R", "2026-03", {("7010", "100"): Decimal(5), ("7010", "300"): Decimal(5)}, 2)
        before = history(last=old)
        found = [(m.kind, m.centre) for m in marks(new, before, currency="SEK") if m.centre]
        assert found == [(MarkKind.CENTRE_NEW, "300"), (MarkKind.CENTRE_GONE, "200")]

    @pytest.mark.parametrize(
        ("period", "measure"),
        [("2026-06", "2025-06"), ("2026-07", "2025-07"), ("2026-12", "2025-12"),
         ("2026-05", "2026-04")],
    )  # fmt: skip
    def test_of_a_month_of_holiday_pay_is_measured_by_last_year(
        self, period: str, measure: str
    ) -> None:
        before = History(before=(run("2026-04"),), last_year=run(year_before(period)))
        found = base_of(run(period), before)
        assert found is not None
        assert found.period == measure


class TestB6ManyMarks:
    @staticmethod
    def moved(percents: list[int]) -> int | None:
        accounts = {f"a73{n:02}": 10_000 for n in range(len(percents))}
        now = {
            name: round(10_000 * (100 + p) / 100)
            for name, p in zip(accounts, percents, strict=True)
        }
        known = frozenset({*USUAL, *(name[1:] for name in accounts)})
        before = history(last=run("2026-02", **accounts), known_accounts=known)
        return common_percent(marks(run(**now), before, currency="SEK"))

    def test_that_moved_alike_have_one_cause(self) -> None:
        assert self.moved([40] * 11 + [42]) == 40

    def test_that_moved_differently_have_none(self) -> None:
        assert self.moved([30, 40, 50, 60, 70, 80, 90, 30, 40, 50, 60, 70]) is None

    def test_up_to_ten_are_each_their_own(self) -> None:
        assert self.moved([40] * 8) is None


class TestB6ComparableRuns:
    def test_are_of_the_same_type_the_newest_first(self) -> None:
        runs = [
            RunName(1, "2026-01", "Lön 1"),
            RunName(2, "2026-02", "Lön 2"),
            RunName(3, "2026-02", "Bonus 1"),
        ]
        found = comparable(RunName(4, "2026-03", "Lön 3"), runs)
        assert [each.key for each in found] == [2, 1]

    def test_of_several_in_a_month_are_those_at_the_same_place(self) -> None:
        weeks = [RunName(n, f"2026-0{1 + n // 4}", str(n + 1)) for n in range(8)]
        found = comparable(RunName(90, "2026-03", "10"), [*weeks, RunName(91, "2026-03", "9")])
        # 10 is the second of its month: the second ones before are weeks 6 and 2.
        assert [each.name for each in found] == ["6", "2"]


class TestB6TheTable:
    def test_shows_an_account_beside_last_month_the_mean_and_last_year(self) -> None:
        before = history(last=run("2026-02", a7510=30_000), last_year=run("2025-03", a7510=20_000))
        [row] = [each for each in rows(run(a7510=33_000), before) if each.account == "7510"]
        assert (row.this, row.last, row.mean, row.last_year) == (
            33_000, 30_000, Decimal("30946.67"), 20_000,
        )  # fmt: skip
        assert (row.difference, row.percent) == (3_000, 10)

    def test_opens_to_cost_centres(self) -> None:
        now = Run("R", "2026-03", {("7010", "1"): Decimal(4), ("7010", "2"): Decimal(6)}, 2)
        found = rows(now, History(), by_centre=True)
        assert [(row.centre, row.this, row.last) for row in found] == [
            ("1", 4, None),
            ("2", 6, None),
        ]


@pytest.mark.parametrize(
    ("account", "currency", "kind"),
    [
        ("7010", "SEK", AccountKind.WAGES),
        ("7510", "SEK", AccountKind.SOCIAL_COSTS),
        ("2731", "SEK", AccountKind.OWED),
        ("2821", "SEK", AccountKind.OWED),
        ("7331", "SEK", AccountKind.OTHER),
        ("5000", "NOK", AccountKind.WAGES),
        ("5400", "NOK", AccountKind.SOCIAL_COSTS),
        ("2600", "NOK", AccountKind.OWED),
        ("7010", "EUR", AccountKind.OTHER),
    ],
)
def test_b6_an_account_has_the_kind_of_its_countrys_chart(
    account: str, currency: str, kind: AccountKind
) -> None:
    assert kind_of(account, currency=currency) is kind


def test_b6_a_balance_account_is_none_of_the_result() -> None:
    assert [is_result(a, currency="SEK") for a in ("7010", "2710", "1930")] == [True, False, False]
