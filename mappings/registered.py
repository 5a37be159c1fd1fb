"""What mapping add to pages, roles, the audit trail and drills of the apps below."""

from django.utils.translation import gettext_lazy

from accounts.rights import CONNECTIONS
from audit import actions
from connectors.words import gettext_noop as _
from organisations import navigation
from ui import badges
from ui.badges import Badge

_MAPPING_ACTIONS = {
    "mapping.created": _("Mapping created"),
    "mapping.changed": _("Mapping changed"),
    "mapping.values_changed": _("Values of a mapping changed"),
    "mapping.deleted": _("Mapping deleted"),
}
_BADGES = {
    "mapped": Badge(gettext_lazy("Mapped"), "link", "good"),
    "not_mapped": Badge(gettext_lazy("Not mapped"), "unlink", "quiet"),
}


def register() -> None:
    """Register it all; called once, when the app is ready."""
    navigation.register(
        navigation.Item(
            right=CONNECTIONS,
            address="mappings:list",
            label=gettext_lazy("Mappings"),
            icon="link",
            prefix="/mappings/",
            order=30,
            is_set_up_once=True,
        )
    )
    actions.register_area("mapping", _("Mappings"), order=30)
    actions.register("mapping", _MAPPING_ACTIONS)
    badges.register(_BADGES)
