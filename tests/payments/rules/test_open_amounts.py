"""What is open on an invoice, from its events."""

from decimal import Decimal

import pytest

from payments.rules.open_amounts import InvoiceState as S
from payments.rules.open_amounts import Settled, open_amount, state_of


@pytest.mark.parametrize(
    ("amount", "paid", "returned", "credited", "left", "state"),
    [
        ("1000", "0", "0", "0", "1000", S.OPEN),
        ("1000", "400", "0", "0", "600", S.PART),
        ("1000", "1000", "0", "0", "0", S.PAID),
        ("1000", "1200", "0", "0", "-200", S.OVER),
        ("1000", "0", "0", "1000", "0", S.CREDITED),
        ("1000", "700", "0", "300", "0", S.PAID),
        ("1000", "0", "0", "300", "700", S.PART),
        ("1000", "1000", "-1000", "0", "1000", S.RETURNED),
        ("1000", "1000", "-400", "0", "400", S.PART),
        ("1000", "700", "-700", "300", "700", S.RETURNED),
        ("-300", "0", "0", "0", "-300", S.OPEN),
        ("-300", "0", "0", "-100", "-200", S.PART),
        ("-300", "0", "0", "-300", "0", S.CREDITED),
        ("-300", "0", "-300", "0", "0", S.PAID),
        ("-300", "0", "-100", "-200", "0", S.CREDITED),
    ],
)
def test_an_invoice_by_its_events(amount, paid, returned, credited, left, state):
    settled = Settled(paid=Decimal(paid), returned=Decimal(returned), credited=Decimal(credited))

    assert open_amount(amount=Decimal(amount), settled=settled) == Decimal(left)
    assert state_of(amount=Decimal(amount), settled=settled) is state


@pytest.mark.parametrize(
    ("paid", "returned", "rounded", "left", "state"),
    [
        ("999.60", "0", "0.40", "0", S.PAID),
        ("1000.40", "0", "-0.40", "0", S.PAID),
        ("999.60", "-999.60", "0", "1000", S.RETURNED),
    ],
)
def test_an_invoice_with_a_rounding_difference(paid, returned, rounded, left, state):
    settled = Settled(paid=Decimal(paid), returned=Decimal(returned), rounded=Decimal(rounded))

    assert open_amount(amount=Decimal(1000), settled=settled) == Decimal(left)
    assert state_of(amount=Decimal(1000), settled=settled) is state
