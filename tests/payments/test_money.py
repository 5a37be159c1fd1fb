"""Amounts add up exactly on every database."""

from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Q, Sum

from payments.models import Payment
from payments.models.money import amount_of, stored, total_of
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


class TestTotal:
    def test_is_exact_and_a_decimal_also_of_a_choice(self):
        client = client_of()
        for number, amount in enumerate(("99999999999.99", "-0.02", "-99999999999.98")):
            payment(client, journal_number=number, amount=amount)

        found = Payment.objects.aggregate(
            all=total_of("amount"),
            chosen=total_of("amount", filter=Q(amount__lt=0, journal_number__gt=1)),
            none=total_of("amount", filter=Q(amount=5)),
        )

        assert found == {
            "all": Decimal("-0.01"),
            "chosen": Decimal("-99999999999.98"),
            "none": None,
        }

    def test_can_be_reckoned_with(self):
        client = client_of()
        payment(client, journal_number=1, amount="12345678901.55")

        (found,) = client.payments.values("client_id").annotate(
            rest=total_of("amount") - total_of("amount")
        )

        assert found["rest"] == 0

    def test_of_more_than_64_bits_breaks_nothing(self):
        client = client_of()
        for number in range(2):
            payment(client, journal_number=number, amount="1.00")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE payments_payment SET amount = 9000000000000000000")

        total = Payment.objects.aggregate(total=total_of("amount"))["total"]

        assert total == Decimal("1800000000000000.00")

    @pytest.mark.parametrize("amount", ["922337203685477.5808", "1e400", "NaN"])
    def test_is_not_stored_beyond_64_bits(self, amount):
        with pytest.raises((ValueError, ArithmeticError)):
            stored(Decimal(amount))
