"""What vendor accounts add to pages, roles, the audit trail and drills of the apps below."""

from django.utils.translation import gettext_lazy

from accounts.rights import CONNECTIONS, RIGHTS
from audit import actions
from background import crash_points
from connectors.words import gettext_noop as _
from organisations import navigation, rules
from ui import badges
from ui.badges import Badge

_CONNECTION_ACTIONS = {
    "connection.created": _("Account created"),
    "connection.authorised": _("Account authorised"),
    "connection.disconnected": _("Account disconnected"),
    "connection.removed": _("Account removed"),
}
_ORGANISATION_ACTIONS = {
    "database.restored": _("Database restored from a backup"),
    "installation.confirmed": _("Machine of the hub confirmed as the only active installation"),
    "installation.forgotten": _("Machine of the hub removed from the list"),
}
_BADGES = {
    "not_authorised": Badge(gettext_lazy("Not authorised"), "connection", "quiet"),
    "authorised": Badge(gettext_lazy("Authorised"), "connection-on", "good"),
    "sign_in_again": Badge(gettext_lazy("Sign in again"), "key", "bad"),
    "waits_for_sign_in": Badge(gettext_lazy("Waiting for a sign-in"), "key", "bad"),
    "disconnected": Badge(gettext_lazy("Disconnected"), "unlink", "quiet"),
}
_CRASH_POINTS = {
    "gap.noted": "that the ledgers are to be asked is committed, none was asked",
    "proof.stored": "that the ledger was asked is committed, nothing is sent",
    "proof.stopped": "the ledger holds what is unknown here: the stop is committed",
    "refresh.asked": "that it asks is committed, the identity service is not asked",
    "refresh.after_call": "the new tokens are here, the old ones are used up, nothing is stored",
    "refresh.stored": "the new tokens are committed, the lease is not given back",
}


def register() -> None:
    """Register it all; called once, when the app is ready."""
    rules.register(*RIGHTS)
    navigation.register(
        navigation.Item(
            right=CONNECTIONS,
            address="accounts:connections",
            label=gettext_lazy("Visma.net accounts"),
            icon="key",
            prefix="/connections/",
            order=40,
            is_set_up_once=True,
        )
    )
    actions.register_area("connection", _("Accounts at vendors"), order=40)
    actions.register("connection", _CONNECTION_ACTIONS)
    actions.register("organisation", _ORGANISATION_ACTIONS)
    badges.register(_BADGES)
    crash_points.register(_CRASH_POINTS)
