"""What persons and companies have allowed a client, and the tokens that came of it."""

import base64
import hashlib
import secrets
from typing import Any

from sandbox.store import Store
from sandbox.vismaconnect.keys import Keys

Json = dict[str, Any]


class Refused(Exception):
    """The token endpoint refuses, with an error code of RFC 6749 section 5.2."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


class Grants:
    """Authorisation codes, refresh tokens and access tokens."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.keys = Keys(store)
        self._read: dict[str, Json] = {}

    def _now(self) -> float:
        return self.store.now().timestamp()

    # --- Codes --------------------------------------------------------------------------

    def new_code(self, **facts: Any) -> str:
        """Return a code that can be exchanged once, soon."""
        code = secrets.token_urlsafe(32)
        expires = self._now() + self.store.setting("code_lifetime")
        self.store.put("code", code, facts | {"key": code, "expires": expires, "grant": ""})
        return code

    def exchange_code(
        self, *, code: str, client: Json, redirect_uri: str, code_verifier: str, issuer: str
    ) -> Json:
        """
        Return the tokens for a code.

        :raises Refused: if the code is unknown, used, expired or not the client's
        """
        refused = Refused("invalid_grant", "The authorization code is invalid or was used.")
        with self.store.writing():
            kept = self.store.get("code", code)
            if kept is None:
                raise refused
            if kept["grant"]:
                # RFC 6749 section 4.1.2: a code used twice should revoke what came of it.
                # Not an exception inside the transaction: the revocation has to stay.
                self.revoke_grant(kept["grant"])
            used = bool(kept["grant"])
            grant_id = kept["grant"] or secrets.token_hex(12)
            self.store.put("code", code, kept | {"grant": grant_id})
        if used or kept["expires"] < self._now() or kept["client_id"] != client["client_id"]:
            raise refused
        if kept["redirect_uri"] != redirect_uri:
            raise Refused("invalid_grant", "redirect_uri differs from the authorize request.")
        if kept["code_challenge"]:
            digest = hashlib.sha256(code_verifier.encode("ascii", "replace")).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if not 43 <= len(code_verifier) <= 128 or challenge != kept["code_challenge"]:
                raise Refused("invalid_grant", "code_verifier does not match the code_challenge.")
        elif code_verifier:
            raise Refused("invalid_grant", "code_verifier was sent without a code_challenge.")
        grant = {
            "key": grant_id,
            "client_id": client["client_id"],
            "email": kept["email"],
            "sub": kept["sub"],
            "sid": kept["sid"],
            "tenant_id": kept["tenant_id"],
            "scope": kept["scope"],
            "auth_time": kept["auth_time"],
            "revoked": False,
        }
        self.store.put("grant", grant_id, grant)
        answer = self.answer(grant, issuer=issuer, nonce=kept["nonce"])
        if "offline_access" in kept["scope"].split():
            # Without offline_access no refresh token is given (docs.vismasoftware.no,
            # interactive integrations).
            answer["refresh_token"] = self._new_refresh(grant)
        return answer

    # --- Refresh ------------------------------------------------------------------------

    def _new_refresh(self, grant: Json) -> str:
        token = secrets.token_urlsafe(40)
        key = _digest(token)
        self.store.put(
            "refresh",
            key,
            {
                "key": key,
                "grant": grant["key"],
                "tenant_id": grant["tenant_id"],
                "state": "active",
                "used_at": 0.0,
                "expires": self._now() + self.store.setting("refresh_lifetime"),
            },
        )
        return token

    def refresh(self, *, token: str, client: Json, issuer: str) -> Json:
        """
        Return new tokens for a refresh token.

        A one-time token that is used again after the grace period is a replay: it revokes all
        access of that user through this client, every company of his included
        (oauth.developers.visma.com, tokens; visma-net.md section 1).

        :raises Refused: if the token is unknown, expired, revoked or replayed
        """
        refused = Refused("invalid_grant", "The refresh token is invalid, expired or revoked.")
        now = self._now()
        with self.store.writing():
            kept = self.store.get("refresh", _digest(token))
            grant = self.store.get("grant", kept["grant"]) if kept else None
            good = (
                kept is not None
                and grant is not None
                and not grant["revoked"]
                and grant["client_id"] == client["client_id"]
                and kept["state"] != "revoked"
                and kept["expires"] >= now
            )
            if kept and grant and good and self.store.setting("refresh_usage") == "one-time":
                if kept["state"] == "used":
                    good = now - kept["used_at"] <= self.store.setting("refresh_grace")
                    if not good:
                        self.revoke_person(sub=grant["sub"], client_id=grant["client_id"])
                else:
                    used = kept | {"state": "used", "used_at": now}
                    self.store.put("refresh", kept["key"], used)
            fresh = token
            if grant and good and self.store.setting("refresh_usage") == "one-time":
                fresh = self._new_refresh(grant)
        if not good or grant is None:
            raise refused
        return self.answer(grant, issuer=issuer, nonce="") | {"refresh_token": fresh}

    # --- Answers ------------------------------------------------------------------------

    def service_answer(self, *, client: Json, tenant_id: str, scope: str, issuer: str) -> Json:
        """Return the tokens of a company's service grant: no user, no refresh token."""
        grant = {
            "key": secrets.token_hex(12),
            "client_id": client["client_id"],
            "email": "",
            "sub": "",
            "sid": "",
            "tenant_id": tenant_id,
            "scope": scope,
            "auth_time": 0,
            "revoked": False,
        }
        self.store.put("grant", grant["key"], grant)
        return self.answer(grant, issuer=issuer, nonce="")

    def answer(self, grant: Json, *, issuer: str, nonce: str) -> Json:
        """Return the token endpoint's answer for a grant, without a refresh token."""
        lifetime = self.store.setting("token_lifetime")
        now = int(self._now())
        claims: Json = {
            "iss": issuer,
            "nbf": now,
            "exp": now + lifetime,
            "aud": sorted({scope.split(":")[0] for scope in grant["scope"].split() if ":" in scope})
            or [issuer + "/resources"],
            "client_id": grant["client_id"],
            "scope": grant["scope"].split(),
            "tenant_id": grant["tenant_id"],
            "jti": f"{grant['key']}.{self._epoch(grant['tenant_id'])}.{secrets.token_hex(8)}",
        }
        if grant["sub"]:
            claims |= {"sub": grant["sub"], "auth_time": grant["auth_time"]}
        else:
            # Integrators see scope as one text with the service flavour; both shapes are seen
            # in the wild, so the sandbox sends one of each (sandbox's choice).
            claims["scope"] = grant["scope"]
        answer: Json = {
            "access_token": self.keys.sign(claims, kind="at+jwt"),
            "expires_in": lifetime,
            "token_type": "Bearer",
            "scope": grant["scope"],
        }
        if "openid" in grant["scope"].split():
            answer["id_token"] = self._id_token(grant, issuer=issuer, nonce=nonce, now=now)
        return answer

    def _id_token(self, grant: Json, *, issuer: str, nonce: str, now: int) -> str:
        claims: Json = {
            "iss": issuer,
            "aud": grant["client_id"],
            "sub": grant["sub"],
            "sid": grant["sid"],
            "idp": "local",
            "acr": "1",
            "amr": ["pwd"],
            "auth_time": grant["auth_time"],
            "llt": grant["auth_time"],
            "iat": now,
            "nbf": now,
            "exp": now + 300,
        }
        if nonce:
            claims["nonce"] = nonce
        kinds = {fault.kind for fault in self.store.faults.due(call="id_token", method="")}
        if "wrong_nonce" in kinds:
            claims["nonce"] = "another-nonce"
        return self.keys.sign(claims, strange="bad_signature" in kinds)

    # --- Reading ------------------------------------------------------------------------

    def _epoch(self, tenant_id: str) -> str:
        everybody = self.store.get("epoch", "all") or {"value": 0}
        company = self.store.get("epoch", tenant_id) or {"value": 0}
        return f"{everybody['value']}-{company['value']}"

    def read_access_token(self, token: str) -> Json | None:
        """Return the claims of an access token that is good now, else None."""
        claims = self._read.get(token)
        if claims is None:
            claims = self.keys.read(token)
            if claims is None or "jti" not in claims:
                return None
            if len(self._read) > 1000:
                self._read.clear()
            self._read[token] = claims
        grant_id, epoch, _ = claims["jti"].split(".")
        grant = self.store.get("grant", grant_id)
        if grant is None or grant["revoked"] or epoch != self._epoch(claims["tenant_id"]):
            return None
        if claims["exp"] <= self._now():
            return None
        return claims

    # --- Revoking -----------------------------------------------------------------------

    def revoke_grant(self, grant_id: str) -> None:
        """End a grant with all its tokens."""
        grant = self.store.get("grant", grant_id)
        if grant is not None:
            self.store.put("grant", grant_id, grant | {"revoked": True})

    def revoke_person(self, *, sub: str, client_id: str) -> None:
        """End all grants of a person to a client, whatever company."""
        for grant in self.store.all("grant"):
            if grant["sub"] == sub and grant["client_id"] == client_id:
                self.revoke_grant(grant["key"])

    def revoke_token(self, *, token: str, client: Json) -> None:
        """End the grant of a refresh or access token; other tokens are nobody's business."""
        kept = self.store.get("refresh", _digest(token))
        grant_id = kept["grant"] if kept else ""
        if not grant_id:
            claims = self.keys.read(token) or {}
            grant_id = str(claims.get("jti", "")).split(".")[0]
        grant = self.store.get("grant", grant_id)
        if grant is not None and grant["client_id"] == client["client_id"]:
            self.revoke_grant(grant_id)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
