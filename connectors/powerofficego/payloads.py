"""
Our shapes to PowerOffice Go's, and back. Pure functions; every field name is the contract's.

Keys are read in either case. A field that is missing or odd is a
:class:`~connectors.errors.BadAnswer` that names it; nothing gets a default, except text that
the vendor leaves out when it is empty.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.powerofficego import strict
from connectors.powerofficego.errors import VENDOR, NotSendable
from connectors.powerofficego.strict import CENT, Item
from connectors.receivables.shared import SourceCompany
from connectors.receivables.target import (
    PaymentToRegister,
    RegisteredPayment,
    TargetCustomer,
    TargetEntry,
    TargetInvoice,
    TargetOpenItem,
    TargetProject,
)

LONGEST_REFERENCE = 50
LONGEST_KID = 25


# --- Outward --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ids:
    """What the vendor calls the customer's and the clearing account, and VAT code 0."""

    customer_account: int
    clearing_account: int
    vat: int


def bank_journal(payment: PaymentToRegister, *, ids: Ids) -> dict[str, Any]:
    """
    Return the body of ``POST /Vouchers/BankJournals``: two lines, the second on the customer.

    Positive is debit. `InvoiceNo` stands on the customer's line only, where it also matches
    part payments; a KID matches equal and opposite amounts only, so it is the second choice.

    :raises NotSendable: if the payment breaks a rule that the vendor has
    """
    _check(payment)
    day = payment.paid_on.isoformat()
    amount = payment.amount.quantize(CENT)

    def line(account: int, signed: Decimal) -> dict[str, Any]:
        return {
            "AccountId": account,
            "PostingDate": day,
            "VatId": ids.vat,
            "CurrencyAmount": signed,
            "Description": payment.text,
        }

    on_customer = line(ids.customer_account, -amount)
    if payment.invoice_number:
        on_customer["InvoiceNo"] = payment.invoice_number
    elif payment.kid:
        on_customer["Cid"] = payment.kid
    body: dict[str, Any] = {
        "VoucherDate": day,
        "CurrencyCode": payment.currency,
        "Description": payment.text,
        "ExternalImportReference": payment.reference,
        "VoucherLines": [line(ids.clearing_account, amount), on_customer],
    }
    if payment.voucher_number is not None:
        body["ImportedVoucherNo"] = payment.voucher_number
    return body


def _check(payment: PaymentToRegister) -> None:
    amount = payment.amount
    if not amount.is_finite() or not amount or amount != amount.quantize(CENT):
        _refuse("the amount must be a number with two decimals and not zero")
    if not 0 < len(payment.reference) <= LONGEST_REFERENCE:
        _refuse(f"the reference has {len(payment.reference)} characters, not 1 to 50")
    if len(payment.currency) != 3:
        _refuse(f"the currency {payment.currency!r} is no ISO code")
    if len(payment.kid) > LONGEST_KID:
        _refuse(f"the KID has {len(payment.kid)} characters, more than 25")


def _refuse(problem: str) -> None:
    raise NotSendable(vendor=VENDOR, detail=problem)


def deny_time(*, expected: bool | None, denied: bool) -> list[dict[str, Any]]:
    """Return the JSON Patch: `test` first, so that a person's change is not overwritten."""
    path = "/DenyTimeTracking"
    return [
        {"op": "test", "path": path, "value": expected},
        {"op": "replace", "path": path, "value": denied},
    ]


# --- Inward: strict reading -----------------------------------------------------------------


# --- Inward: our shapes ---------------------------------------------------------------------


def client(content: Any, *, currency: str) -> SourceCompany:
    """Return whom the keys reach. PowerOffice tells no organisation number here."""
    item = strict.an_object(content, where="client")
    return SourceCompany(
        number=strict.text(item, "ClientId", where="client"),
        name=strict.text(item, "ClientName", where="client"),
        currency=currency,
    )


def privileges(content: Any) -> tuple[frozenset[str], frozenset[str]]:
    """Return the valid and the invalid privileges of the integration."""
    item = strict.an_object(content, where="client")
    valid, invalid = (
        item.get(name.lower()) or () for name in ("ValidPrivileges", "InvalidPrivileges")
    )
    return frozenset(map(str, valid)), frozenset(map(str, invalid))


def currency(content: Any) -> str:
    """Return the client's currency from its financial settings."""
    where = "financial settings"
    return strict.text(strict.an_object(content, where=where), "CurrencyCode", where=where)


