"""
The database takes no payment and no event that names a row which is not there.

SQLite has foreign keys for it; PostgreSQL has triggers that look once for a page (migration 0004).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from payments.models import FetchRun, Invoice, InvoiceClient, Payment, Settlement
from tests.payments.rows import client_of, invoice, payment

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)
NOBODY = 10**9
only_postgresql = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="SQLite's foreign keys are those of one column"
)


def run_of(client: InvoiceClient) -> FetchRun:
    return FetchRun.objects.create(organisation=client.organisation, client=client)


def event(client: InvoiceClient, **more: Any) -> Settlement:
    values = {"organisation_id": client.organisation_id, "client_id": client.pk} | more
    return Settlement.objects.create(amount=Decimal("1.00"), rule="kid", made_at=NOW, **values)


@contextmanager
def refused() -> Iterator[None]:
    """Expect that the database refuses what is done within, at once or when it is committed."""
    with pytest.raises(IntegrityError), transaction.atomic():  # noqa: PT012
        yield
        connection.check_constraints()


@pytest.mark.parametrize("key", ["organisation_id", "client_id", "first_run_id"])
def test_a_payment_names_what_is_there(key):
    client = client_of()
    names = {"organisation_id": client.organisation_id, "client_id": client.pk} | {key: NOBODY}
    with refused():
        row = payment(client)
        Payment.objects.filter(pk=row.pk).update(**names)
    with refused():
        row = payment(client)
        Payment.objects.filter(pk=row.pk).delete()
        for name, value in names.items():
            setattr(row, name, value)
        Payment.objects.bulk_create([row])


@pytest.mark.parametrize(
    "key", ["organisation_id", "client_id", "run_id", "invoice_id", "payment_id"]
)
def test_an_event_names_what_is_there(key):
    client = client_of()
    there = {"invoice_id": invoice(client).pk, "payment_id": payment(client).pk}

    with refused():
        event(client, **there | {key: NOBODY})

    stored = event(client, run_id=run_of(client).pk, **there)
    with refused():
        Settlement.objects.filter(pk=stored.pk).update(**{key: NOBODY})


@pytest.mark.parametrize("model", [InvoiceClient, FetchRun, Invoice, Payment])
def test_what_is_named_stays(model):
    client = client_of()
    run = run_of(client)
    paid = payment(client, first_run=run)
    event(client, invoice_id=invoice(client).pk, payment_id=paid.pk, run_id=run.pk)

    with refused():
        model.objects.filter(pk=model.objects.get().pk)._raw_delete("default")


def test_a_client_goes_with_the_payments_that_it_has():
    client = client_of()
    payment(client, first_run=run_of(client))

    with transaction.atomic():
        client.delete()
        connection.check_constraints()

    assert not Payment.objects.exists()


def test_a_run_goes_and_leaves_what_it_found():
    client = client_of()
    run = run_of(client)
    paid = payment(client, first_run=run)

    with transaction.atomic():
        run.delete()
        connection.check_constraints()

    paid.refresh_from_db()
    assert paid.first_run_id is None


@only_postgresql
class TestOnPostgresql:
    def test_a_payment_is_of_the_organisation_of_its_client(self):
        row = payment(client_of())

        with refused():
            Payment.objects.filter(pk=row.pk).update(organisation=client_of().organisation)

    @pytest.mark.parametrize("other", ["invoice", "payment"])
    def test_an_event_is_of_the_client_of_its_invoice_and_payment(self, other):
        client, stranger = client_of(), client_of()
        rows = {"invoice": invoice(client), "payment": payment(client)}
        rows[other] = invoice(stranger) if other == "invoice" else payment(stranger)

        with refused():
            event(client, **{f"{name}_id": row.pk for name, row in rows.items()})

    def test_a_client_keeps_its_organisation_while_it_has_payments(self):
        client = client_of()
        payment(client)

        with refused():
            InvoiceClient.objects.filter(pk=client.pk).update(organisation=client_of().organisation)


@only_postgresql
@pytest.mark.django_db(transaction=True)
def test_what_a_page_names_is_held_until_the_page_is_committed():
    client = client_of()
    run = run_of(client)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SET lock_timeout TO '100ms'")
            with transaction.atomic():
                payment(client, first_run=run)
                with pytest.raises(OperationalError, match="lock timeout"):
                    cursor.execute("DELETE FROM payments_fetchrun")
            with pytest.raises(IntegrityError, match="still named"):
                cursor.execute("DELETE FROM payments_fetchrun")
    finally:
        other.close()
