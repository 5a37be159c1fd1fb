"""Invoices, customers and invoice clients, found by number, KID or name."""

from django.db.models import Q
from django.urls import reverse

from organisations.finding import Found
from organisations.models import Organisation
from payments.models import Customer, Invoice, InvoiceClient


def invoices(organisation: Organisation, text: str, most: int) -> list[Found]:
    """Return the newest invoices of exactly that number or KID."""
    named = Invoice.objects.of(organisation).filter(Q(number=text) | Q(kid=text))
    rows = named.select_related("client", "customer").order_by("-issued_on", "-pk")[:most]
    return [
        Found(
            title=invoice.number,
            detail=f"{invoice.customer or '–'} · {invoice.client.name}",
            url=reverse("payments:invoice", args=[invoice.pk]),
        )
        for invoice in rows
    ]


def customers(organisation: Organisation, text: str, most: int) -> list[Found]:
    """Return the customers of that number, or with that in their name."""
    named = Customer.objects.of(organisation).filter(Q(number=text) | Q(name__icontains=text))
    return [
        Found(
            title=f"{customer.number} {customer.name}".strip(),
            detail=customer.client.name,
            url=reverse("payments:customer", args=[customer.pk]),
        )
        for customer in named.select_related("client").order_by("name", "pk")[:most]
    ]


def clients(organisation: Organisation, text: str, most: int) -> list[Found]:
    """Return the invoice clients of that number, or with that in their name."""
    named = InvoiceClient.objects.of(organisation).filter(Q(number=text) | Q(name__icontains=text))
    return [
        Found(
            title=f"{client.number} {client.name}",
            detail=client.organisation_number,
            url=reverse("payments:client", args=[client.pk]),
        )
        for client in named.order_by("name", "pk")[:most]
    ]
