"""Many new rows at once: what stands in the database is what `bulk_create` would have written."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from payments.models import Payment, Registration, Settlement, bulk
from tests.payments.rows import client_of, payment

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 4, 8, 9, 0, 30, 123456, tzinfo=UTC)
NAMES = ("journal_number", "audit_number", "amount", "text", "value_on", "mark_at")
ODD = ['a "quoted", text', "two\nlines", "\\N", "\\.", " blank ", "tab\tæøå €", "NULL", ""]


def insert(client, rows):
    return bulk.insert(
        Payment,
        NAMES,
        rows,
        number=len(rows),
        organisation_id=client.organisation_id,
        client_id=client.pk,
        customer_number="10001",
        voucher_number=1,
        voucher_type=3,
        paid_on=date(2026, 2, 1),
        amount_in_currency=Decimal("1.00"),
        created_at=NOW,
    )


class TestInsert:
    def test_returns_the_keys_of_the_rows_in_their_order(self):
        client = client_of()

        keys = insert(client, [(1, n, Decimal(n), "", None, None) for n in (3, 1, 2)])

        found = [Payment.objects.get(pk=key).audit_number for key in keys]
        assert found == [3, 1, 2]

    def test_keeps_every_character_of_a_text(self):
        client = client_of()

        keys = insert(client, [(1, n, Decimal(1), text, None, None) for n, text in enumerate(ODD)])

        assert [Payment.objects.get(pk=key).text for key in keys] == ODD

    def test_keeps_amounts_dates_times_and_what_is_empty(self):
        client = client_of()
        day = date(2026, 2, 3)

        keys = insert(
            client,
            [(1, 1, Decimal("-0.0001"), "", day, NOW), (1, 2, Decimal("9.90"), "", None, None)],
        )

        first, second = (Payment.objects.get(pk=key) for key in keys)
        assert (first.amount, first.value_on, first.mark_at) == (Decimal("-0.0001"), day, NOW)
        assert (second.amount, second.value_on, second.mark_at) == (Decimal("9.90"), None, None)

    def test_fills_in_the_defaults_of_what_is_not_given(self):
        client = client_of()

        (key,) = insert(client, [(1, 1, Decimal(1), "", None, None)])

        row = Payment.objects.get(pk=key)
        assert (row.kid, row.mark, row.vanished_at, row.first_run_id) == ("", "", None, None)

    def test_leaves_the_next_key_to_whoever_comes_next(self):
        client = client_of()

        (key,) = insert(client, [(1, 1, Decimal(1), "", None, None)])
        next_one = payment(client)
        (last,) = insert(client, [(9, 9, Decimal(1), "", None, None)])

        assert key < next_one.pk < last

    def test_lets_the_database_refuse_a_second_row_of_the_same_payment(self):
        client = client_of()
        insert(client, [(1, 1, Decimal(1), "", None, None)])

        with pytest.raises(IntegrityError), transaction.atomic():
            insert(client, [(2, 1, Decimal(1), "", None, None), (1, 1, Decimal(1), "", None, None)])

        assert Payment.objects.filter(client=client).count() == 1

    def test_refuses_an_amount_that_is_a_float(self):
        with pytest.raises(TypeError, match="never a float"):
            insert(client_of(), [(1, 1, 1.5, "", None, None)])

    @pytest.mark.parametrize("number", [1, 3])
    def test_refuses_more_or_fewer_rows_than_were_announced(self, number):
        rows = iter([(1, 1), (1, 2)])

        with pytest.raises(ValueError), transaction.atomic():
            bulk.insert(Payment, ("journal_number", "audit_number"), rows, number=number)

        assert not Payment.objects.exists()

    def test_refuses_a_column_that_the_model_does_not_have(self):
        with pytest.raises(TypeError, match="has no colour"):
            bulk.insert(Payment, ("colour",), [("red",)], number=1)

    @pytest.mark.parametrize("model", [Payment, Settlement, Registration])
    def test_can_write_every_column_of_what_it_is_used_for(self, model):
        assert bulk.insert(model, (), [], number=0) == []


@pytest.mark.django_db(transaction=True)
def test_refuses_to_write_outside_a_transaction():
    assert not connection.in_atomic_block

    with pytest.raises(TypeError, match="within a transaction"):
        bulk.insert(Payment, (), [], number=0)
