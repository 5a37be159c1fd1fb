"""
Visma.net ERP: the reads before a journal, and journals.

Sources: the published OpenAPI documents (api.finance.visma.net/API-index), docs.vismasoftware.no
and community.visma.com, as gathered in the project's reference on Visma.net. "[acu]" marks texts
of the Acumatica platform that Visma.net is built on; they were not seen from Visma itself.
"""

import base64
import re
import secrets
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sandbox.company import Company
from sandbox.http import happen_after, happen_before, json_answer
from sandbox.requestlog import LoggedRequest, without_secrets
from sandbox.store import Store
from sandbox.vismaconnect.grants import Grants
from sandbox.vismanet import background, journals, reads
from sandbox.vismanet import dimensions as dims
from sandbox.vismanet.call import Call
from sandbox.vismanet.errors import Invalid, gateway_error, licence_error

_READ, _CREATE, _UPDATE = "read", "create", "update"

# path, name of the call, method, scope needed, handler
_RULES: list[tuple[str, str, str, str, Any]] = [
    ("/v1/organization", "organization", "GET", _READ, reads.organizations),
    ("/v1/organization/<number>", "organization", "GET", _READ, reads.organization),
    ("/v1/account", "account", "GET", _READ, reads.accounts),
    ("/v1/account/<number>", "account", "GET", _READ, reads.account),
    ("/v1/financialPeriod", "period", "GET", _READ, reads.periods),
    ("/v1/financialPeriod/<number>", "period", "GET", _READ, reads.period),
    ("/v1/dimension", "dimension", "GET", _READ, dims.dimensions),
    ("/v1/dimension/<key>", "dimension", "GET", _READ, dims.dimension),
    ("/v1/dimension/<key>/<int:segment>", "dimension", "GET", _READ, dims.segment),
    (
        "/v1/dimension/<key>/<int:segment>/<value>",
        "dimension",
        "GET",
        _READ,
        dims.segment_value,
    ),
    ("/v1/subaccount", "subaccount", "GET", _READ, dims.subaccounts),
    ("/v1/ledger", "ledger", "GET", _READ, reads.ledgers),
    ("/v1/branch", "branch", "GET", _READ, reads.branches),
    ("/v1/branch/<number>", "branch", "GET", _READ, reads.branch),
    ("/v1/currency", "currency", "GET", _READ, reads.currencies),
    ("/v1/currency/<number>", "currency", "GET", _READ, reads.currency),
    ("/v1/numberSequence", "number_sequence", "GET", _READ, reads.number_sequences),
    ("/v1/numberSequence/<number>", "number_sequence", "GET", _READ, reads.number_sequence),
    ("/v1/featuresset", "features", "GET", _READ, reads.features),
    ("/v1/GeneralLedgerTransactions", "transactions", "GET", _READ, reads.transactions),
    ("/v1/background/<number>", "background", "GET", _READ, background.state),
    ("/v1/background/<number>/content", "background", "GET", _READ, background.content),
    ("/v2/journaltransaction", "list", "GET", _READ, journals.list_batches),
    ("/v2/journaltransaction", "create", "POST", _CREATE, journals.create),
    ("/v2/journaltransaction/<number>", "read", "GET", _READ, journals.read),
    ("/v2/journaltransaction/<number>", "update", "PUT", _UPDATE, journals.update),
    # Which scope release needs is not documented: either will do here (sandbox's choice).
    ("/v2/journaltransaction/<number>/action/release", "release", "POST", "", journals.release),
]

_ANSWERS_BEFORE = {
    "bad_gateway": 502,
    "unavailable": 503,
    "organization_down": 503,
}
_B64 = re.compile(r"b64\(([A-Za-z0-9_=-]*)\)")


