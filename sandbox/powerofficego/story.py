"""What the clients of PowerOffice Go hold at the beginning, from the shared story."""

import re
import uuid
from decimal import Decimal
from typing import Any

from sandbox import receivables_story as shared
from sandbox.powerofficego.books import NAMESPACE, ClientLedger
from sandbox.powerofficego.clients import ClientLedgers

Json = dict[str, Any]

APPLICATION_KEY = "sandbox-application-key"
SUBSCRIPTION_KEY = "sandbox-subscription-key"
BEGAN = "2026-01-02T08:00:00+00:00"

# number, name, kind, control account of, dimension asked for
ACCOUNTS = (
    (1500, "Kundefordringer", "Asset", "customers"),
    (1579, "Avregning innbetalinger Visma", "Asset", ""),
    (1920, "Driftskonto", "Asset", ""),
    (1930, "Gammel konto", "Asset", "inactive"),
    (2400, "Leverandørgjeld", "Liability", "suppliers"),
    (2600, "Forskuddstrekk", "Liability", ""),
    (2770, "Skyldig arbeidsgiveravgift", "Liability", ""),
    (2930, "Skyldig lønn", "Liability", ""),
    (3000, "Salgsinntekt", "Income", ""),
    (5000, "Lønn til ansatte", "Expense", "department"),
    (5400, "Arbeidsgiveravgift", "Expense", ""),
    (7830, "Tap på fordringer", "Expense", ""),
    (8060, "Valutagevinst", "Income", ""),
    (8160, "Valutatap", "Expense", ""),
)
VATS = (
    ("0", "Ingen avgift", 0.0),
    ("3", "Utgående mva høy", 0.25),
    ("6", "Utenfor mva-loven", 0.0),
)
DEPARTMENTS = (("10", "Administrasjon"), ("20", "Drift"))

# client, customer (its number in Visma), code, name, parent, archived
PROJECTS: tuple[tuple[str, int | None, str, str, str, bool], ...] = (
    ("nordvik", 10001, "P100", "Brygge 3", "", False),
    # Sub-projects that inherit their customer: the API shows none on them.
    ("nordvik", None, "P100.1", "Brygge 3, prosjektering", "P100", False),
    ("nordvik", None, "P100.2", "Brygge 3, bygging", "P100", False),
    ("nordvik", None, "P100.2.1", "Brygge 3, garanti", "P100.2", False),
    ("nordvik", 10005, "P500", "Rettsbygget", "", False),
    ("nordvik", None, "P500.1", "Rettsbygget, vaktmester", "P500", False),
    ("nordvik", 10005, "P501", "Rettsbygget, avsluttet", "", True),
    ("nordvik", 10003, "P300", "Reisebyrå, drift", "", False),
    ("nordvik", None, "INTERN", "Internt", "", False),
    ("havglott", 10001, "H1", "Hotell, rehabilitering", "", False),
)


def cents(text: str) -> int:
    """
    Return an amount in the smallest unit.

    :raises ValueError: if it is no number, or has more than two decimals
    """
    if re.fullmatch(r"-?\d{1,16}(\.\d{1,2})?", text) is None:
        raise ValueError(f"{text} is no amount such as 100.00")
    return int(Decimal(text).scaleb(2))


def seed(books: ClientLedgers) -> None:
    """Put the clients of the story in place."""
    with books.store.writing():
        books.clear()
        for client in shared.CLIENTS:
            _projects(add_client(books, client))


def add_client(all_books: ClientLedgers, client: shared.Client) -> ClientLedger:
    """Add a client with the customers and invoices of its story; return its books."""
    books = all_books.add_client(_client(client))
    add_set_up(books)
    for customer in client.customers:
        add_customer(books, customer)
    for invoice in client.invoices:
        add_invoice(books, invoice)
    return books


def _client(client: shared.Client) -> Json:
    return {
        "key": client.key,
        "client_key": client.client_key,
        "client_id": str(uuid.uuid5(NAMESPACE, client.key)),
        "name": client.name,
        "organisation_number": client.organisation_number,
        "currency": shared.OWN_CURRENCY,
        "lock_date": "2026-06-30",
        "uses_cid": True,
        "last_voucher_no": 1000,
        "valid_privileges": [
            *("OutgoingInvoice", "CustomerLedger", "Customer_Full", "Project_Full"),
            *("BankVoucher_Full", "ManualVoucher_Full", "GeneralLedgerAccount"),
            *("ClientBankAccount", "CommonServices", "Department", "Location"),
            *("CustomDimension", "AccountTransaction", "YearEndVoucher_Full"),
        ],
        "invalid_privileges": [],
        "subscriptions": ["Accounting", "Invoicing", "Project"],
    }


