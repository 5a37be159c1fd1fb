"""
The neutral shapes of customer payments, and what a source and a target of them promise.

A *source* is where payments are registered (Visma Business); a *target* is where the invoices are
followed up (PowerOffice Go). Nothing here knows a vendor. Amounts are Decimals in the minor unit
of their currency; a payment is positive, a returned one negative.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, Protocol, runtime_checkable

from connectors.base import Observer, Tokens
from connectors.limits import Limiter


@dataclass(frozen=True, slots=True)
class SourceCompany:
    """A company of the source, with the number that proves that it is the right one."""

    number: str
    name: str
    organisation_number: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class VoucherType:
    """A voucher type; payments stand on types that do not affect the turnover."""

    number: int
    name: str
    affects_turnover: bool | None = None
    """None: the source does not tell."""


class PaymentKey(NamedTuple):
    """What identifies a posting for good within a company of the source; it sorts as it came."""

    journal_number: int
    audit_number: int


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
    :param doubt: why a person is to see whether it is money at all, as a code; empty: it is
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
class Unreadable:
    """
    A row that is there and cannot be read: shown with its reason, never counted as nothing.

    :param amount: in our sign, where that much could be read: control totals count it too
    """

    key: PaymentKey | None
    field: str
    value: str
    reason: str
    amount: Decimal | None = None


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


class FindingLevel(StrEnum):
    """How much a finding of the set-up check matters."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class SetupFinding:
    """
    One thing that the set-up check found out, as a code with words elsewhere.

    :param code: e.g. ``marker_not_writable``; `payments` has the words for each code
    """

    level: FindingLevel
    code: str
    params: Mapping[str, str] = field(default_factory=dict)


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
    control_totals: bool = False
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


# --- Where the invoices are followed up -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class TargetInvoice:
    """One invoice or credit note as the target holds it; a credit note is negative."""

    id: str
    number: str
    customer_number: str
    customer_name: str
    issued_on: date
    amount: Decimal
    currency: str
    due_on: date | None = None
    kid: str = ""
    balance: Decimal | None = None
    """What the target says is open, in the client's currency; None where it does not say."""
    is_credit_note: bool = False
    credits_number: str = ""
    changed_at: datetime | None = None
    posted_amount: Decimal | None = None
    """The amount in the client's currency; None where it does not say."""
    is_reversed: bool = False
    """The whole invoice was nulled there by a counter-voucher."""


@dataclass(frozen=True, slots=True)
class TargetCustomer:
    """A customer of the target; `external_number` holds the source's number where they differ."""

    id: str
    number: str
    name: str
    external_number: str = ""
    organisation_number: str = ""
    account_id: str = ""
    """The sub-ledger account that payments are posted on."""


@dataclass(frozen=True, slots=True)
class TargetOpenItem:
    """An open entry of the target's customer ledger at a date."""

    customer_number: str
    invoice_number: str
    amount: Decimal
    balance: Decimal
    reference: str = ""
    is_write_off: bool = False
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class TargetEntry:
    """
    An entry of the target's customer ledger, open or not: invoices positive, payments negative.

    :param balance: what was open on it at the end of the days that were asked for
    :param amount: in the client's currency
    :param match_id: shared by entries that settle each other; empty: matched with nothing
    :param reference: ours, if we posted the voucher
    :param is_ours: posted by the hub's integration
    """

    id: str
    customer_number: str
    posted_on: date
    amount: Decimal
    balance: Decimal
    amount_in_currency: Decimal
    currency: str
    voucher_id: str
    voucher_number: str
    voucher_type: str
    invoice_number: str = ""
    kid: str = ""
    match_id: str = ""
    reference: str = ""
    is_write_off: bool = False
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class PaymentToRegister:
    """
    One payment as it is to stand in the target.

    :param reference: unique for ever: the look-up key and the target's duplicate check
    :param account: number of the clearing (or bank) account on the other side
    :param amount: positive: money came in; negative: it was returned
    """

    reference: str
    customer_number: str
    invoice_number: str
    paid_on: date
    amount: Decimal
    currency: str
    account: str
    text: str
    voucher_number: int | None = None
    kid: str = ""


