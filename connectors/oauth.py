"""
Sign-in by OpenID Connect, and everything that can go wrong on the way.

Authlib speaks OAuth 2.0, joserfc checks signatures; the rules of RFC 9700 that this module
keeps: code flow with PKCE S256, state and nonce, an exact redirect address, the issuer
checked, `response_mode=query` so that the session cookie comes along.

No token, code, secret or verifier is ever part of an error, a repr or a log line.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError, MissingKeyError
from joserfc.jwk import KeySet

from connectors.base import Begun, Grant
from connectors.errors import (
    ADMINISTRATOR,
    NOBODY,
    OPERATOR,
    BadAnswer,
    ConnectorError,
    NotAuthorized,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from connectors.http import (
    USER_AGENT,
    Answer,
    NoToken,
    Timeouts,
    from_json,
    make_session,
    retry_after,
    server_date,
    vendor_errors,
)
from connectors.words import gettext_noop as _

TIMEOUTS = Timeouts(connect=5.0, read=15.0)
"""A lease on a refresh must last longer than :data:`LONGEST_REFRESH`."""
LONGEST_REFRESH = 3 * (TIMEOUTS.connect + TIMEOUTS.read)
"""Seconds: the token endpoint, and with cold caches discovery and keys."""
LEEWAY = 60
MAX_AGE = 3600.0
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]


# --- What can go wrong, in the user's words --------------------------------------------------


class SignInRefused(Rejected):
    """The identity service ended the sign-in without a reason that we know better words for."""

    summary = _("The sign-in at {vendor} ended without access being allowed.")
    remedy = _("Try again. If it happens again, give the text below to the operator of the hub.")
    not_booked = _("No account was connected.")
    who = ADMINISTRATOR
    action = "sign_in"


class AccessDenied(SignInRefused):
    """The person pressed Deny."""

    summary = _("Access was not allowed at {vendor}.")
    remedy = _("Sign in again and press Allow. Nothing was changed.")


class CodeExpired(SignInRefused):
    """The code was used before, or is too old: a page loaded twice, a bookmark."""

    summary = _("This sign-in at {vendor} has already been used, or took too long.")
    remedy = _("Start again from the accounts page. Do not reload the page that you come back to.")


class StateMismatch(SignInRefused):
    """The answer belongs to no sign-in that this person has begun in this browser."""

    summary = _("This answer from {vendor} does not belong to a sign-in that was started here.")
    remedy = _(
        "Start again from the accounts page, in the same browser. If you did not start a "
        "sign-in, someone may have sent you a false link: close it."
    )


class NonceMismatch(SignInRefused):
    """The id_token was made for another sign-in."""

    summary = _("{vendor} returned the identity token of another sign-in.")
    remedy = _("Start again from the accounts page. If it happens again, contact the operator.")


class ProofNotGenuine(SignInRefused):
    """Signature, issuer or audience of a token are wrong."""

    summary = _(
        "The identity token that came back was not issued by {vendor}, or not for this hub."
    )
    remedy = _(
        "Contact the operator of the hub: VISMA_CONNECT_URL and the client id may not match."
    )
    who = OPERATOR
    action = ""


class AnotherService(SignInRefused):
    """The answer says that another service sent it, or hides which did (RFC 9207)."""

    summary = _("This answer does not come from {vendor}.")
    remedy = _(
        "Close the page and start again from the accounts page. If it happens again, contact "
        "the operator: someone may be trying to get hold of your access."
    )


class OtherPerson(NotAuthorized):
    """A renewal came back for another person or company than the one who allowed it."""

    summary = _("{vendor} renewed the access of this account in another user's name.")
    remedy = _(
        "An administrator signs in again. If it happens again, contact the operator of the "
        "hub: tokens of two accounts may have been mixed up at the vendor."
    )


class ClockSkew(SignInRefused):
    """The clocks differ by more than the leeway, so that fresh tokens look old or unborn."""

    summary = _("The clocks of the hub and of {vendor} differ by {seconds} seconds.")
    remedy = _("The operator sets the clock of the hub's machine (NTP). Then sign in again.")
    who = OPERATOR
    action = ""
    needs = ("vendor", "seconds")


class ClientRefused(SignInRefused):
    """The client id or its secret is wrong."""

    summary = _("{vendor} does not accept the hub's own client id and secret.")
    remedy = _(
        "The operator checks both against the Developer Portal (a new secret works after one "
        "or two minutes), corrects the settings and restarts."
    )
    who = OPERATOR
    action = ""


class ScopeRefused(SignInRefused):
    """The application may not ask for what it asks for."""

    summary = _("{vendor} does not allow the hub to request the scopes that it needs.")
    remedy = _("The operator adds the scopes to the application in the Developer Portal.")
    who = OPERATOR
    action = ""


class RedirectRefused(SignInRefused):
    """The address to come back to is not registered, letter for letter."""

    summary = _("{vendor} does not recognise the hub's callback address.")
    remedy = _("The operator registers the hub's callback address in the portal, exactly as it is.")
    who = OPERATOR
    action = ""


class NoCompany(SignInRefused):
    """The token names no company: the person has the role API User in none."""

    summary = _("You are signed in at {vendor}, but it returned no company.")
    remedy = _(
        "Someone who manages Visma Admin gives you the role API User in the company. "
        "Then sign in again."
    )


class WrongCompany(SignInRefused):
    """The token is for another company than the one that was asked for."""

    summary = _("{vendor} returned another company than the one requested.")
    remedy = _("Compare the company id with Visma Admin: Company, Edit, Configuration.")


class ServiceNotApproved(SignInRefused):
    """The company has not approved the hub's service application."""

    summary = _("This company has not approved the hub in Visma App Store.")
    remedy = _(
        "The company's Integration administrator approves it there. Also check that the "
        "company id is the company's and not the customer's."
    )


