"""Reads one row of a table of invoices, and keeps all that is wrong with it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.bounds import as_it_was, no_text_in
from payments.rules import kid as kids
from payments.rules import rf_reference
from payments.rules.cells import NoDay, TooLarge, TwoDays, TwoWays, amount_from, day_from

LONGEST = {"number": 40, "customer_number": 30, "customer_name": 200, "kid": 30}
_KINDS = {
    "invoice": False,
    "faktura": False,
    "f": False,
    # Voucher types of the invoice journal that PowerOffice SQL writes for Visma Business.
    "11": False,
    "12": True,
    "credit note": True,
    "creditnote": True,
    "kreditnota": True,
    "kreditfaktura": True,
    "kreditnot": True,
    "k": True,
}


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """
    One invoice of a file; a credit note is negative.

    :param line: where it stands in the file; 0 when it comes from elsewhere
    :param posted_amount: in the client's own currency; None where the file does not say
    """

    line: int
    number: str
    customer_number: str
    issued_on: date
    amount: Decimal
    currency: str
    customer_name: str = ""
    organisation_number: str = ""
    due_on: date | None = None
    posted_amount: Decimal | None = None
    kid: str = ""
    credits_number: str = ""

    @property
    def is_credit_note(self) -> bool:
        """Return whether it is a credit note."""
        return self.amount < 0


class Unreadable(Exception):
    def __init__(self, code: str, *, field: str = "", value: str = "") -> None:
        super().__init__(code)
        self.code, self.field, self.value = code, field, value


class RowReader:
    """One row: reads its fields and keeps all that is wrong with them."""

    def __init__(
        self,
        cells: Sequence[str],
        places: Mapping[str, int],
        *,
        orders: Mapping[str, str],
        width: int,
        default_currency: str,
    ) -> None:
        self._cells, self._places, self._width = cells, places, width
        self._orders = orders
        self._default_currency = default_currency
        self.wrong: list[Unreadable] = []
        self.remarks: list[Unreadable] = []

    def invoice(self, line: int) -> InvoiceRow | None:
        """Return the invoice, or None when something is wrong with it."""
        extra = [cell.strip() for cell in self._cells[self._width :] if cell.strip()]
        if extra:
            # A delimiter inside a text that is not quoted moves every field behind it.
            self.wrong.append(Unreadable("too_many_fields", value=extra[0]))
        number = self._text("number", needed=True)
        customer = self._text("customer_number", needed=True)
        issued_on = self._day("issued_on", needed=True)
        amount = self._amount("amount", needed=True)
        due_on = self._day("due_on")
        posted = self._amount("posted_amount")
        is_credit_note = self._kind()
        if is_credit_note is False and amount is not None and amount < 0:
            self._note("sign", "amount")
        if is_credit_note:
            # What it is decides its sign: some lists write credit notes without a minus.
            amount = None if amount is None else -abs(amount)
            posted = None if posted is None else -abs(posted)
        if due_on and issued_on and due_on < issued_on and not (amount is not None and amount < 0):
            self._note("due_before", "due_on")
        currency = self._currency()
        kid = self._kid()
        if self.wrong or issued_on is None or amount is None:
            return None
        return InvoiceRow(
            line=line,
            number=number,
            customer_number=customer,
            issued_on=issued_on,
            amount=amount,
            currency=currency,
            customer_name=self._text("customer_name"),
            organisation_number=re.sub(r"\D", "", self._text("organisation_number")),
            due_on=due_on,
            posted_amount=posted,
            kid=kid,
            credits_number=self._text("credits_number"),
        )

    def _raw(self, column: str) -> str:
        place = self._places.get(column)
        if place is None or place >= len(self._cells):
            return ""
        value = self._cells[place].strip()
        # The hub's own export keeps a spreadsheet from reading a text as a formula.
        return as_it_was(value)

    def _note(self, code: str, column: str) -> None:
        self.wrong.append(Unreadable(code, field=column, value=self._raw(column)))

    def _text(self, column: str, *, needed: bool = False) -> str:
        value = self._raw(column)
        if needed and not value:
            self._note("missing", column)
        if len(value) > LONGEST.get(column, 200):
            self._note("too_long", column)
        if character := no_text_in(value):
            self.wrong.append(Unreadable("not_printable", field=column, value=character))
        return value

    def _day(self, column: str, *, needed: bool = False) -> date | None:
        value = self._text(column, needed=needed)
        try:
            return day_from(value, first=self._orders.get(column, "")) if value else None
        except TwoDays:
            self._note("date_two_ways", column)
            return None
        except NoDay:
            self._note("date_out_of_range", column)
            return None
        except ValueError:
            self._note("date", column)
            return None

    def _amount(self, column: str, *, needed: bool = False) -> Decimal | None:
        value = self._text(column, needed=needed)
        try:
            found = amount_from(value) if value else None
        except TwoWays:
            self._note("amount_two_ways", column)
            return None
        except TooLarge:
            self._note("amount_too_large", column)
            return None
        except ValueError:
            self._note("amount", column)
            return None
        if found is not None and not found:
            self._note("zero", column)
        return found

    def _kind(self) -> bool | None:
        """Return whether the line says that it is a credit note; None: it does not say."""
        value = self._raw("kind").lower()
        if value and value not in _KINDS:
            self._note("kind", "kind")
        return _KINDS.get(value)

    def _currency(self) -> str:
        value = self._raw("currency").upper() or self._default_currency
        if not value:
            self._note("missing", "currency")
        elif not re.fullmatch(r"[A-Z]{3}", value):
            self._note("currency", "currency")
        return value

    def _kid(self) -> str:
        value = kids.tidy(self._text("kid"))
        if rf_reference.looks_like_one(value):
            if rf_reference.is_valid(value):
                self.remarks.append(Unreadable("rf_left_out", field="kid", value=value))
            else:
                self._note("rf", "kid")
            return ""
        if value and not kids.is_valid(value):
            self._note("kid", "kid")
        return value
