"""
What a customer's own installation has, found out by introspection and not assumed.

The set-up check asks for columns, voucher types and the marker, and says in codes what it found;
the words are the hub's. It changes nothing: whether the marker can be written is asked with an
update of a posting that cannot exist.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors import visma_ledger, visma_markers
from connectors.businessnxt import payloads
from connectors.businessnxt.errors import VENDOR
from connectors.receivables.shared import PaymentKey
from connectors.receivables.source import VoucherType

# Names that columns which the vendor confirms nowhere may have, best first.
KID = ("cid", "kid", "customerIdentification", "paymentReference")
ORIGIN = ("origin", "sourceType")
CURRENCY = ("currencyNo",)
TURNOVER_FLAG = ("affectsTurnoverPurchase", "affectsTurnover", "affectTurnoverPurchase")
VOUCHER_TYPE_NUMBER = ("voucherTypeNo", "voucherType", "number", "no")
VOUCHER_TYPE_NAME = ("name", "description", "text", "shortName")
_LIKE_THE_FLAG = re.compile(r"^aff\w*turn", re.IGNORECASE)

NO_SUCH_POSTING = PaymentKey(-1, -1)


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
