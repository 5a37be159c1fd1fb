"""An amount of more figures than a Decimal is counted with."""

import pytest

from payments.rules.cells import TooLarge, amount_from


class TestAmountFrom:
    @pytest.mark.parametrize("figures", [17, 28, 38])
    def test_says_that_it_is_too_large(self, figures):
        with pytest.raises(TooLarge):
            amount_from("9" * figures)
