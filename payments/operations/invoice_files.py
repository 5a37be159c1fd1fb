"""Invoices out of a file, for clients whose invoices are not in PowerOffice Go."""

from datetime import datetime

from django.db import transaction

from audit import trail
from connectors.bounds import as_text
from connectors.receivables.target import TargetInvoice
from organisations.models import User
from payments.models import Invoice, InvoiceClient
from payments.operations import matching, storing_invoices
from payments.operations.rights import check_active, check_right
from payments.rules.invoice_file import InvoiceFile, read, write
from payments.rules.invoice_rows import InvoiceRow

MOST_ROWS = 50_000
LARGEST_FILE = 20_000_000


def take(
    *, client: InvoiceClient, name: str, content: bytes, by: User, now: datetime
) -> InvoiceFile:
    """
    Store the invoices of a file: all of them, or none if it has a problem.

    An invoice that is there already is written again; what was paid on it stays.
    """
    check_right(client.organisation, by)
    check_active(client.organisation)
    name = as_text(name)
    found = read(content, name=name, currency=client.currency, most_rows=MOST_ROWS)
    if found.problems:
        return found
    with transaction.atomic():
        for some in matching.portions(found.invoices):
            storing_invoices.store_invoices(client, [_as_target(one) for one in some], now=now)
        matching.apply_credit_notes(client, run=None, now=now)
        trail.record(
            organisation=client.organisation,
            action="invoices.imported",
            subject=client,
            user=by,
            details={"file": name[:100], "invoices": len(found.invoices)},
        )
    return found


def _as_target(one: InvoiceRow) -> TargetInvoice:
    return TargetInvoice(
        id="",
        number=one.number,
        customer_number=one.customer_number,
        customer_name=one.customer_name,
        issued_on=one.issued_on,
        due_on=one.due_on,
        amount=one.amount,
        currency=one.currency,
        posted_amount=one.posted_amount,
        kid=one.kid,
        is_credit_note=one.is_credit_note,
        credits_number=one.credits_number,
    )


def as_csv(client: InvoiceClient) -> bytes:
    """Return the client's invoices in the hub's own format, which `take` reads back."""
    rows = Invoice.objects.filter(client=client).select_related("customer").order_by("pk")
    return write(
        InvoiceRow(
            line=0,
            number=one.number,
            customer_number=one.customer.target_number or one.customer.number
            if one.customer
            else "",
            customer_name=one.customer.name if one.customer else "",
            issued_on=one.issued_on,
            due_on=one.due_on,
            amount=one.amount,
            currency=one.currency,
            posted_amount=one.posted_amount,
            kid=one.kid,
            credits_number=one.credits_number,
        )
        for one in rows.iterator(chunk_size=2000)
    )
