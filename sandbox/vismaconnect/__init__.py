"""
Visma Connect: discovery, sign-in, tokens, end of session.

Sources: docs.vismasoftware.no/vismanetapi (authentication, interactive and service
integrations) and oauth.developers.visma.com/service-registry/documentation, as gathered in the
project's reference on Visma.net.
"""

from datetime import UTC, datetime
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sandbox.http import CutConnection, json_answer
from sandbox.requestlog import without_secrets
from sandbox.store import Store
from sandbox.vismaconnect.grants import Grants
from sandbox.vismaconnect.signin import SignIn
from sandbox.vismaconnect.tokens import TokenEndpoints

_RULES = [
    ("/.well-known/openid-configuration", "discovery", ["GET"]),
    ("/.well-known/openid-configuration/jwks", "jwks", ["GET"]),
    ("/connect/authorize", "authorize", ["GET", "POST"]),
    ("/connect/token", "token", ["POST"]),
    ("/connect/userinfo", "userinfo", ["GET", "POST"]),
    ("/connect/endsession", "endsession", ["GET", "POST"]),
    ("/connect/revocation", "revocation", ["POST"]),
    ("/signin", "signin", ["POST"]),
    ("/company", "company", ["POST"]),
    ("/allow", "allow", ["POST"]),
]


class VismaConnect:
    """The identity service, below a prefix of the sandbox."""

    def __init__(self, store: Store, *, prefix: str, base_url: str | None) -> None:
        self.store = store
        self.prefix = prefix
        self.base_url = base_url
        self.grants = Grants(store)
        signin = SignIn(store, self.grants, prefix=prefix)
        tokens = TokenEndpoints(store, self.grants)
        self._calls: dict[str, Any] = {
            "discovery": self._discovery,
            "jwks": lambda request, issuer: json_answer(self.grants.keys.public()),
            "authorize": signin.authorize,
            "signin": signin.sign_in,
            "company": signin.choose_company,
            "allow": signin.allow,
            "endsession": signin.end_session,
            "token": tokens.token,
            "userinfo": tokens.userinfo,
            "revocation": tokens.revocation,
        }
        self._map = Map(
            [Rule(prefix + path, endpoint=name, methods=methods) for path, name, methods in _RULES]
        )

    def issuer(self, request: Request) -> str:
        """Return the issuer: where discovery begins."""
        return (self.base_url or request.host_url).rstrip("/") + self.prefix

    def answer(self, request: Request) -> Response:
        """Return the answer to a request below the prefix."""
        try:
            call, _ = self._map.bind_to_environ(request.environ).match()
        except HTTPException as failure:
            return json_answer({"error": "not_found"}, failure.code or 404)
        logged = self.store.log.add(
            at=datetime.now(UTC).isoformat(),
            vendor="visma-connect",
            call=call,
            method=request.method,
            path=request.path,
            # Queries and forms here hold codes and secrets: only their names are kept.
            query={
                name: request.values.getlist(name)
                if name in ("grant_type", "scope", "response_mode", "ui_locales", "tenant_id")
                else ["…"]
                for name in request.values
            },
            headers=without_secrets(request.headers.items()),
        )
        faults = {
            fault.kind: fault for fault in self.store.faults.due(call=call, method=request.method)
        }
        logged.faults = list(faults)
        if any(kind.endswith("_down") for kind in faults):
            response = Response("<h1>Service Unavailable</h1>", 503, content_type="text/html")
        else:
            response = self._calls[call](request, self.issuer(request))
        if "token_lost" in faults:
            raise CutConnection
        logged.status = response.status_code
        return response

    def _discovery(self, request: Request, issuer: str) -> Response:
        scopes = sorted({scope for each in self.store.all("client") for scope in each["scopes"]})
        return json_answer(
            {
                "issuer": issuer,
                "jwks_uri": issuer + "/.well-known/openid-configuration/jwks",
                "authorization_endpoint": issuer + "/connect/authorize",
                "token_endpoint": issuer + "/connect/token",
                "userinfo_endpoint": issuer + "/connect/userinfo",
                "end_session_endpoint": issuer + "/connect/endsession",
                "revocation_endpoint": issuer + "/connect/revocation",
                "scopes_supported": scopes,
                "response_types_supported": ["code", "code id_token"],
                "response_modes_supported": ["form_post", "query"],
                "grant_types_supported": [
                    "authorization_code",
                    "client_credentials",
                    "refresh_token",
                ],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_basic",
                    "client_secret_post",
                ],
                "code_challenge_methods_supported": ["plain", "S256"],
                "claims_supported": ["sub", "name", "given_name", "family_name", "email", "locale"],
            }
        )
