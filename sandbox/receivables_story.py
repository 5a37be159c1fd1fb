"""
The story that both sides of the receivables tell: Visma Business NXT and PowerOffice Go.

An accounting office keeps the ledgers of three make-believe companies in Visma Business and
follows up their invoices in PowerOffice. Both stand-ins read this file, so that invoice numbers,
KIDs and customers agree. What they hold stands in receivables_story.toml.

Amounts are texts in the minor unit of their currency. A payment is positive when money came in
and negative when it was returned; each vendor's stand-in turns the sign as its vendor does.
"""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
OWN_CURRENCY = "NOK"


def mod10(digits: str) -> str:
    """Return the check digit of a KID by the Luhn algorithm (mod 10)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def kid(customer_number: int, invoice_number: str) -> str:
    """Return the KID of an invoice: customer, invoice (six digits), check digit."""
    digits = f"{customer_number}{int(invoice_number):06d}"
    return digits + mod10(digits)


def organisation_number(first_eight: int) -> str:
    """
    Return the Norwegian organisation number that begins so, with its check digit (mod 11).

    :raises ValueError: if no number begins so
    """
    digits = [int(digit) for digit in f"{first_eight:08d}"]
    weights = (3, 2, 7, 6, 5, 4, 3, 2)
    rest = -sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) % 11
    if rest == 10:
        raise ValueError(f"no organisation number begins with {first_eight}")
    return f"{first_eight:08d}{rest}"


@dataclass(frozen=True)
class Customer:
    """
    A customer of a client.

    :param number: the customer number in Visma Business
    :param go_number: the number in PowerOffice Go, where it differs; Visma's number is then the
        external number there
    :param credit_denied: blocked in Visma Business from the beginning
    """

    number: int
    name: str
    organisation_number: str = ""
    go_number: int | None = None
    credit_denied: bool = False

    @property
    def number_in_go(self) -> int:
        """Return the customer number in PowerOffice Go."""
        return self.number if self.go_number is None else self.go_number


@dataclass(frozen=True)
class Invoice:
    """
    An invoice, or a credit note with a negative amount.

    :param amount: in `currency`
    :param posted_amount: in the client's own currency; empty: the same
    :param kid: empty where the client prints none
    :param outstanding: what Visma Business holds as open now, in the client's own currency
    :param what: how it ends, in one word of the story
    """

    number: str
    customer_number: int
    issued_on: str
    due_on: str
    amount: str
    outstanding: str
    what: str
    journal: int
    audit: int
    kid: str = ""
    currency: str = OWN_CURRENCY
    posted_amount: str = ""
    credits_number: str = ""

    @property
    def posted(self) -> str:
        """Return the amount in the client's own currency."""
        return self.posted_amount or self.amount

    @property
    def is_credit_note(self) -> bool:
        """Return whether it is a credit note."""
        return self.amount.startswith("-")


@dataclass(frozen=True)
class Payment:
    """
    A row of the customer ledger that is no invoice.

    :param journal: the voucher journal number; back-dated payments have an old date and a new one
    :param amount: in the client's own currency; positive came in
    :param amount_in_currency: in `currency`; empty: the same
    :param invoice_number: empty when neither bank file nor clerk gave it
    :param kid: empty when the payer gave none
    :param voucher_type: 1 bank, 3 OCR giro, 9 direct debit, 39 sundry, 40 compression
    :param origin: 8 OCR payment, 10 direct debit, 1 manual, 15 compression, 21 write-off
    :param outstanding: what is left to match of it in Visma, in our sign (money left over > 0)
    """

    journal: int
    audit: int
    customer_number: int
    paid_on: str
    amount: str
    voucher_number: int
    what: str
    invoice_number: str = ""
    kid: str = ""
    text: str = ""
    voucher_type: int = 3
    origin: int = 8
    currency: str = OWN_CURRENCY
    amount_in_currency: str = ""
    outstanding: str = "0.00"

    @property
    def in_currency(self) -> str:
        """Return the amount in the payment's currency."""
        return self.amount_in_currency or self.amount


