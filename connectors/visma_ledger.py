"""
The rows of a customer ledger in Visma Business, classic and NXT: two products, one data model.

Rows are mappings under the identifiers of the model (`voucherJournalNo`). Amounts are debit
positive, credit negative there: a payment is negative, and positive here. Dates are whole
numbers, yyyymmdd; 0 or null is none. Everything may be null, and nothing becomes a default.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.bounds import LARGEST_AMOUNT, as_text, is_day
from connectors.errors import BadAnswer
from connectors.receivables.shared import PaymentKey, Unreadable
from connectors.receivables.source import (
    EarlierPayment,
    LeftOut,
    PaymentPage,
    SourceCustomer,
    SourceOpenItem,
    SourcePayment,
    SourceWriteOff,
)
from connectors.visma_origins import WRITE_OFF, why_no_money, why_unknown

Row = Mapping[str, Any]

_CENT = Decimal("0.01")
_FINEST = Decimal("0.0001")


class Unread(Exception):
    """A value of a row cannot be read; the row is shown with the reason."""

    def __init__(self, field: str, value: Any, reason: str) -> None:
        super().__init__(field)
        self.field, self.value, self.reason = field, value, reason


@dataclass(frozen=True, slots=True)
class Reading:
    """
    What is needed to read rows.

    :param currencies: ISO codes of currency numbers; number 0 is the company's own
    :param zone: of the vendor's server, whose times have none
    """

    currencies: Mapping[int, str] = field(default_factory=lambda: {0: "NOK"})
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Oslo"))

    def currency_of(self, number: int | str) -> str:
        """Return the ISO code of a currency number, or the number where it has none."""
        known = self.currencies.get(number) if isinstance(number, int) else None
        return known or str(number)

    @property
    def own_currency(self) -> str:
        """Return the currency of the company."""
        return self.currencies.get(0, "")


def number_of_date(day: date) -> int:
    """Return a date as Visma's whole number."""
    return day.year * 10000 + day.month * 100 + day.day


# --- Values -------------------------------------------------------------------------------------


def whole(row: Row, name: str, *, largest: int = 2**63 - 1) -> int:
    """
    Return a whole number.

    :param largest: what the column that it goes into holds
    :raises Unread: if it is missing, too large, or something else
    """
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unread(name, value, "missing" if value is None else "not_a_number")
    if abs(value) > largest:
        raise Unread(name, value, "too_large")
    return value


def amount(row: Row, name: str, *, largest: Decimal = LARGEST_AMOUNT) -> Decimal:
    """
    Return an amount in the ledger's sign.

    :param largest: what can be stored exactly; more of a sum than of one amount
    :raises Unread: if it is missing, no number, too large, or finer than the minor unit
    """
    value = row.get(name)
    exact = exact_amount(row, name, largest=largest)
    rounded = exact.quantize(_CENT)
    if rounded != exact:
        raise Unread(name, value, "finer_than_a_cent")
    return rounded + 0  # no zero has a sign


def exact_amount(row: Row, name: str, *, largest: Decimal = LARGEST_AMOUNT) -> Decimal:
    """
    Return an amount in the ledger's sign, however fine it is.

    :raises Unread: if it is missing, no number, or larger than can be stored
    """
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Unread(name, value, "missing" if value is None else "not_an_amount")
    exact = Decimal(value)
    if not exact.is_finite():
        raise Unread(name, value, "not_an_amount")
    if abs(exact) > largest:
        raise Unread(name, value, "too_large")
    return exact


def storable(row: Row, name: str) -> Decimal | None:
    """Return an amount that is at least fine enough to be stored and added up; else None."""
    try:
        exact = exact_amount(row, name)
    except Unread:
        return None
    return exact if exact == exact.quantize(_FINEST) else None


