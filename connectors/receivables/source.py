"""Customer payments where they are registered, and what a source promises."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable

from connectors.base import Observer
from connectors.limits import Limiter
from connectors.receivables.shared import (
    PaymentKey,
    SetupFinding,
    SourceCompany,
    Unreadable,
)
from connectors.sign_in import Tokens


@dataclass(frozen=True, slots=True)
class VoucherType:
    """A voucher type; payments stand on types that do not affect the turnover."""

    number: int
    name: str
    affects_turnover: bool | None = None
    """None: the source does not tell."""


@dataclass(frozen=True, slots=True)
class SourcePayment:
    """
    One payment as it is registered in the source.

    :param amount: in the company's currency; positive came in, negative was returned
    :param amount_in_currency: in `currency`; equal to `amount` when that is the company's own
    :param currency: ISO code, or the source's own currency number when it has no code
    :param invoice_number: as the source has it; empty when nobody gave it
    :param kid: the payer's reference (KID) when the source has it
    :param marked: the chosen marker field already says that it was read; None when no marker
    :param unknown_outcome: why a person must decide whether it is a payment, as a code; or empty
    """

    key: PaymentKey
    customer_number: int
    voucher_number: int
    voucher_type: int
    paid_on: date
    amount: Decimal
    amount_in_currency: Decimal
    currency: str
    invoice_number: str = ""
    kid: str = ""
    text: str = ""
    value_on: date | None = None
    changed_at: datetime | None = None
    marked: bool | None = None
    unknown_outcome: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """
    A row of a payment's voucher type that is no payment: skipped, with its reason.

    Control totals of the source count it, so that payments and rows left out add up to them.

    :param reason: a code, e.g. ``compression`` or ``write_off``
    """

    key: PaymentKey
    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """
    One page of payments, in rising order of key.

    :param cursor: where the next page begins; empty on the last page. Opaque, may be stored.
    :param left_out: rows that are no payments although their voucher type is one of payments
    """

    payments: tuple[SourcePayment, ...]
    unreadable: tuple[Unreadable, ...] = ()
    cursor: str = ""
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class PaymentQuery:
    """
    Which payments are wanted.

    :param since: voucher date at or after
    :param after_journal: only journal numbers above it; None reads all (a full pass)
    :param voucher_types: the types that are payments at this client; must not be empty
    :param marker: the column that says "this payment was read"; empty reads no marker
    """

    since: date
    voucher_types: frozenset[int]
    after_journal: int | None = None
    marker: str = ""


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """
    Count and sum that the source itself gives for a query; None where it cannot.

    :param amount: in our sign; None where the source counts and does not add up
    """

    count: int
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class SourceCustomer:
    """A customer of the source and whether its credit is blocked there."""

    number: int
    name: str
    organisation_number: str = ""
    credit_blocked: bool = False
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SourceOpenItem:
    """
    What the source holds as open on one invoice (or on a payment without one).

    Signs are the ledger's: invoices are positive, credit notes and unmatched payments negative.
    """

    customer_number: int
    invoice_number: str
    amount: Decimal
    outstanding: Decimal
    currency: str
    due_on: date | None = None
    posted_on: date | None = None


@dataclass(frozen=True, slots=True)
class EarlierPayment:
    """A payment on an invoice from before the date from which payments are fetched."""

    customer_number: int
    invoice_number: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class SourceWriteOff:
    """What the source gave up on one invoice; above zero: that much less is open there."""

    customer_number: int
    invoice_number: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class SetupReport:
    """What the source's schema and company offer, found out and not assumed."""

    company: SourceCompany | None
    voucher_types: tuple[VoucherType, ...] = ()
    marker_readable: bool | None = None
    marker_writable: bool | None = None
    credit_block_readable: bool | None = None
    marker_columns: tuple[str, ...] = ()
    findings: tuple[SetupFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class MarkOutcome:
    """Whether one payment was marked; a refusal has its reason and harms nothing."""

    key: PaymentKey
    marked: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SourceCapabilities:
    """What a source can do. The hub asks this instead of asking which vendor it is."""

    marks: bool = False
    credit_blocks: bool = False
    """Whether blocks can be read; writing them back is nowhere promised."""


@runtime_checkable
class PaymentSource(Protocol):
    """Where payments come from. Every method may raise any of the five failures."""

    capabilities: SourceCapabilities

    def list_companies(self) -> Sequence[SourceCompany]: ...

    def read_company(self) -> SourceCompany: ...

    def list_voucher_types(self) -> Sequence[VoucherType]: ...

    def check_setup(self, *, marker: str, value: str = "1") -> SetupReport:
        """
        Find out what this company's schema offers; changes nothing there.

        :param value: what is to be written into the marker
        """
        ...

    def read_payments(self, query: PaymentQuery, *, cursor: str = "") -> PaymentPage:
        """Return one page, from the beginning or from a stored cursor."""
        ...

    def control_total(self, query: PaymentQuery) -> ControlTotal | None: ...

    def read_customers(
        self, *, changed_since: datetime | None = None
    ) -> Iterator[SourceCustomer | Unreadable]:
        """Yield the customers; one that cannot be read is named, and stops no other."""
        ...

    def read_customer(self, number: int) -> SourceCustomer | None: ...

    def read_open_items(self) -> Iterator[SourceOpenItem | Unreadable]:
        """Yield what is open; a row that cannot be read is named, and stops no other."""
        ...

    def read_write_offs(self, invoice_numbers: Sequence[str]) -> Iterator[SourceWriteOff]:
        """Yield what was written off on those invoices; nothing where no column tells."""
        ...

    def read_earlier_payments(
        self, invoice_numbers: Sequence[str], *, before: date, voucher_types: frozenset[int]
    ) -> Iterator[EarlierPayment]:
        """Yield the payments on those invoices from before that date, which nobody fetches."""
        ...

    def mark(self, keys: Sequence[PaymentKey], *, marker: str, value: str) -> list[MarkOutcome]:
        """
        Write the marker on those payments; harmless to repeat.

        :raises OutcomeUnknown: read the payments again before marking them again
        """
        ...


class MakeSource(Protocol):
    """
    How a source is made, from a plain mapping of settings.

    :param company: the vendor's own number of the company (the connection's `tenant_id`)
    :param own_key: the connection's own secret, where each company has one
    :param kind: how the connection is authorised; empty: as a service
    """

    def __call__(
        self,
        *,
        settings: Mapping[str, str],
        tokens: Tokens,
        company: str,
        own_key: str = "",
        kind: str = "",
        observer: Observer | None = None,
        limiter: Limiter | None = None,
    ) -> PaymentSource: ...
