"""
Visma Business NXT: the GraphQL endpoint, in service and in user context.

Sources: docs.vismasoftware.no/businessnxtapi, as gathered in the project's reference on Visma
Business. A refused token is answered 401 with a web page, nearly everything else 200 with `errors`.
"""

import json
import re
import secrets
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    execute_sync,
    parse,
    validate,
)
from werkzeug.wrappers import Request, Response

from sandbox import receivables_story as story
from sandbox.businessnxt import ledger, schema, tables
from sandbox.http import happen_after, happen_before, json_answer
from sandbox.requestlog import without_secrets
from sandbox.store import Store
from sandbox.vismaconnect.grants import Grants

Json = dict[str, Any]
Info = GraphQLResolveInfo[Any]

SERVICE_SCOPE = "business-graphql-service-api:access-group-based"
READ_ONLY_SCOPE = SERVICE_SCOPE + "-readonly"
USER_SCOPE = "business-graphql-api:access-group-based"

_PAGE_401 = "<!DOCTYPE html><html><body><h1>401 Authorization Required</h1></body></html>"
_TABLES = ((152, "Associate"), (104, "CustomerTransaction"), (105, "OpenCustomerEntry"))


class BusinessNxt:
    """The GraphQL service, below a prefix of the sandbox."""

    def __init__(self, store: Store, *, prefix: str, base_url: str | None) -> None:
        self.store = store
        self.prefix = prefix
        self.grants = Grants(store)

    def answer(self, request: Request) -> Response:
        """Return the answer to a request below the prefix."""
        path = request.path[len(self.prefix) :]
        body = request.get_data()
        name, asked = _read(body)
        client = story.client(_company_of(asked))
        company = "" if client is None else client.key
        logged = self.store.log.add(
            at=datetime.now(UTC).isoformat(),
            vendor=ledger.VENDOR,
            call=name,
            method=request.method,
            path=path,
            query={},
            headers=without_secrets(request.headers.items()),
            body=body,
            tenant_id=company,
        )
        faults = {
            fault.kind: fault
            for fault in self.store.faults.due(
                call=name, method=request.method, tenant_id=company, vendor=ledger.VENDOR
            )
        }
        logged.faults = list(faults)
        response = happen_after(
            self._before(faults) or self._answer(request, path, asked, faults),
            faults,
            bad_gateway=Response("<html><h1>502</h1></html>", 502, content_type="text/html"),
        )
        logged.status = response.status_code
        return response

    @staticmethod
    def _before(faults: Json) -> Response | None:
        """Let the faults happen that come before anything is done."""
        happen_before(faults)
        if "rate_limited" in faults:
            wait = {"Retry-After": str(faults["rate_limited"].retry_after)}
            return json_answer({"message": "Too many requests"}, 429, wait)
        if "unauthorized" in faults:
            return Response(_PAGE_401, 401, content_type="text/html")
        for kind, status in (("bad_gateway", 502), ("unavailable", 503), ("server_error", 500)):
            if kind in faults:
                return Response(f"<html><h1>{status}</h1></html>", status, content_type="text/html")
        if "garbled" in faults:
            return Response("<html>not what was asked</html>", content_type="application/json")
        return None

    def _answer(self, request: Request, path: str, asked: Json, faults: Json) -> Response:
        claims = self._claims(request)
        scopes = set() if claims is None else _scopes(claims)
        service = path == "/api/graphql-service"
        good = scopes & ({SERVICE_SCOPE, READ_ONLY_SCOPE} if service else {USER_SCOPE})
        if path not in ("/api/graphql-service", "/api/graphql"):
            return Response("<html><h1>404</h1></html>", 404, content_type="text/html")
        if not good:
            return Response(_PAGE_401, 401, content_type="text/html")
        trace = {"vbnxt-trace-id": secrets.token_hex(16)}
        if "outstanding_limit" in faults:
            refused = {
                "message": "Too many outstanding requests.",
                "extensions": {"code": "OUTSTANDING_LIMIT_EXCEEDED"},
            }
            return json_answer({"data": None, "errors": [refused], "extensions": trace})
        result = self._execute(asked, read_only=scopes == {READ_ONLY_SCOPE}, faults=faults)
        content: Json = {"data": result.data, "extensions": trace}
        if result.errors:
            content["errors"] = [error.formatted for error in result.errors]
        if "partial_errors" in faults:
            _spoil(content)
        return json_answer(content)

    def _claims(self, request: Request) -> Json | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        return self.grants.read_access_token(token)

    # --- GraphQL ------------------------------------------------------------------------

    def _execute(self, asked: Json, *, read_only: bool, faults: Json) -> ExecutionResult:
        made = self._schema()
        document, problems = _checked(made, str(asked.get("query") or ""))
        if document is None or problems:
            return ExecutionResult(None, list(problems))
        return execute_sync(
            made,
            document,
            field_resolver=_value_of,
            root_value=_Root(self.store, read_only=read_only, faults=faults),
            variable_values=asked.get("variables") or {},
            operation_name=asked.get("operationName"),
        )

    def _schema(self) -> Any:
        setting = self.store.setting
        return schema.made(
            hidden=frozenset(str(setting("nxt_hidden_columns")).split()),
            credit_denied=str(setting("nxt_credit_denied")),
            turnover_flag=str(setting("nxt_turnover_flag")),
            aggregates=bool(setting("nxt_aggregates")),
            writes=bool(setting("nxt_writes")),
        )


