"""
The published part of Business NXT's GraphQL schema: what the hub sends is held to it.

Closed: a field, argument or type that is not in it is an error. What no page of the
vendor confirms is added below, openly: the hub sends it only after it has found it by
introspection in the installation that it talks to.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode, build_schema, parse
from graphql import validate as validate_document

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "visma-business"
MISSING = f"the contract of Business NXT is not here ({FOLDER})"

# Found by introspection before use (README of the contract: "argument lists accept more than
# shown (groupBy, having, distinct)"; schema-unconfirmed.md: the voucher type table).
FOUND_BEFORE_USE = """
input GroupBy_CustomerTransaction { voucherType: GroupMode }
type CustomerTransaction_Sum { amountDomestic: Decimal }
type CustomerTransaction_Count { auditNo: Int }
type CustomerTransaction_Aggregates {
  sum: CustomerTransaction_Sum
  count: CustomerTransaction_Count
}
extend type CustomerTransaction {
  aggregates: CustomerTransaction_Aggregates
  cid: String
  origin: Int
  currencyNo: Int
}
type VoucherType { voucherTypeNo: Int name: String affectsTurnoverPurchase: Int affTurn: Int }
type Query_UseCompany_VoucherType_Connection { pageInfo: PageInfo items: [VoucherType] }
extend type Query_UseCompany {
  voucherType(first: Int, after: String): Query_UseCompany_VoucherType_Connection
}
"""
PATHS = frozenset({"/api/graphql-service", "/api/graphql"})
FOUND_OPERATIONS = frozenset(
    {"SumPayments", "ReadVoucherTypes", "ReadPayments", "ReadOpenItems", "ReadWriteOffs"}
)


def is_here() -> bool:
    """Return whether the contract lies beside the project."""
    return (FOLDER / "schema.graphql").is_file()


@cache
def schema(*, found: bool) -> GraphQLSchema:
    """
    Return the contract.

    :param found: with the things that an installation was found to have
    """
    text = (FOLDER / "schema.graphql").read_text(encoding="utf-8")
    if found:
        text += FOUND_BEFORE_USE
        arguments = "customerTransaction(\n    first: Int"
        if arguments not in text:
            raise ValueError("the contract's customerTransaction has changed its shape")
        text = text.replace(
            arguments,
            "customerTransaction(\n    groupBy: [GroupBy_CustomerTransaction]\n    first: Int",
        )
    return build_schema(text)


@cache
def document_problems(document: str) -> tuple[str, ...]:
    """Return what is wrong with a document: not named, values in it, or not in the schema."""
    try:
        parsed = parse(document)
    except GraphQLError as error:
        return (f"not GraphQL: {error.message}",)
    operations = [one for one in parsed.definitions if isinstance(one, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].name is None:
        return ("a document holds exactly one operation, with a name",)
    found = operations[0].name.value in FOUND_OPERATIONS
    return tuple(error.message for error in validate_document(schema(found=found), parsed))


def problems(
    *, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes | str | None
) -> list[str]:
    """Return what is wrong with a request."""
    if (method, query) != ("POST", "") or path not in PATHS:
        return [f"business-nxt: {method} {path}?{query}"]
    if headers.get("Content-Type") != "application/json":
        return ["business-nxt: Content-Type"]
    try:
        content: Any = json.loads(body or b"")
    except ValueError:
        return ["the body is not JSON"]
    if not isinstance(content, Mapping) or set(content) != {"query", "operationName", "variables"}:
        return [f"the body holds {sorted(content)}"]
    found = list(document_problems(content["query"]))
    name = content["operationName"]
    if not found and f" {name}" not in content["query"]:
        found.append(f"{name} is not the operation of the document")
    variables = content["variables"]
    unused = [one for one in variables if f"${one}" not in content["query"]]
    if unused:
        found.append(f"variables without a use: {', '.join(unused)}")
    return [f"business-nxt {name}: {problem}" for problem in found]
