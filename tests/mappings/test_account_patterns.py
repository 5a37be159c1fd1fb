"""Two account patterns may have no account in common."""

import pytest

from mappings.rules.account_patterns import BadPattern, common_account, fits_both


class TestCommonAccount:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("[0-2][0-9][0-9][0-9]", "[3-8][0-9][0-9][0-9]"),
            ("1930", "19301"),
            ("[0-2]*", "[3-8]*"),
            ("19??", "19?"),
            ("", "[3-8]*"),
            ("[0-2]*", ""),
        ],
    )
    def test_is_absent_where_the_patterns_keep_apart(self, one: str, other: str) -> None:
        assert common_account(one, other) is None
        assert common_account(other, one) is None

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("[0-3][0-9][0-9][0-9]", "[3-8][0-9][0-9][0-9]"),
            ("19*", "1930"),
            ("19*", "193*"),
            ("????", "[A-C]0.."),
            ("*", "7010"),
        ],
    )
    def test_fits_both(self, one: str, other: str) -> None:
        number = common_account(one, other)

        assert number
        assert fits_both(number, balance_sheet_format=one, profit_and_loss_format=other)

    def test_is_not_looked_for_in_what_cannot_be_read(self) -> None:
        with pytest.raises(BadPattern):
            common_account("[0-", "1930")
