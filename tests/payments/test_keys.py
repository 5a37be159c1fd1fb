"""The database takes no payment and no event that names a row which is not there."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from organisations.models import User
from payments.models import FetchRun, Invoice, InvoiceClient, Payment, Settlement
from tests import factories
from tests.payments.rows import client_of, invoice, payment

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)
NOBODY = 10**9


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
