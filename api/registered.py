"""What the API add to pages, roles, the audit trail and drills of the apps below."""

from django.utils.translation import gettext_lazy

from audit import actions
from connectors.words import gettext_noop as _
from organisations import navigation
from payments.rights import BUSINESS

_TOKEN_ACTIONS = {
    "token.created": _("Token of the API made"),
    "token.revoked": _("Token of the API revoked"),
}


def register() -> None:
    """Register it all; called once, when the app is ready."""
    navigation.register_in_menu(
        navigation.Item(
            right=BUSINESS,
            address="api:tokens",
            label=gettext_lazy("Tokens of programs"),
            icon="key",
            prefix="/tokens/",
            order=10,
        )
    )
    actions.register_area("token", _("Tokens of the API"), order=110)
    actions.register("token", _TOKEN_ACTIONS)
