"""A source and a target in memory, as the port promises them; faults are asked for by name."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from connectors.base import Capabilities
from connectors.errors import OutcomeUnknown
from connectors.receivables.shared import PaymentKey, SetupFinding, SourceCompany, Unreadable
from connectors.receivables.source import (
    ControlTotal,
    EarlierPayment,
    LeftOut,
    MarkOutcome,
    PaymentPage,
    PaymentQuery,
    SetupReport,
    SourceCapabilities,
    SourceCustomer,
    SourceOpenItem,
    SourcePayment,
    SourceWriteOff,
    VoucherType,
)
from connectors.receivables.target import (
    PaymentToRegister,
    RegisteredPayment,
    TargetCapabilities,
    TargetCustomer,
    TargetEntry,
    TargetInvoice,
    TargetOpenItem,
    TargetProject,
)
from connectors.settings import Settings
from connectors.vendor import Vendor
from connectors.visma_markers import USED_BY_NXT, trouble

SOURCE, TARGET = "memory-source", "memory-target"


def paid(
    journal: int,
    amount: str,
    *,
    audit: int = 1,
    customer: int = 10001,
    paid_on: date = date(2026, 2, 1),
    currency: str = "NOK",
    **more: Any,
) -> SourcePayment:
    """Return a payment of the source."""
    return SourcePayment(
        key=PaymentKey(journal, audit),
        customer_number=customer,
        voucher_number=1000 + journal,
        voucher_type=21,
        paid_on=paid_on,
        amount=Decimal(amount),
        amount_in_currency=Decimal(more.pop("amount_in_currency", amount)),
        currency=currency,
        **more,
    )


def billed(number: str, amount: str, *, customer: str = "10001", **more: Any) -> TargetInvoice:
    """Return an invoice of the target."""
    values: dict[str, Any] = {
        "id": f"id-{number}",
        "customer_name": f"Customer {customer}",
        "issued_on": date(2026, 1, 15),
        "due_on": date(2026, 2, 14),
        "currency": "NOK",
        "posted_amount": Decimal(amount),
    } | more
    return TargetInvoice(number=number, customer_number=customer, amount=Decimal(amount), **values)


@dataclass
class MemorySource:
    """Where payments come from, one company."""

    company: SourceCompany = field(
        default_factory=lambda: SourceCompany("4110101", "Nordvik AS", "999999999", "NOK")
    )
    payments: list[SourcePayment] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    customers: list[SourceCustomer] = field(default_factory=list)
    open_items: list[SourceOpenItem] = field(default_factory=list)
    write_offs: list[SourceWriteOff] = field(default_factory=list)
    earlier: list[EarlierPayment] = field(default_factory=list)
    page_size: int = 3
    capabilities: SourceCapabilities = field(
        default_factory=lambda: SourceCapabilities(marks=True, credit_blocks=True)
    )
    marked: dict[PaymentKey, str] = field(default_factory=dict)
    refuses_marks: bool = False
    before_page: Callable[[str], None] = lambda cursor: None
    pages_read: list[str] = field(default_factory=list)
    queries: list[PaymentQuery] = field(default_factory=list)

    def list_companies(self) -> Sequence[SourceCompany]:
        return [self.company]

    def read_company(self) -> SourceCompany:
        return self.company

    def list_voucher_types(self) -> Sequence[VoucherType]:
        return [VoucherType(21, "Innbetaling", False), VoucherType(11, "Faktura", True)]

    def check_setup(self, *, marker: str, value: str = "1") -> SetupReport:
        return SetupReport(
            company=self.company,
            voucher_types=tuple(self.list_voucher_types()),
            marker_readable=bool(marker),
            marker_writable=bool(marker),
            credit_block_readable=True,
            marker_columns=("Hub_read",),
        )

    def _wanted(self, query: PaymentQuery) -> list[SourcePayment]:
        after = query.after_journal if query.after_journal is not None else -1
        return sorted(
            (
                p
                for p in self.payments
                if p.paid_on >= query.since
                and p.voucher_type in query.voucher_types
                and p.key.journal_number > after
            ),
            key=lambda p: p.key,
        )

    def read_payments(self, query: PaymentQuery, *, cursor: str = "") -> PaymentPage:
        self.before_page(cursor)
        self.pages_read.append(cursor)
        self.queries.append(query)
        wanted, start = self._wanted(query), int(cursor or 0)
        end = start + self.page_size
        last = end >= len(wanted)
        return PaymentPage(
            payments=tuple(wanted[start:end]),
            unreadable=tuple(self.unreadable) if last else (),
            left_out=tuple(self.left_out) if last else (),
            cursor="" if last else str(end),
        )

    def control_total(self, query: PaymentQuery) -> ControlTotal | None:
        wanted = self._wanted(query)
        amount = sum((p.amount for p in wanted), Decimal("0.00"))
        amount += sum((out.amount for out in self.left_out), Decimal("0.00"))
        return ControlTotal(len(wanted) + len(self.left_out) + len(self.unreadable), amount)

    def read_customers(self, *, changed_since: datetime | None = None) -> Iterator[SourceCustomer]:
        yield from self.customers

    def read_customer(self, number: int) -> SourceCustomer | None:
        return next((c for c in self.customers if c.number == number), None)

    def read_open_items(self) -> Iterator[SourceOpenItem]:
        yield from self.open_items

    def read_write_offs(self, invoice_numbers: Sequence[str]) -> Iterator[SourceWriteOff]:
        yield from (one for one in self.write_offs if one.invoice_number in invoice_numbers)

    def read_earlier_payments(
        self, invoice_numbers: Sequence[str], *, before: date, voucher_types: frozenset[int]
    ) -> Iterator[EarlierPayment]:
        yield from (one for one in self.earlier if one.invoice_number in invoice_numbers)

    def mark(self, keys: Sequence[PaymentKey], *, marker: str, value: str) -> list[MarkOutcome]:
        if self.refuses_marks:
            return [MarkOutcome(key, marked=False, reason="no write access") for key in keys]
        self.marked |= dict.fromkeys(keys, value)
        return [MarkOutcome(key, marked=True) for key in keys]


@dataclass
class MemoryTarget:
    """Where invoices are followed up, one company."""

    capabilities: TargetCapabilities = field(
        default_factory=lambda: TargetCapabilities(invoices=True, time_blocks=True)
    )
    company: SourceCompany = field(
        default_factory=lambda: SourceCompany("c1", "Nordvik AS", "999999999", "NOK")
    )
    invoices: list[TargetInvoice] = field(default_factory=list)
    customers: list[TargetCustomer] = field(default_factory=list)
    open_items: list[TargetOpenItem] = field(default_factory=list)
    projects: dict[str, list[TargetProject]] = field(default_factory=dict)
    registered: dict[str, PaymentToRegister] = field(default_factory=dict)
    reversed: list[str] = field(default_factory=list)
    locked: date | None = None
    control_accounts: frozenset[str] = frozenset({"1500"})
    fault: Callable[[PaymentToRegister], Exception | None] = lambda payment: None
    """Raised after storing if it is an `OutcomeUnknown`, else instead of storing."""
    posts: list[str] = field(default_factory=list)
    by_hand: dict[str, Decimal] = field(default_factory=dict)
    """What a person registered there on an invoice, by its number."""
    balances_asked: list[list[str]] = field(default_factory=list)
    look_ups: int = 0

    def read_client(self) -> SourceCompany:
        return self.company

    def read_invoices(self, *, changed_since: datetime | None = None) -> Iterator[TargetInvoice]:
        yield from self.invoices

    def read_balances_of(self, invoice_numbers: Sequence[str]) -> Mapping[str, Decimal]:
        self.balances_asked.append(list(invoice_numbers))
        return {
            one.number: self.balance_of(one)
            for one in self.invoices
            if one.number in invoice_numbers and one.posted_amount is not None
        }

    def balance_of(self, invoice: TargetInvoice) -> Decimal:
        """Return what is open: less what the hub, and a person by hand, registered on it."""
        ours = sum(
            (p.amount for p in self.registered.values() if p.invoice_number == invoice.number),
            Decimal("0.00"),
        )
        by_hand = self.by_hand.get(invoice.number, Decimal("0.00"))
        return invoice.posted_amount - ours - by_hand

    def read_customers(self, *, changed_since: datetime | None = None) -> Iterator[TargetCustomer]:
        yield from self.customers

    def read_open_items(self, *, on: date) -> Iterator[TargetOpenItem]:
        yield from self.open_items

    def check_setup(self, *, account: str) -> Sequence[SetupFinding]:
        return []

    def read_statement(
        self, *, first: date, last: date, customer_number: str = ""
    ) -> Iterator[TargetEntry]:
        for payment in self.registered.values():
            if first <= payment.paid_on <= last:
                yield TargetEntry(
                    id=f"e-{payment.reference}",
                    customer_number=payment.customer_number,
                    posted_on=payment.paid_on,
                    amount=-payment.amount,
                    balance=Decimal("0.00"),
                    amount_in_currency=-payment.amount,
                    currency=payment.currency,
                    voucher_id=f"v-{payment.reference}",
                    voucher_number=f"n-{payment.text}",
                    voucher_type="BankJournal",
                    reference=payment.reference,
                    is_ours=True,
                )

    def read_control_accounts(self) -> frozenset[str]:
        return self.control_accounts

    def read_lock_date(self) -> date | None:
        return self.locked

    def register_payment(self, payment: PaymentToRegister) -> RegisteredPayment:
        self.posts.append(payment.reference)
        failure = self.fault(payment)
        if failure is not None and not isinstance(failure, OutcomeUnknown):
            raise failure
        assert payment.reference not in self.registered, "the same payment was posted twice"
        self.registered[payment.reference] = payment
        if failure is not None:
            raise failure
        return self._there(payment)

    def _there(self, payment: PaymentToRegister) -> RegisteredPayment:
        return RegisteredPayment(
            id=f"v-{payment.reference}",
            number=str(len(self.registered)),
            reference=payment.reference,
            amount=payment.amount,
            customer_number=payment.customer_number,
            invoice_number=payment.invoice_number,
            matched=True,
        )

    def find_payment(self, payment: PaymentToRegister) -> RegisteredPayment | None:
        self.look_ups += 1
        found = self.registered.get(payment.reference)
        return self._there(found) if found else None

    def reverse_payment(self, id: str) -> None:
        self.reversed.append(id)
        self.registered.pop(id.removeprefix("v-"), None)

    def read_projects(self, *, customer_number: str) -> Sequence[TargetProject]:
        return list(self.projects.get(customer_number, []))

    def set_time_denied(self, project: TargetProject, *, denied: bool) -> bool:
        for projects in self.projects.values():
            for place, one in enumerate(projects):
                if one.id == project.id:
                    if one.denies_time != project.denies_time:
                        return False
                    projects[place] = replace(one, denies_time=denied)
        return True


def as_vendor(key: str, *, source: Any = None, target: Any = None) -> Vendor:
    """Return a line of the registry that gives these."""

    def make_sign_in(*, settings: Mapping[str, str], kind: str, own_key: str = "") -> Any:
        raise AssertionError("nobody signs in here")

    return Vendor(
        key=key,
        name="Visma in memory" if source else "PowerOffice in memory",
        account_name="account",
        capabilities=Capabilities(),
        kinds=("service",),
        settings=Settings,
        make_connector=None,
        make_sign_in=make_sign_in,
        make_source=(lambda **more: source) if source else None,
        make_target=(lambda **more: target) if target else None,
        control_accounts=frozenset({"1500"}) if target else frozenset(),
        marker_trouble=partial(trouble, used=USED_BY_NXT) if source else None,
    )