class IdentityServiceDown(Unavailable):
    """The identity service cannot be asked; nothing changed."""

    summary = _("{vendor} cannot be reached right now.")
    remedy = _(
        "Wait a few minutes, then start the sign-in again. Everything else continues automatically."
    )
    not_booked = _("Nothing was changed.")
    who = NOBODY


class RefreshLost(OutcomeUnknown):
    """
    A refresh was sent and its answer lost: the one-time token may be used up.

    Using it once more could revoke every company of the person, so it must not be.
    """

    summary = _("The answer from {vendor} to a renewal of access was lost.")
    remedy = _("An administrator signs in again soon; until then this account may not work.")
    not_booked = _("Nothing was booked.")
    who = ADMINISTRATOR
    action = "reconnect"


_BY_CODE: Mapping[str, type[ConnectorError]] = {
    "access_denied": AccessDenied,
    "consent_required": AccessDenied,
    "invalid_grant": CodeExpired,
    "invalid_client": ClientRefused,
    "unauthorized_client": ClientRefused,
    "unsupported_grant_type": ClientRefused,
    "invalid_scope": ScopeRefused,
    "redirect_uri_mismatch": RedirectRefused,
    "invalid_redirect_uri": RedirectRefused,
    "server_error": IdentityServiceDown,
    "temporarily_unavailable": IdentityServiceDown,
    "slow_down": IdentityServiceDown,
}
_BY_CODE_ON_REFRESH = {"invalid_grant": NotAuthorized}
_BY_CODE_FOR_SERVICE = {
    "invalid_grant": ServiceNotApproved,
    "invalid_tenant": ServiceNotApproved,
    "unauthorized_client": ServiceNotApproved,
    "access_denied": ServiceNotApproved,
    "invalid_request": ServiceNotApproved,
}


def callback_failure(*, vendor: str, error: str, description: str = "") -> ConnectorError:
    """Return the failure that the `error` of a callback stands for."""
    return _by_code(_BY_CODE, vendor=vendor, error=error, description=description)


def _by_code(
    codes: Mapping[str, type[ConnectorError]], *, vendor: str, error: str, description: str
) -> ConnectorError:
    kind = codes.get(error, _BY_CODE.get(error, SignInRefused))
    if error in ("invalid_request", "invalid_grant") and "redirect" in description.lower():
        kind = RedirectRefused
    return kind(vendor=vendor, detail=f"{error}: {description}"[:300].rstrip(": "))


# --- Documents that are read once -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Kept:
    content: Any
    at: float


class Documents:
    """
    Discovery and keys, kept for a while by the whole process.

    :param monotonic: the clock that ages them
    """

    def __init__(
        self, *, monotonic: Callable[[], float] = time.monotonic, max_age: float = MAX_AGE
    ) -> None:
        self._monotonic, self._max_age = monotonic, max_age
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    def get(self, url: str, *, fetch: Callable[[str], Any], newer_than: Any = None) -> Any:
        """
        Return the document, fetched if it is not kept or too old.

        :param newer_than: what the caller has and finds wanting; it is fetched again
        """
        with self._lock:
            kept = self._kept.get(url)
        fresh = kept is not None and self._monotonic() - kept.at < self._max_age
        if kept is not None and fresh and (newer_than is None or kept.content is not newer_than):
            return kept.content
        # Not under the lock: one slow identity service must not stop the threads of another.
        content = fetch(url)
        with self._lock:
            self._kept[url] = _Kept(content, self._monotonic())
        return content

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()


