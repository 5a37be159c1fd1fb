"""Where a posting comes from says whether it is money received, whatever its voucher type."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.receivables.shared import PaymentKey
from connectors.receivables.source import LeftOut, SourcePayment
from connectors.visma_ledger import Reading, read_payment


def row(origin: int | None, *, amount: str = "-400.00", voucher_type: int = 1) -> dict[str, Any]:
    return {
        "voucherJournalNo": 7,
        "auditNo": 1,
        "customerNo": 10001,
        "voucherNo": 9001,
        "voucherType": voucher_type,
        "voucherDate": 20260201,
        "invoiceNo": "50013",
        "amountDomestic": Decimal(amount),
        "amountInCurrency": Decimal(amount),
        "extensions": {} if origin is None else {"origin": origin},
    }


class TestTheOriginOfARow:
    @pytest.mark.parametrize("voucher_type", [1, 3, 9, 39])
    @pytest.mark.parametrize(
        ("origin", "why"),
        [
            (4, "reminder"),
            (5, "interest_note"),
            (15, "compression"),
            (17, "difference"),
            (21, "write_off"),
            (30, "currency_correction"),
        ],
    )
    def test_that_moves_no_money_leaves_it_out_whatever_its_voucher_type(
        self, origin, why, voucher_type
    ):
        found = read_payment(row(origin, voucher_type=voucher_type), reading=Reading())

        assert found == LeftOut(PaymentKey(7, 1), Decimal("400.00"), why)

    def test_of_a_reversed_write_off_leaves_it_out_too(self):
        found = read_payment(row(21, amount="400.00"), reading=Reading())

        assert found == LeftOut(PaymentKey(7, 1), Decimal("-400.00"), "write_off")

    @pytest.mark.parametrize("origin", [None, 0, 1, 2, 8, 10, 12, 22, 31, 77])
    def test_of_money_or_that_says_nothing_leaves_it_to_the_voucher_type(self, origin):
        found = read_payment(row(origin), reading=Reading())

        assert isinstance(found, SourcePayment)
        assert (found.amount, found.paid_on, found.unknown_outcome) == (
            Decimal("400.00"),
            date(2026, 2, 1),
            "",
        )

    @pytest.mark.parametrize(
        ("origin", "why"), [(9, "order_processing"), (28, "debt_collection"), (29, "split_entry")]
    )
    def test_that_may_be_money_leaves_it_to_a_person(self, origin, why):
        found = read_payment(row(origin), reading=Reading())

        assert isinstance(found, SourcePayment)
        assert found.unknown_outcome == why
