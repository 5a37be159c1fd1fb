"""
The story that both sides of the receivables tell: Visma Business NXT and PowerOffice Go.

An accounting office keeps the ledgers of three make-believe companies in Visma Business and
follows up their invoices in PowerOffice. Both stand-ins read this file, so that invoice numbers,
KIDs and customers agree. Nothing here happens: it is only data, and the two check digits.

Amounts are texts in the minor unit of their currency. A payment is positive when money came in
and negative when it was returned; each vendor's stand-in turns the sign as its vendor does.
"""

from dataclasses import dataclass, field

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
    organisation_number: str
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
    payments: tuple[Payment, ...] = field(default=())

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

_NORDVIK_CUSTOMERS = (
    Customer(10001, "Bergvåg Båtbyggeri AS", organisation_number(98100102)),
    Customer(10002, "Kafé Løvstakken AS", organisation_number(98100103)),
    Customer(10003, "Tindeblikk Reiser AS", organisation_number(98100104)),
    Customer(10004, "Østlandske Trevare AS", organisation_number(98100105), go_number=20004),
    # Blocked from the beginning; `lift_credit_block` ends it, `set_credit_block` begins another.
    Customer(10005, "Sorenskriver & Sønn AS", organisation_number(98100106), credit_denied=True),
    Customer(10006, "Hansen, Åse (enkeltkunde)", ""),
)

_NORDVIK_INVOICES = (
    Invoice(
        "50001",
        10001,
        "2026-08-03",
        "2026-08-17",
        "12500.00",
        "0.00",
        "paid",
        501,
        1,
        kid=kid(10001, "50001"),
    ),
    Invoice(
        "50002",
        10002,
        "2026-08-03",
        "2026-08-17",
        "8000.00",
        "4500.00",
        "part paid",
        501,
        2,
        kid=kid(10002, "50002"),
    ),
    Invoice(
        "50003",
        10003,
        "2026-08-10",
        "2026-08-24",
        "3199.50",
        "0.00",
        "overpaid",
        502,
        1,
        kid=kid(10003, "50003"),
    ),
    Invoice(
        "50004",
        10004,
        "2026-08-10",
        "2026-08-24",
        "6250.00",
        "0.00",
        "credited",
        502,
        2,
        kid=kid(10004, "50004"),
    ),
    Invoice(
        "50005",
        10004,
        "2026-08-20",
        "2026-08-20",
        "-6250.00",
        "0.00",
        "credit note",
        503,
        1,
        credits_number="50004",
    ),
    Invoice(
        "50006",
        10001,
        "2026-08-24",
        "2026-09-07",
        "4400.00",
        "4400.00",
        "returned",
        504,
        1,
        kid=kid(10001, "50006"),
    ),
    Invoice(
        "50007",
        10002,
        "2026-08-31",
        "2026-09-14",
        "1500.00",
        "0.00",
        "paid together with 50008",
        505,
        1,
    ),
    Invoice(
        "50008",
        10002,
        "2026-08-31",
        "2026-09-14",
        "2500.00",
        "0.00",
        "paid together with 50007",
        505,
        2,
    ),
    Invoice("50009", 10006, "2026-09-01", "2026-09-15", "999.00", "999.00", "paid, no KID", 506, 1),
    Invoice(
        "50010",
        10005,
        "2026-06-01",
        "2026-06-15",
        "45000.00",
        "45000.00",
        "overdue, blocked",
        480,
        1,
        kid=kid(10005, "50010"),
    ),
    Invoice(
        "50011",
        10003,
        "2026-09-07",
        "2026-09-21",
        "7777.00",
        "0.00",
        "back-dated",
        507,
        1,
        kid=kid(10003, "50011"),
    ),
    Invoice(
        "50012",
        10001,
        "2026-10-01",
        "2026-10-15",
        "21000.00",
        "21000.00",
        "open",
        520,
        1,
        kid=kid(10001, "50012"),
    ),
    Invoice(
        "50013",
        10003,
        "2026-09-10",
        "2026-09-24",
        "1000.00",
        "0.00",
        "short by a coin, written off",
        508,
        1,
        kid=kid(10003, "50013"),
    ),
)

