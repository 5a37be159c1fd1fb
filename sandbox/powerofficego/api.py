"""
PowerOffice Go API v2: tokens, customers, projects, invoices, the customers' ledger, vouchers.

Sources: the published OpenAPI documents and developer.poweroffice.net, as gathered in the
project's reference on PowerOffice Go. What they leave open is the sandbox's choice, and is
marked so.
"""

import base64
import binascii
import hashlib
import re
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from sandbox.http import happen_after, happen_before, json_answer
from sandbox.powerofficego import ledgers, reads, story, vouchers
from sandbox.powerofficego.books import ClientLedger, Refused
from sandbox.powerofficego.call import Call, problem
from sandbox.requestlog import without_secrets

if TYPE_CHECKING:
    from sandbox.store import Store

VENDOR = "poweroffice-go"
_UUID = "(?P<identity>[0-9a-fA-F-]{36})"
_NUMBER = r"(?P<number>\d{1,18})"

# method, path, name of the call, privilege needed (with _Full where it writes), handler
_ROUTES: list[tuple[str, str, str, str, Any]] = [
    ("GET", "/ClientIntegrationInformation", "go_information", "", reads.information),
    ("GET", "/Customers", "go_customers", "Customer", reads.customers),
    ("GET", f"/Customers/{_NUMBER}", "go_customers", "Customer", reads.customer),
    ("GET", "/Projects", "go_projects", "Project", reads.projects),
    ("GET", f"/Projects/{_NUMBER}", "go_projects", "Project", reads.project),
    ("PATCH", f"/Projects/{_NUMBER}", "go_patch", "Project_Full", vouchers.patch_project),
    ("GET", "/OutgoingInvoices", "go_invoices", "OutgoingInvoice", ledgers.invoices),
    ("GET", f"/OutgoingInvoices/{_UUID}", "go_invoices", "OutgoingInvoice", ledgers.invoice),
    ("GET", "/Customerledger/OpenItems", "go_ledger", "CustomerLedger", ledgers.open_items),
    ("GET", "/Customerledger/Statement", "go_statement", "CustomerLedger", ledgers.statement),
    (
        "GET",
        "/Customerledger/EntriesByMatchId",
        "go_ledger",
        "CustomerLedger",
        ledgers.matches,
    ),
    (
        "GET",
        "/Customerledger/CustomerBalances",
        "go_ledger",
        "CustomerLedger",
        ledgers.balances,
    ),
    ("GET", "/AccountTransactions", "go_entries", "AccountTransaction", ledgers.transactions),
    ("POST", "/Vouchers/BankJournals", "go_create", "BankVoucher_Full", vouchers.post_bank),
    ("GET", f"/Vouchers/BankJournals/{_UUID}", "go_voucher", "BankVoucher", vouchers.read_bank),
    ("POST", "/Vouchers/ManualJournals", "go_create", "ManualVoucher_Full", vouchers.post_manual),
    (
        "GET",
        f"/Vouchers/ManualJournals/{_UUID}",
        "go_voucher",
        "ManualVoucher",
        vouchers.read_manual,
    ),
    ("POST", f"/Vouchers/Reverse/{_UUID}", "go_reverse", "YearEndVoucher_Full", vouchers.reverse),
    ("GET", "/GeneralLedgerAccounts", "go_accounts", "GeneralLedgerAccount", reads.accounts),
    ("GET", "/ClientBankAccounts", "go_accounts", "ClientBankAccount", reads.bank_accounts),
    (
        "GET",
        "/SubLedgerNumberSeries",
        "go_settings",
        "CommonServices",
        reads.sub_ledger_series,
    ),
    ("GET", "/VatCodes", "go_settings", "CommonServices", reads.vat_codes),
    ("GET", "/LockDateSettings", "go_settings", "CommonServices", reads.lock_date),
    ("GET", "/FinancialSettings", "go_settings", "CommonServices", reads.financial_settings),
    ("GET", "/Departments", "go_dimensions", "Department", reads.departments),
    ("GET", "/Locations", "go_dimensions", "Location", reads.nothing),
    ("GET", "/CustomDimensions", "go_dimensions", "CustomDimension", reads.nothing),
    ("GET", "/CustomDimensionSettings", "go_dimensions", "CustomDimension", reads.nothing),
]
# Paths are not case-sensitive in practice.
_PATHS = [
    (method, re.compile(f"/v2{path}/?", re.IGNORECASE), name, privilege, handler)
    for method, path, name, privilege, handler in _ROUTES
]
_PAGES_BEFORE = {"bad_gateway": 502, "unavailable": 503}


