"""PowerOffice Go: everything the registry needs to know of it."""

from collections.abc import Mapping

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from connectors.base import Capabilities, Observer
from connectors.errors import NotConfigured
from connectors.limits import Limiter
from connectors.powerofficego import errors
from connectors.powerofficego.client import Client
from connectors.powerofficego.door import CALLS_PER_SECOND
from connectors.powerofficego.signin import ClientKeySignIn
from connectors.settings import Settings, needed, setting
from connectors.sign_in import Tokens
from connectors.vendor import Vendor
from connectors.words import gettext_noop as _

SERVICE = "service"


class PowerOfficeGoSettings(Settings):
    """What the operator sets for PowerOffice Go."""

    model_config = SettingsConfigDict(title="PowerOffice Go")

    poweroffice_go_url: str = setting(
        _(
            "Address of PowerOffice Go, https://goapi.poweroffice.net; for demo "
            "https://goapi.poweroffice.net/Demo"
        ),
    )
    poweroffice_go_application_key: SecretStr = setting(
        _("Application key of the hub, from PowerOffice"),
        SecretStr(""),
    )
    poweroffice_go_subscription_key: SecretStr = setting(
        _("Subscription key of the hub's product in PowerOffice's developer portal"),
        SecretStr(""),
    )
    poweroffice_go_calls_per_second: int = setting(
        _(
            "Calls per second that the subscription key allows, for all companies together; "
            "10 if not set"
        ),
        CALLS_PER_SECOND,
        ge=1,
    )


def make_target(
    *,
    settings: Mapping[str, str],
    tokens: Tokens,
    company: str,
    own_key: str = "",
    observer: Observer | None = None,
    limiter: Limiter | None = None,
) -> Client:
    """Return a client of the company that the tokens are for."""
    return Client(
        base_url=needed(settings, "POWEROFFICE_GO_URL"),
        tokens=tokens,
        subscription_key=needed(settings, "POWEROFFICE_GO_SUBSCRIPTION_KEY"),
        observer=observer,
        limiter=limiter,
        per_second=_whole(settings, "POWEROFFICE_GO_CALLS_PER_SECOND", CALLS_PER_SECOND),
    )


def make_sign_in(*, settings: Mapping[str, str], kind: str, own_key: str = "") -> ClientKeySignIn:
    """
    Return how a connection gets its tokens.

    :param own_key: the connection's client key
    :raises NotConfigured: if a setting that this kind needs is empty
    """
    return ClientKeySignIn(
        base_url=needed(settings, "POWEROFFICE_GO_URL"),
        application_key=needed(settings, "POWEROFFICE_GO_APPLICATION_KEY"),
        subscription_key=needed(settings, "POWEROFFICE_GO_SUBSCRIPTION_KEY"),
        client_key=own_key,
    )


def _whole(settings: Mapping[str, str], name: str, otherwise: int) -> int:
    value = (settings.get(name) or "").strip()
    if not value:
        return otherwise
    if not value.isdecimal() or not 0 < int(value) <= 20_000:
        raise NotConfigured(setting=name)
    return int(value)


VENDOR = Vendor(
    key="powerofficego",
    name=errors.VENDOR,
    account_name=_("PowerOffice Go account"),
    capabilities=Capabilities(),
    kinds=(SERVICE,),
    settings=PowerOfficeGoSettings,
    make_connector=None,
    make_sign_in=make_sign_in,
    make_target=make_target,
    control_accounts=frozenset({"1500", "2400", "2910"}),
    own_key_label=_("Client key"),
)
