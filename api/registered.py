"""What the API add to pages, roles, the audit trail and drills of the apps below."""

from django.utils.translation import gettext_lazy

from audit import actions
from connectors.words import gettext_noop as _
from organisations import navigation
from payments.rights import BUSINESS

_TOKEN_ACTIONS = {
    "token.created": _("API token created"),
    "token.revoked": _("API token revoked"),
}


def register() -> None:
    """Register it all; called once, when the app is ready."""
    navigation.register_in_menu(
        navigation.Item(
            right=BUSINESS,
            address="api:tokens",
            label=gettext_lazy("API tokens"),
            icon="key",
            prefix="/tokens/",
            order=10,
        )
    )
    actions.register_area("token", _("API tokens"), order=110)
    actions.register("token", _TOKEN_ACTIONS)
