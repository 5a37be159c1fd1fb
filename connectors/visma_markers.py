"""
Which columns of Visma Business can hold the mark "this payment was read".

The ledger has no column of its own for that: what is there means something to the application or
to the accountant. So only a column that somebody made for it, or one for free use, can be chosen.
"""

import re

_NAME = re.compile(r"[^\W\d]\w{0,59}")
_INTEGERS = frozenset({"int", "short", "long", "byte", "integer", "smallint", "bigint", "tinyint"})
_TEXTS = frozenset({"string", "char", "varchar", "nchar", "nvarchar", "text", "character varying"})
_LARGEST = 2**31 - 1

USED_BY_NXT = frozenset(
    [
        "voucherjournalno",
        "auditno",
        "customerno",
        "invoiceno",
        "orderno",
        "voucherno",
        "vouchertype",
        "voucherdate",
        "valuedate",
        "duedate",
        "text",
        "additionaltext",
        "reference",
        "crossreference",
        "cid",
        "kid",
        "origin",
        "sourcetype",
        "currencyno",
        "exchangerate",
        "amountdomestic",
        "amountincurrency",
        "outstandingamountdomestic",
        "outstandingamountincurrency",
        "creditedamountdomestic",
        "paidstatus",
        "paidlast",
        "noofreminderssent",
        "lastreminderdate",
        "debtcollectionstatus",
        "debtcollectioncaseno",
        "accountingperiod",
        "createdtimestamp",
        "createddate",
        "createdtime",
        "changedtimestamp",
        "changeddate",
        "changedtime",
        "changedbyuser",
    ]
)
USED_BY_CLASSIC = frozenset(
    [
        "jno",
        "entno",
        "custno",
        "vono",
        "votp",
        "vodt",
        "valdt",
        "duedt",
        "txt",
        "txt2",
        "cid",
        "kid",
        "invono",
        "ordno",
        "cur",
        "exrt",
        "curam",
        "am",
        "rcuram",
        "ram",
        "cr",
        "st",
        "srctp",
        "r1",
        "r2",
        "r3",
        "r4",
        "r5",
        "r6",
        "r7",
        "r8",
        "r9",
        "r10",
        "r11",
        "r12",
        "crdt",
        "crtm",
        "chdt",
        "chtm",
        "chusr",
    ]
)
"""Of the transactions, in small letters: keys, amounts, dates, matching, dimensions, AutoPay."""


def column_of(marker: str) -> tuple[str, bool]:
    """Return the column of a marker and whether it holds whole numbers: ``Column:integer``."""
    name, _colon, kind = marker.partition(":")
    return name.strip(), kind.strip().lower() == "integer"


def trouble(marker: str, value: str, *, used: frozenset[str]) -> str:
    """
    Return why a column cannot hold a mark, as a code; empty: nothing is known against it.

    :param value: what is to be written into it
    :param used: columns that mean something already
    """
    name, is_number = column_of(marker)
    if not name:
        return ""
    if marker.partition(":")[2].strip().lower() not in ("", "integer") or not _NAME.fullmatch(name):
        return "marker_is_no_column"
    if name.lower() in used:
        return "marker_is_used_by_visma"
    if not value.strip():
        return "marker_value_missing"
    if is_number and not (value.isascii() and value.isdecimal() and 0 < int(value) <= _LARGEST):
        return "marker_value_is_no_number"
    return ""


def trouble_of_type(marker: str, value: str, *, kind: str, width: int | None = None) -> str:
    """
    Return why a column of that type cannot hold the mark, as a code; an unknown type says nothing.

    :param kind: the type as schema or database name it
    :param width: how many characters fit in, where that is known
    """
    _name, is_number = column_of(marker)
    known = kind.strip().lower()
    if known in _TEXTS:
        if is_number:
            return "marker_holds_text"
        return "marker_value_too_long" if width is not None and 0 <= width < len(value) else ""
    if known in _INTEGERS:
        return "" if is_number else "marker_holds_numbers"
    return "marker_wrong_type" if known else ""