def add_set_up(books: ClientLedger) -> None:
    """Add the chart of accounts, VAT codes and departments."""
    books.save_all(
        "account",
        [
            {
                "id": books.new_id(),
                "number": number,
                "name": name,
                "type": kind,
                "control": extra if extra in ("customers", "suppliers") else "",
                "needs_department": extra == "department",
                "active": extra != "inactive",
            }
            for number, name, kind, extra in ACCOUNTS
        ],
    )
    books.save_all(
        "vat",
        [
            {"id": books.new_id(), "code": code, "name": name, "rate": rate, "active": True}
            for code, name, rate in VATS
        ],
    )
    books.save_all(
        "dimension",
        [
            {"id": books.new_id(), "of": "department", "code": code, "name": name, "active": True}
            for code, name in DEPARTMENTS
        ],
    )


def add_customer(books: ClientLedger, customer: shared.Customer) -> Json:
    """Add a customer of the story."""
    external = None if customer.number_in_go == customer.number else customer.number
    return books.save(
        "customer",
        {
            "id": books.new_id(),
            "number": customer.number_in_go,
            "subledger_account_id": books.new_id(),
            "name": customer.name,
            "organisation_number": customer.organisation_number,
            "external_number": external,
            "changed_at": BEGAN,
        },
    )


def customer_of(books: ClientLedger, number: int) -> Json:
    """
    Return the customer by its number in Visma Business.

    :raises KeyError: if there is none
    """
    for customer in books.customers.values():
        if number == (customer["external_number"] or customer["number"]):
            return customer
    raise KeyError(f"{books.key} has no customer {number}")


def add_invoice(books: ClientLedger, invoice: shared.Invoice, customer: Json | None = None) -> Json:
    """Add an invoice or credit note; a credit note settles the invoice that it credits."""
    kind = "OutgoingCreditNote" if invoice.is_credit_note else "OutgoingInvoice"
    customer = customer or customer_of(books, invoice.customer_number)
    voucher = books.add_voucher(
        kind,
        day=invoice.issued_on,
        description=f"Faktura {invoice.number}",
        invoice_no=invoice.number,
        customer_id=customer["id"],
        credits_no=invoice.credits_number,
    )
    books.add_entry(
        voucher,
        customer["id"],
        cents(invoice.posted),
        posting_date=invoice.issued_on,
        due_date=invoice.due_on,
        invoice_no=invoice.number,
        pays_invoice_no=invoice.credits_number,
        cid=invoice.kid,
        currency=invoice.currency,
        currency_cents=cents(invoice.amount),
    )
    return voucher


def fill(books: ClientLedger, count: int, *, customers: int = 200, first: int = 0) -> None:
    """
    Add generated customers and invoices, the same ones that Visma Business generates payments for.

    :param first: the index of the first invoice
    """
    known = {one["external_number"] or one["number"] for one in books.customers.values()}
    with books.store.writing(), books.at_once():
        for customer in shared.bulk_customers(customers):
            if customer.number not in known:
                add_customer(books, customer)
        by_number = {one["number"]: one for one in books.customers.values()}
        for index in range(first, first + count):
            invoice = shared.bulk_invoice(index, customers=customers)
            add_invoice(books, invoice, by_number[invoice.customer_number])


def add_project(
    books: ClientLedger,
    code: str,
    name: str,
    *,
    customer: int | None = None,
    parent: str = "",
    archived: bool = False,
) -> Json:
    """
    Add a project; without a customer it inherits that of its parent.

    :param customer: its number in Visma Business
    :param parent: the code of the project above it
    """
    codes = {one["code"]: one["id"] for one in books.projects.values()}
    return books.save(
        "project",
        {
            "id": books.new_id(),
            "code": code,
            "name": name,
            "customer_id": None if customer is None else customer_of(books, customer)["id"],
            "parent_id": codes[parent] if parent else None,
            "deny_time": False,
            "status": "Archived" if archived else "Active",
            "changed_at": books.now(),
        },
    )


def _projects(books: ClientLedger) -> None:
    for client, customer, code, name, parent, archived in PROJECTS:
        if client == books.key:
            add_project(books, code, name, customer=customer, parent=parent, archived=archived)