def lock_date(content: Any) -> date | None:
    """Return the last day on which nothing can be posted."""
    where = "lock date"
    return strict.day_or_none(strict.an_object(content, where=where), "LockDate", where=where)


def customer(item: Item) -> TargetCustomer:
    """Return a customer with the account that payments are posted on."""
    where = f"customer {item.get('number', '')}"
    return TargetCustomer(
        id=strict.identity(item, where=where),
        number=strict.text(item, "Number", where=where),
        # A person has a first and a last name instead.
        name=strict.text_or_empty(item, "Name", where=where)
        or " ".join(
            part
            for name in ("FirstName", "LastName")
            if (part := strict.text_or_empty(item, name, where=where))
        ),
        external_number=strict.text_or_empty(item, "ExternalNumber", where=where),
        organisation_number=strict.text_or_empty(item, "OrganizationNumber", where=where),
        account_id=str(strict.whole(item, "SubledgerAccountId", where=where)),
    )


_INVOICE_TYPES = {"OutgoingInvoice": False, "OutgoingCreditNote": True}


def invoice(item: Item) -> TargetInvoice:
    """Return an invoice; a credit note is negative."""
    where = f"invoice {item.get('invoiceno', '')}"
    kind = strict.text(item, "VoucherType", where=where)
    if kind not in _INVOICE_TYPES:
        raise strict.bad(where, "VoucherType", kind)
    amount = strict.amount(item, "TotalAmount", where=where)
    posted = strict.amount(item, "TotalPostedAmount", where=where)
    if _INVOICE_TYPES[kind]:
        # The sign of a credit note is nowhere stated; what it is, is.
        amount, posted = -abs(amount), -abs(posted)
    balance = item.get("balance")
    return TargetInvoice(
        id=strict.identity(item, where=where),
        number=strict.text(item, "InvoiceNo", where=where),
        customer_number=strict.text_or_empty(item, "CustomerNo", where=where),
        customer_name="",
        issued_on=strict.day(item, "VoucherDate", where=where),
        amount=amount,
        currency=strict.text(item, "CurrencyCode", where=where),
        due_on=strict.day_or_none(item, "DueDate", where=where),
        kid=strict.text_or_empty(item, "Cid", where=where),
        balance=None if balance is None else strict.amount(item, "Balance", where=where),
        is_credit_note=_INVOICE_TYPES[kind],
        credits_number=strict.text_or_empty(item, "RelatedInvoiceNo", where=where),
        changed_at=strict.moment_or_none(item, "BalanceLastChangedDateTimeOffset", where=where),
        posted_amount=posted,
        is_reversed=strict.flag(item, "IsReversed", where=where),
    )


def open_item(item: Item) -> TargetOpenItem:
    """Return an open entry of the customers' ledger."""
    where = f"ledger entry {item.get('id', '')}"
    return TargetOpenItem(
        customer_number=strict.text(item, "CustomerAccountNo", where=where),
        invoice_number=strict.text_or_empty(item, "InvoiceNo", where=where),
        amount=strict.amount(item, "Amount", where=where),
        balance=strict.amount(item, "Balance", where=where),
        reference=strict.text_or_empty(item, "ExternalImportReference", where=where),
        is_write_off=strict.flag(item, "IsWriteOff", where=where),
        due_on=strict.day_or_none(item, "DueDate", where=where),
    )


def entry(item: Item) -> TargetEntry:
    """Return an entry of the customers' ledger."""
    where = f"ledger entry {item.get('id', '')}"
    return TargetEntry(
        id=strict.identity(item, where=where),
        customer_number=strict.text(item, "CustomerAccountNo", where=where),
        posted_on=strict.day(item, "PostingDate", where=where),
        amount=strict.amount(item, "Amount", where=where),
        balance=strict.amount(item, "Balance", where=where),
        amount_in_currency=strict.amount(item, "CurrencyAmount", where=where),
        currency=strict.text_or_empty(item, "CurrencyCode", where=where),
        invoice_number=strict.text_or_empty(item, "InvoiceNo", where=where),
        kid=strict.text_or_empty(item, "Cid", where=where),
        match_id=strict.text_or_empty(item, "MatchId", where=where),
        voucher_id=strict.text(item, "VoucherId", where=where),
        voucher_number=strict.text(item, "VoucherNo", where=where),
        voucher_type=strict.text(item, "VoucherType", where=where),
        reference=strict.text_or_empty(item, "ExternalImportReference", where=where),
        is_write_off=strict.flag(item, "IsWriteOff", where=where),
        is_ours=strict.flag(item, "IsCreatedByCurrentIntegration", where=where),
    )