@dataclass(frozen=True)
class Client:
    """
    A client of the office: a company in Visma Business, a client in PowerOffice Go.

    :param company_no: the number for `useCompany(no:)`
    :param client_key: the client key of the connection to PowerOffice Go
    """

    key: str
    name: str
    organisation_number: str
    company_no: int
    client_key: str
    customers: tuple[Customer, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    payments: tuple[Payment, ...] = ()

    def customer(self, number: int) -> Customer:
        """Return the customer with that number in Visma Business."""
        return next(one for one in self.customers if one.number == number)


@dataclass(frozen=True)
class VoucherType:
    """A voucher type of the companies; numbers are the same in all of them here."""

    number: int
    name: str
    affects_turnover: bool


VISMA_CUSTOMER_NO = 7100200
"""The Visma.net customer (the office) that owns the companies."""

VOUCHER_TYPES = (
    VoucherType(1, "Bank", affects_turnover=False),
    VoucherType(2, "Sjekk", affects_turnover=False),
    VoucherType(3, "OCR-innbetaling", affects_turnover=False),
    VoucherType(9, "Avtalegiro", affects_turnover=False),
    VoucherType(11, "Utgående faktura", affects_turnover=True),
    VoucherType(12, "Utgående kreditnota", affects_turnover=True),
    VoucherType(25, "Inngående faktura", affects_turnover=True),
    VoucherType(30, "Rentenota", affects_turnover=True),
    VoucherType(39, "Diverse", affects_turnover=False),
    VoucherType(40, "Komprimering", affects_turnover=False),
)
PAYMENT_TYPES = frozenset({1, 3, 9})
"""What a careful person would choose of them."""
COMPRESSION_TYPE = 40


def _clients() -> tuple[Client, ...]:
    path = Path(__file__).with_suffix(".toml")
    return tuple(
        Client(
            **row
            | {
                "customers": tuple(Customer(**one) for one in row.get("customers", ())),
                "invoices": tuple(_with_kid(Invoice, one) for one in row.get("invoices", ())),
                "payments": tuple(_with_kid(Payment, one) for one in row.get("payments", ())),
            }
        )
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["clients"]
    )


def _with_kid(make: Callable[..., T], row: dict[str, Any]) -> T:
    number = row["number"] if make is Invoice else row.get("invoice_number", "")
    return make(**row | {"kid": kid(row["customer_number"], number) if row.get("kid") else ""})


CLIENTS = NORDVIK, HAVGLOTT, STORSALG = _clients()


def client(name: str) -> Client | None:
    """Return the client with that key, company number, organisation number or name, or None."""
    for one in CLIENTS:
        if name in (one.key, str(one.company_no), one.organisation_number, one.name):
            return one
    return None


# --- Many payments --------------------------------------------------------------------------


def bulk_customers(count: int = 200) -> list[Customer]:
    """Return the customers that generated invoices and payments are spread over."""
    return [Customer(30000 + at, f"Abonnent {at:05d}", "") for at in range(count)]


def bulk_invoice(index: int, *, customers: int = 200) -> Invoice:
    """
    Return the generated invoice with that index, always the same; its payment has the same index.

    One in ten has no KID, one in twenty is paid by half.
    """
    number = str(100_000 + index)
    customer = 30000 + index % customers
    amount = 10_000 + index * 37 % 90_000
    open_ = amount - _paid(index, amount)
    return Invoice(
        number,
        customer,
        "2026-08-01",
        "2026-08-31",
        _money(amount),
        _money(open_),
        "part paid" if open_ else "paid",
        1000 + index // 500,
        index % 500 + 1,
        kid="" if index % 10 == 9 else kid(customer, number),
    )


def bulk_payment(index: int, *, customers: int = 200) -> Payment:
    """Return the generated payment with that index, always the same."""
    number = str(100_000 + index)
    customer = 30000 + index % customers
    amount = 10_000 + index * 37 % 90_000
    without_kid = index % 10 == 9
    return Payment(
        100_000 + index // 500,
        index % 500 + 1,
        customer,
        f"2026-09-{index % 28 + 1:02d}",
        _money(_paid(index, amount)),
        200_000 + index,
        "generated",
        number if not without_kid or index % 20 == 9 else "",
        "" if without_kid else kid(customer, number),
        "OCR",
    )


def _paid(index: int, amount: int) -> int:
    return amount // 2 if index % 20 == 3 else amount


def _money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"
