"""S7b: two optional account patterns in the vendor's notation."""

import pytest

from mappings.forms.steps import PatternsForm
from mappings.rules.account_patterns import carries_dimensions
from tests.mappings.targets import facts


def form(balance_sheet: str = "", profit_and_loss: str = "") -> PatternsForm:
    return PatternsForm(
        {"balance_sheet_format": balance_sheet, "profit_and_loss_format": profit_and_loss},
        accounts=facts().accounts,
    )


class TestPatterns:
    def test_may_both_be_empty(self) -> None:
        assert form().is_valid()

    def test_are_taken_in_the_vendors_notation(self) -> None:
        filled = form(" [0-2][0-9][0-9][0-9] ", "[3-8][0-9][0-9][0-9]")

        assert filled.is_valid()
        assert filled.cleaned_data["balance_sheet_format"] == "[0-2][0-9][0-9][0-9]"

    @pytest.mark.parametrize(
        ("pattern", "place"), [("[0-", 1), ("(1|2)", 1), ("1*0", 2), ("[9-0]", 4), ("10+", 3)]
    )
    def test_of_another_notation_are_refused_with_the_place(self, pattern: str, place: int) -> None:
        [said] = form(pattern).errors["balance_sheet_format"]

        assert pattern in said
        assert f"at position {place}" in said
        assert "[0-3][0-9][0-9][0-9]" in said

    def test_that_overlap_are_refused_with_an_account_that_fits_both(self) -> None:
        [said] = form("[0-7]*", "[3-8]*").errors["profit_and_loss_format"]

        assert "Account 7010 matches both" in said

    def test_say_which_accounts_carry_dimensions(self) -> None:
        def carries(account: str) -> bool:
            return carries_dimensions(
                account, balance_sheet_format="[0-2]*", profit_and_loss_format="[4-7]*"
            )

        assert [carries(account) for account in ("2710", "7010", "3010")] == [False, True, False]
