"""Customers and invoices as they were read: a fixed number of statements for any number."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from connectors.base import ZERO
from connectors.receivables.source import SourceCustomer
from connectors.receivables.target import TargetCustomer, TargetInvoice
from payments.models import Customer, Invoice, InvoiceClient
from payments.operations.matching import portions
from payments.rules import kid as kids


def store_target_customers(client: InvoiceClient, customers: Sequence[TargetCustomer]) -> None:
    """Write customers of the target; `external_number` is the source's number where they differ."""
    Customer.objects.bulk_create(
        (
            Customer(
                organisation_id=client.organisation_id,
                client=client,
                number=(one.external_number or one.number)[:30],
                name=one.name[:200],
                organisation_number=one.organisation_number[:30],
                target_number=one.number[:30],
            )
            for one in {(c.external_number or c.number): c for c in customers}.values()
        ),
        update_conflicts=True,
        unique_fields=["client", "number"],
        update_fields=["target_number"],
    )


def store_source_customers(client: InvoiceClient, customers: Sequence[SourceCustomer]) -> None:
    """Write customers of the source; what it says of their credit is `blocking`'s to write."""
    Customer.objects.bulk_create(
        (
            Customer(
                organisation_id=client.organisation_id,
                client=client,
                number=str(number),
                name=one.name[:200],
                organisation_number=one.organisation_number[:30],
            )
            for number, one in {c.number: c for c in customers}.items()
        ),
        update_conflicts=True,
        unique_fields=["client", "number"],
        update_fields=["name", "organisation_number"],
    )


def store_invoices(
    client: InvoiceClient, invoices: Sequence[TargetInvoice], *, now: datetime
) -> int:
    """Write invoices and credit notes as the target, or a file, gives them; return how many."""
    if not invoices:
        return 0
    customers = _customers_for(client, invoices)
    rows = {
        one.number: Invoice(
            organisation_id=client.organisation_id,
            client=client,
            customer_id=customers.get(one.customer_number),
            number=one.number[:40],
            kid=kids.tidy(one.kid)[:30],
            kid_key=kids.key_of(one.kid)[:30],
            issued_on=one.issued_on,
            due_on=one.due_on,
            currency=one.currency or client.currency,
            # What was nulled there by a counter-voucher is worth nothing here either.
            amount=ZERO if one.is_reversed else one.amount,
            posted_amount=ZERO if one.is_reversed else _posted(client, one),
            is_credit_note=one.is_credit_note,
            credits_number=one.credits_number[:40],
            target_id=one.id[:60],
            target_balance=one.balance,
            seen_at=now,
        )
        for one in invoices
        if one.number
    }
    Invoice.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["client", "number"],
        update_fields=[
            "customer",
            "kid",
            "kid_key",
            "issued_on",
            "due_on",
            "currency",
            "amount",
            "posted_amount",
            "is_credit_note",
            "credits_number",
            "target_id",
            "target_balance",
            "seen_at",
        ],
    )
    return len(rows)


def _posted(client: InvoiceClient, one: TargetInvoice) -> Decimal | None:
    if one.posted_amount is not None:
        return one.posted_amount
    return one.amount if (one.currency or client.currency) == client.currency else None


def _customers_for(client: InvoiceClient, invoices: Sequence[TargetInvoice]) -> dict[str, int]:
    """Return the customers of invoices by the target's number; unknown ones are made."""
    names = {one.customer_number: one.customer_name for one in invoices if one.customer_number}

    def known() -> dict[str, int]:
        found: dict[str, int] = {}
        for some in portions(names):
            rows = Customer.objects.filter(client=client, target_number__in=some)
            found |= dict(rows.values_list("target_number", "pk"))
        return found

    found = known()
    missing = [number for number in names if number not in found]
    if missing:
        Customer.objects.bulk_create(
            (
                Customer(
                    organisation_id=client.organisation_id,
                    client=client,
                    number=number[:30],
                    name=names[number][:200],
                    target_number=number[:30],
                )
                for number in missing
            ),
            update_conflicts=True,
            unique_fields=["client", "number"],
            update_fields=["target_number"],
        )
        found = known()
    return found
