"""
What Visma Business holds: companies, customers and the postings on them, in the sandbox's file.

Amounts are whole minor units in the ledger's sign: debit positive, credit negative. So invoices
are positive, payments and credit notes negative. Dates are whole numbers, yyyymmdd.
"""

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from sandbox import receivables_story as story
from sandbox.memory import Memory

Json = dict[str, Any]

# `extra` holds the columns that are reached through `extensions` only, as one JSON object.
SCHEMA = """
CREATE TABLE IF NOT EXISTS nxt_transactions (
    company INTEGER, voucherJournalNo INTEGER, auditNo INTEGER, customerNo INTEGER,
    invoiceNo TEXT, orderNo INTEGER, voucherNo INTEGER, voucherType INTEGER,
    voucherDate INTEGER, valueDate INTEGER, dueDate INTEGER, text TEXT, additionalText TEXT,
    cid TEXT, origin INTEGER, currencyNo INTEGER, amountDomestic INTEGER,
    amountInCurrency INTEGER, outstandingAmountDomestic INTEGER,
    outstandingAmountInCurrency INTEGER, creditedAmountDomestic INTEGER, paidStatus INTEGER,
    paidLast INTEGER, createdTimestamp TEXT, changedTimestamp TEXT, extra TEXT,
    PRIMARY KEY (company, voucherJournalNo, auditNo)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS nxt_associates (
    company INTEGER, associateNo INTEGER, customerNo INTEGER, supplierNo INTEGER, name TEXT,
    shortName TEXT, companyNo TEXT, emailAddress TEXT, creditDenied INTEGER,
    createdTimestamp TEXT, changedTimestamp TEXT, extra TEXT,
    PRIMARY KEY (company, associateNo)) WITHOUT ROWID;
"""
VENDOR = "business-nxt"
TABLES = ("nxt_transactions", "nxt_associates")
TRANSACTION_COLUMNS = (
    *("company", "voucherJournalNo", "auditNo", "customerNo", "invoiceNo", "orderNo"),
    *("voucherNo", "voucherType", "voucherDate", "valueDate", "dueDate", "text"),
    *("additionalText", "cid", "origin", "currencyNo", "amountDomestic", "amountInCurrency"),
    *("outstandingAmountDomestic", "outstandingAmountInCurrency", "creditedAmountDomestic"),
    *("paidStatus", "paidLast", "createdTimestamp", "changedTimestamp", "extra"),
)
ASSOCIATE_COLUMNS = (
    *("company", "associateNo", "customerNo", "supplierNo", "name", "shortName", "companyNo"),
    *("emailAddress", "creditDenied", "createdTimestamp", "changedTimestamp", "extra"),
)
# Currencies have numbers in Visma, not codes; which ones is each company's own affair.
CURRENCY_NUMBERS = {"NOK": 0, "EUR": 978}
MARKERS = {"IntegrationHub_PaymentRead": "", "IntegrationHub_ReadFlag": 0}
"""Columns of the office's own data model extension, as a clerk would choose for the marker."""

_STORY_TIME = "2026-10-15T12:00:00"


def seed(store: Memory) -> None:
    """Put the companies of the story in place."""
    for application in clients():
        store.put("client", application["client_id"], application)
    for client in story.CLIENTS:
        add_company(store, client)


def add_company(store: Memory, client: story.Client) -> None:
    """Add a company with what the client's story says of it."""
    store.put(
        "nxt_company",
        str(client.company_no),
        {
            "number": client.company_no,
            "key": client.key,
            "name": client.name,
            "organisation_number": client.organisation_number,
            "customer_no": story.VISMA_CUSTOMER_NO,
            "access": True,
            "writes": True,
        },
    )
    add_customers(store, client.company_no, client.customers)
    add_rows(store, client.company_no, (_invoice_row(one) for one in client.invoices))
    add_rows(store, client.company_no, (_payment_row(one) for one in client.payments))


