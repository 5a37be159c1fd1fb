"""What the office adds to pages and the audit trail of the apps below."""

from django.urls import reverse
from django.utils.translation import pgettext_lazy

from audit import actions
from connectors.words import gettext_noop as _
from journals.models import Journal
from journals.rights import JOURNALS
from office.wording import ROW_STATES
from organisations import navigation
from organisations.models import Membership
from organisations.rules import Level
from ui import badges

_COMPANY_ACTIONS = {
    "company.nothing_expected": _("No journal expected for a month"),
    "company.expected_again": _("A journal is expected after all"),
    "company.owner_changed": _("Responsible or deputy changed"),
    "company.expectation_fixed": _("Expected dates changed"),
}


_PERSON_ACTIONS = {"person.away": _("Absence entered")}


def first_page(membership: Membership) -> str:
    """Begin the day of who sees journals with the month, once there is one."""
    if not membership.role.allows(JOURNALS, Level.READ):
        return ""
    is_there = Journal.objects.of(membership.organisation).exists()
    return reverse("office:present") if is_there else ""


def register() -> None:
    """Register it all; called once, when the app is ready."""
    navigation.FIRST_PAGES.add(first_page)
    navigation.register(
        navigation.Item(
            right=JOURNALS,
            address="office:present",
            label=pgettext_lazy("navigation", "Month"),
            icon="calendar",
            prefix="/month/",
            order=5,
        )
    )
    actions.register("company", _COMPANY_ACTIONS)
    actions.register("person", _PERSON_ACTIONS)
    badges.register({f"month_{state.key}": badge for state, badge in ROW_STATES.items()})
