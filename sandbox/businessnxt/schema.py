"""
The GraphQL schema of Business NXT, as far as the sandbox speaks it.

Its own text, written after docs.vismasoftware.no/businessnxtapi (schema, features/filtering,
features/pagination, features/sorting, extensions, mutations/updates). What no page of the vendor
confirms (the voucher type table, its turnover flag, `aggregates` on customer transactions, `cid`,
`origin`, `currencyNo`) is the sandbox's choice and can be taken away or renamed by settings:
clients have to find it out, as with a real company.
"""

from functools import lru_cache

from graphql import GraphQLSchema, build_schema

_FILTERS = {
    "Int": "_eq _not_eq _gt _gte _lt _lte _in _not_in",
    "String": "_eq _not_eq _gt _like _in _not_in",
    "Decimal": "_eq _not_eq _gt _gte _lt _lte",
    "DateTime": "_gt _gte _lt",
    "Boolean": "_eq _not_eq",
}
_PAGE = "first: Int, after: String, last: Int, before: String, skip: Int"

_BASE = """
scalar DateTime
scalar Decimal
scalar Date
enum SortOrder { ASC DESC }
enum GroupMode { DEFAULT }
enum ModelLanguage { ENGLISH NORWEGIAN SWEDISH DANISH }
enum ModelDatabaseType { COMPANY SYSTEM }
type PageInfo {
  hasNextPage: Boolean
  hasPreviousPage: Boolean
  startCursor: String
  endCursor: String
}
type RowExtensions {
  integerValue(name: String): Int
  stringValue(name: String): String
  dateValue(name: String): Date
  timestampValue(name: String): DateTime
}
input InputValueExtension {
  column: String!
  integerValue: Int
  stringValue: String
  decimalValue: Decimal
  booleanValue: Boolean
  dateValue: Date
  timeValue: String
  timestampValue: DateTime
}
type CompanyInformation { companyNo: String }
type Query_UseCompany_CompanyInformation_Connection { items: [CompanyInformation] }
type AvailableCompany { name: String vismaNetCompanyId: Int vismaNetCustomerId: Int }
input OrderBy_AvailableCompany { name: SortOrder }
type AvailableCompanies { totalCount: Int items: [AvailableCompany] }
type AvailableCustomer { name: String vismaNetCustomerId: Int }
type AvailableCustomers { totalCount: Int items: [AvailableCustomer] }
type ModelTable {
  tableNo: Int
  name: String
  identifier: String
  databaseType: ModelDatabaseType
}
type ModelInfo { tables(tableNo: Int): [ModelTable] }
type Query {
  useCompany(no: Int!): Query_UseCompany
  availableCompanies(
    customerNo: Int, first: Int, last: Int, orderBy: [OrderBy_AvailableCompany]
  ): AvailableCompanies
  availableCustomers(first: Int, last: Int): AvailableCustomers
  useModel(lang: ModelLanguage): ModelInfo
}
type Mutation { useCompany(no: Int!): Mutation_UseCompany }
"""

TRANSACTION = {
    "voucherJournalNo": "Int",
    "auditNo": "Int",
    "customerNo": "Int",
    "invoiceNo": "String",
    "orderNo": "Int",
    "voucherNo": "Int",
    "voucherType": "Int",
    "voucherDate": "Int",
    "valueDate": "Int",
    "dueDate": "Int",
    "text": "String",
    "additionalText": "String",
    "cid": "String",
    "origin": "Int",
    "currencyNo": "Int",
    "amountDomestic": "Decimal",
    "amountInCurrency": "Decimal",
    "outstandingAmountDomestic": "Decimal",
    "outstandingAmountInCurrency": "Decimal",
    "creditedAmountDomestic": "Decimal",
    "paidStatus": "Int",
    "paidLast": "Int",
    "createdTimestamp": "DateTime",
    "changedTimestamp": "DateTime",
}
OPEN_ENTRY = {
    name: TRANSACTION[name]
    for name in (
        *("voucherJournalNo", "auditNo", "customerNo", "invoiceNo", "currencyNo", "dueDate"),
        "outstandingAmountDomestic",
    )
}
ASSOCIATE = {
    "associateNo": "Int",
    "customerNo": "Int",
    "supplierNo": "Int",
    "name": "String",
    "shortName": "String",
    "companyNo": "String",
    "emailAddress": "String",
    "creditDenied": "Int",
    "createdTimestamp": "DateTime",
    "changedTimestamp": "DateTime",
}
VOUCHER_TYPE = {"voucherTypeNo": "Int", "name": "String"}


