"""
What a customer's own installation has, found out by introspection and not assumed.

The set-up check asks for columns, voucher types and the marker, and says in codes what it found;
the words are the hub's. It changes nothing: whether the marker can be written is asked with an
update of a posting that cannot exist.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectors import visma_ledger, visma_markers
from connectors.businessnxt import payloads
from connectors.businessnxt.errors import VENDOR
from connectors.errors import ConnectorError, NotAuthorized, Unavailable
from connectors.receivables import (
    FindingLevel,
    PaymentKey,
    SetupFinding,
    SetupReport,
    SourceCompany,
    VoucherType,
)

if TYPE_CHECKING:
    from connectors.businessnxt.client import Client

# Names that columns which the vendor confirms nowhere may have, best first.
KID = ("cid", "kid", "customerIdentification", "paymentReference")
ORIGIN = ("origin", "sourceType")
CURRENCY = ("currencyNo",)
TURNOVER_FLAG = ("affectsTurnoverPurchase", "affectsTurnover", "affectTurnoverPurchase")
VOUCHER_TYPE_NUMBER = ("voucherTypeNo", "voucherType", "number", "no")
VOUCHER_TYPE_NAME = ("name", "description", "text", "shortName")
_LIKE_THE_FLAG = re.compile(r"^aff\w*turn", re.IGNORECASE)

NO_SUCH_POSTING = PaymentKey(-1, -1)
_KEPT = (
    "voucherJournalNo",
    "auditNo",
    "customerNo",
    "voucherDate",
    "voucherType",
    "amountDomestic",
)


@dataclass(frozen=True, slots=True)
class VoucherTypeColumns:
    """What the columns of the voucher type table are called here."""

    number: str
    name: str
    flag: str

    @property
    def all(self) -> tuple[str, ...]:
        """Return those that there are."""
        return tuple(one for one in (self.number, self.name, self.flag) if one)


@dataclass(frozen=True, slots=True)
class Columns:
    """What an installation has. An empty name: it does not have that column."""

    transaction: tuple[str, ...]
    kid: str
    origin: str
    currency: str
    aggregates: bool
    credit_denied: bool
    updates: bool
    voucher_type: VoucherTypeColumns | None
    kinds: Mapping[str, str] = field(default_factory=dict)
    """The type of each column of the transactions, as the schema names it."""

    def as_columns(self, *wanted: str) -> dict[str, str]:
        """Return those of them that the schema shows: they are asked for as columns."""
        found = {one: getattr(self, one) for one in wanted}
        return {one: name for one, name in found.items() if name in self.transaction}

    def kind_of(self, column: str) -> str:
        """Return the type of a column, whatever the case of its letters; empty: not shown."""
        lower = column.lower()
        return next((kind for name, kind in self.kinds.items() if name.lower() == lower), "")

    def by_name(self, wanted: str) -> str:
        """Return a column that the operator named and no schema shows; empty: there is none."""
        name: str = getattr(self, wanted)
        return "" if name in self.transaction else name


def columns(data: Mapping[str, Any]) -> Columns:
    """Return what the answer to the introspection says."""
    transaction = payloads.names(data.get("transaction"))
    voucher_type = payloads.names(data.get("voucherType"))
    number = _first(VOUCHER_TYPE_NUMBER, voucher_type)
    has_table = "voucherType" in payloads.names(data.get("company")) and number
    return Columns(
        transaction=transaction,
        kid=_first(KID, transaction),
        origin=_first(ORIGIN, transaction),
        currency=_first(CURRENCY, transaction),
        aggregates="aggregates" in transaction,
        credit_denied="creditDenied" in payloads.names(data.get("associate")),
        updates="customerTransaction_update" in payloads.names(data.get("changes")),
        voucher_type=VoucherTypeColumns(
            number=number,
            name=_first(VOUCHER_TYPE_NAME, voucher_type),
            flag=_first(TURNOVER_FLAG, voucher_type)
            or next((one for one in voucher_type if _LIKE_THE_FLAG.match(one)), ""),
        )
        if has_table
        else None,
        kinds=payloads.kinds(data.get("transaction")),
    )


def _first(wanted: Sequence[str], there: Sequence[str]) -> str:
    return next((one for one in wanted if one in there), "")


marker_column = visma_markers.column_of


def marker_trouble(marker: str, value: str) -> str:
    """Return why a column cannot hold a mark, as a code; empty: nothing is known against it."""
    return visma_markers.trouble(marker, value, used=visma_markers.USED_BY_NXT)


def change_of(marker: str, value: str) -> dict[str, Any]:
    """Return the change that writes a value into a marker without trouble."""
    column, is_number = marker_column(marker)
    return {"column": column} | (
        {"integerValue": int(value)} if is_number else {"stringValue": value}
    )


def voucher_type(row: Mapping[str, Any], found: VoucherTypeColumns) -> VoucherType:
    """
    Return the row as a voucher type.

    :raises BadAnswer: if it has no number
    """
    try:
        flag = row.get(found.flag) if found.flag else None
        return VoucherType(
            number=visma_ledger.whole(row, found.number),
            name=visma_ledger.text(row, found.name) if found.name else "",
            affects_turnover=None if flag is None else visma_ledger.yes(flag),
        )
    except visma_ledger.Unread as unread:
        raise visma_ledger.bad("voucherType", unread, vendor=VENDOR) from None


class Check:
    """
    The set-up check of one company.

    :param marker: the chosen column; empty checks everything else
    :param value: what is to be written into it
    """

    def __init__(self, client: "Client", *, marker: str, value: str) -> None:
        self._client, self._marker, self._value = client, marker, value
        self._findings: list[SetupFinding] = []

    def report(self) -> SetupReport:
        """Return what there is; only failures that stop every read are raised."""
        company = self._company()
        if company is None:
            return SetupReport(company=None, findings=tuple(self._findings))
        found = self._client.columns
        self._tables()
        self._columns(found)
        types = tuple(self._client.list_voucher_types())
        self._voucher_types(types, found)
        readable, writable = self._try_marker(found)
        return SetupReport(
            company=company,
            voucher_types=types,
            marker_readable=readable,
            marker_writable=writable,
            credit_block_readable=found.credit_denied,
            marker_columns=tuple(
                one for one in found.transaction if one.lower().startswith(("information", "free"))
            ),
            findings=tuple(self._findings),
        )

    def _say(self, level: FindingLevel, code: str, **params: str) -> None:
        self._findings.append(SetupFinding(level, code, params))

    def _company(self) -> SourceCompany | None:
        try:
            company = self._client.read_company()
        except NotAuthorized as refused:
            self._say(FindingLevel.PROBLEM, "company_not_opened", detail=refused.detail)
            return None
        number = company.organisation_number
        if number:
            self._say(FindingLevel.OK, "company_found", name=company.name, organisation=number)
        else:
            self._say(FindingLevel.PROBLEM, "organisation_number_missing", name=company.name)
        return company

    def _tables(self) -> None:
        """See that the model knows the tables; a model that cannot be read is no obstacle."""
        try:
            tables = self._client.read_tables()
        except Unavailable:
            raise
        except ConnectorError as refused:
            self._say(FindingLevel.WARNING, "model_not_readable", detail=refused.detail)
            return
        for table in ("CustomerTransaction", "Associate"):
            if table not in tables:
                self._say(FindingLevel.WARNING, "table_missing", table=table)

    def _columns(self, found: Columns) -> None:
        missing = [one for one in _KEPT if one not in found.transaction]
        if missing:
            self._say(FindingLevel.PROBLEM, "columns_missing", columns=", ".join(missing))
        for code, column in (
            ("kid", found.kid),
            ("origin", found.origin),
            ("currency", found.currency),
        ):
            level = FindingLevel.OK if column else FindingLevel.WARNING
            self._say(level, f"{code}_column" if column else f"{code}_missing", column=column)
        if not found.aggregates:
            self._say(FindingLevel.WARNING, "no_control_sum")
        if found.credit_denied:
            self._say(FindingLevel.OK, "credit_block_readable")
        else:
            self._say(FindingLevel.WARNING, "credit_block_missing")

    def _voucher_types(self, types: Sequence[VoucherType], found: Columns) -> None:
        if not types:
            self._say(FindingLevel.WARNING, "voucher_types_missing")
        elif any(one.affects_turnover is None for one in types):
            self._say(FindingLevel.WARNING, "turnover_flag_missing")
        else:
            proposed = [one for one in types if one.affects_turnover is False]
            self._say(
                FindingLevel.OK,
                "payment_types_proposed",
                types=", ".join(f"{one.number} {one.name}".strip() for one in proposed),
                column=found.voucher_type.flag if found.voucher_type else "",
            )

    # --- The marker -------------------------------------------------------------------------

    def _try_marker(self, found: Columns) -> tuple[bool | None, bool | None]:
        column, _is_number = marker_column(self._marker)
        if not column:
            return None, None
        # A column made for it (a data model extension) is not shown by the schema, so that only
        # trying it tells its type.
        trouble = marker_trouble(self._marker, self._value) or visma_markers.trouble_of_type(
            self._marker, self._value, kind=found.kind_of(column)
        )
        if trouble:
            self._say(FindingLevel.PROBLEM, trouble, column=column, value=self._value)
            return None, False
        # On one posting: a company without any shows nothing, and is told of at the first page.
        readable = self._tried("marker_not_readable", column, self._client.try_reading_marker)
        if not found.updates:
            self._say(FindingLevel.WARNING, "no_updates", column=column)
            return readable, False
        change = change_of(self._marker, self._value)
        writable = self._tried(
            "marker_not_writable",
            column,
            lambda _marker: self._client.try_writing_marker(change),
        )
        if readable and writable:
            self._say(FindingLevel.OK, "marker_works", column=column)
        return readable, writable

    def _tried(self, code: str, column: str, attempt: Callable[[str], str]) -> bool:
        reason = attempt(self._marker)
        if reason:
            self._say(FindingLevel.WARNING, code, column=column, detail=reason)
        return not reason