def clients() -> list[Json]:
    """
    Return the hub's two applications in the make-believe Developer Portal.

    Their tokens name no company: which ones they reach is set inside NXT, per user. A client id
    has at most 24 characters, for it is a user name there too.
    """
    service = "business-graphql-service-api:access-group-based"
    return [
        {
            "client_id": "isv_hub_nxt",
            "secret": "sandbox-nxt-secret",
            "name": "Integration Hub (Business NXT, service)",
            "grants": ["client_credentials"],
            "scopes": [service, f"{service}-readonly"],
            "requires_pkce": False,
            "redirect_paths": [],
            "names_company": False,
        },
        {
            "client_id": "isv_hub_nxt_web",
            "secret": "sandbox-nxt-web-secret",
            "name": "Integration Hub (Business NXT)",
            "grants": ["authorization_code", "refresh_token"],
            "scopes": [
                *("openid", "profile", "email", "offline_access"),
                "business-graphql-api:access-group-based",
            ],
            "requires_pkce": True,
            "redirect_paths": ["/connections/callback"],
            "names_company": False,
        },
    ]


def company(store: Memory, name: str | int) -> Json | None:
    """Return the company with that number, key or organisation number."""
    found = store.get("nxt_company", str(name))
    if found is not None:
        return found
    return next(
        (
            one
            for one in store.all("nxt_company")
            if name in (one["key"], one["organisation_number"], one["name"])
        ),
        None,
    )


def minor(text: str) -> int:
    """Return an amount as whole minor units."""
    return int(Decimal(text).scaleb(2))


def number_of_date(day: str) -> int:
    """Return an ISO date as Visma's whole number."""
    return int(day.replace("-", "")) if day else 0


def _invoice_row(invoice: story.Invoice) -> Json:
    posted, open_ = minor(invoice.posted), minor(invoice.outstanding)
    in_currency = minor(invoice.amount)
    return {
        "voucherJournalNo": invoice.journal,
        "auditNo": invoice.audit,
        "customerNo": invoice.customer_number,
        "invoiceNo": invoice.number,
        "voucherNo": int(invoice.number),
        "voucherType": 12 if invoice.is_credit_note else 11,
        "voucherDate": number_of_date(invoice.issued_on),
        "dueDate": number_of_date(invoice.due_on),
        "text": "Kreditnota" if invoice.is_credit_note else "Faktura",
        "cid": invoice.kid,
        "origin": 9,
        "currencyNo": CURRENCY_NUMBERS[invoice.currency],
        "amountDomestic": posted,
        "amountInCurrency": in_currency,
        "outstandingAmountDomestic": open_,
        "outstandingAmountInCurrency": round(open_ * in_currency / posted) if posted else 0,
        "paidStatus": 1 if open_ == posted else 2 if open_ else 4,
    }


def _payment_row(payment: story.Payment) -> Json:
    return {
        "voucherJournalNo": payment.journal,
        "auditNo": payment.audit,
        "customerNo": payment.customer_number,
        "invoiceNo": payment.invoice_number,
        "voucherNo": payment.voucher_number,
        "voucherType": payment.voucher_type,
        "voucherDate": number_of_date(payment.paid_on),
        "valueDate": number_of_date(payment.paid_on),
        "text": payment.text,
        "additionalText": f"AP{payment.voucher_number}" if payment.origin == 8 else "",
        "cid": payment.kid,
        "origin": payment.origin,
        "currencyNo": CURRENCY_NUMBERS[payment.currency],
        "amountDomestic": -minor(payment.amount),
        "amountInCurrency": -minor(payment.in_currency),
        "outstandingAmountDomestic": -minor(payment.outstanding),
        "outstandingAmountInCurrency": -minor(payment.outstanding),
        "paidStatus": 1 if minor(payment.outstanding) else 4,
    }