def posted(content: Any, *, payment: PaymentToRegister) -> RegisteredPayment:
    """Return the payment as the answer to its posting names it."""
    where = "bank journal"
    item = strict.an_object(content, where=where)
    return RegisteredPayment(
        id=strict.identity(item, where=where),
        number=strict.text(item, "VoucherNo", where=where),
        reference=payment.reference,
        amount=payment.amount.quantize(CENT),
        customer_number=payment.customer_number,
        invoice_number=payment.invoice_number,
    )


def found(entry: TargetEntry, *, invoice_number: str = "") -> RegisteredPayment:
    """Return the payment that an entry of the customers' ledger is; the sign is turned."""
    return RegisteredPayment(
        id=entry.voucher_id,
        number=entry.voucher_number,
        reference=entry.reference,
        amount=-entry.amount_in_currency,
        customer_number=entry.customer_number,
        invoice_number=invoice_number,
        matched=bool(entry.match_id),
    )


def voucher(content: Any) -> tuple[bool, str]:
    """Return whether a bank journal was reversed, and the invoice number on its lines."""
    where = "bank journal"
    item = strict.an_object(content, where=where)
    numbers = (
        strict.text_or_empty(line, "InvoiceNo", where=where)
        for line in strict.objects(item.get("voucherlines") or [], where=where)
    )
    return strict.flag(item, "IsReversed", where=where), next((one for one in numbers if one), "")


# --- Inward: accounts, VAT codes, projects --------------------------------------------------


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """An account of the general ledger."""

    id: int
    number: str
    name: str
    active: bool


def account(item: Item) -> LedgerAccount:
    """Return an account of the general ledger."""
    where = f"account {item.get('accountno', '')}"
    return LedgerAccount(
        id=strict.whole(item, "Id", where=where),
        number=strict.text(item, "AccountNo", where=where),
        name=strict.text_or_empty(item, "Name", where=where),
        active=strict.flag(item, "IsActive", where=where),
    )


def control_account(item: Item) -> str:
    """Return the number of the account that a series of sub-ledger accounts stands under."""
    return strict.text(item, "GeneralLedgerAccountNo", where="sub-ledger number series")


def vat_code_0(items: Iterable[Item]) -> int | None:
    """Return the id of the active VAT code 0, or None."""
    for item in items:
        if strict.text_or_empty(item, "Code", where="VAT code") == "0" and strict.flag(
            item, "IsActive", where="VAT code"
        ):
            return strict.whole(item, "Id", where="VAT code 0")
    return None


@dataclass(frozen=True, slots=True)
class Project:
    """A project as the vendor has it; one that inherits its customer names none."""

    id: str
    code: str
    name: str
    customer_number: str
    parent_id: str
    denies_time: bool | None
    archived: bool


def project(item: Item) -> Project:
    """Return a project."""
    where = f"project {item.get('code', '')}"
    denied = item.get("denytimetracking")
    return Project(
        id=strict.identity(item, where=where),
        code=strict.text_or_empty(item, "Code", where=where),
        name=strict.text_or_empty(item, "Name", where=where),
        customer_number=strict.text_or_empty(item, "CustomerNo", where=where),
        parent_id=strict.text_or_empty(item, "ParentProjectId", where=where),
        denies_time=None if denied is None else strict.flag(item, "DenyTimeTracking", where=where),
        archived=strict.text_or_empty(item, "ProjectStatus", where=where) == "Archived",
    )


def projects_of(customer_number: str, projects: Iterable[Project]) -> list[TargetProject]:
    """
    Return the customer's projects and those below them that inherit the customer, by code.

    Archived ones take no time and are left out.
    """
    by_id = {one.id: one for one in projects}
    return [
        TargetProject(id=one.id, code=one.code, name=one.name, denies_time=bool(one.denies_time))
        for one in sorted(by_id.values(), key=lambda one: (one.code, one.id))
        if not one.archived and _owner(one, by_id) == customer_number
    ]


def _owner(project: Project, by_id: Mapping[str, Project]) -> str:
    """Return the number of the customer: the project's own, or that of the nearest one above."""
    seen = {project.id}
    while not project.customer_number and project.parent_id in by_id:
        project = by_id[project.parent_id]
        if project.id in seen:
            break
        seen.add(project.id)
    return project.customer_number
