"""
Who signed in and out, and who failed to, for the audit trail.

The trail hangs below organisations, so each entry is made once for every organisation that the
person belongs to. A person in none, and an address that nobody has, leave a line in the log only.
A password is never part of what comes here.
"""

import structlog

from audit.trail import NOBODY
from organisations.models import User
from organisations.operations import people
from organisations.operations.throttling import CODE, PASSWORD, Try, may_be_recorded

log = structlog.get_logger(__name__)

__all__ = ["CODE", "PASSWORD", "failed", "signed_in", "signed_out"]


def signed_in(user: User, *, second_factor: bool) -> None:
    """Record that a session was begun."""
    people.record_for(user, "person.signed_in", by=user, details={"second_factor": second_factor})


def signed_out(user: User) -> None:
    """Record that the person ended a session."""
    people.record_for(user, "person.signed_out", by=user)


def failed(*, email: str, step: str, tried: Try) -> None:
    """
    Record a sign-in that was refused; nobody knows who tried it.

    What is refused unread because there were too many is not recorded, and of one person only so
    many a day from wherever: whoever goes on knocking would fill the trail, which nobody can empty.

    :param email: the address that was given
    :param step: :data:`PASSWORD` or :data:`CODE`
    """
    user = User.objects.filter(email=email).first()
    if user is None or not may_be_recorded(who=email):
        log.info("sign-in failed", email=email, step=step)
        return
    people.record_for(
        user,
        "person.sign_in_failed",
        by=None,
        details={"email": email, "step": step, "locked": tried.is_the_last},
        who=NOBODY,
    )
