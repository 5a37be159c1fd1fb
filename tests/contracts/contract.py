"""
The published contract of Visma.net ERP, closed, with the hub's own rules on top.

The published schemas mark nothing as required and allow unknown keys. Here an unknown key is an
error, and what the hub must always send stands in `HUB_RULES`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from jsonschema import Draft202012Validator

from tests.contracts import read_contract

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "visma-net"
MISSING = f"the contracts are not here ({FOLDER.parent.name}/{FOLDER.name} beside the repository)"

DEAD_PARAMETERS = {"numberToRead", "skipRecords", "orderBy"}
OLD_HEADERS = {"ipp-company-id", "ipp-application-type", "branchid"}

# What the hub sends beyond what the contract asks: reference/visma-net.md, section 4.
HUB_RULES: dict[str, dict[str, Any]] = {
    "JournalTransactionUpdateDto": {
        "required": [
            "description",
            "transactionDate",
            "financialPeriod",
            "currencyId",
            "hold",
            "controlTotalInCurrency",
            "journalTransactionLines",
        ],
        "dependentRequired": {
            "batchNumber": ["overrideNumberSeries"],
            "overrideNumberSeries": ["batchNumber"],
        },
        # postPeriod means the same as financialPeriod in the other order; the rest is for VAT.
        "not": {
            "anyOf": [
                {"required": [name]}
                for name in ("postPeriod", "createVatTransaction", "skipVatAmountValidation")
            ]
        },
        "properties": {
            "journalTransactionLines": {"minItems": 2},
            "description": {"properties": {"value": {"maxLength": 60, "minLength": 1}}},
            "financialPeriod": {"properties": {"value": {"pattern": r"^\d{6}$"}}},
            "transactionDate": {
                "properties": {"value": {"pattern": r"^\d{4}-\d\d-\d\dT00:00:00$"}}
            },
        },
    },
    "JournalTransactionLineUpdateDto": {
        "required": ["operation", "accountNumber", "referenceNumber", "transactionDescription"],
        "properties": {"operation": {"const": "Insert"}},
        "oneOf": [
            {"required": ["debitAmountInCurrency"]},
            {"required": ["creditAmountInCurrency"]},
        ],
    },
    "SegmentUpdateDto": {"required": ["segmentId", "segmentValue"]},
}
LIST_OF_JOURNALS = "JournalTransactionV2_GetAllJournalTransactions"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d(\.\d{3})?)?")
_TWO_DECIMALS = re.compile(r"\d+\.\d\d")


@dataclass(frozen=True)
class Operation:
    """One method of one path of the contract."""

    method: str
    template: str
    path: re.Pattern[str]
    parameters: Mapping[str, Mapping[str, Any]]
    body: Draft202012Validator | None
    operation_id: str


def is_here() -> bool:
    """Return whether the contracts can be read."""
    return FOLDER.is_dir()


@cache
def operations() -> tuple[Operation, ...]:
    """Return every operation that the contract has, those without path parameters first."""
    found = []
    for file in sorted(FOLDER.glob("*.yml")):
        document = read_contract(file)
        schemas = document["components"]["schemas"]
        for template, methods in document["paths"].items():
            for method, operation in methods.items():
                found.append(_operation(method.upper(), template, operation, schemas))
    return tuple(sorted(found, key=lambda one: one.template.count("{")))


def _operation(
    method: str, template: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]
) -> Operation:
    body = None
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        body = Draft202012Validator(closed(schema, schemas))
    pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template))
    return Operation(
        method=method,
        template=template,
        path=re.compile(pattern),
        parameters={
            one["name"]: one.get("schema", {})
            for one in operation.get("parameters", [])
            if one["in"] == "query"
        },
        body=body,
        operation_id=operation.get("operationId", ""),
    )


def closed(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema without references, refusing unknown keys at every depth."""
    rules: dict[str, Any] = {}
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        rules, schema = HUB_RULES.get(name, {}), schemas[name]
        if set(schema.get("properties", {})) == {"value"}:
            rules = {"required": ["value"], **rules}
    result = {key: schema[key] for key in ("type", "enum") if key in schema}
    if "properties" in schema:
        result["type"] = "object"
        result["properties"] = {
            key: closed(member, schemas) for key, member in schema["properties"].items()
        }
        result["additionalProperties"] = False
    if "items" in schema:
        result["items"] = closed(schema["items"], schemas)
    return {"allOf": [result, rules]} if rules else result


