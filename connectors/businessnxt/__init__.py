"""Visma Business NXT: everything the registry needs to know of it."""

import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from connectors.base import Capabilities, Observer
from connectors.businessnxt import client, discovery, errors
from connectors.businessnxt.client import CAPABILITIES, Client
from connectors.errors import NotConfigured
from connectors.limits import Limiter
from connectors.oauth.sign_in import OpenIdSignIn
from connectors.settings import Settings, needed, setting
from connectors.sign_in import Tokens
from connectors.vendor import Vendor
from connectors.visma_ledger import Reading
from connectors.words import gettext_noop as _

__all__ = ["CAPABILITIES", "VENDOR", "Client", "make_sign_in", "make_source"]

INTERACTIVE, SERVICE = "interactive", "service"
LONGEST_CLIENT_ID = 24
ZONE = ZoneInfo("Europe/Oslo")
"""Of the vendor's timestamps, which state none."""

# https://docs.vismasoftware.no/businessnxtapi/authentication
SERVICE_SCOPE = "business-graphql-service-api:access-group-based"
READ_ONLY_SCOPE = "business-graphql-service-api:access-group-based-readonly"
USER_SCOPE = "openid profile email offline_access business-graphql-api:access-group-based"


class VismaBusinessNXTSettings(Settings):
    """What the operator sets for Visma Business NXT."""

    model_config = SettingsConfigDict(title="Visma Business NXT")

    business_nxt_url: str = setting(
        _("Address of the Business NXT API, https://business.visma.net"),
    )
    business_nxt_connect_url: str = setting(
        _("Address of Visma Connect for Business NXT, https://connect.visma.com"),
    )
    business_nxt_client_id: str = setting(
        _(
            "Client id of the hub's Service application, at most 24 characters: it is also "
            "the name of a user in Business NXT"
        ),
    )
    business_nxt_client_secret: SecretStr = setting(
        _("Its secret, shown once when it is generated"),
        SecretStr(""),
    )
    business_nxt_read_only: bool = setting(
        _("1: ask for read access only; payments are then never marked in Business NXT"),
        False,
    )
    business_nxt_web_client_id: str = setting(
        _("Client id of the hub's Web application, for connections where a user signs in"),
    )
    business_nxt_web_client_secret: SecretStr = setting(
        _("Its secret, shown once when it is generated"),
        SecretStr(""),
    )
    business_nxt_customer_no: str = setting(
        _(
            "Number of the Visma.net customer whose companies are listed; an account can give"
            " its own before the company, for example 7100200/4110101"
        ),
    )
    business_nxt_currencies: str = setting(
        _(
            "Currency numbers and their codes, for example 0=NOK,978=EUR; 0 is the company's "
            "own currency (0=NOK)"
        ),
        "0=NOK",
        pattern=r"^\d{1,6}=[A-Z]{3}(\s*,\s*\d{1,6}=[A-Z]{3})*$",
    )


_CURRENCY = re.compile(r"(\d{1,6})=([A-Z]{3})")
_COMPANY = re.compile(r"(?:(\d{1,9})/)?(\d{1,9})")


def make_source(
    *,
    settings: Mapping[str, str],
    tokens: Tokens,
    company: str,
    own_key: str = "",
    kind: str = SERVICE,
    observer: Observer | None = None,
    limiter: Limiter | None = None,
) -> Client:
    """
    Return a client of the company.

    :param company: its number, or the customer's and its number, as ``7100200/4110101``
    :raises NotACompanyNumber: if it is something else
    """
    found = _COMPANY.fullmatch(company.strip())
    if found is None:
        raise errors.NotACompanyNumber(vendor=errors.VENDOR, company=company)
    customer = found[1] or _number(settings, "BUSINESS_NXT_CUSTOMER_NO", otherwise="")
    return Client(
        base_url=needed(settings, "BUSINESS_NXT_URL"),
        path=client.USER_PATH if kind == INTERACTIVE else client.SERVICE_PATH,
        tokens=tokens,
        company=int(found[2]),
        customer_no=int(customer) if customer else None,
        reading=_reading(settings),
        observer=observer,
        limiter=limiter,
    )


def _reading(settings: Mapping[str, str]) -> Reading:
    text = _text(settings, "BUSINESS_NXT_CURRENCIES") or "0=NOK"
    pairs = [_CURRENCY.fullmatch(one.strip()) for one in text.split(",")]
    if not all(pairs):
        raise NotConfigured(setting="BUSINESS_NXT_CURRENCIES")
    return Reading(
        currencies={int(pair[1]): pair[2] for pair in pairs if pair is not None}, zone=ZONE
    )


def make_sign_in(*, settings: Mapping[str, str], kind: str, own_key: str = "") -> OpenIdSignIn:
    """
    Return how a connection of that kind is authorised.

    :raises NotConfigured: if a setting that this kind needs is empty
    :raises ClientIdTooLong: if the service's client id could not be a user name there
    """
    prefix = {INTERACTIVE: "BUSINESS_NXT_WEB_CLIENT", SERVICE: "BUSINESS_NXT_CLIENT"}[kind]
    client_id = needed(settings, f"{prefix}_ID")
    if kind == SERVICE and len(client_id) > LONGEST_CLIENT_ID:
        raise errors.ClientIdTooLong(vendor=errors.VENDOR)
    read_only = _text(settings, "BUSINESS_NXT_READ_ONLY") in {"1", "true", "yes", "on"}
    service_scope = READ_ONLY_SCOPE if read_only else SERVICE_SCOPE
    return OpenIdSignIn(
        vendor="Visma Connect",
        issuer=needed(settings, "BUSINESS_NXT_CONNECT_URL"),
        client_id=client_id,
        client_secret=needed(settings, f"{prefix}_SECRET"),
        scope=service_scope if kind == SERVICE else USER_SCOPE,
        # The company is an argument of each query and no claim of the token.
        tenant_claim="",
    )


def _text(settings: Mapping[str, str], name: str) -> str:
    return (settings.get(name) or "").strip()


def _number(settings: Mapping[str, str], name: str, *, otherwise: str) -> str:
    value = _text(settings, name) or otherwise
    if value and not (value.isdecimal() and int(value) > 0):
        raise NotConfigured(setting=name)
    return value


VENDOR = Vendor(
    key="businessnxt",
    name=errors.VENDOR,
    account_name=_("Business NXT account"),
    capabilities=Capabilities(),
    kinds=(SERVICE, INTERACTIVE),
    settings=VismaBusinessNXTSettings,
    make_connector=None,
    make_sign_in=make_sign_in,
    make_source=make_source,
    marker_trouble=discovery.marker_trouble,
)