def day(row: Row, name: str) -> date | None:
    """
    Return a date, or None where the vendor has none.

    :raises Unread: if the number is no date
    """
    value = row.get(name)
    if value is None or value == 0:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unread(name, value, "not_a_date")
    try:
        found = date(value // 10000, value // 100 % 100, value % 100)
    except (ValueError, OverflowError):
        raise Unread(name, value, "not_a_date") from None
    if not is_day(found):
        raise Unread(name, value, "not_a_date")
    return found


def text(row: Row, name: str) -> str:
    """Return a text without the blanks around it; nothing for null."""
    value = row.get(name)
    return "" if value is None else as_text(str(value)).strip()


def moment(row: Row, name: str, *, reading: Reading) -> datetime | None:
    """Return a time, or None where it is missing or cannot be read: only a hint hangs on it."""
    try:
        found = datetime.fromisoformat(text(row, name))
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=reading.zone)


def yes(value: Any) -> bool:
    """Return a flag that may come as 0 and 1, as true and false, or not at all."""
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, int) and value in (0, 1):
        return value == 1
    raise Unread("flag", value, "not_a_flag")


# --- Rows ---------------------------------------------------------------------------------------


def read_payment(row: Any, *, reading: Reading) -> SourcePayment | LeftOut | Unreadable:
    """Return the row as a payment, as a row that is none, or with why it cannot be read."""
    if not isinstance(row, Mapping):
        return Unreadable(None, "customerTransaction", str(row)[:100], "missing")
    key = None
    try:
        key = PaymentKey(whole(row, "voucherJournalNo"), whole(row, "auditNo"))
        extra = _extra(row)
        ledger_amount = amount(row, "amountDomestic")
        if why := why_no_money(extra.get("origin")):
            return LeftOut(key, -ledger_amount, why)
        paid_on = day(row, "voucherDate")
        if paid_on is None:
            raise Unread("voucherDate", row.get("voucherDate"), "not_a_date")
        if not ledger_amount:
            return LeftOut(key, ledger_amount, "no_amount")
        currency, in_currency = _currency(row, extra, ledger_amount, reading=reading)
        return SourcePayment(
            key=key,
            customer_number=whole(row, "customerNo"),
            voucher_number=whole(row, "voucherNo"),
            voucher_type=whole(row, "voucherType", largest=2**31 - 1),
            paid_on=paid_on,
            amount=-ledger_amount,
            amount_in_currency=-in_currency,
            currency=currency,
            invoice_number=text(row, "invoiceNo"),
            kid=text(extra, "kid"),
            text=text(row, "text"),
            value_on=day(row, "valueDate"),
            changed_at=moment(row, "changedTimestamp", reading=reading),
            marked=marked(extra),
            unknown_outcome=why_unknown(extra.get("origin")),
        )
    except Unread as unread:
        there = storable(row, "amountDomestic")
        return Unreadable(
            key,
            unread.field,
            str(unread.value)[:100],
            unread.reason,
            amount=None if there is None else -there,
        )


def payment_page(rows: Iterable[Row], *, reading: Reading, cursor: str) -> PaymentPage:
    """
    Return the payments of one page, what is left out of them and what cannot be read.

    :param cursor: where the next page begins; empty: this is the last
    """
    payments: list[SourcePayment] = []
    left_out: list[LeftOut] = []
    unreadable: list[Unreadable] = []
    for row in rows:
        one = read_payment(row, reading=reading)
        if isinstance(one, SourcePayment):
            payments.append(one)
        elif isinstance(one, LeftOut):
            left_out.append(one)
        else:
            unreadable.append(one)
    return PaymentPage(
        payments=tuple(payments),
        unreadable=tuple(unreadable),
        left_out=tuple(left_out),
        cursor=cursor,
    )


def _extra(row: Row) -> Row:
    extra = row.get("extensions") or {}
    if not isinstance(extra, Mapping):
        raise Unread("extensions", extra, "not_readable")
    return extra


