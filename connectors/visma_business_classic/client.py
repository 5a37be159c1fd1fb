"""
Visma Business (classic) on SQL Server, as a source of payments through a read-only login.

No vendor interface lies between: tables and columns are found first (:mod:`.discovery`), one page
is one short connection, and nothing is written unless the operator has switched that on.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from connectors import visma_ledger, visma_origins
from connectors.bounds import LARGEST_SUM
from connectors.errors import BadAnswer, ConnectorError, NoCreditBlock, Unavailable
from connectors.receivables.shared import PaymentKey, SourceCompany, Unreadable
from connectors.receivables.source import (
    ControlTotal,
    EarlierPayment,
    MarkOutcome,
    PaymentPage,
    PaymentQuery,
    SetupReport,
    SourceCapabilities,
    SourceCustomer,
    SourceOpenItem,
    SourceWriteOff,
    VoucherType,
)
from connectors.visma_business_classic import discovery, errors, setup_check
from connectors.visma_business_classic.database import Database, quoted
from connectors.visma_business_classic.discovery import Layout
from connectors.visma_business_classic.errors import VENDOR
from connectors.visma_business_classic.ledger import BY_SIDE, Ledger, amount_of
from connectors.visma_ledger import Reading, number_of_date

PAGE_SIZE = 500
_INVOICES_PER_STATEMENT = 500
_CHANGE_MARGIN = timedelta(days=1)


class Client:
    """
    One company's database.

    :param company: its number
    :param name: what people call it; the database has no name for it that is sure
    :param named: columns that the operator names, see :func:`discovery.discover`
    :param sign: ``signed``, ``side`` (amounts without a sign, `Cr` tells), or empty: seen from
        the rows
    :param writes: whether marks may be written; off unless the operator says so
    """

    def __init__(
        self,
        *,
        database: Database,
        company: str,
        name: str = "",
        named: dict[str, str] | None = None,
        reading: Reading | None = None,
        sign: str = "",
        writes: bool = False,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self._database, self._company, self._name = database, company, name
        self._named, self._reading = named or {}, reading or Reading()
        self._asked_sign, self.writes, self._page_size = sign, writes, page_size
        self.capabilities = SourceCapabilities(marks=writes, credit_blocks=True)

    # --- The company ------------------------------------------------------------------------

    @cached_property
    def layout(self) -> Layout:
        """Return what the database has, asked once."""
        return discovery.discover(self._database, named=self._named)

    @cached_property
    def ledger(self) -> Ledger:
        """Return the ledger, read through that layout."""
        return Ledger(self._database, self.layout, asked_sign=self._asked_sign)

    def list_companies(self) -> list[SourceCompany]:
        """Return the one company: a login reaches one database at a time."""
        return [self.read_company()]

    def read_company(self) -> SourceCompany:
        """Return the company, with its own organisation number where exactly one is found."""
        numbers: set[str] = set()
        for table, column in self.layout.organisation:
            rows = self._database.rows(
                self._database.limited(
                    f"SELECT DISTINCT {quoted(column)} AS number FROM {quoted(table)}"
                    f" WHERE {quoted(column)} <> '' ORDER BY {quoted(column)}",
                    2,
                )
            )
            # A table of many companies or people says nothing about this one.
            if len(rows) == 1:
                numbers.add(visma_ledger.text(rows[0], "number"))
        return SourceCompany(
            number=self._company,
            name=self._name or f"F{int(self._company):04d}",
            organisation_number=numbers.pop() if len(numbers) == 1 else "",
            currency=self._reading.own_currency,
        )

    def list_voucher_types(self) -> list[VoucherType]:
        """Return the voucher types with their flag; none where no table with the flag is found."""
        found = self.layout.voucher_types
        if found is None:
            return []
        table, number, name, flag = found
        columns = [f"{quoted(number)} AS number", f"{quoted(flag)} AS flag"]
        if name:
            columns.append(f"{quoted(name)} AS name")
        rows = self._database.rows(
            f"SELECT {', '.join(columns)} FROM {quoted(table)} ORDER BY {quoted(number)}"
        )
        try:
            return [
                VoucherType(
                    number=visma_ledger.whole(row, "number"),
                    name=visma_ledger.text(row, "name"),
                    affects_turnover=visma_ledger.yes(row["flag"]),
                )
                for row in rows
            ]
        except visma_ledger.Unread as unread:
            raise visma_ledger.bad(table, unread, vendor=VENDOR) from None

    # --- Payments ---------------------------------------------------------------------------

    def read_payments(self, query: PaymentQuery, *, cursor: str = "") -> PaymentPage:
        """Return one page, in rising order of key, from the beginning or from a stored cursor."""
        columns = self.layout.needed()
        where, values = self._payments(query)
        if cursor:
            journal, audit = _key_of(cursor)
            key, second = quoted(columns["voucherJournalNo"]), quoted(columns["auditNo"])
            where += f" AND ({key} > ? OR ({key} = ? AND {second} > ?))"
            values += [journal, journal, audit]
        rows = self.ledger.rows(where, values, limit=self._page_size + 1, marker=query.marker)
        page = rows[: self._page_size]
        more = len(rows) > self._page_size
        return visma_ledger.payment_page(
            page,
            reading=self._reading,
            cursor=f"{page[-1]['voucherJournalNo']}:{page[-1]['auditNo']}" if more else "",
        )

    def control_total(self, query: PaymentQuery) -> ControlTotal | None:
        """Return the database's own count and sum; rows that are left out are in both."""
        columns = self.layout.needed()
        where, values = self._payments(query)
        amount, credit = self.ledger.exact(columns["amountDomestic"]), "1 = 0"
        if self.ledger.sign == BY_SIDE:
            credit = f"{quoted(columns['side'])} = 1"
        (row,) = self._database.rows(
            "SELECT COUNT(*) AS rows_found,"
            f" SUM(CASE WHEN {credit} THEN 0 ELSE {amount} END) AS debits,"
            f" SUM(CASE WHEN {credit} THEN {amount} ELSE 0 END) AS credits"
            f" FROM {self.ledger.table} WHERE {where}",
            values,
        )
        total = Decimal(0)
        if row["debits"] is not None:
            total = amount_of(row["debits"]) - amount_of(row["credits"])
        try:
            return ControlTotal(
                count=visma_ledger.whole(row, "rows_found"),
                amount=-visma_ledger.exact_amount({"total": total}, "total", largest=LARGEST_SUM),
            )
        except visma_ledger.Unread as unread:
            raise visma_ledger.bad("totals", unread, vendor=VENDOR) from None

    def _payments(self, query: PaymentQuery) -> tuple[str, list[Any]]:
        if not query.voucher_types:
            raise ValueError("a query of payments needs voucher types")
        columns = self.layout.needed()
        types = sorted(query.voucher_types)
        where = (
            f"{quoted(columns['voucherDate'])} >= ?"
            f" AND {quoted(columns['voucherType'])} IN ({', '.join('?' * len(types))})"
        )
        values: list[Any] = [number_of_date(query.since), *types]
        if query.after_journal is not None:
            where += f" AND {quoted(columns['voucherJournalNo'])} > ?"
            values.append(query.after_journal)
        return where, values

    # --- Customers and open items -----------------------------------------------------------

    def read_customers(
        self, *, changed_since: datetime | None = None
    ) -> Iterator[SourceCustomer | Unreadable]:
        """
        Yield the customers, or those changed since, less a day.

        :raises NoCreditBlock: if it cannot be read who is blocked; nobody is taken for unblocked
        """
        where, values = "> ?", [0]
        clause = ""
        changed = self.layout.customers.get("changedDate")
        if changed_since is not None and changed:
            clause = f" AND {quoted(changed)} >= ?"
            values.append(number_of_date((changed_since - _CHANGE_MARGIN).date()))
        yield from self._customers(where, clause, values)

    def read_customer(self, number: int) -> SourceCustomer | None:
        """Return one customer, or None if there is none."""
        found = next(self._customers("= ?", "", [number]), None)
        if isinstance(found, Unreadable):
            raise BadAnswer(vendor=VENDOR, detail=f"Actor: {found.field} {found.value}")
        return found

    def _customers(
        self, test: str, clause: str, values: list[Any]
    ) -> Iterator[SourceCustomer | Unreadable]:
        columns = self.layout.customers
        if "customerNo" not in columns:
            detail = f"{discovery.CUSTOMER_TABLE}: customerNo"
            raise errors.ColumnsDiffer(vendor=VENDOR, detail=detail)
        if "creditDenied" not in columns:
            raise NoCreditBlock(vendor=VENDOR)
        number = quoted(columns["customerNo"])
        shown = ", ".join(
            f'{quoted(name)} AS "{identifier}"' for identifier, name in columns.items()
        )
        rows = self._database.rows(
            f"SELECT {shown} FROM {quoted(discovery.CUSTOMER_TABLE)}"
            f" WHERE {number} {test}{clause} ORDER BY {number}",
            values,
        )
        for row in rows:
            yield visma_ledger.read_customer(row, reading=self._reading)

    def read_open_items(self) -> Iterator[SourceOpenItem | Unreadable]:
        """Yield every posting with something outstanding, in the ledger's sign."""
        column = self.layout.needed().get("outstandingAmountDomestic")
        if column is None:
            raise errors.ColumnsDiffer(vendor=VENDOR, detail="outstandingAmountDomestic")
        for row in self.ledger.rows(f"{quoted(column)} <> ?", [0]):
            yield visma_ledger.read_open_item(row, reading=self._reading)

    def read_write_offs(self, invoice_numbers: Sequence[str]) -> Iterator[SourceWriteOff]:
        """Yield what was written off on those invoices; nothing where no column tells."""
        columns = self.layout.needed()
        if "origin" not in columns or "invoiceNo" not in columns:
            return
        origin, invoice = quoted(columns["origin"]), quoted(columns["invoiceNo"])
        for start in range(0, len(invoice_numbers), _INVOICES_PER_STATEMENT):
            some = invoice_numbers[start : start + _INVOICES_PER_STATEMENT]
            where = f"{origin} = ? AND {invoice} IN ({', '.join('?' * len(some))})"
            for row in self.ledger.rows(where, [visma_origins.WRITE_OFF, *some]):
                one = visma_ledger.read_write_off(row, vendor=VENDOR)
                if one is not None:
                    yield one

    def read_earlier_payments(
        self, invoice_numbers: Sequence[str], *, before: date, voucher_types: frozenset[int]
    ) -> Iterator[EarlierPayment]:
        """Yield the payments on those invoices from before that date, which nobody fetches."""
        columns = self.layout.needed()
        if "invoiceNo" not in columns or not voucher_types:
            return
        types = sorted(voucher_types)
        for start in range(0, len(invoice_numbers), _INVOICES_PER_STATEMENT):
            some = invoice_numbers[start : start + _INVOICES_PER_STATEMENT]
            where = (
                f"{quoted(columns['invoiceNo'])} IN ({', '.join('?' * len(some))})"
                f" AND {quoted(columns['voucherDate'])} < ?"
                f" AND {quoted(columns['voucherType'])} IN ({', '.join('?' * len(types))})"
            )
            for row in self.ledger.rows(where, [*some, number_of_date(before), *types]):
                one = visma_ledger.read_earlier_payment(row)
                if one is not None:
                    yield one

    # --- Marks ------------------------------------------------------------------------------

    def mark(self, keys: Sequence[PaymentKey], *, marker: str, value: str) -> list[MarkOutcome]:
        """
        Write the marker, one row per statement by its full key, where the operator allows it.

        It goes past the application's own rules: only for a column that was made for it, with
        the written consent of the customer and the dealer.
        """
        column = self.ledger.marker_column(marker)
        columns = self.layout.needed()
        trouble = setup_check.marker_trouble(marker, value)
        if not self.writes or not column or column in columns.values() or trouble:
            reason = "write_back_off" if not self.writes else trouble or "no_marker"
            return [MarkOutcome(key, marked=False, reason=reason) for key in keys]
        statement = (
            f"UPDATE {self.ledger.table} SET {quoted(column)} = ?"
            f" WHERE {quoted(columns['voucherJournalNo'])} = ?"
            f" AND {quoted(columns['auditNo'])} = ?"
        )
        outcomes = []
        for key in keys:
            values = (value, key.journal_number, key.audit_number)
            try:
                changed = self._database.change(statement, values)
            except Unavailable:
                raise
            except ConnectorError as refused:
                outcomes.append(MarkOutcome(key, marked=False, reason=refused.detail[:200]))
                continue
            reason = "" if changed == 1 else f"affected_rows_{changed}"
            outcomes.append(MarkOutcome(key, marked=changed == 1, reason=reason))
        return outcomes

    # --- The set-up check -------------------------------------------------------------------

    def check_setup(self, *, marker: str, value: str = "1") -> SetupReport:
        """Report what the database has; reads only."""
        return setup_check.report(
            self.ledger,
            company=self.read_company(),
            types=tuple(self.list_voucher_types()),
            writes=self.writes,
            marker=marker,
            value=value,
        )


def _key_of(cursor: str) -> tuple[int, int]:
    journal, _colon, audit = cursor.partition(":")
    if not (journal.isdecimal() and audit.isdecimal()):
        raise errors.ColumnsDiffer(vendor=VENDOR, detail="the place to go on from cannot be read")
    return int(journal), int(audit)