_NORDVIK_PAYMENTS = (
    Payment(
        510,
        1,
        10001,
        "2026-08-15",
        "12500.00",
        9001,
        "paid by KID",
        "50001",
        kid(10001, "50001"),
        "OCR",
    ),
    Payment(
        510,
        2,
        10002,
        "2026-08-16",
        "3500.00",
        9002,
        "part paid by KID",
        "50002",
        kid(10002, "50002"),
        "OCR",
    ),
    Payment(
        511,
        1,
        10003,
        "2026-08-24",
        "3500.00",
        9003,
        "overpaid by 300.50",
        "50003",
        kid(10003, "50003"),
        "OCR",
        outstanding="300.50",
    ),
    Payment(
        512,
        1,
        10001,
        "2026-09-05",
        "4400.00",
        9004,
        "paid, then returned",
        "50006",
        kid(10001, "50006"),
        "Avtalegiro",
        voucher_type=9,
        origin=10,
    ),
    Payment(
        513,
        1,
        10001,
        "2026-09-08",
        "-4400.00",
        9005,
        "returned by the bank",
        "50006",
        kid(10001, "50006"),
        "Avtalegiro returnert",
        voucher_type=9,
        origin=10,
    ),
    Payment(
        514,
        1,
        10002,
        "2026-09-14",
        "4000.00",
        9006,
        "two invoices in one",
        text="Faktura 50007 og 50008",
        voucher_type=1,
        origin=1,
    ),
    # Nobody gave the invoice: only customer and amount point at 50009.
    Payment(
        514,
        2,
        10006,
        "2026-09-14",
        "999.00",
        9007,
        "no KID, no invoice number",
        text="Takk for sist",
        voucher_type=1,
        origin=1,
        outstanding="999.00",
    ),
    # Money that belongs to nothing that we know.
    Payment(
        515,
        1,
        10003,
        "2026-09-16",
        "123.45",
        9008,
        "belongs to nothing",
        text="Ukjent innbetaling",
        voucher_type=1,
        origin=1,
        outstanding="123.45",
    ),
    # The date is old, the journal number is new: a mark on dates alone would lose it.
    Payment(
        530,
        1,
        10003,
        "2026-09-20",
        "7777.00",
        9009,
        "back-dated, posted in October",
        "50011",
        kid(10003, "50011"),
        "OCR, ettersendt",
    ),
    Payment(
        531,
        1,
        10003,
        "2026-09-24",
        "999.00",
        9010,
        "short by 1.00",
        "50013",
        kid(10003, "50013"),
        "OCR",
    ),
    # No payments, and to be kept out: a write-off, and compressed rows of older money.
    Payment(
        532,
        1,
        10003,
        "2026-09-25",
        "1.00",
        9011,
        "write-off",
        "50013",
        text="Avskrevet",
        voucher_type=39,
        origin=21,
    ),
    Payment(
        533,
        1,
        10001,
        "2026-09-30",
        "10000.00",
        9012,
        "compressed rows of the spring",
        text="Komprimert",
        voucher_type=COMPRESSION_TYPE,
        origin=15,
    ),
    Payment(
        533,
        2,
        10001,
        "2026-09-30",
        "250.00",
        9013,
        "compressed under a payment's type",
        text="Komprimert",
        voucher_type=1,
        origin=15,
    ),
)

_HAVGLOTT_CUSTOMERS = (
    Customer(10001, "Polarlys Hotell AS", organisation_number(98200202)),
    Customer(10002, "Nordsee Handels GmbH", ""),
    Customer(10003, "Fjellro Camping AS", organisation_number(98200203)),
)

_HAVGLOTT_INVOICES = (
    # The same number as Nordvik's 50001 on purpose: numbers are unique per company only.
    Invoice(
        "50001",
        10001,
        "2026-08-05",
        "2026-08-19",
        "18750.00",
        "0.00",
        "paid",
        301,
        1,
        kid=kid(10001, "50001"),
    ),
    Invoice(
        "70001",
        10002,
        "2026-08-12",
        "2026-09-11",
        "1000.00",
        "0.00",
        "paid in euro at another rate",
        302,
        1,
        currency="EUR",
        posted_amount="11500.00",
    ),
    Invoice(
        "70002",
        10002,
        "2026-09-12",
        "2026-10-12",
        "400.00",
        "2320.00",
        "half paid in euro",
        303,
        1,
        currency="EUR",
        posted_amount="4640.00",
    ),
    Invoice(
        "50002",
        10003,
        "2026-09-01",
        "2026-09-15",
        "5600.00",
        "5600.00",
        "open",
        304,
        1,
        kid=kid(10003, "50002"),
    ),
)

_HAVGLOTT_PAYMENTS = (
    Payment(
        310,
        1,
        10001,
        "2026-08-19",
        "18750.00",
        7001,
        "paid by KID",
        "50001",
        kid(10001, "50001"),
        "OCR",
    ),
    Payment(
        311,
        1,
        10002,
        "2026-09-10",
        "11620.00",
        7002,
        "1,000 euro at another rate",
        "70001",
        text="Rechnung 70001",
        voucher_type=1,
        origin=1,
        currency="EUR",
        amount_in_currency="1000.00",
    ),
    Payment(
        312,
        1,
        10002,
        "2026-10-05",
        "2320.00",
        7003,
        "200 of 400 euro",
        "70002",
        text="Rechnung 70002 Teil 1",
        voucher_type=1,
        origin=1,
        currency="EUR",
        amount_in_currency="200.00",
    ),
)

NORDVIK = Client(
    key="nordvik",
    name="Nordvik Eiendomsdrift AS",
    organisation_number=organisation_number(97000101),
    company_no=4110101,
    client_key="00000000-0000-4000-8000-000000000101",
    customers=_NORDVIK_CUSTOMERS,
    invoices=_NORDVIK_INVOICES,
    payments=_NORDVIK_PAYMENTS,
)
HAVGLOTT = Client(
    key="havglott",
    name="Havgløtt Rørlegger AS",
    organisation_number=organisation_number(97000102),
    company_no=4110102,
    client_key="00000000-0000-4000-8000-000000000102",
    customers=_HAVGLOTT_CUSTOMERS,
    invoices=_HAVGLOTT_INVOICES,
    payments=_HAVGLOTT_PAYMENTS,
)
# Empty until somebody generates payments into it: 5,000 or 50,000 or 500,000.
STORSALG = Client(
    key="storsalg",
    name="Storsalg Abonnement AS",
    organisation_number=organisation_number(97000103),
    company_no=4110103,
    client_key="00000000-0000-4000-8000-000000000103",
)

CLIENTS = (NORDVIK, HAVGLOTT, STORSALG)


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
