"""
The GraphQL documents that the hub sends. Each is named, and every value is a variable.

A column that the schema does not show (a data model extension) is read through `extensions`, by
its name as data: https://docs.vismasoftware.no/businessnxtapi/extensions. A core column that
introspection has found is asked for as a column, as the vendor advises; the documents that are
made from found names say so.
"""

from collections.abc import Mapping, Sequence
from functools import cache

# https://docs.vismasoftware.no/businessnxtapi/schema/queries/companies (it has no pageInfo)
COMPANIES = """
query ReadCompanies($customer: Int) {
  availableCompanies(customerNo: $customer) {
    totalCount
    items { name vismaNetCompanyId vismaNetCustomerId }
  }
}
"""

COMPANY = """
query ReadCompany($company: Int!) {
  useCompany(no: $company) {
    companyInformation { items { companyNo } }
  }
}
"""

# Introspection is open: it says what this installation has.
COLUMNS = """
query ReadColumns {
  company: __type(name: "Query_UseCompany") { fields { name } }
  changes: __type(name: "Mutation_UseCompany") { fields { name } }
  transaction: __type(name: "CustomerTransaction") { fields { name type { name kind } } }
  associate: __type(name: "Associate") { fields { name type { name kind } } }
  voucherType: __type(name: "VoucherType") { fields { name type { name kind } } }
}
"""

# https://docs.vismasoftware.no/businessnxtapi/schema/queries/modelinfo
TABLES = """
query ReadTables {
  useModel(lang: ENGLISH) { tables { tableNo name identifier } }
}
"""


def _with_columns(document: str, columns: Mapping[str, str]) -> str:
    """Return a document with columns that introspection has found, each under its alias."""
    if not all(name.isidentifier() and name.isascii() for name in columns.values()):
        raise ValueError("the name of a column must be a name")
    return document % " ".join(f"{alias}: {name}" for alias, name in sorted(columns.items()))


# https://docs.vismasoftware.no/businessnxtapi/apireference/features/pagination
_PAYMENTS = """
query ReadPayments(
  $company: Int!, $filter: FilterExpression_CustomerTransaction, $first: Int, $after: String,
  $marker: String, $markerNumber: String, $kid: String, $origin: String, $currency: String,
  $withMarker: Boolean!, $withMarkerNumber: Boolean!, $withKid: Boolean!,
  $withOrigin: Boolean!, $withCurrency: Boolean!, $withExtensions: Boolean!
) {
  useCompany(no: $company) {
    customerTransaction(
      first: $first, after: $after, filter: $filter,
      orderBy: [{voucherJournalNo: ASC}, {auditNo: ASC}]
    ) {
      pageInfo { hasNextPage endCursor }
      items {
        voucherJournalNo auditNo customerNo invoiceNo voucherNo voucherType voucherDate valueDate
        text amountDomestic amountInCurrency changedTimestamp %s
        extensions @include(if: $withExtensions) {
          marker: stringValue(name: $marker) @include(if: $withMarker)
          markerNumber: integerValue(name: $markerNumber) @include(if: $withMarkerNumber)
          kid: stringValue(name: $kid) @include(if: $withKid)
          origin: integerValue(name: $origin) @include(if: $withOrigin)
          currency: integerValue(name: $currency) @include(if: $withCurrency)
        }
      }
    }
  }
}
"""


def payments(columns: Mapping[str, str]) -> str:
    """Return the query of payments, with found columns under ``kid``, ``origin``, ``currency``."""
    return _with_columns(_PAYMENTS, columns)


PAYMENT_COUNT = """
query CountPayments($company: Int!, $filter: FilterExpression_CustomerTransaction) {
  useCompany(no: $company) {
    customerTransaction(filter: $filter) { totalCount }
  }
}
"""

# Sent only where the installation's own schema has `aggregates` on this table; the vendor
# documents them as a feature of every table, and they were seen on open entries.
PAYMENT_TOTALS = """
query SumPayments($company: Int!, $filter: FilterExpression_CustomerTransaction) {
  useCompany(no: $company) {
    customerTransaction(filter: $filter, groupBy: [{voucherType: DEFAULT}]) {
      items {
        voucherType
        aggregates { sum { amountDomestic } count { auditNo } }
      }
    }
  }
}
"""

_OPEN_ITEMS = """
query ReadOpenItems(
  $company: Int!, $filter: FilterExpression_CustomerTransaction, $first: Int, $after: String,
  $currency: String, $withCurrency: Boolean!
) {
  useCompany(no: $company) {
    customerTransaction(
      first: $first, after: $after, filter: $filter,
      orderBy: [{voucherJournalNo: ASC}, {auditNo: ASC}]
    ) {
      pageInfo { hasNextPage endCursor }
      items {
        voucherJournalNo auditNo customerNo invoiceNo voucherDate dueDate
        amountDomestic outstandingAmountDomestic %s
        extensions @include(if: $withCurrency) { currency: integerValue(name: $currency) }
      }
    }
  }
}
"""


