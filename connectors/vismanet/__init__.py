"""Visma.net ERP: everything the registry needs to know of it."""

from collections.abc import Mapping

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from connectors.base import Observer
from connectors.limits import Limiter
from connectors.oauth.sign_in import OpenIdSignIn
from connectors.settings import IN_PRODUCTION, Settings, needed, setting
from connectors.sign_in import Tokens
from connectors.vendor import Vendor
from connectors.vismanet import errors
from connectors.vismanet.client import CAPABILITIES, Client
from connectors.words import gettext_noop as _

INTERACTIVE, SERVICE = "interactive", "service"

# The published document does not tie scopes to operations; release may need create or update.
# https://docs.vismasoftware.no/vismanetapi/authentication
SCOPES = {
    INTERACTIVE: (
        "openid profile email offline_access vismanet_erp_interactive_api:read "
        "vismanet_erp_interactive_api:create vismanet_erp_interactive_api:update"
    ),
    SERVICE: (
        "vismanet_erp_service_api:read vismanet_erp_service_api:create "
        "vismanet_erp_service_api:update"
    ),
}
# What Visma Connect's pages are translated to.
LOCALES = {
    "en": "en-GB",
    "sv": "sv-SE",
    "nb": "nb-NO",
    "nn": "nb-NO",
    "no": "nb-NO",
    "da": "da-DK",
    "fi": "fi-FI",
    "nl": "nl-NL",
    "lv": "lv-LV",
}


class VismanetSettings(Settings):
    """What the operator sets for Visma.net."""

    model_config = SettingsConfigDict(title="Visma.net")

    visma_net_api_url: str = setting(
        _("Address of the Visma.net ERP API, https://api.finance.visma.net"),
        required_when=IN_PRODUCTION,
    )
    visma_connect_url: str = setting(
        _("Address of Visma Connect (the issuer), https://connect.visma.com"),
        required_when=IN_PRODUCTION,
    )
    visma_connect_client_id: str = setting(
        _("Client id (isv_…) of the hub's Web application in the Visma Developer Portal"),
        required_when=IN_PRODUCTION,
    )
    visma_connect_client_secret: SecretStr = setting(
        _("Its secret, shown once when it is generated"),
        SecretStr(""),
        required_when=IN_PRODUCTION,
    )
    visma_connect_service_client_id: str = setting(
        _("Client id of the hub's Service application, for connections without a user"),
    )
    visma_connect_service_client_secret: SecretStr = setting(
        _("Its secret, shown once when it is generated"),
        SecretStr(""),
    )


def make_connector(
    *,
    settings: Mapping[str, str],
    tokens: Tokens,
    observer: Observer | None = None,
    limiter: Limiter | None = None,
) -> Client:
    """Return a client of the company that the tokens are for."""
    return Client(
        base_url=needed(settings, "VISMA_NET_API_URL"),
        tokens=tokens,
        observer=observer,
        limiter=limiter,
    )


def make_sign_in(*, settings: Mapping[str, str], kind: str, own_key: str = "") -> OpenIdSignIn:
    """
    Return how a connection of that kind is authorised.

    :raises NotConfigured: if a setting that this kind needs is empty
    """
    prefix = {
        INTERACTIVE: "VISMA_CONNECT_CLIENT",
        SERVICE: "VISMA_CONNECT_SERVICE_CLIENT",
    }[kind]
    return OpenIdSignIn(
        vendor="Visma Connect",
        issuer=needed(settings, "VISMA_CONNECT_URL"),
        client_id=needed(settings, f"{prefix}_ID"),
        client_secret=needed(settings, f"{prefix}_SECRET"),
        scope=SCOPES[kind],
        locales=LOCALES,
    )


VENDOR = Vendor(
    key="vismanet",
    name=errors.VENDOR,
    account_name=_("Visma.net account"),
    capabilities=CAPABILITIES,
    kinds=(INTERACTIVE, SERVICE),
    settings=VismanetSettings,
    make_connector=make_connector,
    make_sign_in=make_sign_in,
)