def _table(name: str, columns: dict[str, str], *, grouped: bool) -> str:
    fields = [f"{column}: {kind}" for column, kind in columns.items()]
    sums = [column for column, kind in columns.items() if kind == "Decimal"]
    text = ""
    if grouped:
        fields.append(f"aggregates: {name}_Aggregates")
        text += (
            f"type {name}_Sum {{ {' '.join(f'{one}: Decimal' for one in sums)} }}\n"
            f"type {name}_Count {{ {' '.join(f'{one}: Int' for one in columns)} }}\n"
            f"type {name}_Aggregates {{ sum: {name}_Sum count: {name}_Count }}\n"
            f"input GroupBy_{name} {{ {' '.join(f'{one}: GroupMode' for one in columns)} }}\n"
        )
    filters = " ".join(f"{column}: {kind}Filter" for column, kind in columns.items())
    orders = " ".join(f"{column}: SortOrder" for column in columns)
    return text + (
        f"type {name} {{ {' '.join(fields)} extensions: RowExtensions }}\n"
        f"type Query_UseCompany_{name}_Connection"
        f" {{ totalCount: Int pageInfo: PageInfo items: [{name}] }}\n"
        f"input FilterExpression_{name} {{ _and: [FilterExpression_{name}] {filters} }}\n"
        f"input OrderBy_{name} {{ {orders} }}\n"
    )


def _field(name: str, *, grouped: bool) -> str:
    table = name[0].upper() + name[1:]
    groups = f", groupBy: [GroupBy_{table}]" if grouped else ""
    return (
        f"{name}({_PAGE}, filter: FilterExpression_{table},"
        f" orderBy: [OrderBy_{table}]{groups}): Query_UseCompany_{table}_Connection\n"
    )


def _update(name: str, value: str) -> str:
    table = name[0].upper() + name[1:]
    return (
        f"{name}_update(filter: FilterExpression_{table}, value: {value},"
        f" filters: [FilterExpression_{table}], values: [{value}!]):"
        f" Mutation_UseCompany_{table}_Result\n"
    )


@lru_cache(maxsize=32)
def made(
    *,
    hidden: frozenset[str] = frozenset(),
    credit_denied: str = "Int",
    turnover_flag: str = "affectsTurnoverPurchase",
    aggregates: bool = True,
    writes: bool = True,
) -> GraphQLSchema:
    """
    Return the schema, with what the settings take away left out.

    :param hidden: columns of customer transactions that this installation does not have
    :param credit_denied: ``Int``, ``Boolean``, or empty when the column is missing
    :param turnover_flag: what the flag of a voucher type is called; empty when it is missing
    :param writes: the mutation exists
    """
    transaction = {name: kind for name, kind in TRANSACTION.items() if name not in hidden}
    associate = ASSOCIATE | {"creditDenied": credit_denied}
    if not credit_denied:
        del associate["creditDenied"]
    voucher_type = VOUCHER_TYPE | ({turnover_flag: "Int"} if turnover_flag else {})
    parts = [_BASE]
    for kind, operators in _FILTERS.items():
        entries = " ".join(
            f"{one}: [{kind}]" if one.endswith("in") else f"{one}: {kind}"
            for one in operators.split()
        )
        parts.append(f"input {kind}Filter {{ {entries} }}")
    parts += [
        _table("CustomerTransaction", transaction, grouped=aggregates),
        _table("OpenCustomerEntry", OPEN_ENTRY, grouped=True),
        _table("Associate", associate, grouped=False),
        _table("VoucherType", voucher_type, grouped=False),
        "type Query_UseCompany {\n"
        + _field("customerTransaction", grouped=aggregates)
        + _field("openCustomerEntry", grouped=True)
        + _field("associate", grouped=False)
        + _field("voucherType", grouped=False)
        + "companyInformation: Query_UseCompany_CompanyInformation_Connection }",
        # A table with a composite key has no key columns in its update input
        # (schema/mutations/updates).
        "input CustomerTransaction_Update { extensions: [InputValueExtension!] }",
        "input Associate_Input { name: String emailAddress: String"
        " extensions: [InputValueExtension!] }",
        "type Mutation_UseCompany_CustomerTransaction_Result"
        " { affectedRows: Int items: [CustomerTransaction] }",
        "type Mutation_UseCompany_Associate_Result { affectedRows: Int items: [Associate] }",
        "type Mutation_UseCompany {\n"
        + (_update("customerTransaction", "CustomerTransaction_Update") if writes else "")
        + _update("associate", "Associate_Input")
        + "}",
    ]
    return build_schema("\n".join(parts))
