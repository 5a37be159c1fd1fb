"""The endpoints that programs call: token, userinfo, revocation."""

import base64
import binascii
import secrets
from typing import Any
from urllib.parse import unquote_plus

from werkzeug.wrappers import Request, Response

from sandbox.http import json_answer
from sandbox.store import Store
from sandbox.vismaconnect.grants import Grants, Refused

Json = dict[str, Any]
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class TokenEndpoints:
    """Token, userinfo and revocation of the identity service."""

    def __init__(self, store: Store, grants: Grants) -> None:
        self.store = store
        self.grants = grants

    def _client(self, request: Request) -> tuple[Json | None, bool]:
        """Return the client that proved itself, or None; and whether it used HTTP Basic."""
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        basic = scheme.lower() == "basic"
        if basic:
            try:
                plain = base64.b64decode(rest, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                return None, True
            client_id, _, secret = plain.partition(":")
            client_id, secret = unquote_plus(client_id), unquote_plus(secret)
        else:
            client_id = request.form.get("client_id", "")
            secret = request.form.get("client_secret", "")
        client = self.store.get("client", client_id)
        good = client is not None and secrets.compare_digest(
            client["secret"].encode(), secret.encode()
        )
        return (client if good else None), basic

    def token(self, request: Request, issuer: str) -> Response:
        """Answer the token endpoint; errors as RFC 6749, for Visma lists none of its own."""
        client, basic = self._client(request)
        if client is None:
            challenge = {"WWW-Authenticate": 'Basic realm="visma-connect"'} if basic else {}
            return json_answer(
                {"error": "invalid_client"}, 401 if basic else 400, _NO_STORE | challenge
            )
        try:
            answer = self._grant(request, client, issuer)
        except Refused as refused:
            body = {"error": refused.error, "error_description": refused.description}
            return json_answer(body, 400, _NO_STORE)
        return json_answer(answer, 200, _NO_STORE)

    def _grant(self, request: Request, client: Json, issuer: str) -> Json:
        form = request.form
        kind = form.get("grant_type", "")
        if not kind:
            raise Refused("invalid_request", "grant_type is missing.")
        if kind not in ("authorization_code", "refresh_token", "client_credentials"):
            raise Refused("unsupported_grant_type", f"{kind} is not a grant type.")
        if kind not in client["grants"]:
            raise Refused("unauthorized_client", f"{kind} is not ticked for this application.")
        if kind == "authorization_code":
            return self.grants.exchange_code(
                code=form.get("code", ""),
                client=client,
                redirect_uri=form.get("redirect_uri", ""),
                code_verifier=form.get("code_verifier", ""),
                issuer=issuer,
            )
        if kind == "refresh_token":
            return self.grants.refresh(
                token=form.get("refresh_token", ""), client=client, issuer=issuer
            )
        return self._client_credentials(request, client, issuer)

    def _client_credentials(self, request: Request, client: Json, issuer: str) -> Json:
        # docs.vismasoftware.no, service integrations: tenant_id names the company, whose
        # Integration administrator has approved the application. Which error comes when he has
        # not is not documented: sandbox's choice.
        tenant_id = request.form.get("tenant_id", "")
        scope = request.form.get("scope", "") or " ".join(client["scopes"])
        if not tenant_id and client.get("names_company", True):
            raise Refused("invalid_request", "tenant_id is missing.")
        unknown = [each for each in scope.split() if each not in client["scopes"]]
        if unknown:
            raise Refused("invalid_scope", f"Not allowed for this client: {' '.join(unknown)}")
        if not client.get("names_company", True):
            # Business NXT: the company is an argument of each query, not of the token.
            return self.grants.service_answer(
                client=client, tenant_id="", scope=scope, issuer=issuer
            )
        company = self.store.tenant(tenant_id)
        customers = {each.customer_tenant_id for each in self.store.companies()}
        approved = company.service_approved if company else tenant_id in customers
        if not approved:
            raise Refused("unauthorized_client", "The application is not approved for this tenant.")
        return self.grants.service_answer(
            client=client, tenant_id=tenant_id, scope=scope, issuer=issuer
        )

    def userinfo(self, request: Request, issuer: str) -> Response:
        """Answer who signed in, as far as the scopes allow."""
        claims = self.grants.read_access_token(_bearer(request))
        if claims is None or "sub" not in claims:
            challenge = 'Bearer error="invalid_token"'
            return Response(status=401, headers={"WWW-Authenticate": challenge})
        person = next(
            (each for each in self.store.all("person") if each["sub"] == claims["sub"]), None
        )
        scopes = claims["scope"]
        answer: Json = {"sub": claims["sub"]}
        if person and "profile" in scopes:
            answer |= {
                name: person[name] for name in ("name", "given_name", "family_name", "locale")
            }
        if person and "email" in scopes:
            answer |= {"email": person["email"], "email_verified": True}
        return json_answer(answer, 200, _NO_STORE)

    def revocation(self, request: Request, issuer: str) -> Response:
        """
        End the grant of a token, its other tokens included (RFC 7009).

        oauth.developers.visma.com, tokens: Basic authentication; 200 removed, 400 bad client,
        401 not allowed.
        """
        client, basic = self._client(request)
        if client is None:
            return json_answer({"error": "invalid_client"}, 401 if not basic else 400, _NO_STORE)
        self.grants.revoke_token(token=request.form.get("token", ""), client=client)
        return Response(status=200, headers=_NO_STORE)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else request.form.get("access_token", "")