def marked(extra: Row) -> bool | None:
    """Return whether the marker says so; None where none was read."""
    if "markerNumber" in extra:
        return bool(extra["markerNumber"])
    return bool(text(extra, "marker")) if "marker" in extra else None


def _currency(
    row: Row, extra: Row, ledger_amount: Decimal, *, reading: Reading
) -> tuple[str, Decimal]:
    """Return the currency and the amount in it; no currency where nothing tells which it is."""
    number = extra.get("currency")
    if number is not None and not isinstance(number, int | str):
        raise Unread("currency", number, "not_readable")
    if row.get("amountInCurrency") is None:
        if number not in (None, 0):
            raise Unread("amountInCurrency", None, "not_an_amount")
        return reading.own_currency, ledger_amount
    in_currency = amount(row, "amountInCurrency")
    if number is not None:
        return reading.currency_of(number), in_currency
    return (reading.own_currency if in_currency == ledger_amount else ""), in_currency


def read_customer(row: Row, *, reading: Reading) -> SourceCustomer | Unreadable:
    """Return the row as a customer, or with why it cannot be read; a block is never guessed."""
    try:
        return SourceCustomer(
            number=whole(row, "customerNo"),
            name=text(row, "name"),
            organisation_number=text(row, "companyNo"),
            credit_blocked=yes(row.get("creditDenied")),
            changed_at=moment(row, "changedTimestamp", reading=reading),
        )
    except Unread as unread:
        # Without the number nobody knows whose row it is: the name helps to find it.
        name = text(row, "name")[:60]
        return Unreadable(
            None, unread.field, f"{name}: {unread.value}"[:100], f"customer:{unread.reason}"
        )


def read_open_item(row: Row, *, reading: Reading) -> SourceOpenItem | Unreadable:
    """Return the row as an open item in the ledger's sign, or with why it cannot be read."""
    try:
        extra = _extra(row)
        number = extra.get("currency")
        if number is not None and not isinstance(number, int | str):
            raise Unread("currency", number, "not_readable")
        own = reading.own_currency
        return SourceOpenItem(
            customer_number=whole(row, "customerNo"),
            invoice_number=text(row, "invoiceNo"),
            amount=amount(row, "amountDomestic"),
            outstanding=amount(row, "outstandingAmountDomestic"),
            currency=own if number is None else reading.currency_of(number),
            due_on=day(row, "dueDate"),
            posted_on=day(row, "voucherDate"),
        )
    except Unread as unread:
        return Unreadable(
            None,
            unread.field,
            str(unread.value)[:100],
            unread.reason,
            amount=storable(row, "outstandingAmountDomestic"),
        )


def read_write_off(row: Row, *, vendor: str) -> SourceWriteOff | None:
    """
    Return the row as a write-off, or None if it is something else.

    :raises BadAnswer: if a write-off's amount cannot be read
    """
    try:
        if (row.get("extensions") or {}).get("origin") != WRITE_OFF:
            return None
        return SourceWriteOff(
            customer_number=whole(row, "customerNo"),
            invoice_number=text(row, "invoiceNo"),
            amount=-amount(row, "amountDomestic"),
        )
    except Unread as unread:
        raise bad("customerTransaction", unread, vendor=vendor) from None


def read_earlier_payment(row: Row) -> EarlierPayment | None:
    """Return the row as a payment; one that cannot be read explains nothing."""
    try:
        if why_no_money(_extra(row).get("origin")):
            return None
        return EarlierPayment(
            customer_number=whole(row, "customerNo"),
            invoice_number=text(row, "invoiceNo"),
            amount=-amount(row, "amountDomestic"),
        )
    except Unread:
        return None


def bad(where: str, unread: Unread, *, vendor: str) -> BadAnswer:
    """Return the failure of an answer with a value that cannot be read."""
    return BadAnswer(vendor=vendor, detail=f"{where}: {unread.field} {unread.value!r}"[:200])
