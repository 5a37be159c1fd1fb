"""Amounts add up exactly on every database."""

from decimal import Decimal

import pytest
from django.db.models import Sum

from payments.models import Payment
from payments.models.money import amount_of, stored
from tests.payments.rows import client_of, payment

pytestmark = pytest.mark.django_db


class TestStoring:
    @pytest.mark.parametrize("text", ["0.00", "0.01", "-12345678901.99", "1.2345"])
    def test_comes_back_as_it_was(self, text):
        assert str(amount_of(stored(Decimal(text)))) == text

    def test_refuses_to_round(self):
        with pytest.raises(ValueError, match="decimals"):
            stored(Decimal("0.00001"))

    def test_refuses_a_float(self):
        with pytest.raises(TypeError):
            payment(client_of(), amount=0.1)


class TestSum:
    def test_is_exact_and_a_decimal(self):
        client = client_of()
        for number in range(10):
            payment(client, journal_number=number, amount="0.10")

        assert Payment.objects.aggregate(total=Sum("amount"))["total"] == Decimal("1.00")
