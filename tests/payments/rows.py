"""Rows of payments for tests."""

import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.test import Client

from accounts.models import Connection
from accounts.operations import connecting
from organisations.models import Membership, Organisation
from organisations.rules import ORGANISATION
from payments.models import Customer, Integration, Invoice, InvoiceClient, Payment
from payments.rights import BUSINESS, PAYMENTS_IMPORT, PAYMENTS_OVERVIEW
from payments.rules import kid as kids
from sandbox import receivables_story as story
from tests import factories

NOW = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)
START = date(2026, 1, 1)
_numbers = itertools.count(1)
ALL_RIGHTS = dict.fromkeys((BUSINESS, PAYMENTS_OVERVIEW, PAYMENTS_IMPORT, ORGANISATION), "write")


def member(of: Organisation | None = None, *rights: str) -> Membership:
    """Make a member with those rights, or with all that payments need."""
    given = dict.fromkeys(rights, "write") if rights else ALL_RIGHTS
    return factories.member(of, given)


def signed_in(person: Membership) -> Client:
    browser = Client()
    browser.force_login(person.user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    return browser


def activate(of: Organisation, **more: Any) -> Integration:
    """Activate the integration of an organisation."""
    values = {"activated_at": NOW, "fetch_from": START, "mirrors_blocks": True} | more
    found, _new = Integration.objects.update_or_create(organisation=of, defaults=values)
    return found


def account(of: Organisation, vendor: str, **more: Any) -> Connection:
    """Make an authorised account of a service at a vendor."""
    values = {"vendor": vendor, "kind": Connection.Kind.SERVICE} | more
    return factories.connection(of, **values)


def client_of(of: Organisation | None = None, **more: Any) -> InvoiceClient:
    """Make an invoice client; without more it has neither source nor target."""
    number = next(_numbers)
    of = of or factories.organisation()
    values = {
        "number": str(number),
        "name": f"Client {number}",
        "organisation_number": "999999999",
        "currency": "NOK",
        "voucher_types": [21],
        "clearing_account": "1940",
    } | more
    return InvoiceClient.objects.create(organisation=of, **values)


def client_between_stand_ins(
    by: Membership, one: story.Client, *, work: Callable[[], object]
) -> InvoiceClient:
    """
    Make a client of the story, its accounts at both stand-ins authorised by a worker.

    :param work: lets the worker do what is due
    """

    def account(vendor: str, *, tenant_id: str = "", own_key: str = "") -> Connection:
        made = connecting.create_connection(
            organisation=by.organisation,
            vendor=vendor,
            kind=Connection.Kind.SERVICE,
            name=vendor,
            tenant_id=tenant_id,
            by=by.user,
        )
        Connection.objects.filter(pk=made.pk).update(own_key=own_key)
        background_request = connecting.authorise_service(connection=made, by=by.user)
        work()
        background_request.refresh_from_db()
        assert background_request.failure_code == "", background_request.failure_detail
        made.refresh_from_db()
        assert made.is_authorised
        return made

    return client_of(
        by.organisation,
        organisation_number=one.organisation_number,
        voucher_types=sorted(story.PAYMENT_TYPES),
        clearing_account="1579",
        source=account("businessnxt", tenant_id=str(one.company_no)),
        target=account("powerofficego", own_key=one.client_key),
    )


def customer(client: InvoiceClient, number: str = "10001", **more: Any) -> Customer:
    values = {"name": f"Customer {number}", "target_number": number} | more
    return Customer.objects.create(
        organisation=client.organisation, client=client, number=number, **values
    )


def invoice(
    client: InvoiceClient, number: str = "", amount: str = "1000.00", **more: Any
) -> Invoice:
    number = number or str(5000 + next(_numbers))
    if "customer" not in more:
        more["customer"] = Customer.objects.filter(
            client=client, number="10001"
        ).first() or customer(client)
    values = {
        "issued_on": date(2026, 1, 15),
        "due_on": date(2026, 2, 14),
        "currency": client.currency,
        "amount": Decimal(amount),
        "posted_amount": Decimal(amount),
        "kid": "",
    } | more
    values["kid_key"] = kids.key_of(values["kid"])
    return Invoice.objects.create(
        organisation=client.organisation, client=client, number=number, **values
    )


def payment(client: InvoiceClient, **more: Any) -> Payment:
    number = next(_numbers)
    amount = more.pop("amount", "1000.00")
    if isinstance(amount, str):
        amount = Decimal(amount)
    values = {
        "journal_number": number,
        "audit_number": 1,
        "customer_number": "10001",
        "voucher_number": 1000 + number,
        "voucher_type": 21,
        "paid_on": date(2026, 2, 1),
        "amount": amount,
        "amount_in_currency": amount,
        "currency": client.currency,
    } | more
    return Payment.objects.create(organisation=client.organisation, client=client, **values)
