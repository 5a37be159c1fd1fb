"""Which invoice a payment settles, in numbers that an accountant can check."""

from decimal import Decimal
from typing import Any

import pytest

from payments.rules.matching import (
    Candidate,
    Incoming,
    Left,
    OpenInvoices,
    Outcome,
    Rule,
    numbers_in,
    share_by_hand,
)

KID_1001 = "10017"  # modulus 10


def invoice(number: str, open: str | None, **more: Any) -> Candidate:
    values: dict[str, Any] = {"customer": "10001", "paid": Decimal(0)} | more
    return Candidate(
        id=int(number), number=number, open=None if open is None else Decimal(open), **values
    )


def payment(amount: str, **more: Any) -> Incoming:
    return Incoming(id=1, customer=more.pop("customer", "10001"), amount=Decimal(amount), **more)


def parts(matched: Any) -> list[tuple[int, str, str]]:
    return [(p.invoice_id, str(p.amount), p.outcome.value) for p in matched.parts]


class TestByKid:
    def test_settles_the_invoice_that_carries_it(self):
        matched = OpenInvoices([invoice("1001", "1000.00", kid=KID_1001)]).match(
            payment("1000.00", kid="000 10017")
        )

        assert parts(matched) == [(1001, "1000.00", "settled")]
        assert matched.rule is Rule.KID

    def test_comes_before_the_invoice_number(self):
        there = OpenInvoices([invoice("1001", "10.00", kid=KID_1001), invoice("1002", "10.00")])

        matched = there.match(payment("10.00", kid=KID_1001, invoice_number="1002"))

        assert parts(matched)[0][0] == 1001

    def test_of_two_invoices_is_left(self):
        there = OpenInvoices([invoice("1", "5", kid=KID_1001), invoice("2", "5", kid=KID_1001)])

        assert there.match(payment("5", kid=KID_1001)).left is Left.SEVERAL

    def test_with_a_wrong_check_digit_falls_back_on_the_number(self):
        there = OpenInvoices([invoice("1001", "10.00", kid=KID_1001)])

        assert there.match(payment("10.00", kid="10013")).left is Left.WRONG_KID
        matched = there.match(payment("10.00", kid="10013", invoice_number="1001"))
        assert matched.rule is Rule.INVOICE_NUMBER


class TestByInvoiceNumber:
    def test_less_than_open_is_a_part(self):
        matched = OpenInvoices([invoice("1001", "1000.00")]).match(
            payment("400.00", invoice_number="1001")
        )

        assert parts(matched) == [(1001, "400.00", "part")]

    def test_more_than_open_fills_the_invoice_and_leaves_the_rest_to_a_person(self):
        matched = OpenInvoices([invoice("1001", "1000")]).match(
            payment("1200", invoice_number="1001")
        )

        assert parts(matched) == [(1001, "1000", "over")]
        assert matched.left is Left.OVER

    @pytest.mark.parametrize("open_now", ["0.00", "-50.00"])
    def test_where_nothing_is_open_any_more_is_left(self, open_now):
        matched = OpenInvoices([invoice("1001", open_now)]).match(
            payment("10", invoice_number="1001")
        )

        assert (parts(matched), matched.left) == ([], Left.NOTHING_OPEN)

    def test_paid_a_second_time_is_left(self):
        there = OpenInvoices([invoice("1001", "1000.00")])
        there.match(payment("1000.00", invoice_number="1001"))

        assert there.match(payment("1000.00", invoice_number="1001")).left is Left.NOTHING_OPEN

    def test_two_parts_after_each_other_settle_it(self):
        there = OpenInvoices([invoice("1001", "1000.00")])

        first = there.match(payment("400.00", invoice_number="1001"))
        second = there.match(payment("600.00", invoice_number="1001"))

        assert [p.parts[0].outcome for p in (first, second)] == [Outcome.PART, Outcome.SETTLED]

    def test_several_are_filled_in_their_order(self):
        there = OpenInvoices([invoice("1001", "300.00"), invoice("1002", "500.00")])

        matched = there.match(payment("600.00", invoice_number="1001, 1002"))

        assert parts(matched) == [(1001, "300.00", "settled"), (1002, "300.00", "part")]

    def test_what_is_over_stays_on_none_of_them(self):
        there = OpenInvoices([invoice("1001", "300.00"), invoice("1002", "500.00")])

        matched = there.match(payment("900.00", invoice_number="1001 1002"))

        assert parts(matched) == [(1001, "300.00", "settled"), (1002, "500.00", "over")]
        assert matched.left is Left.OVER

    def test_that_the_bank_filled_up_with_zeros_is_the_same(self):
        matched = OpenInvoices([invoice("1001", "100.00")]).match(
            payment("100.00", invoice_number="0001001")
        )

        assert parts(matched) == [(1001, "100.00", "settled")]

    def test_that_is_written_in_two_ways_counts_once(self):
        matched = OpenInvoices([invoice("1001", "100.00")]).match(
            payment("100.00", invoice_number="1001, 01001")
        )

        assert parts(matched) == [(1001, "100.00", "settled")]

    def test_with_zeros_of_its_own_comes_before_the_one_without(self):
        with_zeros = invoice("1001", "100.00")._replace(id=7, number="01001")

        matched = OpenInvoices([invoice("1001", "100.00"), with_zeros]).match(
            payment("100.00", invoice_number="01001")
        )

        assert parts(matched) == [(7, "100.00", "settled")]

    def test_several_of_which_one_is_unknown_are_left(self):
        there = OpenInvoices([invoice("1001", "300.00")])

        assert there.match(payment("300.00", invoice_number="1001/77")).left is Left.NOT_FOUND

    def test_of_another_customer_is_left(self):
        there = OpenInvoices([invoice("1001", "300.00", customer="10002")])

        assert there.match(payment("300.00", invoice_number="1001")).left is Left.OTHER_CUSTOMER


