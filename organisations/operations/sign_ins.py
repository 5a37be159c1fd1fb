"""
Who signed in and out, and who tried in vain, for the audit trail.

The trail hangs below organisations, so each entry is made once for every organisation that the
person belongs to. A person in none, and an address that nobody has, leave a line in the log only.
A password is never part of what comes here.
"""

import structlog
from django.conf import settings

from organisations.models import User
from organisations.operations import people
from organisations.operations.audit import NOBODY

log = structlog.get_logger(__name__)

PASSWORD, CODE = "password", "code"
"""At which step a sign-in failed."""


def signed_in(user: User, *, second_factor: bool) -> None:
    """Record that a session was begun."""
    people.record_for(user, "person.signed_in", by=user, details={"second_factor": second_factor})


def signed_out(user: User) -> None:
    """Record that the person ended a session."""
    people.record_for(user, "person.signed_out", by=user)


def failed(*, email: str, step: str, tries: int) -> None:
    """
    Record a sign-in that was refused; nobody knows who tried it.

    Once the address is locked, more tries are not recorded: whoever goes on knocking would fill
    the trail, which nobody can empty.

    :param email: the address that was given
    :param step: :data:`PASSWORD` or :data:`CODE`
    :param tries: how often it has failed from that place by now
    """
    if not 0 < tries <= settings.AXES_FAILURE_LIMIT:
        return
    email = User.objects.clean_email(email)
    user = User.objects.filter(email=email).first()
    if user is None:
        log.info("sign-in failed", email=email, step=step)
        return
    locked = tries == settings.AXES_FAILURE_LIMIT
    people.record_for(
        user,
        "person.sign_in_failed",
        by=None,
        details={"email": email, "step": step, "locked": locked},
        who=NOBODY,
    )
