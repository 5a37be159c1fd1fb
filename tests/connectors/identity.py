"""A sign-in at the sandbox's Visma Connect, as the hub's tests need it."""

from datetime import UTC, datetime

from connectors.oauth.documents import Documents
from connectors.oauth.sign_in import OpenIdSignIn
from connectors.sign_in import Begun, Grant
from connectors.vismanet import SCOPES
from tests.sandbox.person import Person, answer_of

CALLBACK = "http://127.0.0.1:8000/connections/callback"


def sign_in(url: str, *, kind: str = "interactive", **changes: str) -> OpenIdSignIn:
    """Return the sign-in of that kind, with documents of its own."""
    client = {
        "interactive": ("isv_integrationhub", "sandbox-secret"),
        "service": ("isv_integrationhub_service", "sandbox-service-secret"),
    }[kind]
    values = {
        "vendor": "Visma Connect",
        "issuer": f"{url}/visma-connect",
        "client_id": client[0],
        "client_secret": client[1],
        "scope": SCOPES[kind],
        "documents": Documents(),
        "locales": {"sv": "sv-SE", "nb": "nb-NO"},
    }
    return OpenIdSignIn(**(values | changes))


def begun_and_allowed(
    client: OpenIdSignIn, *, tenant_id: str, person: Person | None = None
) -> tuple[Begun, dict[str, str]]:
    """Return what was begun and what the person's browser brought back."""
    begun = client.begin(redirect_uri=CALLBACK)
    person = person or Person()
    back = person.sign_in(begun.url, tenant_id=tenant_id)
    person.browser.close()
    return begun, answer_of(back)


def finish(client: OpenIdSignIn, begun: Begun, code: str, **changes: object) -> Grant:
    """Exchange the code as the hub does."""
    values = {
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": begun.code_verifier,
        "nonce": begun.nonce,
        "now": datetime.now(UTC),
    }
    return client.finish(**(values | changes))


def grant_for(url: str, tenant_id: str) -> Grant:
    """Return a grant for the company, without caring how."""
    client = sign_in(url)
    begun, back = begun_and_allowed(client, tenant_id=tenant_id)
    return finish(client, begun, back["code"])