class TestByTheNumberOfACreditNote:
    NOTE = invoice("2001", "-300.00", is_credit_note=True)

    @pytest.mark.parametrize(("amount", "outcome"), [("-300.00", "settled"), ("-100.00", "part")])
    def test_a_payout_finds_it(self, amount, outcome):
        matched = OpenInvoices([self.NOTE]).match(payment(amount, invoice_number="2001"))

        assert parts(matched) == [(2001, amount, outcome)]
        assert matched.rule is Rule.INVOICE_NUMBER

    def test_more_than_is_open_on_it_is_left(self):
        matched = OpenInvoices([self.NOTE]).match(payment("-300.01", invoice_number="2001"))

        assert (parts(matched), matched.left) == ([], Left.NOTHING_OPEN)

    def test_two_payouts_are_not_more_than_the_note(self):
        there = OpenInvoices([self.NOTE])
        there.match(payment("-200.00", invoice_number="2001"))

        assert there.match(payment("-200.00", invoice_number="2001")).left is Left.NOTHING_OPEN
        assert parts(there.match(payment("-100.00", invoice_number="2001"))) == [
            (2001, "-100.00", "settled")
        ]

    def test_a_payout_that_came_back_opens_it_again(self):
        there = OpenInvoices([self.NOTE])
        there.match(payment("-300.00", invoice_number="2001"))

        matched = there.match(payment("300.00", invoice_number="2001"))

        assert parts(matched) == [(2001, "300.00", "returned")]

    def test_money_that_comes_in_is_left(self):
        matched = OpenInvoices([self.NOTE]).match(payment("300.00", invoice_number="2001"))

        assert matched.left is Left.CREDIT_NOTE

    def test_a_payout_to_another_customer_is_left(self):
        matched = OpenInvoices([self.NOTE]).match(
            payment("-300.00", invoice_number="2001", customer="10002")
        )

        assert matched.left is Left.OTHER_CUSTOMER

    def test_beside_an_invoice_it_is_left_to_a_person(self):
        there = OpenInvoices([invoice("1001", "1000.00"), self.NOTE])

        matched = there.match(payment("700.00", invoice_number="1001 2001"))

        assert matched.left is Left.CREDIT_NOTE


