"""
What the tables of a company's database are called, found in INFORMATION_SCHEMA.

Short SQL names are the same in all installations as far as they are known; which of them stand
on `CustTr` differs between versions, and some are known from sibling tables only. So nothing is
asked for that was not found, and the operator can name what is called otherwise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.visma_business_classic import errors
from connectors.visma_business_classic.database import Database
from connectors.visma_business_classic.errors import VENDOR

# The identifier of the model, and the SQL names that it may have, best first.
TRANSACTIONS: Mapping[str, tuple[str, ...]] = {
    "voucherJournalNo": ("JNo",),
    "auditNo": ("EntNo",),
    "customerNo": ("CustNo",),
    "invoiceNo": ("InvoNo",),
    "voucherNo": ("VoNo",),
    "voucherType": ("VoTp",),
    "voucherDate": ("VoDt",),
    "valueDate": ("ValDt",),
    "dueDate": ("DueDt",),
    "text": ("Txt",),
    "amountDomestic": ("Am",),
    "amountInCurrency": ("CurAm",),
    "outstandingAmountDomestic": ("RAm",),
    "currency": ("Cur",),
    "origin": ("SrcTp",),
    "kid": ("Cid", "KID"),
    "side": ("Cr",),
}
NEEDED = (
    "voucherJournalNo",
    "auditNo",
    "customerNo",
    "voucherType",
    "voucherDate",
    "amountDomestic",
)
AMOUNTS = frozenset({"amountDomestic", "amountInCurrency", "outstandingAmountDomestic"})
CUSTOMERS: Mapping[str, tuple[str, ...]] = {
    "customerNo": ("CustNo",),
    "name": ("Nm",),
    "companyNo": ("BsNo",),
    "creditDenied": ("CrSusp",),
    "changedDate": ("ChDt",),
}
TRANSACTION_TABLE, CUSTOMER_TABLE = "CustTr", "Actor"
TURNOVER_FLAG, ORGANISATION_NUMBER = "AffTrn", "BsNo"
VOUCHER_TYPE_NUMBER, VOUCHER_TYPE_NAME = ("VoTp", "VoTpNo", "No"), ("Nm", "Txt", "Descr")


@dataclass(frozen=True, slots=True)
class Layout:
    """
    What was found. A name that is missing from a mapping is not there.

    :param voucher_types: table, number, name (may be empty) and flag of the voucher types
    :param organisation: tables (one column each) that may hold the company's own number
    :param all_transactions: every column of the transactions, for the choice of a marker
    """

    transactions: Mapping[str, str]
    customers: Mapping[str, str]
    voucher_types: tuple[str, str, str, str] | None
    organisation: tuple[tuple[str, str], ...]
    all_transactions: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Return what is needed for payments and was not found."""
        return tuple(name for name in NEEDED if name not in self.transactions)

    def needed(self) -> Mapping[str, str]:
        """
        Return the columns of the transactions.

        :raises ColumnsDiffer: if one without which nothing can be read is missing
        """
        if self.missing:
            detail = f"{TRANSACTION_TABLE}: {', '.join(self.missing)}"
            raise errors.ColumnsDiffer(vendor=VENDOR, detail=detail)
        return self.transactions


def discover(database: Database, *, named: Mapping[str, str]) -> Layout:
    """
    Return the layout of the database.

    :param named: what the operator says: an identifier to a column, or ``organisation`` and
        ``voucherTypes`` to ``Table.Column``
    """
    columns: dict[str, list[str]] = {}
    rows = database.rows(
        "SELECT TABLE_NAME AS t, COLUMN_NAME AS c FROM INFORMATION_SCHEMA.COLUMNS"
        " WHERE TABLE_NAME IN (?, ?)"
        " OR TABLE_NAME IN (SELECT TABLE_NAME FROM INFORMATION_SCHEMA.COLUMNS"
        " WHERE COLUMN_NAME IN (?, ?))"
        " ORDER BY TABLE_NAME, ORDINAL_POSITION",
        (TRANSACTION_TABLE, CUSTOMER_TABLE, TURNOVER_FLAG, ORGANISATION_NUMBER),
    )
    for row in rows:
        columns.setdefault(str(row["t"]), []).append(str(row["c"]))
    return Layout(
        transactions=_found(TRANSACTIONS, columns.get(TRANSACTION_TABLE, ()), named),
        customers=_found(CUSTOMERS, columns.get(CUSTOMER_TABLE, ()), named),
        voucher_types=_voucher_types(columns, named),
        organisation=_organisation(columns, named),
        all_transactions=tuple(columns.get(TRANSACTION_TABLE, ())),
    )


def _found(
    wanted: Mapping[str, tuple[str, ...]], there: Sequence[str], named: Mapping[str, str]
) -> dict[str, str]:
    found = {}
    for identifier, candidates in wanted.items():
        choices = (named[identifier],) if identifier in named else candidates
        column = _first(choices, there)
        if column:
            found[identifier] = column
    return found


def _first(choices: Sequence[str], there: Sequence[str]) -> str:
    """Return the first choice that is there, as it is written there."""
    lower = {one.lower(): one for one in there}
    return next((lower[one.lower()] for one in choices if one.lower() in lower), "")


def _voucher_types(
    columns: Mapping[str, Sequence[str]], named: Mapping[str, str]
) -> tuple[str, str, str, str] | None:
    table, _dot, flag = named.get("voucherTypes", "").partition(".")
    flag = flag or TURNOVER_FLAG
    for name, there in columns.items():
        if table and name.lower() != table.lower():
            continue
        number, found = _first(VOUCHER_TYPE_NUMBER, there), _first((flag,), there)
        if number and found:
            return name, number, _first(VOUCHER_TYPE_NAME, there), found
    return None


def _organisation(
    columns: Mapping[str, Sequence[str]], named: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    table, _dot, column = named.get("organisation", "").partition(".")
    if table:
        return ((table, column or ORGANISATION_NUMBER),)
    found = []
    for name, there in columns.items():
        # Customers, suppliers and contacts have one each: not the company's own.
        if name.lower() != CUSTOMER_TABLE.lower():
            column = _first((ORGANISATION_NUMBER,), there)
            if column:
                found.append((name, column))
    return tuple(found)