def problems(
    *,
    method: str,
    path: str,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: bytes | str | None = None,
) -> list[str]:
    """
    Return what in the request contradicts the contract, in words; nothing if it keeps it.

    :param path: without the address of the API, e.g. ``/v1/account``
    """
    operation = next(
        (one for one in operations() if one.method == method and one.path.fullmatch(path)), None
    )
    if operation is None:
        return [f"{method} {path} is not in the contract"]
    found = [*_query_problems(operation, query), *_body_problems(operation, body)]
    if headers is not None:
        found += _header_problems(headers, has_body=bool(body))
    return [f"{method} {operation.template}: {problem}" for problem in found]


def _query_problems(operation: Operation, query: str) -> list[str]:
    given = parse_qs(query, keep_blank_values=True, strict_parsing=bool(query))
    found = []
    for name, values in given.items():
        if name not in operation.parameters:
            found.append(f"no query parameter {name!r}")
        elif name in DEAD_PARAMETERS:
            found.append(f"the query parameter {name!r} is dead")
        elif len(values) != 1 or not _fits(values[0], operation.parameters[name]):
            found.append(f"{name}={values} is not {operation.parameters[name]}")
    if operation.operation_id == LIST_OF_JOURNALS:
        found += _list_problems({name: values[0] for name, values in given.items()})
    return found


def _fits(value: str, schema: Mapping[str, Any]) -> bool:
    if "enum" in schema:
        return value in schema["enum"]
    kind = schema.get("type")
    if kind == "boolean":
        return value in ("true", "false")
    if kind == "integer":
        return re.fullmatch(r"\d+", value) is not None
    return bool(value)


def _list_problems(given: Mapping[str, str]) -> list[str]:
    found = []
    if ("periodId" in given) == ("lastModifiedDateTime" in given):
        found.append("either periodId or lastModifiedDateTime, and not both")
    if given.get("module") != "GL":
        found.append("module must be GL")
    if not {"pageNumber", "pageSize"} <= set(given) or given["pageNumber"] == "0":
        found.append("pageNumber (from 1) and pageSize go on every list that has them")
    if not _MOMENT.fullmatch(unquote(given.get("lastModifiedDateTime", "2026-01-01"))):
        found.append("lastModifiedDateTime has no accepted format")
    return found


def _body_problems(operation: Operation, body: bytes | str | None) -> list[str]:
    if operation.body is None:
        return ["a body where the contract has none"] if body else []
    if not body:
        return ["no body"]
    content = json.loads(body)
    found = [
        f"{error.json_path}: {error.validator}: {error.message[-200:]}"
        for error in operation.body.iter_errors(content)
    ]
    texts = json.loads(body, parse_float=str, parse_int=str)
    for place, line in enumerate(texts.get("journalTransactionLines", [])):
        for name in ("debitAmountInCurrency", "creditAmountInCurrency"):
            value = line.get(name, {}).get("value") if isinstance(line, dict) else None
            if value is not None and not _TWO_DECIMALS.fullmatch(value):
                found.append(f"line {place}: {name} {value} has not exactly two decimals")
    return found


def _header_problems(headers: Mapping[str, str], *, has_body: bool) -> list[str]:
    given = {name.lower(): value for name, value in headers.items()}
    found = [f"the header {name} is of the old API" for name in OLD_HEADERS & set(given)]
    if not given.get("authorization", "").startswith("Bearer "):
        found.append("no bearer token")
    if given.get("accept") != "application/json":
        found.append("Accept is not application/json")
    if has_body and given.get("content-type") != "application/json":
        found.append("Content-Type is not application/json")
    return found