class VismaNet:
    """The ERP, below a prefix of the sandbox."""

    def __init__(self, store: Store, *, prefix: str, base_url: str | None) -> None:
        self.store = store
        self.prefix = prefix
        self.base_url = base_url
        self.grants = Grants(store)
        self._map = Map(
            [
                Rule(prefix + path, endpoint=(name, scope, handler), methods=[method])
                for path, name, method, scope, handler in _RULES
            ],
            strict_slashes=False,
        )

    def answer(self, request: Request) -> Response:
        """Return the answer to a request below the prefix."""
        path_error: HTTPException | None = None
        name, scope, handler = "unknown", "", None
        arguments: Mapping[str, Any] = {}
        try:
            (name, scope, handler), arguments = self._map.bind_to_environ(request.environ).match()
        except HTTPException as failure:
            path_error = failure
        logged = self.store.log.add(
            at=datetime.now(UTC).isoformat(),
            vendor="visma-net",
            call=name,
            method=request.method,
            path=request.path[len(self.prefix) :],
            query={key: request.args.getlist(key) for key in request.args},
            headers=without_secrets(request.headers.items()),
            body=request.get_data(),
        )
        claims = self._claims(request)
        tenant_id = claims["tenant_id"] if claims else ""
        logged.tenant_id = tenant_id
        faults = {
            fault.kind: fault
            for fault in self.store.faults.due(
                call=name, method=request.method, tenant_id=tenant_id
            )
        }
        logged.faults = list(faults)
        response = self._before(faults, logged)
        company = self.store.tenant(tenant_id) if tenant_id else None
        if response is None:
            if claims is None or company is None or "unauthorized" in faults:
                # Also with the customer's tenant instead of the company's: 401 although the
                # token is good (docs.vismasoftware.no, fix401error).
                response = gateway_error(401, "Unauthorized. Access token is missing or invalid.")
                response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
            else:
                response = self._limited(company, claims)
                if response is None:
                    if path_error is not None:
                        response = gateway_error(path_error.code or 404, "Resource not found")
                    else:
                        call = Call(
                            store=self.store,
                            request=request,
                            company=company,
                            claims=claims,
                            base_url=self._base(request),
                            logged=logged,
                            faults=faults,
                        )
                        response = self._perform(call, name, scope, handler, arguments)
                self._rate_headers(response, company, claims)
        response = happen_after(response, faults, bad_gateway=_html(502))
        logged.status = response.status_code
        return response

    def _base(self, request: Request) -> str:
        return (self.base_url or request.host_url).rstrip("/") + self.prefix

    def _claims(self, request: Request) -> dict[str, Any] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        return self.grants.read_access_token(token)

    # --- What stands before a call ------------------------------------------------------

    def _limited(self, company: Company, claims: dict[str, Any]) -> Response | None:
        limit, remaining, reset = self.store.count_call(
            tenant_id=company.tenant_id, client_id=claims["client_id"]
        )
        if limit and remaining < 0:
            response = gateway_error(429, f"Rate limit is exceeded. Try again in {reset} seconds.")
            response.headers["Retry-After"] = str(reset)
            return response
        return None

    def _rate_headers(self, response: Response, company: Company, claims: dict[str, Any]) -> None:
        # docs.vismasoftware.no, ratelimits: per company and client, in a fixed window.
        limit, used, reset = self.store.rate_now(
            tenant_id=company.tenant_id, client_id=claims["client_id"]
        )
        response.headers["X-RateLimit-Limit"] = str(limit)
        response.headers["X-RateLimit-Remaining"] = str(max(0, limit - used))
        response.headers["X-RateLimit-Reset"] = str(reset)
        response.headers["X-RateLimit-Policy"] = "4-fixed-window"

    def _before(self, faults: dict[str, Any], logged: LoggedRequest) -> Response | None:
        """Let the faults happen that come before anything is done."""
        happen_before(faults)
        if "rate_limited" in faults:
            seconds = faults["rate_limited"].retry_after
            response = gateway_error(
                429, f"Rate limit is exceeded. Try again in {seconds} seconds."
            )
            response.headers["Retry-After"] = str(seconds)
            return response
        if "server_error" in faults:
            return Response(status=500)
        for kind, status in _ANSWERS_BEFORE.items():
            if kind in faults:
                return _html(status)
        if "forbidden" in faults:
            return gateway_error(403, "Forbidden")
        if "garbled" in faults:
            return Response("<html>not what was asked</html>", content_type="application/json")
        return None

    # --- The call -----------------------------------------------------------------------

    def _perform(
        self, call: Call, name: str, scope: str, handler: Any, arguments: Mapping[str, Any]
    ) -> Response:
        if not call.company.licensed or not self._has_role(call):
            return licence_error()
        if not _allows(call.claims["scope"], scope):
            return gateway_error(403, "Forbidden. The scope is missing.")
        # Path values with reserved characters come as b64(…) (community.visma.com, base64url).
        plain = {
            key: _plain(value) if isinstance(value, str) else value
            for key, value in arguments.items()
        }
        if call.request.headers.get("erp-api-background") and name != "background":
            return background.enqueue(call, lambda: _carry_out(handler, call, plain))
        return _carry_out(handler, call, plain)

    def _has_role(self, call: Call) -> bool:
        """Return whether the person still has the role API User; a service needs none."""
        sub = call.claims.get("sub")
        if not sub:
            return call.company.service_approved
        return any(
            person["sub"] == sub and call.company.tenant_id in person["tenants"]
            for person in self.store.all("person")
        )


def _carry_out(handler: Any, call: Call, arguments: dict[str, Any]) -> Response:
    try:
        response: Response = handler(call, **arguments)
    except Invalid as invalid:
        # {"message": "VismaId: <guid>. <text>"}: community.visma.com, m-p/473762.
        message = f"VismaId: {uuid.UUID(bytes=secrets.token_bytes(16))}. {invalid.text}"
        return json_answer({"message": message}, invalid.status)
    return response


def _allows(scopes: list[str] | str, verb: str) -> bool:
    held = scopes.split() if isinstance(scopes, str) else scopes
    verbs = {each.rpartition(":")[2] for each in held if each.startswith("vismanet_erp_")}
    return verb in verbs if verb else bool(verbs & {_CREATE, _UPDATE})


def _plain(value: str) -> str:
    found = _B64.fullmatch(value)
    if found is None:
        return value
    text = found[1].rstrip("=")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return value


def _html(status: int) -> Response:
    return Response(f"<html><h1>{status}</h1></html>", status, content_type="text/html")