DOCUMENTS = Documents()


# --- Sign-in ----------------------------------------------------------------------------------


class OpenIdSignIn:
    """
    One client of one identity service.

    :param issuer: its address; discovery lies under ``/.well-known/openid-configuration``
    :param scope: what is asked for, separated by blanks
    :param locales: our language codes to those of the service's pages
    :param tenant_claim: the claim of the access token that names the company; empty: tokens of
        this client name none, each call does
    """

    def __init__(
        self,
        *,
        vendor: str,
        issuer: str,
        client_id: str,
        client_secret: str,
        scope: str,
        locales: Mapping[str, str] | None = None,
        tenant_claim: str = "tenant_id",
        documents: Documents = DOCUMENTS,
        timeouts: Timeouts = TIMEOUTS,
    ) -> None:
        self.vendor, self.issuer, self.client_id = vendor, issuer.rstrip("/"), client_id
        self._client_secret, self._scope = client_secret, scope
        self._locales, self._tenant_claim = locales or {}, tenant_claim
        self._documents, self._timeouts = documents, timeouts

    # https://oauth.developers.visma.com/service-registry/documentation/authentication
    def begin(self, *, redirect_uri: str, language: str = "") -> Begun:
        """Return where to send the person, and what must be kept until the answer comes."""
        state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        verifier = secrets.token_urlsafe(64)
        extra = {}
        if locale := self._locales.get(language.partition("-")[0].lower()):
            extra["ui_locales"] = locale
        session = self._session(redirect_uri=redirect_uri)
        url, _state = session.create_authorization_url(
            self._endpoint("authorization_endpoint"),
            state=state,
            code_verifier=verifier,
            nonce=nonce,
            # The default, form_post, is a cross-site POST: the session cookie would stay behind.
            response_mode="query",
            **extra,
        )
        return Begun(url=url, state=state, nonce=nonce, code_verifier=verifier)

    # https://www.rfc-editor.org/rfc/rfc9207#section-2.4
    def check_issuer(self, issuer: str) -> None:
        """
        Compare who says to have sent the answer with whom the person was sent to.

        :param issuer: the answer's `iss`; empty: it says nothing
        :raises AnotherService: if it is another one
        """
        if issuer and issuer.rstrip("/") != self.issuer:
            raise AnotherService(vendor=self.vendor, detail="iss")

    # https://oauth.developers.visma.com/service-registry/documentation/tokens
    def finish(
        self,
        *,
        code: str,
        redirect_uri: str,
        code_verifier: str,
        nonce: str,
        now: datetime,
        issuer: str = "",
    ) -> Grant:
        """
        Exchange the code and return what it gave, every proof checked.

        :param issuer: who says to have sent the answer that the code came with
        :raises SignInRefused: one of its kinds, each with what to do
        :raises IdentityServiceDown: if the service cannot be asked
        """
        self.check_issuer(issuer)
        if not issuer and self._discovery().get("authorization_response_iss_parameter_supported"):
            raise AnotherService(vendor=self.vendor, detail="the answer names no iss")
        answer, answered_at = self._ask_token(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                "code_verifier": code_verifier,
            },
            codes={},
        )
        # A token that we then refuse stays alive until it expires; so take it back.
        try:
            person = self._check_id_token(
                _text_of(answer, "id_token"), nonce=nonce, now=now, answered_at=answered_at
            )
            grant = self._grant(answer, now=now, answered_at=answered_at)
            if grant.subject and grant.subject != person:
                raise ProofNotGenuine(vendor=self.vendor, detail="sub")
            return grant
        except SignInRefused:
            self._take_back(answer)
            raise

    # https://oauth.developers.visma.com/service-registry/documentation/tokens (Refresh)
    def refresh(self, *, refresh_token: str, now: datetime) -> Grant:
        """
        Return new tokens. A one-time token must never be sent here twice.

        :raises NotAuthorized: if the service says that the token is no longer good
        :raises IdentityServiceDown: if nothing was sent, or the service says it is not working
        :raises RefreshLost: if it was sent and no readable answer came: it may be used up
        """
        answer, _answered_at = self._ask_token(
            {"grant_type": "refresh_token", "refresh_token": refresh_token},
            codes=_BY_CODE_ON_REFRESH,
            lost=RefreshLost,
        )
        access_token = _text_of(answer, "access_token")
        claims: Mapping[str, Any] = {}
        try:
            claims = self._verified(access_token)
        except ConnectorError:
            # The new refresh token is in our hands and nowhere else: losing it because the
            # keys cannot be fetched right now would end the connection. No claims, then.
            claims = {}
        return Grant(
            access_token=access_token,
            expires_in=self._lifetime(answer, claims, now=now, otherwise=0),
            refresh_token=_text_of(answer, "refresh_token") or refresh_token,
            id_token=_text_of(answer, "id_token"),
            scope=_scope_of(answer, claims),
            subject=self._renewed_subject(answer, claims),
            tenant_id=str(claims.get(self._tenant_claim, "")),
        )

    def _renewed_subject(self, answer: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        """Return whom a renewal is about; where its tokens differ, whom the id_token names."""
        subject, id_token = str(claims.get("sub", "")), _text_of(answer, "id_token")
        if not subject or not id_token:
            return subject
        try:
            return str(self._verified(id_token).get("sub") or subject)
        except ConnectorError:
            return subject  # as for the access token: the new refresh token must not be lost

    # https://docs.vismasoftware.no/vismanetapi/developer-portal/service-integrations
    def service_grant(self, *, tenant_id: str, now: datetime) -> Grant:
        """
        Return a token of the company that needs no person.

        :raises ServiceNotApproved: if the company has not approved the application
        :raises WrongCompany: if the token is for another company
        """
        form = {"grant_type": "client_credentials", "scope": self._scope}
        if self._tenant_claim:
            form["tenant_id"] = tenant_id
        answer, answered_at = self._ask_token(
            form, codes=_BY_CODE_FOR_SERVICE if self._tenant_claim else {}
        )
        grant = self._grant(answer, now=now, answered_at=answered_at)
        if not self._tenant_claim:
            return replace(grant, tenant_id=tenant_id)
        if grant.tenant_id != tenant_id:
            raise WrongCompany(vendor=self.vendor)
        return grant

    # RFC 7009; https://oauth.developers.visma.com/service-registry/documentation/tokens
    def revoke(self, *, token: str, hint: str) -> None:
        """
        End the grant of the token at the service. A token that is unknown there is no failure.

        :param hint: ``access_token`` or ``refresh_token``
        """
        url = self._endpoint("revocation_endpoint")
        with self._session() as session, self._translated():
            response = session.revoke_token(
                url, token=token, token_type_hint=hint, **self._sending()
            )
        answer = _answer(response)
        if answer.status == 200:
            return
        error = _oauth_error(answer)
        if error == "unsupported_token_type":
            return
        if answer.status in (400, 401) or error:
            raise _by_code(
                {"invalid_request": ClientRefused},
                vendor=self.vendor,
                error=error or "invalid_client",
                description=f"revocation answered {answer.status}",
            )
        raise self._failure(answer)

    # https://openid.net/specs/openid-connect-rpinitiated-1_0.html
    def sign_out_url(self, *, id_token: str = "", return_to: str = "") -> str:
        """Return where the person ends the session at the service, to choose another company."""
        query = {}
        if id_token:
            query["id_token_hint"] = id_token
        else:
            query["client_id"] = self.client_id
        if return_to:
            query["post_logout_redirect_uri"] = return_to
        return f"{self._endpoint('end_session_endpoint')}?{urlencode(query)}"

    # https://oauth.developers.visma.com/service-registry/documentation/authentication
    def read_person(self, *, access_token: str) -> dict[str, str]:
        """
        Return who allowed it, as far as the service tells: name, email, locale.

        Only for showing; a connection works without it.
        """
        content = self._fetch(
            self._endpoint("userinfo_endpoint"), {"Authorization": f"Bearer {access_token}"}
        )
        return {
            name: str(content[name]) for name in ("name", "email", "locale") if content.get(name)
        }

    # --- The token endpoint -------------------------------------------------------------------

    def _session(self, **more: Any) -> OAuth2Session:
        session = OAuth2Session(
            self.client_id,
            self._client_secret,
            scope=self._scope,
            code_challenge_method="S256",
            # Documented: the secret in the form; Basic only where a token is revoked.
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 (a method, no secret)
            revocation_endpoint_auth_method="client_secret_basic",
            **more,
        )
        session.headers["User-Agent"] = USER_AGENT
        return session

    def _sending(self) -> dict[str, Any]:
        return {
            "timeout": (self._timeouts.connect, self._timeouts.read),
            # A redirect would carry the secret to wherever it points.
            "allow_redirects": False,
        }

    def _ask_token(
        self,
        form: Mapping[str, str],
        *,
        codes: Mapping[str, type[ConnectorError]],
        lost: type[ConnectorError] = IdentityServiceDown,
    ) -> tuple[Mapping[str, Any], datetime | None]:
        """
        Return the answer of the token endpoint, and what the service's clock showed.

        :param codes: what an error code means here, where it differs from a sign-in
        :param lost: what it is when the request went out and no clear answer came back
        """
        url = self._endpoint("token_endpoint")
        answers: list[Answer] = []

        def look(response: requests.Response) -> requests.Response:
            answers.append(_answer(response))
            self._check_status(answers[0], lost=lost)
            return response

        session = self._session()
        # One hook for each of Authlib's two ways to the same endpoint.
        session.register_compliance_hook("access_token_response", look)
        session.register_compliance_hook("refresh_token_response", look)
        try:
            with session, self._translated(lost=lost):
                if form["grant_type"] == "refresh_token":
                    # RFC 6749 section 6: without a scope the new token has the old one's.
                    session.scope = None
                    answer = session.refresh_token(
                        url, refresh_token=form["refresh_token"], **self._sending()
                    )
                else:
                    answer = session.fetch_token(url, **form, **self._sending())
        except OAuthError as refused:
            raise _by_code(
                codes,
                vendor=self.vendor,
                error=str(refused.error or ""),
                description=self._without_secrets(str(refused.description or ""), form),
            ) from None
        if not isinstance(answer, dict) or not _text_of(answer, "access_token"):
            kind = lost if lost is RefreshLost else BadAnswer
            raise kind(vendor=self.vendor, detail="the answer holds no access_token")
        return answer, server_date(answers[0].headers) if answers else None

    def _check_status(self, answer: Answer, *, lost: type[ConnectorError]) -> None:
        """Refuse what is not an answer of the token endpoint at all."""
        if answer.status in (200, 400, 401, 403):
            try:
                content = from_json(answer.body)
            except ValueError:
                content = None
            if isinstance(content, dict) and (answer.status == 200 or "error" in content):
                return
            kind = lost if answer.status == 200 and lost is RefreshLost else BadAnswer
            raise kind(vendor=self.vendor, status=answer.status, detail="not a token answer")
        # A gateway that lost its way to the service (502, 504) cannot say whether the service
        # had used up the token; the service itself saying "I am not working" has not.
        if answer.status in (502, 504) and lost is RefreshLost:
            raise RefreshLost(vendor=self.vendor, status=answer.status)
        raise self._failure(answer)

    def _without_secrets(self, text: str, form: Mapping[str, str]) -> str:
        """Return the service's words without anything of ours that they may repeat."""
        hidden = (self._client_secret, *(form.get(name, "") for name in _SECRET_FIELDS))
        for one in hidden:
            if one:
                text = text.replace(one, "…")
        return text

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

    # --- Documents ----------------------------------------------------------------------------

    def _discovery(self) -> Mapping[str, Any]:
        url = f"{self.issuer}/.well-known/openid-configuration"
        document: Mapping[str, Any] = self._documents.get(url, fetch=self._fetch_discovery)
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
        keys: KeySet = self._documents.get(
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
        answer = _answer(response)
        if answer.status != 200:
            raise self._failure(answer)
        try:
            content = from_json(answer.body)
        except ValueError as exc:
            raise BadAnswer(vendor=self.vendor, detail=urlsplit(url).path) from exc
        if not isinstance(content, dict):
            raise BadAnswer(vendor=self.vendor, detail=urlsplit(url).path)
        return content

    # --- Proofs -------------------------------------------------------------------------------

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

    def _check_id_token(
        self, token: str, *, nonce: str, now: datetime, answered_at: datetime | None
    ) -> str:
        """Check the id_token as OpenID Connect Core 3.1.3.7 asks, and return whom it is about."""
        if not token:
            raise BadAnswer(vendor=self.vendor, detail="the answer holds no id_token")
        claims = self._verified(token)
        audience = _texts(claims.get("aud"))
        if self.client_id not in audience:
            raise ProofNotGenuine(vendor=self.vendor, detail="aud")
        # Named for another client, it is not ours, whoever may read it; several readers need one.
        if (len(audience) > 1 or "azp" in claims) and claims.get("azp") != self.client_id:
            raise ProofNotGenuine(vendor=self.vendor, detail="azp")
        self._check_times(claims, now=now, answered_at=answered_at, needed=("exp", "iat"))
        if not secrets.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise NonceMismatch(vendor=self.vendor)
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise ProofNotGenuine(vendor=self.vendor, detail="sub")
        return str(claims["sub"])

    def _check_times(
        self,
        claims: Mapping[str, Any],
        *,
        now: datetime,
        answered_at: datetime | None,
        needed: Sequence[str],
    ) -> None:
        moment = now.timestamp()
        for name in needed:
            if not isinstance(claims.get(name), int):
                raise BadAnswer(vendor=self.vendor, detail=f"a token without {name}")
        times = {
            name: float(claims[name])
            for name in ("iat", "nbf", "exp")
            if isinstance(claims.get(name), int)
        }
        ahead = max((times[name] - moment for name in ("iat", "nbf") if name in times), default=0)
        behind = moment - times.get("exp", moment)
        # Stale means issued long ago, by our clock: the token was made for this very answer.
        old = moment - times.get("iat", moment)
        if ahead <= LEEWAY and behind <= LEEWAY:
            return
        differs = (
            (answered_at.timestamp() - moment) if answered_at is not None else max(ahead, -old)
        )
        if abs(differs) <= LEEWAY:
            # The clocks agree: it is not a matter of clocks but an old token, served again.
            raise ProofNotGenuine(vendor=self.vendor, detail="exp")
        raise ClockSkew(vendor=self.vendor, seconds=str(round(abs(differs))))

    def _grant(
        self, answer: Mapping[str, Any], *, now: datetime, answered_at: datetime | None
    ) -> Grant:
        access_token = _text_of(answer, "access_token")
        claims = self._verified(access_token)
        self._check_times(claims, now=now, answered_at=answered_at, needed=("exp",))
        for name in ("client_id", "azp"):
            if claims.get(name, self.client_id) != self.client_id:
                raise ProofNotGenuine(vendor=self.vendor, detail=name)
        tenant_id = claims.get(self._tenant_claim) if self._tenant_claim else ""
        if not isinstance(tenant_id, str) or (self._tenant_claim and not tenant_id):
            raise NoCompany(vendor=self.vendor)
        return Grant(
            access_token=access_token,
            expires_in=self._lifetime(answer, claims, now=now),
            refresh_token=_text_of(answer, "refresh_token"),
            id_token=_text_of(answer, "id_token"),
            scope=_scope_of(answer, claims),
            subject=str(claims.get("sub", "")),
            tenant_id=tenant_id,
        )

    def _lifetime(
        self,
        answer: Mapping[str, Any],
        claims: Mapping[str, Any],
        *,
        now: datetime,
        otherwise: int | None = None,
    ) -> int:
        """Return the seconds until the access token expires, as the service states them."""
        stated = answer.get("expires_in")
        if isinstance(stated, str) and stated.isdigit():
            stated = int(stated)
        if isinstance(stated, int) and not isinstance(stated, bool) and stated > 0:
            return stated
        if isinstance(claims.get("exp"), int):
            return max(0, int(claims["exp"] - now.timestamp()))
        if otherwise is not None:
            return otherwise
        raise BadAnswer(vendor=self.vendor, detail="the answer holds no expires_in")

    def _take_back(self, answer: Mapping[str, Any]) -> None:
        hint = "refresh_token" if _text_of(answer, "refresh_token") else "access_token"
        try:
            self.revoke(token=_text_of(answer, hint), hint=hint)
        except ConnectorError:
            return  # it was a courtesy; the reason of the refusal is what the person must see


_SECRET_FIELDS = ("code", "code_verifier", "refresh_token")


def _answer(response: requests.Response) -> Answer:
    return Answer(response.status_code, response.headers, response.content)


def _oauth_error(answer: Answer) -> str:
    try:
        content = from_json(answer.body)
    except ValueError:
        return ""
    return str(content.get("error", "")) if isinstance(content, dict) else ""


def _text_of(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    """Return the texts of a claim that may be one text or a list of them."""
    if isinstance(value, str):
        return value.split()
    return [str(one) for one in value] if isinstance(value, list) else []


def _scope_of(answer: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    return _text_of(answer, "scope") or " ".join(_texts(claims.get("scope")))
