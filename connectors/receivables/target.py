"""Customer payments where the invoices are followed up, and what a target promises."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable

from connectors.base import Observer
from connectors.limits import Limiter
from connectors.receivables.shared import (
    SetupFinding,
    SourceCompany,
    Unreadable,
)
from connectors.sign_in import Tokens


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