class _Root:
    """The roots `useCompany`, `availableCompanies`, `availableCustomers` and `useModel`."""

    def __init__(self, store: Store, *, read_only: bool, faults: Json) -> None:
        self._store, self._read_only, self._faults = store, read_only, faults

    def useCompany(self, info: Info, no: int) -> "_Company":  # noqa: N802
        """Return the tables of a company that the client may see."""
        company = ledger.company(self._store, no)
        if company is None or not company["access"]:
            raise GraphQLError(f"The company {no} is not available to this user.")
        return _Company(self._store, company, read_only=self._read_only, faults=self._faults)

    def availableCompanies(  # noqa: N802
        self,
        info: Info,
        customerNo: int | None = None,  # noqa: N803
        **_more: Any,
    ) -> Json:
        """Return the companies; the service context has to name the customer."""
        found = [
            {
                "name": one["name"],
                "vismaNetCompanyId": one["number"],
                "vismaNetCustomerId": one["customer_no"],
            }
            for one in self._store.all("nxt_company")
            if one["access"] and customerNo in (None, one["customer_no"])
        ]
        return {"totalCount": len(found), "items": found}

    def availableCustomers(self, info: Info, **_more: Any) -> Json:  # noqa: N802
        """Return the one customer: the accounting office."""
        office = {"name": "Fjord Regnskap AS", "vismaNetCustomerId": story.VISMA_CUSTOMER_NO}
        return {"totalCount": 1, "items": [office]}

    def useModel(self, info: Info, lang: str = "ENGLISH") -> "_Model":  # noqa: N802
        """Return what tables there are."""
        return _Model()


class _Model:
    def tables(self, info: Info, tableNo: int | None = None) -> list[Json]:  # noqa: N803
        """Return the tables, or one of them."""
        found = [(50, "VoucherType"), *_TABLES]
        return [
            {"tableNo": no, "name": name, "identifier": name, "databaseType": "COMPANY"}
            for no, name in found
            if tableNo in (None, no)
        ]


