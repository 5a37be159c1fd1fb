"""
The invoices that a page of payments names, with what is settled on them: one statement.

Each is looked up by itself, in the index. The planner of PostgreSQL would rather read all invoices
of the client for each page: without statistics always, with them up to some hundred thousand
invoices. That was a third of the server's time for a page, and grew with the client.
"""

import json
from collections.abc import Collection
from decimal import Decimal
from typing import Literal, NamedTuple

from django.db import connection

from connectors.base import ZERO
from payments.models.clients import InvoiceClient
from payments.models.lists import array_of
from payments.models.money import amount_of

# ruff: noqa: S608 (the column is one of two, both ours)
_COLUMNS = """
    SELECT invoice.id, invoice.number, invoice.kid, customer.number, invoice.currency,
        invoice.posted_amount, invoice.is_credit_note,
        CASE WHEN invoice.is_credit_note THEN (
            SELECT sum(amount) FROM payments_settlement WHERE credit_note_id = invoice.id
        ) END,"""
# OFFSET 0: what is within is not taken apart and joined in another order. The last condition is
# that of the index of KIDs.
_POSTGRESQL = f"""{_COLUMNS} settled.total, settled.paid
    FROM unnest(%s::text[]) AS wanted(word)
    CROSS JOIN LATERAL (
        SELECT * FROM payments_invoice
        WHERE client_id = %s AND {{column}} = wanted.word AND NOT {{column}} = '' OFFSET 0
    ) AS invoice
    CROSS JOIN LATERAL (
        SELECT sum(amount) AS total, sum(amount) FILTER (WHERE payment_id IS NOT NULL) AS paid
        FROM payments_settlement WHERE invoice_id = invoice.id
    ) AS settled
    LEFT JOIN payments_customer AS customer ON customer.id = invoice.customer_id
"""
# SQLite has no LATERAL, and joins in the order that a CROSS JOIN gives.
_SQLITE = f"""{_COLUMNS}
        (SELECT sum(amount) FROM payments_settlement WHERE invoice_id = invoice.id),
        (SELECT sum(amount) FROM payments_settlement
            WHERE invoice_id = invoice.id AND payment_id IS NOT NULL)
    FROM json_each(%s) AS wanted
    CROSS JOIN payments_invoice AS invoice
        ON invoice.client_id = %s AND invoice.{{column}} = wanted.value
        AND NOT invoice.{{column}} = ''
    LEFT JOIN payments_customer AS customer ON customer.id = invoice.customer_id
"""


class OpenInvoice(NamedTuple):
    """
    An invoice and the sums of its events.

    :param posted: in the client's own currency; None where nobody said
    :param used: of a credit note, what was set off of it
    :param settled: by payments and credit notes
    :param paid: by payments alone
    """

    id: int
    number: str
    kid: str
    customer: str
    currency: str
    posted: Decimal | None
    is_credit_note: bool
    used: Decimal
    settled: Decimal
    paid: Decimal


def open_invoices(
    client: InvoiceClient, *, by: Literal["number", "kid_key"], among: Collection[str]
) -> list[OpenInvoice]:
    """Return the client's invoices whose number, or key of the KID, is one of those."""
    if not among:
        return []
    words = sorted(among)  # neighbours in the index
    if connection.vendor == "postgresql":
        sql, listed = _POSTGRESQL, array_of(words)
    else:
        sql, listed = _SQLITE, json.dumps(words)
    with connection.cursor() as cursor:
        cursor.execute(sql.format(column=by), [listed, client.pk])
        rows = cursor.fetchall()
    return [
        OpenInvoice(
            pk,
            number,
            kid,
            customer or "",
            currency,
            None if posted is None else amount_of(posted),
            bool(is_credit_note),
            amount_of(used) if used else ZERO,
            amount_of(settled) if settled else ZERO,
            amount_of(paid) if paid else ZERO,
        )
        for pk, number, kid, customer, currency, posted, is_credit_note, used, settled, paid in rows
    ]
