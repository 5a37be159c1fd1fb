"""
The published contract of PowerOffice Go, closed, with the hub's own rules on top.

The published schemas are closed already; `Operation.value` alone is typed as an object and takes
any value. List parameters are one object in the schema and plain parameters on the wire.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jsonschema import Draft202012Validator

from tests.contracts import read_contract

FILE = (
    Path(__file__).resolve().parents[3] / "shared" / "contracts" / "poweroffice-go" / "openapi.yaml"
)
MISSING = "the contract of PowerOffice Go is not here (contracts/poweroffice-go)"

# What the hub sends beyond what the contract asks: reference/poweroffice-go.md, section 8.
HUB_RULES: dict[str, dict[str, Any]] = {
    "BankVoucherPostDto": {
        "required": ["Description", "ExternalImportReference", "VoucherLines"],
        "properties": {
            "VoucherLines": {"minItems": 2, "maxItems": 2},
            "ExternalImportReference": {"pattern": r"^\S{1,50}$"},
            "VoucherDate": {"pattern": r"^\d{4}-\d\d-\d\d$"},
        },
    },
    "BankVoucherLinePostDto": {
        "required": ["CurrencyAmount"],
        "properties": {
            "CurrencyAmount": {"not": {"const": 0}},
            "PostingDate": {"pattern": r"^\d{4}-\d\d-\d\d$"},
        },
    },
    "ManualVoucherPostDto": {
        "required": ["Description", "ExternalImportReference", "VoucherLines"],
        "properties": {"VoucherLines": {"minItems": 2}},
    },
    "ManualVoucherLinePostDto": {
        "required": ["CurrencyAmount"],
        "properties": {"CurrencyAmount": {"not": {"const": 0}}},
    },
    "Operation": {
        "required": ["op", "path", "value"],
        "properties": {"op": {"enum": ["test", "replace"]}, "path": {"pattern": "^/[A-Z]"}},
        "additionalProperties": False,
    },
    "JsonPatchDocument": {
        "minItems": 2,
        "prefixItems": [{"properties": {"op": {"const": "test"}}}],
    },
}
_TWO_DECIMALS = re.compile(r"-?\d+\.\d\d")


@dataclass(frozen=True)
class Operation:
    """One method of one path of the contract."""

    method: str
    template: str
    path: re.Pattern[str]
    parameters: Mapping[str, Mapping[str, Any]]
    required: frozenset[str]
    bodies: Mapping[str, Draft202012Validator]


def is_here() -> bool:
    """Return whether the contract can be read."""
    return FILE.is_file()


@cache
def operations() -> tuple[Operation, ...]:
    """Return every operation that the contract has, those without path parameters first."""
    document = read_contract(FILE)
    schemas = document["components"]["schemas"]
    found = [
        _operation(method.upper(), template, operation, schemas)
        for template, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post", "patch", "delete")
    ]
    return tuple(sorted(found, key=lambda one: one.template.count("{")))


def _operation(
    method: str, template: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]
) -> Operation:
    parameters: dict[str, Mapping[str, Any]] = {}
    required = set()
    for one in operation.get("parameters", []):
        if one["in"] != "query":
            continue
        if one["name"] == "resourceParameter":
            listing = schemas["ResourceParameters"]["properties"]
            parameters |= {name: listing[name] for name in ("PageNumber", "PageSize", "OrderBy")}
            continue
        parameters[one["name"]] = one["schema"]
        if one.get("required"):
            required.add(one["name"])
    # Nothing of ours stands before the version, and the token has its own server.
    address = template if template.startswith("/OAuth") else f"/v2{template}"
    return Operation(
        method=method,
        template=template,
        path=re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(address))),
        parameters=parameters,
        required=frozenset(required),
        bodies={
            kind: Draft202012Validator(closed(content["schema"], schemas))
            for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        },
    )


def closed(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema without references, refusing unknown keys at every depth."""
    rules: dict[str, Any] = {}
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        rules, schema = HUB_RULES.get(name, {}), schemas[name]
        if name == "Operation":
            return {"type": "object", "properties": {"value": {}, "from": {}}, **rules} | {
                "properties": {**rules["properties"], "value": {}}
            }
    result = {key: schema[key] for key in ("type", "enum", "required") if key in schema}
    if schema.get("nullable") and "type" in result:
        result["type"] = [result["type"], "null"]
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

    :param path: below the address of the service, e.g. ``/v2/Customers``
    """
    operation = next(
        (one for one in operations() if one.method == method and one.path.fullmatch(path)), None
    )
    if operation is None:
        return [f"{method} {path} is not in the contract"]
    given = {name.lower(): value for name, value in (headers or {}).items()}
    found = [*_query_problems(operation, query), *_body_problems(operation, given, body)]
    if headers is not None:
        found += _header_problems(operation, given)
    return [f"{method} {operation.template}: {problem}" for problem in found]


def _query_problems(operation: Operation, query: str) -> list[str]:
    given = parse_qs(query, keep_blank_values=True, strict_parsing=bool(query))
    found = [f"{name} is missing" for name in operation.required - set(given)]
    for name, values in given.items():
        if name not in operation.parameters:
            found.append(f"no query parameter {name!r}")
        elif len(values) != 1 or not _fits(values[0], operation.parameters[name]):
            found.append(f"{name}={values} is not {operation.parameters[name]}")
    if "PageSize" in operation.parameters and not {"PageNumber", "PageSize"} <= set(given):
        found.append("PageNumber (from 1) and PageSize go on every list that has them")
    if given.get("PageNumber") == ["0"]:
        found.append("the first page is 1")
    return found


def _fits(value: str, schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    if kind == "boolean":
        return value in ("true", "false")
    if kind == "integer":
        return re.fullmatch(r"\d+", value) is not None
    if schema.get("format") == "date":
        return re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None
    if schema.get("format") == "date-time":
        return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value) is not None
    return bool(value)


def _body_problems(
    operation: Operation, headers: Mapping[str, str], body: bytes | str | None
) -> list[str]:
    if not operation.bodies:
        return ["a body where the contract has none"] if body else []
    if not body:
        return ["no body"]
    kind = headers.get("content-type", "").partition(";")[0]
    if kind not in operation.bodies:
        return [f"the content type {kind!r} is none of {sorted(operation.bodies)}"]
    if kind == "application/x-www-form-urlencoded":
        text = body.decode() if isinstance(body, bytes) else body
        return [] if text == "grant_type=client_credentials" else [f"the form is {text!r}"]
    content = json.loads(body)
    found = [
        f"{error.json_path}: {error.validator}: {error.message[-200:]}"
        for error in operation.bodies[kind].iter_errors(content)
    ]
    texts = json.loads(body, parse_float=str, parse_int=str)
    lines = texts.get("VoucherLines", []) if isinstance(texts, dict) else []
    found += [
        f"line {place}: CurrencyAmount {line['CurrencyAmount']} has not exactly two decimals"
        for place, line in enumerate(lines)
        if not _TWO_DECIMALS.fullmatch(str(line.get("CurrencyAmount", "0.00")))
    ]
    return found


def _header_problems(operation: Operation, given: Mapping[str, str]) -> list[str]:
    found = []
    scheme = "Basic " if operation.template.startswith("/OAuth") else "Bearer "
    if not given.get("authorization", "").startswith(scheme):
        found.append(f"no {scheme.strip().lower()} credentials")
    if not given.get("ocp-apim-subscription-key"):
        found.append("no subscription key")
    if given.get("accept") != "application/json":
        found.append("Accept is not application/json")
    if operation.method == "PATCH" and given.get("content-type") != "application/json-patch+json":
        found.append("Content-Type is not application/json-patch+json")
    return found
