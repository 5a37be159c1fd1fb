"""What organisations add to pages, roles, the audit trail and drills of the apps below."""

from django.utils.translation import gettext_lazy

from audit import actions
from connectors.words import gettext_noop as _
from organisations import finding, navigation, rules
from organisations.finding import FINDERS, Finder
from organisations.rules import ORGANISATION, Level
from ui import badges
from ui.badges import Badge

_RIGHTS = (
    rules.Right(
        rules.ORGANISATION,
        _("People, roles and companies"),
        _("Invite people, edit roles, debtors and companies."),
        order=10,
        built_in={
            rules.ADMINISTRATOR: Level.WRITE,
            rules.PAYROLL: Level.READ,
            rules.AUDITOR: Level.READ,
        },
    ),
    rules.Right(
        rules.AUDIT,
        _("Audit trail"),
        _("See who did what."),
        order=50,
        levels=(Level.NONE, Level.READ),
        built_in={rules.ADMINISTRATOR: Level.READ, rules.AUDITOR: Level.READ},
    ),
)
_COMPANY_ACTIONS = {
    "company.created": _("Company created"),
    "company.changed": _("Company changed"),
}
_DEBTOR_ACTIONS = {
    "debtor.created": _("Debtor created"),
    "debtor.changed": _("Debtor changed"),
    "debtor.blocked": _("Debtor blocked"),
    "debtor.unblocked": _("Debtor unblocked"),
}
_PERSON_ACTIONS = {
    "person.added": _("User added"),
    "person.invited": _("User invited"),
    "person.invitation_renewed": _("Invitation sent again"),
    "person.invitation_withdrawn": _("Invitation withdrawn"),
    "person.invitation_accepted": _("Invitation accepted"),
    "person.invitation_declined": _("Invitation declined"),
    "person.invitation_expired": _("Invitation expired"),
    "person.removed": _("User removed"),
    "person.renamed": _("User renamed"),
    "person.role_changed": _("Role of a user changed"),
    "person.signed_in": _("Signed in"),
    "person.sign_in_failed": _("Sign-in failed"),
    "person.signed_out": _("Signed out"),
    "person.password_changed": _("Password changed"),
    "person.password_link_asked": _("Link for a forgotten password requested"),
    "person.password_link_made": _("Link for a new password created by an administrator"),
    "person.password_forgotten": _("New password set with a link"),
    "person.password_reset": _("New password given by the operator"),
    "person.sessions_ended": _("Signed out everywhere"),
    "person.session_ended": _("A session ended"),
    "person.passkey_added": _("Passkey added"),
    "person.passkey_removed": _("Passkey removed"),
    "person.second_factor_added": _("Second factor added"),
    "person.second_factor_removed": _("Second factor removed"),
    "person.second_factor_reset": _("Second factor reset"),
    "person.recovery_code_used": _("Recovery code used"),
    "person.recovery_codes_renewed": _("Recovery codes regenerated"),
    "person.operator_made": _("Made an operator of the installation"),
    "person.operator_ended": _("No longer an operator of the installation"),
}
_ROLE_ACTIONS = {
    "role.created": _("Role created"),
    "role.changed": _("Rights of a role changed"),
}
_ORGANISATION_ACTIONS = {
    "organisation.created": _("Organisation created"),
    "organisation.changed": _("Organisation changed"),
    "audit.exported": _("Audit trail exported"),
    "database.keys_rotated": _("Stored secrets encrypted with the newest key"),
}
_BADGES = {
    "blocked": Badge(gettext_lazy("Blocked"), "stop", "bad"),
    "test": Badge(gettext_lazy("Test company"), "beaker", "test"),
}


def register() -> None:
    """Register it all; called once, when the app is ready."""
    rules.register(*_RIGHTS)
    FINDERS.add(Finder(ORGANISATION, gettext_lazy("Companies"), finding.companies))
    navigation.register(
        navigation.Item(
            right=ORGANISATION,
            address="organisations:companies",
            label=gettext_lazy("Companies"),
            icon="building",
            prefix="/companies/",
            order=50,
            is_set_up_once=True,
        )
    )
    navigation.register(
        navigation.Item(
            right=ORGANISATION,
            address="organisations:people",
            label=gettext_lazy("People"),
            icon="people",
            prefix="/people/",
            order=60,
            is_set_up_once=True,
        )
    )
    actions.register_area("company", _("Companies"), order=60)
    actions.register("company", _COMPANY_ACTIONS)
    actions.register_area("debtor", _("Debtors"), order=70)
    actions.register("debtor", _DEBTOR_ACTIONS)
    actions.register_area("person", _("People"), order=80)
    actions.register("person", _PERSON_ACTIONS)
    actions.register_area("role", _("Roles"), order=90)
    actions.register("role", _ROLE_ACTIONS)
    actions.register_area("organisation", _("Organisation"), order=100)
    actions.register("organisation", _ORGANISATION_ACTIONS)
    badges.register(_BADGES)