class _Company:
    """The tables of one company, and the mutations on them."""

    def __init__(self, store: Store, company: Json, *, read_only: bool, faults: Json) -> None:
        self._store, self._company = store, company
        self._read_only, self._faults = read_only, faults
        self._marks = 0

    def _connection(self, table: str, info: Info, arguments: Json) -> Any:
        fields: Any = info.schema.type_map[table]
        return tables.Connection(
            self._store,
            self._company["number"],
            table,
            arguments,
            columns={name: str(field.type) for name, field in fields.fields.items()},
            most=int(self._store.setting("nxt_page_size")),
        )

    def customerTransaction(self, info: Info, **arguments: Any) -> Any:  # noqa: N802
        """Return postings on customers."""
        return self._connection("CustomerTransaction", info, arguments)

    def openCustomerEntry(self, info: Info, **arguments: Any) -> Any:  # noqa: N802
        """Return postings that are not settled."""
        return self._connection("OpenCustomerEntry", info, arguments)

    def associate(self, info: Info, **arguments: Any) -> Any:
        """Return customers and other associates."""
        return self._connection("Associate", info, arguments)

    def voucherType(self, info: Info, **arguments: Any) -> Json:  # noqa: N802
        """Return the voucher types, with the flag under the name that the setting gives it."""
        flag = str(self._store.setting("nxt_turnover_flag"))
        items = [
            {"voucherTypeNo": one.number, "name": one.name, flag: int(one.affects_turnover)}
            for one in story.VOUCHER_TYPES
        ]
        pages = {"hasNextPage": False, "endCursor": None}
        return {"totalCount": len(items), "items": items, "pageInfo": pages}

    def companyInformation(self, info: Info) -> Json:  # noqa: N802
        """Return the company's own organisation number."""
        return {"items": [{"companyNo": self._company["organisation_number"]}]}

    def customerTransaction_update(  # noqa: N802
        self,
        info: Info,
        filter: Json | None = None,
        value: Json | None = None,
        filters: list[Json] | None = None,
        values: list[Json] | None = None,
    ) -> Json:
        """Change postings: one filter and value, or parallel lists of them."""
        self._marks += 1
        refused = self._faults.get("marker_refused")
        if refused is not None and str(self._marks) in (refused.detail or str(self._marks)).split():
            raise GraphQLError("The access group does not allow to change this table.")
        if self._read_only or not self._company["writes"]:
            raise GraphQLError("The access group does not allow to change this table.")
        if (filter is None) == (filters is None):
            raise GraphQLError("Give filter and value, or filters and values.")
        pairs = (
            [(filter, value)] if filters is None else list(zip(filters, values or [], strict=True))
        )
        affected = 0
        fields: Any = info.schema.type_map["CustomerTransaction"]
        for one, change in pairs:
            affected += tables.update(
                self._store,
                self._company["number"],
                one,
                (change or {}).get("extensions") or [],
                fields.fields,
            )
        return {"affectedRows": affected, "items": []}

    def associate_update(self, info: Info, **arguments: Any) -> Json:
        """Refuse: nothing of the sandbox's story writes customers."""
        raise GraphQLError("The access group does not allow to change this table.")


# --- Executing ----------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _checked(
    made: GraphQLSchema, query: str
) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    """Return the document and what is wrong with it; clients send the same ones all the time."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return None, (error,)
    return document, tuple(validate(made, document))


def _value_of(source: Any, info: Info, **arguments: Any) -> Any:
    """Return a field of a row (a dict) or of one of the classes here; most are values in rows."""
    name = info.field_name
    value = source.get(name) if type(source) is dict else getattr(source, name, None)
    return value(info, **arguments) if callable(value) else value


# --- Reading a request --------------------------------------------------------------------------


def _read(body: bytes) -> tuple[str, Json]:
    """Return the name of the operation (the call, for log and faults) and what was asked."""
    try:
        asked = json.loads(body)
    except ValueError:
        return "unreadable", {}
    if not isinstance(asked, dict):
        return "unreadable", {}
    name = asked.get("operationName")
    if not name:
        try:
            document = parse(str(asked.get("query") or ""))
        except GraphQLError:
            return "unreadable", asked
        names = [
            node.name.value
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode) and node.name
        ]
        name = names[0] if names else "anonymous"
    return str(name), asked


def _company_of(asked: Json) -> str:
    """Return the company that the request is about, from its variables or its text."""
    variables = asked.get("variables")
    if isinstance(variables, dict):
        for name in ("company", "no"):
            if name in variables:
                return str(variables[name])
    found = re.search(r"useCompany\s*\(\s*no\s*:\s*(\d+)", str(asked.get("query") or ""))
    return found[1] if found else ""


def _scopes(claims: Json) -> set[str]:
    held = claims["scope"]
    return set(held.split() if isinstance(held, str) else held)


def _spoil(content: Json) -> None:
    """Turn one value of the data into an error beside the rest, as a partial failure does."""
    company = (content.get("data") or {}).get("useCompany") or {}
    for name, connection in company.items():
        items = (connection or {}).get("items")
        if items:
            items[-1] = None
            path = ["useCompany", name, "items", len(items) - 1]
            break
    else:
        path = ["useCompany"]
    error = {"message": "The row could not be read.", "path": path}
    content.setdefault("errors", []).append(error)