_EMPTY: Json = {
    "invoiceNo": "",
    "orderNo": 0,
    "valueDate": 0,
    "dueDate": 0,
    "text": "",
    "additionalText": "",
    "cid": "",
    "creditedAmountDomestic": 0,
    "paidLast": 0,
    "createdTimestamp": _STORY_TIME,
    "changedTimestamp": _STORY_TIME,
    "extra": "{}",
}


def add_rows(store: Memory, company_no: int, rows: Iterable[Json]) -> None:
    """Store postings; a key that is there already is replaced."""
    marks = ", ".join("?" * len(TRANSACTION_COLUMNS))
    with store.writing() as connection:
        connection.executemany(
            f"INSERT OR REPLACE INTO nxt_transactions VALUES ({marks})",
            (_in_order({"company": company_no, **_EMPTY, **row}) for row in rows),
        )


def _in_order(row: Json) -> list[Any]:
    return [row[name] for name in TRANSACTION_COLUMNS]


def add_customers(store: Memory, company_no: int, customers: Iterable[story.Customer]) -> None:
    """Store customers as associates; the associate's number differs from the customer's."""
    marks = ", ".join("?" * len(ASSOCIATE_COLUMNS))
    with store.writing() as connection:
        connection.executemany(
            f"INSERT OR REPLACE INTO nxt_associates VALUES ({marks})",
            [
                (
                    *(company_no, one.number + 500_000, one.number, 0, one.name, one.name[:20]),
                    *(one.organisation_number, "", int(one.credit_denied)),
                    *(_STORY_TIME, _STORY_TIME, "{}"),
                )
                for one in customers
            ],
        )


def generate(store: Memory, company_no: int, *, payments: int, invoices: bool = True) -> None:
    """Fill a company with the generated customers, invoices and payments of the story."""
    add_customers(store, company_no, story.bulk_customers())
    if invoices:
        add_rows(
            store, company_no, (_invoice_row(story.bulk_invoice(at)) for at in range(payments))
        )
    add_rows(store, company_no, (_payment_row(story.bulk_payment(at)) for at in range(payments)))


# --- What a person does in Visma Business -----------------------------------------------------


def set_credit_block(store: Memory, company_no: int, customer_no: int, *, denied: bool) -> None:
    """Set or lift a customer's credit block."""
    with store.writing() as connection:
        connection.execute(
            "UPDATE nxt_associates SET creditDenied = ?, changedTimestamp = ?"
            " WHERE company = ? AND customerNo = ?",
            (int(denied), local_time(store), company_no, customer_no),
        )


def register_payment(store: Memory, company_no: int, payment: story.Payment) -> None:
    """Post one more payment, and let it settle its invoice as far as it goes."""
    moment = local_time(store)
    row = _payment_row(payment) | {"createdTimestamp": moment, "changedTimestamp": moment}
    with store.writing() as connection:
        add_rows(store, company_no, [row])
        if payment.invoice_number:
            connection.execute(
                "UPDATE nxt_transactions SET changedTimestamp = ?,"
                " outstandingAmountDomestic = outstandingAmountDomestic + ?"
                " WHERE company = ? AND customerNo = ? AND invoiceNo = ? AND voucherType = 11",
                (
                    moment,
                    row["amountDomestic"],
                    company_no,
                    payment.customer_number,
                    payment.invoice_number,
                ),
            )


def compress(store: Memory, company_no: int, customer_no: int, *, before: str) -> None:
    """Replace a customer's settled rows of that time by one row, as Visma's compression does."""
    where = "company = ? AND customerNo = ? AND voucherDate < ? AND outstandingAmountDomestic = 0"
    values = (company_no, customer_no, number_of_date(before))
    with store.writing() as connection:
        total, journal = connection.execute(
            f"SELECT coalesce(sum(amountDomestic), 0),"
            " (SELECT max(voucherJournalNo) FROM nxt_transactions WHERE company = ?1)"
            f" FROM nxt_transactions WHERE {where.replace('company = ?', 'company = ?1', 1)}",
            values,
        ).fetchone()
        connection.execute(f"DELETE FROM nxt_transactions WHERE {where}", values)
        row = _payment_row(
            story.Payment(
                journal + 1,
                1,
                customer_no,
                before,
                str(Decimal(-total).scaleb(-2)),
                0,
                "compressed",
                text="Komprimert",
                voucher_type=story.COMPRESSION_TYPE,
                origin=15,
            )
        )
        add_rows(store, company_no, [row])


