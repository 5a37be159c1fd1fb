"""How an account is authorised at a vendor: tokens, and the sign-in that gets them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from connectors.errors import ConnectorError


class Tokens(Protocol):
    """Where a connector gets its access token. The hub keeps them; a connector only asks."""

    def current(self) -> str:
        """Return an access token that is believed to be valid."""
        ...

    def refresh(self, *, stale: str) -> str:
        """
        Return a token newer than `stale`, which the vendor has just refused.

        :raises NotAuthorized: if the vendor will not give a new one
        :raises Unavailable: if the identity service cannot be asked now
        """
        ...


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that was begun: where to send the person, and what must come back with it."""

    url: str
    state: str
    nonce: str
    code_verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """
    What a vendor's identity service gave us.

    :param expires_in: seconds until the access token expires
    :param subject: the person at the vendor who allowed it; empty for a service grant
    :param tenant_id: the one vendor company that the grant reaches
    """

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str = field(default="", repr=False)
    id_token: str = field(default="", repr=False)
    scope: str = ""
    subject: str = ""
    tenant_id: str = ""


class SignIn(Protocol):
    """How a connection is authorised at the vendor. Every method may call the vendor."""

    def begin(self, *, redirect_uri: str, language: str = "") -> Begun: ...

    def check_issuer(self, issuer: str) -> None:
        """Refuse an answer that another service says it has sent; calls nobody (RFC 9207)."""
        ...

    def finish(
        self,
        *,
        code: str,
        redirect_uri: str,
        code_verifier: str,
        nonce: str,
        now: datetime,
        issuer: str = "",
    ) -> Grant: ...

    def refresh(self, *, refresh_token: str, now: datetime) -> Grant: ...

    def service_grant(self, *, tenant_id: str, now: datetime) -> Grant: ...

    def revoke(self, *, token: str, hint: str) -> None: ...

    def sign_out_url(self, *, id_token: str = "", return_to: str = "") -> str: ...


class WithoutPerson:
    """What a sign-in by keys alone has in place of a person's: no page, nothing to end."""

    def refused(self) -> ConnectorError:
        """Return the failure of whoever asks for a page to sign in on."""
        raise NotImplementedError

    def begin(self, *, redirect_uri: str, language: str = "") -> Begun:
        """Refuse: there is no page to sign in on."""
        raise self.refused()

    def check_issuer(self, issuer: str) -> None:
        """Do nothing: no answer comes from anywhere, and `finish` refuses each."""

    def finish(self, **_answer: object) -> Grant:
        """Refuse: there is no page to come back from."""
        raise self.refused()

    def revoke(self, *, token: str, hint: str) -> None:
        """Do nothing: what the keys give cannot be revoked."""

    def sign_out_url(self, *, id_token: str = "", return_to: str = "") -> str:
        """Return nothing: nobody is signed in."""
        return ""


class MakeSignIn(Protocol):
    """
    How a vendor's sign-in is made, from a plain mapping of settings.

    :raises NotConfigured: if a setting that this kind needs is empty
    """

    def __call__(self, *, settings: Mapping[str, str], kind: str, own_key: str = "") -> SignIn: ...