class PowerOfficeGo:
    """The API and its token endpoint, below a prefix of the sandbox."""

    def __init__(self, store: "Store", *, prefix: str, base_url: str | None) -> None:
        self.store, self.prefix, self.base_url = store, prefix, base_url

    def answer(self, request: Request) -> Response:
        """Return the answer to a request below the prefix."""
        path = request.path[len(self.prefix) :]
        name, privilege, handler, arguments, status = _route(request.method, path)
        logged = self.store.log.add(
            at=datetime.now(UTC).isoformat(),
            vendor=VENDOR,
            call=name,
            method=request.method,
            path=path,
            query={key: request.args.getlist(key) for key in request.args},
            headers={
                key: value
                for key, value in without_secrets(request.headers.items()).items()
                if key.lower() != "ocp-apim-subscription-key"
            },
            body=request.get_data(),
        )
        books = self._client_of(request)
        logged.tenant_id = books.key if books else ""
        due = self.store.faults.due(
            call=name, method=request.method, tenant_id=logged.tenant_id, vendor=VENDOR
        )
        faults = {fault.kind: fault for fault in due}
        logged.faults = list(faults)
        response = self._before(faults, request)
        if response is None and name == "go_token":
            response = self._token(request)
        elif response is None and (books is None or "unauthorized" in faults):
            response = Response(status=401)
        elif response is None and books is not None:
            base = (self.base_url or request.host_url).rstrip("/") + self.prefix
            call = Call(self.store, request, books, base, logged, faults)
            response = self._carry_out(call, privilege, handler, arguments, status)
        if response is None:
            response = Response(status=500)
        response = happen_after(response, faults, bad_gateway=_html(502))
        logged.status = response.status_code
        return response

    # --- What stands before a call ------------------------------------------------------

    def _before(self, faults: dict[str, Any], request: Request) -> Response | None:
        happen_before(faults)
        if "rate_limited" in faults:
            return _too_many(faults["rate_limited"].retry_after)
        if "server_error" in faults:
            return Response(status=500)
        for kind, status in _PAGES_BEFORE.items():
            if kind in faults:
                return _html(status)
        if "forbidden" in faults:
            return Response(status=403)
        if "garbled" in faults:
            return Response("<html>not what was asked</html>", content_type="application/json")
        if request.headers.get("Ocp-Apim-Subscription-Key") != story.SUBSCRIPTION_KEY:
            words = "Access denied due to missing or invalid subscription key."
            return json_answer({"statusCode": 401, "message": words}, 401)
        if not self.store.go_rate.admits(
            limit=int(self.store.setting("go_rate_limit")), now=self.store.clock().timestamp()
        ):
            # Retry-After is not confirmed: none is sent, so that nobody leans on it.
            return _too_many(None)
        return None

    def _client_of(self, request: Request) -> ClientLedger | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        kept = self.store.get("go_token", _digest(token)) if scheme.lower() == "bearer" else None
        if kept is None or kept["expires"] <= self.store.now().timestamp():
            return None
        return self.store.powerofficego.find(key=kept["client"])

    # --- Calls --------------------------------------------------------------------------

    def _carry_out(
        self, call: Call, privilege: str, handler: Any, arguments: dict[str, Any], status: int
    ) -> Response:
        lower = self.store.setting("go_case") == "camel"
        try:
            if handler is None:
                raise Refused("Resource not found", status=status, title="Not Found")
            if privilege and not _allowed(call.books.client, privilege):
                raise Refused(f"Missing privilege {privilege}.", status=403, title="Forbidden")
            if "refused" in call.faults:
                raise Refused("The voucher cannot be changed at present.")
            response: Response = handler(call, **arguments)
        except Refused as refused:
            return problem(refused, lower=lower)
        return response

    def _token(self, request: Request) -> Response:
        """Answer a token for the application key and the client key of the Basic header."""
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        try:
            pair = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            pair = ""
        application, _, client = pair.partition(":")
        if request.method != "POST" or request.form.get("grant_type") != "client_credentials":
            return _token_error("unsupported_grant_type", "Only client credentials are supported.")
        books = self.store.powerofficego.find(client_key=client) if client else None
        if scheme.lower() != "basic" or application != story.APPLICATION_KEY or books is None:
            return _token_error(
                "invalid_client",
                "Client integration not found. Please ensure the provided keys are matching the "
                "desired environment.",
            )
        token = secrets.token_urlsafe(40)
        lifetime = int(self.store.setting("go_token_lifetime"))
        expires = self.store.now().timestamp() + lifetime
        key = _digest(token)
        self.store.put("go_token", key, {"key": key, "client": books.key, "expires": expires})
        return json_answer({"access_token": token, "token_type": "bearer", "expires_in": lifetime})


def _route(method: str, path: str) -> tuple[str, str, Any, dict[str, Any], int]:
    if re.fullmatch("/OAuth/Token/?", path, re.IGNORECASE):
        return "go_token", "", None, {}, 200
    status = 404
    for known, pattern, name, privilege, handler in _PATHS:
        found = pattern.fullmatch(path)
        if found is None:
            continue
        if known != method:
            status = 405
            continue
        arguments: dict[str, Any] = found.groupdict()
        if "number" in arguments:
            arguments["number"] = int(arguments["number"])
        return name, privilege, handler, arguments, 200
    return "unknown", "", None, {}, status


def _allowed(client: dict[str, Any], privilege: str) -> bool:
    valid = set(client["valid_privileges"])
    return bool({privilege, f"{privilege}_Full"} & valid)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _token_error(error: str, words: str) -> Response:
    return json_answer({"error": error, "error_description": words}, 400)


def _too_many(seconds: int | None) -> Response:
    words = f"Rate limit is exceeded. Try again in {seconds or 1} seconds."
    response = json_answer({"statusCode": "429", "message": words}, 429)
    if seconds is not None:
        response.headers["Retry-After"] = str(seconds)
    return response


def _html(status: int) -> Response:
    words = f"<html><body><h1>{status}</h1><p>Azure Application Gateway</p></body></html>"
    return Response(words, status, content_type="text/html")