def local_time(store: Memory) -> str:
    """Return the time as Visma writes it: the server's own, without a zone."""
    return store.modified_now()[:19]


# --- Looking at it ----------------------------------------------------------------------------


def transactions(store: Memory, company_no: int, **equal: Any) -> list[Json]:
    """Return postings in order of their key, narrowed to equal values of columns."""
    return list(_read(store, "nxt_transactions", TRANSACTION_COLUMNS, company_no, equal))


def associates(store: Memory, company_no: int, **equal: Any) -> list[Json]:
    """Return associates in order of their number."""
    return list(_read(store, "nxt_associates", ASSOCIATE_COLUMNS, company_no, equal))


def _read(
    store: Memory, table: str, columns: tuple[str, ...], company_no: int, equal: Json
) -> Iterator[Json]:
    clauses = ["company = ?"]
    for name in equal:
        if name not in columns:
            raise ValueError(f"{table} has no column {name!r}")
        clauses.append(f"{name} = ?")
    rows = store.rows(
        f"SELECT {', '.join(columns)} FROM {table} WHERE {' AND '.join(clauses)}"
        f" ORDER BY {columns[1]}, {columns[2]}",
        [company_no, *equal.values()],
    )
    for row in rows:
        found = dict(zip(columns, row, strict=True))
        yield found | {"extra": json.loads(found["extra"])}


def newest(store: Memory, company_no: int, count: int) -> list[Json]:
    """Return the newest postings, newest first."""
    rows = store.rows(
        f"SELECT {', '.join(TRANSACTION_COLUMNS)} FROM nxt_transactions WHERE company = ?"
        " ORDER BY voucherJournalNo DESC, auditNo DESC LIMIT ?",
        (company_no, count),
    )
    found = [dict(zip(TRANSACTION_COLUMNS, row, strict=True)) for row in rows]
    return [row | {"extra": json.loads(row["extra"])} for row in found]


def summary(store: Memory, company_no: int) -> Json:
    """Return counts and sums of a company, with a text that changes whenever they do."""
    count, open_, paid, marked, changed = store.rows(
        "SELECT count(*), coalesce(sum(outstandingAmountDomestic), 0),"
        " coalesce(sum(CASE WHEN voucherType NOT IN (11, 12) THEN -amountDomestic END), 0),"
        " coalesce(sum(extra <> '{}'), 0), coalesce(max(changedTimestamp), '')"
        " FROM nxt_transactions WHERE company = ?",
        (company_no,),
    )[0]
    blocked = store.rows(
        "SELECT coalesce(sum(creditDenied), 0), count(*) FROM nxt_associates WHERE company = ?",
        (company_no,),
    )[0]
    return {
        "count": count,
        "open": open_,
        "paid": paid,
        "marked": marked,
        "blocked": blocked[0],
        "customers": blocked[1],
        "version": f"{count}-{open_}-{marked}-{blocked[0]}-{changed}",
    }


def last_journal(store: Memory, company_no: int) -> int:
    """Return the highest voucher journal number of a company."""
    found = store.rows(
        "SELECT coalesce(max(voucherJournalNo), 0) FROM nxt_transactions WHERE company = ?",
        (company_no,),
    )
    return int(found[0][0])


def currency_code(number: int) -> str:
    """Return the code that the story gives a currency's number."""
    return next((code for code, one in CURRENCY_NUMBERS.items() if one == number), str(number))