@dataclass(frozen=True, slots=True)
class RegisteredPayment:
    """A payment as the target holds it."""

    id: str
    number: str
    reference: str
    amount: Decimal
    customer_number: str = ""
    invoice_number: str = ""
    matched: bool | None = None
    """Whether it settles something there; None: not looked at."""

    def is_like(self, payment: PaymentToRegister) -> bool:
        """Return whether amount, customer and invoice are those of the payment."""
        return (
            self.amount == payment.amount
            and self.customer_number == payment.customer_number
            and self.invoice_number == payment.invoice_number
        )


@dataclass(frozen=True, slots=True)
class TargetProject:
    """A project (or sub-project) of a customer and whether time is denied on it."""

    id: str
    code: str
    name: str
    denies_time: bool


@dataclass(frozen=True, slots=True)
class TargetCapabilities:
    """What a target of payments can do."""

    invoices: bool = False
    time_blocks: bool = False


@runtime_checkable
class PaymentTarget(Protocol):
    """Where payments are registered. Every method may raise any of the five failures."""

    capabilities: TargetCapabilities

    def read_client(self) -> SourceCompany:
        """Return the company that the keys reach: the test of the connection."""
        ...

    def read_invoices(
        self, *, changed_since: datetime | None = None
    ) -> Iterator[TargetInvoice | Unreadable]:
        """Yield the invoices; one that cannot be read is named, and stops no other."""
        ...

    def read_balances_of(self, invoice_numbers: Sequence[str]) -> Mapping[str, Decimal]:
        """Return what is open now on those invoices, in the client's currency, where it says so."""
        ...

    def read_customers(
        self, *, changed_since: datetime | None = None
    ) -> Iterator[TargetCustomer | Unreadable]:
        """Yield the customers; one that cannot be read is named, and stops no other."""
        ...

    def read_open_items(self, *, on: date) -> Iterator[TargetOpenItem | Unreadable]:
        """Yield what was open then; an entry that cannot be read is named, and stops no other."""
        ...

    def read_statement(
        self, *, first: date, last: date, customer_number: str = ""
    ) -> Iterator[TargetEntry]:
        """Yield all entries of those days; balances are those of the last one."""
        ...

    def read_balances(self, *, on: date) -> Mapping[str, Decimal]:
        """Return the balance of each customer that has entries, by customer number."""
        ...

    def check_setup(self, *, account: str) -> Sequence[SetupFinding]:
        """Find out what stands in the way of registering payments against that account."""
        ...

    def read_control_accounts(self) -> frozenset[str]:
        """Return the accounts on which nothing can be posted directly."""
        ...

    def read_lock_date(self) -> date | None:
        """Return the last day on which nothing can be posted any more."""
        ...

    def register_payment(self, payment: PaymentToRegister) -> RegisteredPayment:
        """
        Post the payment.

        :raises OutcomeUnknown: look it up with `find_payment` before anything else
        """
        ...

    def find_payment(self, payment: PaymentToRegister) -> RegisteredPayment | None:
        """Return the payment with that reference from the customer's statement, or None."""
        ...

    def reverse_payment(self, id: str) -> None:
        """Null the payment; nothing happens if that was done already. Its reference is free."""
        ...

    def read_projects(self, *, customer_number: str) -> Sequence[TargetProject]:
        """Return the customer's projects, sub-projects that inherit the customer included."""
        ...

    def set_time_denied(self, project: TargetProject, *, denied: bool) -> bool:
        """Set it where it still reads as `project` says; False if somebody changed it meanwhile."""
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


class MakeTarget(Protocol):
    """How a target is made; the arguments are those of :class:`MakeSource`."""

    def __call__(
        self,
        *,
        settings: Mapping[str, str],
        tokens: Tokens,
        company: str,
        own_key: str = "",
        observer: Observer | None = None,
        limiter: Limiter | None = None,
    ) -> PaymentTarget: ...
