"""
Our questions as Business NXT's filters, and what stands around its rows.

The rows themselves are read in :mod:`connectors.visma_ledger`: classic has the same ones.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from connectors.businessnxt.errors import VENDOR
from connectors.errors import BadAnswer
from connectors.receivables.shared import PaymentKey
from connectors.receivables.source import PaymentQuery
from connectors.visma_ledger import Row, number_of_date

TIMESTAMP_MARGIN = timedelta(days=1)
"""Timestamps are the server's local time without a zone; a day covers them all."""


# --- Questions ----------------------------------------------------------------------------------


def payment_filter(query: PaymentQuery) -> dict[str, Any]:
    """Return the filter of a query of payments; their sign is not part of it."""
    if not query.voucher_types:
        raise ValueError("a query of payments needs voucher types")
    tests: list[dict[str, Any]] = [
        {"voucherDate": {"_gte": number_of_date(query.since)}},
        {"voucherType": {"_in": sorted(query.voucher_types)}},
    ]
    if query.after_journal is not None:
        tests.append({"voucherJournalNo": {"_gt": query.after_journal}})
    return {"_and": tests}


def key_filter(key: PaymentKey) -> dict[str, Any]:
    """Return the filter that finds one posting and no other."""
    return {
        "_and": [
            {"voucherJournalNo": {"_eq": key.journal_number}},
            {"auditNo": {"_eq": key.audit_number}},
        ]
    }


def customer_filter(*, number: int | None = None, since: datetime | None = None) -> dict[str, Any]:
    """Return the filter of customers: all, one, or those changed since, less a margin."""
    tests: list[dict[str, Any]] = [
        {"customerNo": {"_gt": 0} if number is None else {"_eq": number}}
    ]
    if since is not None:
        moment = (since - TIMESTAMP_MARGIN).replace(tzinfo=None, microsecond=0)
        tests.append({"changedTimestamp": {"_gt": moment.isoformat()}})
    return {"_and": tests}


def invoice_filter(numbers: Sequence[str]) -> dict[str, Any]:
    """Return the filter of all postings on those invoices."""
    return {"invoiceNo": {"_in": list(numbers)}}


def earlier_filter(
    numbers: Sequence[str], *, before: date, voucher_types: frozenset[int]
) -> dict[str, Any]:
    """Return the filter of the payments on those invoices from before that date."""
    return {
        "_and": [
            {"invoiceNo": {"_in": list(numbers)}},
            {"voucherDate": {"_lt": number_of_date(before)}},
            {"voucherType": {"_in": sorted(voucher_types)}},
        ]
    }


OPEN_FILTER = {"outstandingAmountDomestic": {"_not_eq": 0}}


# --- Around the rows ----------------------------------------------------------------------------


def connection(data: Any, name: str) -> Mapping[str, Any]:
    """
    Return one connection below `useCompany`.

    :raises BadAnswer: if it is not there
    """
    company = data.get("useCompany") if isinstance(data, Mapping) else None
    found = company.get(name) if isinstance(company, Mapping) else None
    if not isinstance(found, Mapping):
        raise BadAnswer(vendor=VENDOR, detail=f"the answer holds no {name}")
    return found


def rows(found: Mapping[str, Any], *, where: str) -> list[Row]:
    """
    Return the rows of a connection.

    :raises BadAnswer: if there is no list, or a row of it is missing
    """
    items = found.get("items")
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise BadAnswer(vendor=VENDOR, detail=f"{where}: items")
    return items


def next_cursor(found: Mapping[str, Any], *, where: str) -> str:
    """
    Return where the next page begins; empty on the last one.

    :raises BadAnswer: if there is more and nothing says where
    """
    info = found.get("pageInfo")
    if not isinstance(info, Mapping) or not isinstance(info.get("hasNextPage"), bool):
        raise BadAnswer(vendor=VENDOR, detail=f"{where}: pageInfo")
    if not info["hasNextPage"]:
        return ""
    cursor = info.get("endCursor")
    if not isinstance(cursor, str) or not cursor:
        raise BadAnswer(vendor=VENDOR, detail=f"{where}: endCursor")
    return cursor


_NAMED = ("kid", "origin", "currency")


def with_named_columns(row: Row) -> Row:
    """Return a row with the columns that were asked for by alias beside its extensions."""
    named = {name: row[name] for name in _NAMED if name in row}
    return {**row, "extensions": {**(row.get("extensions") or {}), **named}} if named else row


def names(described: Any) -> tuple[str, ...]:
    """Return the names of the fields of an introspected type; none where it does not exist."""
    fields: Sequence[Any] = (described or {}).get("fields") or ()
    return tuple(str(one["name"]) for one in fields)


def kinds(described: Any) -> dict[str, str]:
    """Return the named type of each field of an introspected type; empty: it is not given."""
    fields: Sequence[Any] = (described or {}).get("fields") or ()
    return {str(one["name"]): str((one.get("type") or {}).get("name") or "") for one in fields}
