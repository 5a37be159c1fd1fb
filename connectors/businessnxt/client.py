"""
Visma Business NXT, as a source of payments. https://docs.vismasoftware.no/businessnxtapi

How a request is made, and what its errors mean, is in :mod:`connectors.businessnxt.door`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from connectors import visma_ledger
from connectors.base import Observer
from connectors.bounds import LARGEST_SUM
from connectors.businessnxt import discovery, documents, errors, payloads, setup_check
from connectors.businessnxt.discovery import Columns
from connectors.businessnxt.door import Door
from connectors.businessnxt.errors import VENDOR
from connectors.businessnxt.marks import Marks
from connectors.errors import BadAnswer, NoCreditBlock
from connectors.http.client import Http, Timeouts
from connectors.http.sessions import BearerToken
from connectors.limits import Limiter
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
from connectors.sign_in import Tokens
from connectors.visma_ledger import Reading

CAPABILITIES = SourceCapabilities(marks=True, credit_blocks=True)
SERVICE_PATH, USER_PATH = "/api/graphql-service", "/api/graphql"
PAGE_SIZE = 500
"""The largest page seen in working clients; no maximum is documented."""
INVOICES_PER_CALL = 200
# The service gives up by itself after 59 seconds (release note of 2023-12-07).
TIMEOUTS = Timeouts(read=65.0, write=65.0)


class Client:
    """
    One company of Business NXT.

    :param base_url: e.g. ``https://business.visma.net``
    :param path: the service context (the default) or the user context
    :param company: its number for `useCompany(no:)`
    :param customer_no: the Visma.net customer that owns it; narrows the list of companies
    """

    capabilities = CAPABILITIES

    def __init__(
        self,
        *,
        base_url: str,
        tokens: Tokens,
        company: int,
        path: str = SERVICE_PATH,
        customer_no: int | None = None,
        reading: Reading | None = None,
        page_size: int = PAGE_SIZE,
        observer: Observer | None = None,
        limiter: Limiter | None = None,
        timeouts: Timeouts = TIMEOUTS,
    ) -> None:
        http = Http(
            vendor=VENDOR,
            base_url=base_url,
            auth=BearerToken(tokens, vendor=VENDOR),
            observer=observer,
            limiter=limiter,
            timeouts=timeouts,
            trace_id_of=errors.trace_id,
        )
        self._door = Door(http, path=path, company=company, page_size=page_size)
        self._marks = Marks(self._door, company=company)
        self._company, self._customer_no = company, customer_no
        self._reading = reading or Reading()
        self._page_size = page_size

    # --- Companies --------------------------------------------------------------------------

    # https://docs.vismasoftware.no/businessnxtapi/schema/queries/companies
    def list_companies(self) -> list[SourceCompany]:
        """Return the companies that the login reaches, without their organisation numbers."""
        data = self._door.read(
            documents.COMPANIES, "ReadCompanies", {"customer": self._customer_no}
        )
        found = data.get("availableCompanies") or {}
        return [
            SourceCompany(
                number=str(visma_ledger.whole(row, "vismaNetCompanyId")),
                name=visma_ledger.text(row, "name"),
            )
            for row in payloads.rows(found, where="availableCompanies")
        ]

    def read_company(self) -> SourceCompany:
        """
        Return the company with its own organisation number.

        :raises CompanyNotOpened: if the login has no access to it
        """
        data = self._door.read(documents.COMPANY, "ReadCompany", {"company": self._company})
        found = payloads.connection(data, "companyInformation")
        rows = payloads.rows(found, where="companyInformation")
        number = str(self._company)
        return SourceCompany(
            number=number,
            name=next((one.name for one in self.list_companies() if one.number == number), ""),
            organisation_number=visma_ledger.text(rows[0], "companyNo") if rows else "",
            currency=self._reading.own_currency,
        )

    # --- What this installation has ---------------------------------------------------------

    @cached_property
    def columns(self) -> Columns:
        """Return what introspection says, asked once."""
        data = self._door.read(documents.COLUMNS, "ReadColumns", {})
        return discovery.columns(data)

    def list_voucher_types(self) -> list[VoucherType]:
        """Return the voucher types with their turnover flag, as far as the schema shows them."""
        found = self.columns.voucher_type
        if found is None:
            return []
        document = documents.voucher_types(found.all)
        return [
            discovery.voucher_type(row, found)
            for row in self._door.all_rows(document, "ReadVoucherTypes", "voucherType", {})
        ]

    def check_setup(self, *, marker: str, value: str = "1") -> SetupReport:
        """Find out what this company's schema offers; the marker is tried on no row at all."""
        return setup_check.Check(self, marker=marker, value=value).report()

    def read_tables(self) -> tuple[str, ...]:
        """Return the identifiers of the model's tables."""
        data = self._door.read(documents.TABLES, "ReadTables", {})
        model = data.get("useModel") or {}
        return tuple(visma_ledger.text(one, "identifier") for one in model.get("tables") or ())

    def try_reading_marker(self, marker: str) -> str:
        """Return why the marker cannot be read, or nothing; reads it on one posting."""
        return self._marks.try_reading(marker)

    def try_writing_marker(self, change: Mapping[str, Any]) -> str:
        """Return why the marker cannot be written, or nothing; changes no posting."""
        return self._marks.try_writing(change)

    # --- Payments ---------------------------------------------------------------------------

    # https://docs.vismasoftware.no/businessnxtapi/apireference/features/pagination
    def read_payments(self, query: PaymentQuery, *, cursor: str = "") -> PaymentPage:
        """
        Return one page, in rising order of key, from the beginning or from a stored cursor.

        Where the marker cannot be read, the payments are read without it: it is a courtesy.
        """
        try:
            return self._read_payments(query, marker=query.marker, cursor=cursor)
        except errors.MarkerNotReadable:
            return self._read_payments(query, marker="", cursor=cursor)

    def _read_payments(self, query: PaymentQuery, *, marker: str, cursor: str) -> PaymentPage:
        variables = {
            "filter": payloads.payment_filter(query),
            "first": self._page_size,
            "after": cursor or None,
            **self._by_name(marker=marker),
        }
        document = documents.payments(self.columns.as_columns("kid", "origin", "currency"))
        found = self._door.page(document, "ReadPayments", "customerTransaction", variables)
        rows = payloads.rows(found, where="customerTransaction")
        return visma_ledger.payment_page(
            map(payloads.with_named_columns, rows),
            reading=self._reading,
            cursor=payloads.next_cursor(found, where="customerTransaction"),
        )

    def _by_name(self, *, marker: str) -> dict[str, Any]:
        """Return the variables that read columns by their names, each only where it is there."""
        name, is_number = discovery.marker_column(marker)
        given = {
            "marker": "" if is_number else name,
            "markerNumber": name if is_number else "",
            "kid": self.columns.by_name("kid"),
            "origin": self.columns.by_name("origin"),
            "currency": self.columns.by_name("currency"),
        }
        switches = {f"with{key[0].upper()}{key[1:]}": bool(value) for key, value in given.items()}
        return {**given, **switches, "withExtensions": any(switches.values())}

    # https://docs.vismasoftware.no/businessnxtapi (groupBy and aggregates)
    def control_total(self, query: PaymentQuery) -> ControlTotal | None:
        """
        Return the source's own count and sum; only the count where its schema adds nothing up.

        Rows that are left out (compression) are in both.
        """
        variables = {"company": self._company, "filter": payloads.payment_filter(query)}
        if not self.columns.aggregates:
            data = self._door.read(documents.PAYMENT_COUNT, "CountPayments", variables)
            found = payloads.connection(data, "customerTransaction")
            return ControlTotal(count=self._whole(found, "totalCount"), amount=None)
        data = self._door.read(documents.PAYMENT_TOTALS, "SumPayments", variables)
        count, total = 0, Decimal("0.00")
        found = payloads.connection(data, "customerTransaction")
        for row in payloads.rows(found, where="totals"):
            sums = row.get("aggregates") or {}
            count += self._whole(sums.get("count") or {}, "auditNo")
            try:
                # A row that is finer than a cent is in the sum; which one, its own line tells.
                total -= visma_ledger.exact_amount(
                    sums.get("sum") or {}, "amountDomestic", largest=LARGEST_SUM
                )
            except visma_ledger.Unread as unread:
                raise visma_ledger.bad("totals", unread, vendor=VENDOR) from None
        return ControlTotal(count=count, amount=total)

    @staticmethod
    def _whole(row: Mapping[str, Any], name: str) -> int:
        try:
            return visma_ledger.whole(row, name)
        except visma_ledger.Unread as unread:
            raise visma_ledger.bad("totals", unread, vendor=VENDOR) from None

    # --- Customers and open items -----------------------------------------------------------

    def read_customers(
        self, *, changed_since: datetime | None = None
    ) -> Iterator[SourceCustomer | Unreadable]:
        """
        Yield the customers, or those changed since, less a day.

        Rows untouched since October 2024 have no time of change: read all now and then.

        :raises NoCreditBlock: if the schema does not say who is blocked; nobody is then
            taken for unblocked
        """
        yield from self._customers(payloads.customer_filter(since=changed_since))

    def read_customer(self, number: int) -> SourceCustomer | None:
        """Return one customer, or None if there is none."""
        found = next(self._customers(payloads.customer_filter(number=number)), None)
        if isinstance(found, Unreadable):
            raise BadAnswer(vendor=VENDOR, detail=f"associate: {found.field} {found.value}")
        return found

    def _customers(self, filter_: dict[str, Any]) -> Iterator[SourceCustomer | Unreadable]:
        if not self.columns.credit_denied:
            raise NoCreditBlock(vendor=VENDOR)
        document = documents.customers(with_block=True)
        for row in self._door.all_rows(document, "ReadCustomers", "associate", {"filter": filter_}):
            yield visma_ledger.read_customer(row, reading=self._reading)

    def read_open_items(self) -> Iterator[SourceOpenItem | Unreadable]:
        """
        Yield every posting with something outstanding, payments without an invoice included.

        From the transactions and not from the open entries: a settled row leaves those, and
        they do not hold the posted amount.
        """
        by_name = self.columns.by_name("currency")
        variables = {
            "filter": payloads.OPEN_FILTER,
            "currency": by_name,
            "withCurrency": bool(by_name),
        }
        document = documents.open_items(self.columns.as_columns("currency"))
        rows = self._door.all_rows(document, "ReadOpenItems", "customerTransaction", variables)
        for row in rows:
            yield visma_ledger.read_open_item(
                payloads.with_named_columns(row), reading=self._reading
            )

    def read_write_offs(self, invoice_numbers: Sequence[str]) -> Iterator[SourceWriteOff]:
        """Yield what was written off on those invoices; nothing where the origin is not given."""
        if not self.columns.origin:
            return
        for some in _portions(invoice_numbers):
            for row in self._postings(payloads.invoice_filter(some)):
                one = visma_ledger.read_write_off(row, vendor=VENDOR)
                if one is not None:
                    yield one

    def read_earlier_payments(
        self, invoice_numbers: Sequence[str], *, before: date, voucher_types: frozenset[int]
    ) -> Iterator[EarlierPayment]:
        """Yield the payments on those invoices from before that date, which nobody fetches."""
        for some in _portions(invoice_numbers):
            asked = payloads.earlier_filter(some, before=before, voucher_types=voucher_types)
            for one in map(visma_ledger.read_earlier_payment, self._postings(asked)):
                if one is not None:
                    yield one

    def _postings(self, asked: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        by_name = self.columns.by_name("origin")
        document = documents.write_offs(self.columns.as_columns("origin"))
        variables = {"filter": asked, "origin": by_name, "withOrigin": bool(by_name)}
        rows = self._door.all_rows(document, "ReadWriteOffs", "customerTransaction", variables)
        return map(payloads.with_named_columns, rows)

    def mark(self, keys: Sequence[PaymentKey], *, marker: str, value: str) -> list[MarkOutcome]:
        """Write the marker on those payments that do not have it yet; harmless to repeat."""
        return self._marks.mark(keys, marker=marker, value=value)


def _portions(invoice_numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(invoice_numbers), INVOICES_PER_CALL):
        yield invoice_numbers[start : start + INVOICES_PER_CALL]
