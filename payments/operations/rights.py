"""S22: three rights, each off until it is given, checked here for page, command and API alike."""

from django.utils.translation import gettext

from organisations.models import Membership, Organisation, User
from organisations.rules import RIGHT_BY_KEY, Level
from payments.models import Integration
from payments.rights import BUSINESS
from payments.rules import refusals

HUB = None
"""Who asks when nobody does: the schedule, or the operator at the machine."""


def check_right(
    organisation: Organisation, by: User | None, *keys: str, level: Level = Level.WRITE
) -> None:
    """
    Let it pass if the person has all those rights in the organisation.

    :param by: None: the hub itself
    :param level: READ for what only looks at payments
    :raises NotAllowed: naming the right that is missing
    """
    if by is HUB:
        return
    found = Membership.objects.of(organisation).filter(user=by).select_related("role").first()
    for key in (BUSINESS, *keys):
        if found is None or not found.role.allows(key, level):
            raise refusals.NotAllowed(person=str(by), right=gettext(RIGHT_BY_KEY[key].name))


def integration_of(organisation: Organisation) -> Integration:
    """Return the integration of the organisation; one that nobody activated is not stored."""
    found = Integration.objects.of(organisation).first()
    return found or Integration(organisation=organisation)


def check_active(organisation: Organisation) -> Integration:
    """
    Return the integration.

    :raises NotActivated: S14
    """
    integration = integration_of(organisation)
    if not integration.is_active:
        raise refusals.NotActivated()
    return integration
