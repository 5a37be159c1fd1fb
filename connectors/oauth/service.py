"""One identity service: its documents and keys, and whether it has signed a token."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError, MissingKeyError
from joserfc.jwk import KeySet

from connectors.errors import (
    BadAnswer,
    ConnectorError,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)
from connectors.http.answers import Answer, retry_after
from connectors.http.client import Timeouts
from connectors.http.exact_json import from_json
from connectors.http.sessions import NoToken, make_session
from connectors.http.transport import vendor_errors
from connectors.oauth.documents import DOCUMENTS, Documents
from connectors.oauth.errors import IdentityServiceDown, ProofNotGenuine

TIMEOUTS = Timeouts(connect=5.0, read=15.0)
"""A lease on a refresh must last longer than :data:`LONGEST_REFRESH`."""
LONGEST_REFRESH = 3 * (TIMEOUTS.connect + TIMEOUTS.read)
"""Seconds: the token endpoint, and with cold caches discovery and keys."""
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]


def answer_of(response: requests.Response) -> Answer:
    return Answer(response.status_code, response.headers, response.content)


@dataclass(kw_only=True, eq=False)
class IdentityService:
    """
    One identity service, asked by one client.

    :param issuer: its address; discovery lies under ``/.well-known/openid-configuration``
    """

    vendor: str
    issuer: str
    documents: Documents = DOCUMENTS
    timeouts: Timeouts = TIMEOUTS

    def __post_init__(self) -> None:
        self.issuer = self.issuer.rstrip("/")

    def _sending(self) -> dict[str, Any]:
        return {
            "timeout": (self.timeouts.connect, self.timeouts.read),
            # A redirect would carry the secret to wherever it points.
            "allow_redirects": False,
        }

    def _failure(self, answer: Answer) -> ConnectorError:
        wait = retry_after(answer.headers, now=datetime.now(UTC))
        kind: type[ConnectorError] = BadAnswer
        if answer.status == 429:
            kind = RateLimited
        elif answer.status >= 500:
            kind = IdentityServiceDown
        return kind(
            vendor=self.vendor, status=answer.status, retry_after=wait, trace_id=answer.trace_id
        )

    @contextmanager
    def _translated(self, *, lost: type[ConnectorError] = IdentityServiceDown) -> Iterator[None]:
        """Turn failures of the transport into ours: never sent, or sent and lost."""
        try:
            with vendor_errors(self.vendor, writes=True):
                yield
        except OutcomeUnknown as exc:
            if isinstance(exc, lost):
                raise
            raise lost(vendor=self.vendor, detail=exc.detail) from exc.__cause__
        except Unavailable as exc:
            if isinstance(exc, IdentityServiceDown | RateLimited):
                raise
            raise IdentityServiceDown(vendor=self.vendor, detail=exc.detail) from exc.__cause__

    def _discovery(self) -> Mapping[str, Any]:
        url = f"{self.issuer}/.well-known/openid-configuration"
        document: Mapping[str, Any] = self.documents.get(url, fetch=self._fetch_discovery)
        return document

    def _fetch_discovery(self, url: str) -> Mapping[str, Any]:
        document: Mapping[str, Any] = self._fetch(url)
        if str(document.get("issuer", "")).rstrip("/") != self.issuer:
            # OpenID Connect Discovery 4.3: another issuer's endpoints would get our secret.
            raise ProofNotGenuine(vendor=self.vendor, detail="the discovery names another issuer")
        return document

    def _endpoint(self, name: str) -> str:
        """Return an address of the discovery; one on another host would get code and secret."""
        url = self._discovery().get(name)
        if not isinstance(url, str) or urlsplit(url)[:2] != urlsplit(self.issuer)[:2]:
            raise BadAnswer(vendor=self.vendor, detail=f"discovery: field {name!r}")
        return url

    def _keys(self, *, newer_than: KeySet | None = None) -> KeySet:
        keys: KeySet = self.documents.get(
            self._endpoint("jwks_uri"), fetch=self._fetch_keys, newer_than=newer_than
        )
        return keys

    def _fetch_keys(self, url: str) -> KeySet:
        content = self._fetch(url)
        try:
            return KeySet.import_key_set(content)
        except (JoseError, KeyError, TypeError, ValueError) as exc:
            raise BadAnswer(vendor=self.vendor, detail="the signing keys") from exc

    def _fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
        session = make_session()
        with session, self._translated():
            response = session.get(
                url,
                headers={"Accept": "application/json", **(headers or {})},
                auth=NoToken() if headers is None else None,
                **self._sending(),
            )
        answer = answer_of(response)
        if answer.status != 200:
            raise self._failure(answer)
        try:
            content = from_json(answer.body)
        except ValueError as exc:
            raise BadAnswer(vendor=self.vendor, detail=urlsplit(url).path) from exc
        if not isinstance(content, dict):
            raise BadAnswer(vendor=self.vendor, detail=urlsplit(url).path)
        return content

    def _verified(self, token: str) -> Mapping[str, Any]:
        """
        Return the claims of a token that the service has signed.

        :raises ProofNotGenuine: if signature or issuer are wrong
        :raises BadAnswer: if it is no signed token at all
        """
        if token.count(".") != 2:
            raise BadAnswer(vendor=self.vendor, detail="a token that is not a JSON Web Token")
        keys = self._keys()
        try:
            try:
                claims = jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
            except (InvalidKeyIdError, MissingKeyError):
                # The service has changed its keys since we read them.
                keys = self._keys(newer_than=keys)
                claims = jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
        except (JoseError, ValueError) as exc:
            # Not chained: joserfc's errors may quote the token.
            raise ProofNotGenuine(vendor=self.vendor, detail=type(exc).__name__) from None
        if str(claims.get("iss", "")).rstrip("/") != self.issuer:
            raise ProofNotGenuine(vendor=self.vendor, detail="iss")
        return dict(claims)
