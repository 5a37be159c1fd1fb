"""
A forgotten password: a link that works once and for a while, by mail or handed over.

The link is Django's: it is signed, and what it signs is the person's password and last sign-in, so
that either makes it worthless. It is made by the worker that sends the mail, or for the page of an
administrator who sees it once, and stored nowhere.
"""

from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.http import int_to_base36
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_noop as _

from audit.trail import NOBODY, record
from background.models import BackgroundRequest
from background.operations import handles, request_in_background
from connectors.errors import Unavailable
from organisations.backends import HubBackend
from organisations.models import Membership, User
from organisations.operations import people

log = structlog.get_logger(__name__)
MAIL = "people.mail_password_link"


def may_have_link(user: User) -> bool:
    """Return whether that person could sign in at all with a new password."""
    return HubBackend().user_can_authenticate(user)


def ask_for_link(*, user: User, now: datetime) -> None:
    """
    Let a worker mail a link to that person; the caller learns nothing.

    A mail belongs to a background request and that to an organisation: a person in none gets
    no link, and nobody more mails in a while than sign-ins may fail, whoever asks from wherever.
    """
    mine = Membership.objects.filter(user=user).select_related("organisation")
    membership = mine.order_by("pk").first() if may_have_link(user) else None
    if membership is None:
        log.info("no link for a forgotten password", person=user.pk)
        return
    while_ago = now - timedelta(seconds=settings.HUB_SIGN_IN_LOCK_SECONDS)
    lately = BackgroundRequest.objects.filter(
        requested_by=user, kind=MAIL, created_at__gt=while_ago
    )
    if lately.count() >= settings.HUB_SIGN_IN_FAILURES:
        log.warning("too many links for a forgotten password", person=user.pk)
        return
    with transaction.atomic():
        people.record_for(user, "person.password_link_asked", by=None, who=NOBODY)
        request_in_background(
            organisation=membership.organisation,
            kind=MAIL,
            by=user,
            params={"person": user.pk, "patient": True},
        )


@handles(MAIL, never_refused=True)
def mail_link(background_request: BackgroundRequest, now: datetime) -> dict[str, object]:
    """Write to the person in the person's language."""
    user = User.objects.filter(pk=background_request.params["person"]).first()
    if user is None or not may_have_link(user):
        return {"notified": 0}
    with translation.override(user.language or settings.LANGUAGE_CODE):
        subject, body = _words(user)
    try:
        send_mail(subject, body, None, [user.email])
    except (SMTPException, OSError) as exc:
        raise Unavailable(vendor="E-mail", detail=type(exc).__name__) from exc
    return {"notified": 1}


def link_for(user: User) -> str:
    """Return the address at which the person sets a new password."""
    parts = {
        "uidb36": int_to_base36(user.pk),
        "key": default_token_generator.make_token(user),
    }
    return str(settings.HUB_BASE_URL) + reverse("account_reset_password_from_key", kwargs=parts)


def make_link(*, membership: Membership, by: User) -> str:
    """
    Return a link for a new password, to be handed to a member by somebody who manages people.

    The second factor is still asked for at the sign-in, and the link is in the audit trail.

    :raises people.Refused: if the link would reach further than the organisation: to another one
        that the person is in, to the installation, or around one's own present password
    """
    user = membership.user
    if user == by:
        raise people.Refused(_("Change your own password on your profile."))
    if not may_have_link(user):
        raise people.Refused(_("This user may not sign in, so a new password would not help."))
    if user.is_superuser:
        raise people.Refused(
            _(
                "This user is an operator of the hub. Another operator can set a new password: "
                "manage.py set_password."
            )
        )
    if Membership.objects.filter(user=user).exclude(pk=membership.pk).exists():
        raise people.Refused(
            _(
                "This user also works for another organisation, which the link would open as "
                "well. The operator of the hub can set a new password: manage.py set_password."
            )
        )
    # Whoever holds the link could set up more than a password before the person does.
    User.objects.filter(pk=user.pk).update(handed_over=True)
    record(
        organisation=membership.organisation,
        action="person.password_link_made",
        subject=user,
        user=by,
    )
    return link_for(user)


def set_password(*, user: User, password: str) -> bool:
    """
    Give the person who came by the link a new password and end every session of that person.

    The second factor stays. Of two who use one link at once, one wins; say whether it was this.
    """
    with transaction.atomic():
        mine = User.objects.filter(pk=user.pk, password=user.password)
        if not mine.update(password=make_password(password), password_is_temporary=False):
            return False
        user.refresh_from_db(fields=["password"])
        people.end_sessions(user=user)
        people.record_for(user, "person.password_forgotten", by=user)
    return True


def set_by_operator(*, user: User, password: str) -> None:
    """Give a person a password for one sign-in, and end the person's sessions."""
    user.set_password(password)
    with transaction.atomic():
        user.save(update_fields=["password"])
        people.make_temporary(user)
        people.end_sessions(user=user)
        people.record_for(user, "person.password_reset", by=None)


def how_long() -> str:
    """Return in words how long a link works."""
    minutes = settings.PASSWORD_RESET_TIMEOUT // 60
    words = ngettext(
        "The link works once, for %(n)d minute.", "The link works once, for %(n)d minutes.", minutes
    )
    return words % {"n": minutes}


def _words(user: User) -> tuple[str, str]:
    lines: list[Any] = [
        gettext("Someone, probably you, requested a new password for {email}.").format(
            email=user.email
        ),
        link_for(user),
        how_long(),
        gettext(
            "If it was not you, do nothing: your password is unchanged, and the link alone "
            "does not get past a second factor."
        ),
    ]
    return gettext("A new password for Integration Hub"), "\n\n".join(lines) + "\n"
