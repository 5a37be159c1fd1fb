"""
The database takes no payment and no event that names a row which is not there.

SQLite has foreign keys for it; PostgreSQL has triggers that look once for a page (migrations 0004
and 0006).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, OperationalError, connection, transaction

from organisations.models import User
from payments.models import FetchRun, Invoice, InvoiceClient, Payment, Settlement
from tests import factories
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


@pytest.mark.parametrize("key", ["credit_note_id", "undoes_id", "made_by_id"])
def test_an_event_names_what_is_there_also_where_few_do(key):
    client = client_of()
    names = {"invoice_id": invoice(client).pk, key: NOBODY}
    if key != "credit_note_id":
        names["payment_id"] = payment(client).pk

    with refused():
        event(client, **names)


@pytest.mark.parametrize("model", [InvoiceClient, FetchRun, Invoice, Payment, User])
def test_what_is_named_stays(model):
    client = client_of()
    run = run_of(client)
    paid = payment(client, first_run=run)
    who = factories.user()
    event(
        client, invoice_id=invoice(client).pk, payment_id=paid.pk, run_id=run.pk, made_by_id=who.pk
    )

    with refused():
        model.objects.filter(pk=model.objects.get().pk)._raw_delete("default")


def test_a_credit_note_stays_while_it_is_set_off():
    client = client_of()
    note = invoice(client, number="2")
    event(client, invoice_id=invoice(client).pk, credit_note_id=note.pk)

    with refused():
        Invoice.objects.filter(pk=note.pk)._raw_delete("default")


def test_an_event_stays_while_its_mirror_does():
    client = client_of()
    there = {"invoice_id": invoice(client).pk, "payment_id": payment(client).pk}
    undone = event(client, **there)
    event(client, undoes_id=undone.pk, **there)

    with refused():
        Settlement.objects.filter(pk=undone.pk)._raw_delete("default")


def test_a_payment_is_on_an_invoice_once_in_a_round():
    client = client_of()
    there = {"invoice_id": invoice(client).pk, "payment_id": payment(client).pk}
    event(client, **there)

    with refused():
        event(client, **there)
    event(client, round=1, **there)


def test_an_event_is_undone_once():
    client = client_of()
    there = {"invoice_id": invoice(client).pk, "payment_id": payment(client).pk}
    undone = event(client, **there)
    event(client, undoes_id=undone.pk, **there)

    with refused():
        event(client, undoes_id=undone.pk, round=1, **there)


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

    def test_a_credit_note_is_of_the_client_of_its_event(self):
        client = client_of()

        with refused():
            event(client, invoice_id=invoice(client).pk, credit_note_id=invoice(client_of()).pk)

    def test_an_event_undoes_one_of_its_own_client(self):
        client, stranger = client_of(), client_of()
        undone = event(stranger, invoice_id=invoice(stranger).pk, payment_id=payment(stranger).pk)

        with refused():
            event(
                client,
                invoice_id=invoice(client).pk,
                payment_id=payment(client).pk,
                undoes_id=undone.pk,
            )

    def test_an_event_is_of_the_organisation_of_its_client(self):
        client = client_of()
        there = {"invoice_id": invoice(client).pk, "payment_id": payment(client).pk}

        with refused():
            event(client, organisation_id=client_of().organisation_id, **there)

    @pytest.mark.parametrize("model", [Invoice, Payment])
    def test_what_an_event_names_keeps_its_client(self, model):
        client = client_of()
        event(client, invoice_id=invoice(client).pk, payment_id=payment(client).pk)

        with refused():
            model.objects.update(client=client_of())

    def test_a_client_keeps_its_organisation_while_it_has_payments(self):
        client = client_of()
        payment(client)

        with refused():
            InvoiceClient.objects.filter(pk=client.pk).update(organisation=client_of().organisation)


@contextmanager
def other_connection() -> Iterator[Any]:
    """Yield a cursor of somebody else, who waits for no lock."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SET lock_timeout TO '100ms'")
            yield cursor
    finally:
        other.close()


@only_postgresql
@pytest.mark.django_db(transaction=True)
class TestWhileAPageIsWritten:
    def test_a_run_that_it_names_is_held(self):
        client = client_of()
        run = run_of(client)

        with other_connection() as other:
            with transaction.atomic():
                payment(client, first_run=run)
                with pytest.raises(OperationalError, match="lock timeout"):
                    other.execute("DELETE FROM payments_fetchrun")
            with pytest.raises(IntegrityError, match="still named"):
                other.execute("DELETE FROM payments_fetchrun")

    @pytest.mark.parametrize(
        "words",
        [
            "DELETE FROM payments_invoice",
            "DELETE FROM payments_payment",
            "UPDATE payments_invoice SET id = id + 1",
            "UPDATE payments_payment SET id = id + 1",
        ],
    )
    def test_what_its_events_name_is_held(self, words):
        client = client_of()
        there = {"invoice_id": invoice(client).pk, "payment_id": payment(client).pk}

        with other_connection() as other:
            with transaction.atomic():
                event(client, **there)
                with pytest.raises(OperationalError, match="lock timeout"):
                    other.execute(words)
            with pytest.raises(IntegrityError, match="still named"):
                other.execute(words)

    def test_an_event_that_is_undone_is_held(self):
        client = client_of()
        there = {"invoice_id": invoice(client).pk, "payment_id": payment(client).pk}
        undone = event(client, **there)

        with other_connection() as other, transaction.atomic():
            event(client, undoes_id=undone.pk, **there)
            with pytest.raises(OperationalError, match="lock timeout"):
                other.execute("DELETE FROM payments_settlement WHERE undoes_id IS NULL")

    def test_its_events_wait_for_whoever_deletes_what_they_name(self):
        client = client_of()
        there = {"invoice_id": invoice(client).pk, "payment_id": payment(client).pk}

        with other_connection() as other:
            other.execute("BEGIN")
            other.execute("DELETE FROM payments_invoice")
            with connection.cursor() as mine:
                mine.execute("SET lock_timeout TO '100ms'")
                with pytest.raises(OperationalError, match="lock timeout"):
                    event(client, **there)
                mine.execute("RESET lock_timeout")
            other.execute("COMMIT")
        with refused():
            event(client, **there)

    def test_its_events_are_not_written_from_an_older_picture(self):
        client = client_of()
        there = {"invoice_id": invoice(client).pk, "payment_id": payment(client).pk}

        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            with pytest.raises(InternalError, match="READ COMMITTED only"), transaction.atomic():
                event(client, **there)
