"""Sign-in by OpenID Connect, and the proofs that an answer is what was asked for."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from connectors.errors import (
    BadAnswer,
    ConnectorError,
)
from connectors.oauth.errors import (
    BY_CODE_FOR_SERVICE,
    BY_CODE_ON_REFRESH,
    AnotherService,
    ClockSkew,
    NoCompany,
    NonceMismatch,
    ProofNotGenuine,
    RefreshLost,
    SignInRefused,
    WrongCompany,
)
from connectors.oauth.token_endpoint import TokenEndpoint, text_of
from connectors.sign_in import Begun, Grant

LEEWAY = 60


@dataclass(kw_only=True, eq=False)
class OpenIdSignIn(TokenEndpoint):
    """
    One client of one identity service.

    :param locales: our language codes to those of the service's pages
    :param tenant_claim: the claim of the access token that names the company; empty: tokens of
        this client name none, each call does
    """

    locales: Mapping[str, str] = field(default_factory=dict)
    tenant_claim: str = "tenant_id"

    # https://oauth.developers.visma.com/service-registry/documentation/authentication
    def begin(self, *, redirect_uri: str, language: str = "") -> Begun:
        """Return where to send the person, and what must be kept until the answer comes."""
        state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        verifier = secrets.token_urlsafe(64)
        extra = {}
        if locale := self.locales.get(language.partition("-")[0].lower()):
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
        # A token that we then refuse stays valid until it expires; so it is revoked.
        try:
            person = self._check_id_token(
                text_of(answer, "id_token"), nonce=nonce, now=now, answered_at=answered_at
            )
            grant = self._grant(answer, now=now, answered_at=answered_at)
            if grant.subject and grant.subject != person:
                raise ProofNotGenuine(vendor=self.vendor, detail="sub")
            return grant
        except SignInRefused:
            self._revoke(answer)
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
            codes=BY_CODE_ON_REFRESH,
            lost=RefreshLost,
        )
        access_token = text_of(answer, "access_token")
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
            refresh_token=text_of(answer, "refresh_token") or refresh_token,
            id_token=text_of(answer, "id_token"),
            scope=_scope_of(answer, claims),
            subject=self._renewed_subject(answer, claims),
            tenant_id=str(claims.get(self.tenant_claim, "")),
        )

    def _renewed_subject(self, answer: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        """Return whom a renewal is about; where its tokens differ, whom the id_token names."""
        subject, id_token = str(claims.get("sub", "")), text_of(answer, "id_token")
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
        form = {"grant_type": "client_credentials", "scope": self.scope}
        if self.tenant_claim:
            form["tenant_id"] = tenant_id
        answer, answered_at = self._ask_token(
            form, codes=BY_CODE_FOR_SERVICE if self.tenant_claim else {}
        )
        grant = self._grant(answer, now=now, answered_at=answered_at)
        if not self.tenant_claim:
            return replace(grant, tenant_id=tenant_id)
        if grant.tenant_id != tenant_id:
            raise WrongCompany(vendor=self.vendor)
        return grant

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

    # --- Proofs -------------------------------------------------------------------------------

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
        access_token = text_of(answer, "access_token")
        claims = self._verified(access_token)
        self._check_times(claims, now=now, answered_at=answered_at, needed=("exp",))
        for name in ("client_id", "azp"):
            if claims.get(name, self.client_id) != self.client_id:
                raise ProofNotGenuine(vendor=self.vendor, detail=name)
        tenant_id = claims.get(self.tenant_claim) if self.tenant_claim else ""
        if not isinstance(tenant_id, str) or (self.tenant_claim and not tenant_id):
            raise NoCompany(vendor=self.vendor)
        return Grant(
            access_token=access_token,
            expires_in=self._lifetime(answer, claims, now=now),
            refresh_token=text_of(answer, "refresh_token"),
            id_token=text_of(answer, "id_token"),
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

    def _revoke(self, answer: Mapping[str, Any]) -> None:
        hint = "refresh_token" if text_of(answer, "refresh_token") else "access_token"
        try:
            self.revoke(token=text_of(answer, hint), hint=hint)
        except ConnectorError:
            return  # it was a courtesy; the reason of the refusal is what the person must see


def _texts(value: Any) -> list[str]:
    """Return the texts of a claim that may be one text or a list of them."""
    if isinstance(value, str):
        return value.split()
    return [str(one) for one in value] if isinstance(value, list) else []


def _scope_of(answer: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    return text_of(answer, "scope") or " ".join(_texts(claims.get("scope")))