def open_items(columns: Mapping[str, str]) -> str:
    """Return the query of open items, with a found column under ``currency``."""
    return _with_columns(_OPEN_ITEMS, columns)


# The origin is documented on batches; it is read here only where this table was found to have it.
_WRITE_OFFS = """
query ReadWriteOffs(
  $company: Int!, $filter: FilterExpression_CustomerTransaction, $first: Int, $after: String,
  $origin: String, $withOrigin: Boolean!
) {
  useCompany(no: $company) {
    customerTransaction(
      first: $first, after: $after, filter: $filter,
      orderBy: [{voucherJournalNo: ASC}, {auditNo: ASC}]
    ) {
      pageInfo { hasNextPage endCursor }
      items {
        voucherJournalNo auditNo customerNo invoiceNo amountDomestic %s
        extensions @include(if: $withOrigin) { origin: integerValue(name: $origin) }
      }
    }
  }
}
"""


def write_offs(columns: Mapping[str, str]) -> str:
    """Return the query of an invoice's postings, with a found column under ``origin``."""
    return _with_columns(_WRITE_OFFS, columns)


_CUSTOMERS = """
query ReadCustomers(
  $company: Int!, $filter: FilterExpression_Associate, $first: Int, $after: String
) {
  useCompany(no: $company) {
    associate(
      first: $first, after: $after, filter: $filter, orderBy: [{associateNo: ASC}]
    ) {
      pageInfo { hasNextPage endCursor }
      items { associateNo customerNo name companyNo %s changedTimestamp }
    }
  }
}
"""


def customers(*, with_block: bool) -> str:
    """Return the query of customers; `creditDenied` only where the schema was found to have it."""
    return _CUSTOMERS % ("creditDenied" if with_block else "")


_VOUCHER_TYPES = """
query ReadVoucherTypes($company: Int!, $first: Int, $after: String) {
  useCompany(no: $company) {
    voucherType(first: $first, after: $after) {
      pageInfo { hasNextPage endCursor }
      items { %s }
    }
  }
}
"""


def voucher_types(columns: Sequence[str]) -> str:
    """Return the query of voucher types with the columns that introspection has found."""
    if not all(name.isidentifier() for name in columns):
        raise ValueError("the name of a column must be a name")
    return _VOUCHER_TYPES % " ".join(columns)


# --- Marks --------------------------------------------------------------------------------------
# One alias for each payment: so each has its own count of changed rows, and its own errors.


_ANY_MARK = """
query ReadAnyMark($company: Int!, $marker: String) {
  useCompany(no: $company) {
    customerTransaction(first: 1) { items { extensions { marker: %s(name: $marker) } } }
  }
}
"""
ANY_MARK, ANY_MARK_NUMBER = _ANY_MARK % "stringValue", _ANY_MARK % "integerValue"


@cache
def read_marks(count: int, *, number: bool) -> str:
    """Return the query that reads the marker of so many payments, each by its full key."""
    variables = " ".join(f"$f{at}: FilterExpression_CustomerTransaction" for at in range(count))
    reader = "integerValue" if number else "stringValue"
    rows = "\n".join(
        f"    m{at}: customerTransaction(first: 2, filter: $f{at}) {{\n"
        f"      items {{ extensions {{ marker: {reader}(name: $marker) }} }}\n    }}"
        for at in range(count)
    )
    return (
        f"query ReadMarks($company: Int!, $marker: String, {variables}) {{\n"
        f"  useCompany(no: $company) {{\n{rows}\n  }}\n}}\n"
    )


# https://docs.vismasoftware.no/businessnxtapi/schema/mutations/updates and
# https://docs.vismasoftware.no/businessnxtapi/extensions/writeextensions
@cache
def write_marks(count: int) -> str:
    """Return the mutation that marks so many payments."""
    variables = " ".join(f"$f{at}: FilterExpression_CustomerTransaction" for at in range(count))
    rows = "\n".join(
        f"    m{at}: customerTransaction_update(\n"
        f"      filter: $f{at}, value: {{extensions: [$marker]}}\n    ) {{ affectedRows }}"
        for at in range(count)
    )
    return (
        f"mutation MarkPayments($company: Int!, $marker: InputValueExtension!, {variables}) {{\n"
        f"  useCompany(no: $company) {{\n{rows}\n  }}\n}}\n"
    )
