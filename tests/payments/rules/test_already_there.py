"""What a person registered in the target by hand is not registered again (B17)."""

from decimal import Decimal

import pytest

from payments.rules.already_there import Standing, already_there


def asked(amount: str, *, posted: str = "1000.00", balance: str, **more: str) -> str:
    known = {name: Decimal(value) for name, value in more.items()}
    standing = Standing(posted=Decimal(posted), balance=Decimal(balance), **known)
    return str(already_there(Decimal(amount), standing))


class TestAnIncomingPayment:
    def test_on_an_invoice_that_nobody_touched_there_is_none(self):
        assert asked("1000.00", balance="1000.00") == "0.00"

    def test_that_was_registered_there_by_hand_is_asked_about(self):
        assert asked("1000.00", balance="0.00") == "1000.00"

    def test_on_one_part_paid_there_is_asked_about_by_what_exceeds_the_balance(self):
        assert asked("1000.00", balance="600.00") == "400.00"

    def test_that_fits_beside_what_was_paid_there_is_none(self):
        assert asked("600.00", balance="600.00") == "0.00"

    def test_and_others_that_wait_are_fitted_in_together(self):
        assert asked("400.00", balance="600.00", waiting="600.00") == "400.00"

    def test_that_the_hub_itself_has_settled_before_is_none(self):
        assert asked("600.00", balance="600.00", registered="400.00") == "0.00"
        assert asked("200.00", balance="0.00", registered="1000.00") == "0.00"

    def test_beside_a_sending_of_unknown_outcome_is_none(self):
        assert asked("600.00", balance="600.00", unsure="400.00") == "0.00"
        assert asked("600.00", balance="0.00", unsure="400.00") == "600.00"

    def test_on_one_credited_on_both_sides_is_none(self):
        assert asked("700.00", balance="700.00", credited="300.00") == "0.00"

    def test_on_one_credited_there_alone_is_asked_about(self):
        assert asked("1000.00", balance="700.00") == "300.00"

    def test_on_one_overpaid_there_is_asked_about_whole(self):
        assert asked("1000.00", balance="-50.00") == "1000.00"

    def test_that_the_target_did_not_match_leaves_its_balance_high(self):
        assert asked("600.00", balance="1000.00", registered="400.00") == "0.00"


class TestAReturnedPayment:
    def test_of_what_the_hub_registered_is_none(self):
        assert asked("-1000.00", balance="0.00", registered="1000.00") == "0.00"

    def test_that_was_returned_there_by_hand_is_asked_about(self):
        assert asked("-1000.00", balance="1000.00", registered="1000.00") == "1000.00"


class TestAPayoutOfACreditNote:
    def test_that_nobody_touched_there_is_none(self):
        assert asked("-300.00", posted="-300.00", balance="-300.00") == "0.00"

    def test_that_was_paid_out_there_by_hand_is_asked_about(self):
        assert asked("-300.00", posted="-300.00", balance="0.00") == "300.00"

    def test_of_what_was_left_of_it_is_none(self):
        known = {"posted": "-300.00", "balance": "-100.00", "credited": "200.00"}

        assert asked("-100.00", **known) == "0.00"


@pytest.mark.parametrize("amount", ["1000.00", "-1000.00"])
def test_never_more_than_the_payment_is_asked_about(amount):
    assert asked(amount, balance="-9000.00") in {"1000.00", "0.00"}