class TestARoundingDifference:
    def matched(self, amount: str, *opens: str, tolerance: str = "1.00") -> Any:
        numbers = [str(1001 + n) for n in range(len(opens))]
        there = OpenInvoices(
            [invoice(n, o) for n, o in zip(numbers, opens, strict=True)],
            tolerance=Decimal(tolerance),
        )
        return there.match(payment(amount, invoice_number=" ".join(numbers)))

    def roundings(self, matched: Any) -> list[tuple[str, str]]:
        return [(str(p.amount), str(p.rounding)) for p in matched.parts]

    def test_is_none_without_a_tolerance(self):
        matched = self.matched("999.60", "1000.00", tolerance="0.00")

        assert parts(matched) == [(1001, "999.60", "part")]

    @pytest.mark.parametrize(
        ("amount", "closed"),
        [("999.60", "0.40"), ("999.00", "1.00"), ("1000.40", "-0.40"), ("1001.00", "-1.00")],
    )
    def test_within_it_closes_the_invoice(self, amount, closed):
        matched = self.matched(amount, "1000.00")

        assert self.roundings(matched) == [(amount, closed)]
        assert (matched.parts[0].outcome, matched.left) == (Outcome.SETTLED, None)

    def test_beyond_it_is_a_part_payment_or_left_over(self):
        assert parts(self.matched("998.99", "1000.00")) == [(1001, "998.99", "part")]
        assert self.matched("1001.01", "1000.00").left is Left.OVER

    def test_of_several_is_closed_on_the_last(self):
        matched = self.matched("799.50", "300.00", "500.00")

        assert self.roundings(matched) == [("300.00", "0.00"), ("499.50", "0.50")]

    def test_is_none_while_another_invoice_is_still_unpaid(self):
        matched = self.matched("299.50", "300.00", "500.00")

        assert parts(matched) == [(1001, "299.50", "part")]

    def test_is_smaller_than_the_money(self):
        assert parts(self.matched("0.40", "0.90")) == [(1001, "0.40", "part")]

    def test_of_a_returned_payment_is_none(self):
        there = OpenInvoices(
            [invoice("1001", "0.00", paid=Decimal("1000.00"))], tolerance=Decimal("1.00")
        )

        matched = there.match(payment("-999.60", invoice_number="1001"))

        assert self.roundings(matched) == [("-999.60", "0.00")]


class TestAShareByHand:
    @pytest.mark.parametrize(
        ("left", "open_now", "share"),
        [
            ("1000", "700", "700"),
            ("500", "700", "500"),
            ("500", "0", "0"),
            ("500", "-20", "0"),
            ("-500", "700", "-500"),
        ],
    )
    def test_is_no_more_than_is_open(self, left, open_now, share):
        found = share_by_hand(left=Decimal(left), open=Decimal(open_now))

        assert found == Decimal(share)

    def test_of_a_payout_is_no_more_than_the_credit_note(self):
        found = share_by_hand(left=Decimal(-500), open=Decimal(-300), is_credit_note=True)

        assert found == Decimal(-300)


class TestReturned:
    def test_opens_the_invoice_again(self):
        there = OpenInvoices([invoice("1001", "0.00", paid=Decimal("1000.00"))])

        matched = there.match(payment("-1000.00", invoice_number="1001"))

        assert parts(matched) == [(1001, "-1000.00", "returned")]

    def test_more_than_was_paid_is_left(self):
        there = OpenInvoices([invoice("1001", "900.00", paid=Decimal("100.00"))])

        matched = there.match(payment("-500.00", invoice_number="1001"))

        assert matched.left is Left.NOTHING_TO_RETURN


class TestCurrency:
    def test_that_differs_from_the_invoice_is_left(self):
        there = OpenInvoices([invoice("1001", "1000.00", foreign="EUR")])

        assert there.match(payment("1000.00", invoice_number="1001")).left is Left.CURRENCY

    def test_that_is_the_same_is_taken_only_without_a_difference(self):
        def there() -> OpenInvoices:
            return OpenInvoices([invoice("1001", "1000.00", foreign="EUR")])

        exact = there().match(payment("1000.00", invoice_number="1001", foreign="EUR"))
        off = there().match(payment("1003.50", invoice_number="1001", foreign="EUR"))

        assert parts(exact) == [(1001, "1000.00", "settled")]
        assert off.left is Left.EXCHANGE_RATE

    def test_of_an_invoice_without_an_amount_of_our_own_is_left(self):
        there = OpenInvoices([invoice("1001", None, foreign="EUR")])

        matched = there.match(payment("1000", invoice_number="1001", foreign="EUR"))

        assert matched.left is Left.EXCHANGE_RATE


class TestNothingGiven:
    def test_is_left_even_if_customer_and_amount_fit(self):
        assert (
            OpenInvoices([invoice("1001", "300")]).match(payment("300")).left is Left.NO_REFERENCE
        )


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1001", ("1001",)),
        (" 1001, 1002;1003/1004+1001 ", ("1001", "1002", "1003", "1004")),
        ("", ()),
        ("0", ()),
        ("F-12", ("F-12",)),
    ],
)
def test_numbers_in_a_text(text, numbers):
    assert numbers_in(text) == numbers
