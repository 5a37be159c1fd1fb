"""What the check of a mapping finds, without a database."""

from dataclasses import replace

import pytest

from connectors import base
from mappings.rules.checking import PROBLEMS, Checked, DimensionUse, find_problems
from tests.mappings.targets import facts

COST_CENTRE = DimensionUse("Kostnadsställe", 1, "table", {"10": "0100"})
GOOD = Checked(
    dimensions=(COST_CENTRE, DimensionUse("Projekt", 2, "same")),
    branch="1",
    ledger="HB",
    balance_sheet_format="[0-2][0-9][0-9][0-9]",
    profit_and_loss_format="[3-8][0-9][0-9][0-9]",
    own_numbers=True,
    balancing_account="2710",
    currency="SEK",
)
TWO_BRANCHES = (base.Branch("1", "A"), base.Branch("2", "B"), base.Branch("9", "C", active=False))
TWO_LEDGERS = (base.Ledger("HB", "A"), base.Ledger("B2", "B"), base.Ledger("BU", "C", actual=False))


def codes(checked: Checked, known: base.LedgerFacts | None = None) -> list[str]:
    return [problem.code for problem in find_problems(checked, known or facts())]


class TestFindProblems:
    def test_finds_nothing_in_a_good_mapping(self) -> None:
        assert find_problems(GOOD, facts()) == []

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"branch": "7"}, "branch_gone"),
            ({"ledger": "X"}, "ledger_gone"),
            ({"currency": "NOK"}, "currency_differs"),
            ({"balance_sheet_format": "[0-"}, "pattern_bad"),
            ({"balance_sheet_format": "[0-7][0-9][0-9][0-9]"}, "patterns_overlap"),
            ({"balancing_account": "2711"}, "balancing_account_gone"),
            ({"balancing_account": "7699"}, "balancing_account_inactive"),
            ({"balancing_account": "1510"}, "balancing_account_not_manual"),
        ],
    )
    def test_finds_what_the_mapping_has_wrong(self, change: dict[str, str], code: str) -> None:
        assert codes(replace(GOOD, **change)) == [code]

    @pytest.mark.parametrize(
        ("use", "code"),
        [
            (DimensionUse("Avdelning", 7, "same"), "dimension_gone"),
            (DimensionUse("Avdelning", 1, "same"), "dimension_renamed"),
            (DimensionUse("Projekt", 1, "same"), "dimension_moved"),
            (replace(COST_CENTRE, values={"10": "01000"}), "value_too_long"),
            (replace(COST_CENTRE, values={"10": "0300"}), "value_gone"),
            (replace(COST_CENTRE, values={"10": "0900"}), "value_inactive"),
            (replace(COST_CENTRE, seen=("10", "200")), "value_not_mapped"),
        ],
    )
    def test_finds_what_a_dimension_has_wrong(self, use: DimensionUse, code: str) -> None:
        assert codes(replace(GOOD, dimensions=(use,))) == [code]

    @pytest.mark.parametrize(
        ("change", "mapping", "code"),
        [
            ({"branches": TWO_BRANCHES}, {"branch": "9"}, "branch_inactive"),
            ({"branches": TWO_BRANCHES}, {"branch": ""}, "branch_not_chosen"),
            ({"ledgers": TWO_LEDGERS}, {"ledger": "BU"}, "ledger_not_actual"),
            ({"ledgers": TWO_LEDGERS}, {"ledger": ""}, "ledger_not_chosen"),
            ({"number_series": ()}, {}, "own_numbers_not_proven"),
            (
                {"number_series": (base.NumberSeries("BATCH", "", manual=False),)},
                {},
                "own_numbers_not_allowed",
            ),
        ],
    )
    def test_finds_what_the_target_has_changed(
        self, change: dict[str, object], mapping: dict[str, str], code: str
    ) -> None:
        assert codes(replace(GOOD, **mapping), facts(**change)) == [code]

    def test_finds_that_two_dimensions_are_the_same(self) -> None:
        same = replace(COST_CENTRE, rule="same")

        assert codes(replace(GOOD, dimensions=(same, same))) == ["dimensions_equal"]

    def test_finds_everything_at_once(self) -> None:
        bad = replace(GOOD, branch="7", ledger="X", balancing_account="2711", currency="NOK")

        assert len(find_problems(bad, facts())) == 4

    def test_asks_for_no_branch_where_there_is_one(self) -> None:
        assert codes(replace(GOOD, branch="", ledger="")) == []

    def test_names_what_is_near_an_unmapped_code(self) -> None:
        [problem] = find_problems(
            replace(GOOD, dimensions=(replace(COST_CENTRE, seen=("10", "200")),)), facts()
        )

        assert problem.params["near"] == "0200 Lager väst"

    def test_names_a_real_account_that_fits_both_formats(self) -> None:
        [problem] = find_problems(
            replace(GOOD, balance_sheet_format="[0-7][0-9][0-9][0-9]"), facts()
        )

        assert problem.params == {"account": "7010"}


class TestProblems:
    @pytest.mark.parametrize("code", PROBLEMS)
    def test_have_words_and_a_remedy(self, code: str) -> None:
        assert PROBLEMS[code].summary.endswith(".")
        assert PROBLEMS[code].remedy.endswith(".")
