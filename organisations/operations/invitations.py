"""
Inviting an address into an organisation, and the answer of whoever holds the link.

Nothing here looks up whether anybody has the address before the link is used: who invites learns
the same of a known and of an unknown one (docs/decisions/0015-membership-needs-consent.md).
"""

import secrets
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import translation
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

from audit import trail
from audit.trail import NOBODY, record
from background.models import BackgroundRequest
from background.operations import handles, request_in_background
from connectors.errors import Unavailable
from organisations.models import Invitation, Membership, Organisation, Role, User
from organisations.models.invitations import digest_of
from organisations.operations import second_factor, throttling
from organisations.operations.people import Refused, end_sessions, hold
from organisations.rules import ORGANISATION, Level

log = structlog.get_logger(__name__)
MAIL = "people.mail_invitation"
VALID = timedelta(days=7)
FORGOTTEN_AFTER = timedelta(days=30)
"""So long an expired one stays in the list, to be sent again."""
MAIL_PAUSE = timedelta(minutes=5)
MOST_OPEN = 200
"""At once in one organisation: nobody sends more mails to strangers in its name."""
_TOKEN_BYTES = 32


@transaction.atomic
def invite(
    *,
    organisation: Organisation,
    role: Role,
    email: str,
    by: User | None,
    now: datetime,
    by_mail: bool | None = None,
) -> str:
    """
    Invite an address, and return the link to hand over; empty where it goes by mail.

    :param by: None for the operator, whose link replaces an earlier one
    :param by_mail: None: where there is a mail server
    :raises Refused: if the address is a member's, is invited already, or was mailed a moment ago
    """
    hold(organisation)
    email = User.objects.clean_email(email)
    if Membership.objects.of(organisation).filter(user__email=email).exists():
        raise Refused(_("This user is already in the organisation."))
    earlier = Invitation.objects.of(organisation).filter(email=email).first()
    if earlier is not None:
        if earlier.is_open(now) and by is not None:
            raise Refused(
                _("This address has an open invitation. Send it again from the list of people.")
            )
        if not earlier.is_open(now):
            _expire(earlier, now=now)
        earlier.delete()
    if Invitation.objects.of(organisation).filter(expires_at__gt=now).count() >= MOST_OPEN:
        raise Refused(_("Too many invitations are open. Withdraw some, or wait for answers."))
    invitation = Invitation(organisation=organisation, email=email, role=role)
    link = _send(invitation, by=by, now=now, by_mail=by_mail)
    record(
        organisation=organisation,
        action="person.invited",
        subject=invitation,
        user=by,
        details={"role": role.name, "by": _way(invitation)},
    )
    return link


@transaction.atomic
def send_again(*, invitation: Invitation, by: User, now: datetime) -> str:
    """
    Make the earlier link worthless and send another one; return it if it is to be handed over.

    :raises Refused: if it is answered or withdrawn meanwhile, or was mailed a moment ago
    """
    invitation = _held(invitation)
    link = _send(invitation, by=by, now=now, by_mail=None)
    record(
        organisation=invitation.organisation,
        action="person.invitation_renewed",
        subject=invitation,
        user=by,
        details={"role": invitation.role.name, "by": _way(invitation)},
    )
    return link


@transaction.atomic
def withdraw(*, invitation: Invitation, by: User) -> None:
    """
    Make the link worthless for good.

    :raises Refused: if it is answered or withdrawn meanwhile
    """
    invitation = _held(invitation)
    record(
        organisation=invitation.organisation,
        action="person.invitation_withdrawn",
        subject=invitation,
        user=by,
    )
    invitation.delete()


def sends_mail() -> bool:
    """Return whether an invitation goes by mail, or its link is handed over."""
    return bool(settings.HUB_SENDS_MAIL)


def found_by(digest: str, *, now: datetime) -> Invitation | None:
    """Return the invitation that this link leads to, if it may still be answered."""
    rows = Invitation.objects.select_related("organisation", "role", "invited_by")
    invitation: Invitation | None = rows.filter(token_digest=digest).first()
    if invitation is None or not invitation.is_open(now) or not may_still_invite(invitation):
        return None
    return invitation


def may_still_invite(invitation: Invitation) -> bool:
    """Return whether who invited could do so now: nobody leaves a door open behind them."""
    if invitation.invited_by is None:
        return True
    membership = (
        Membership.objects.of(invitation.organisation)
        .filter(user=invitation.invited_by, user__is_active=True)
        .select_related("role")
        .first()
    )
    return membership is not None and membership.role.allows(ORGANISATION, Level.WRITE)


@transaction.atomic
def accept_as_new(*, invitation: Invitation, name: str, password: str, now: datetime) -> User:
    """
    Make the account of the address and let it into the organisation.

    :raises Refused: if there is such an account, or the invitation is not open any more
    """
    invitation = _open(invitation, now=now)
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                email=invitation.email,
                name=name.strip(),
                password=password,
                language=get_language() or "",
                handed_over=not invitation.by_mail,
            )
    except IntegrityError:
        # Whoever holds a link that was handed over may not be the person: a line for the operator.
        log.warning("invitation of a known address used as a new one", invitation=invitation.pk)
        raise Refused(
            _("This address already has an account. Sign in with it, then accept.")
        ) from None
    _join(invitation, user)
    return user


@transaction.atomic
def accept(
    *, invitation: Invitation, user: User, now: datetime, password: str | None = None
) -> Membership:
    """
    Let a person in who is signed in as the address that was invited.

    Who else held a link or password of the account must not come along: it takes a new password,
    its second factor and its other sessions end.

    :raises Refused: if it is not this person who was invited, or it is not open any more
    """
    invitation = _open(invitation, now=now)
    if user.email != invitation.email:
        raise Refused(_("This invitation is for another address."))
    if Membership.objects.of(invitation.organisation).filter(user=user).exists():
        raise Refused(_("You are already in this organisation."))
    if user.handed_over:
        if password is None:
            raise Refused(_("Choose a new password first."))
        _make_ones_own(user, password)
    return _join(invitation, user)


@transaction.atomic
def decline(*, invitation: Invitation, now: datetime) -> None:
    """
    Refuse an invitation. The organisation learns that, but not by whom.

    :raises Refused: if it is not open any more
    """
    invitation = _open(invitation, now=now)
    with trail.audit_context(address="", request_id=trail.origin().request_id):
        record(
            organisation=invitation.organisation,
            action="person.invitation_declined",
            subject=invitation,
            who=NOBODY,
        )
    invitation.delete()


def expire(*, now: datetime) -> int:
    """Record which invitations have expired, and forget those of long ago; return how many."""
    expired = Invitation.objects.filter(expires_at__lte=now, expired_at=None)
    done = 0
    for pk, organisation_id in list(expired.values_list("pk", "organisation_id")):
        with transaction.atomic():
            hold(Organisation(pk=organisation_id))
            invitation = expired.filter(pk=pk).first()
            if invitation is not None:
                _expire(invitation, now=now)
                done += 1
    Invitation.objects.filter(expired_at__lt=now - FORGOTTEN_AFTER).delete()
    return done


@handles(MAIL)
def mail_invitation(background_request: BackgroundRequest, now: datetime) -> dict[str, object]:
    """Make the token and mail it; it is readable nowhere else."""
    mine = Invitation.objects.filter(
        pk=background_request.params["invitation"], background_request=background_request
    )
    invitation = mine.select_related("organisation", "role", "invited_by").first()
    if invitation is None or not invitation.is_open(now):
        return {"mailed": 0}
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    mine.update(token_digest=digest_of(token))
    with translation.override(invitation.language or settings.LANGUAGE_CODE):
        subject, body = _words(invitation, token)
    try:
        send_mail(subject, body, None, [invitation.email])
    except (SMTPException, OSError) as exc:
        raise Unavailable(vendor="E-mail", detail=type(exc).__name__) from exc
    return {"mailed": 1}


def link_of(token: str) -> str:
    """Return the address that takes a token; it is in the query, which no log keeps."""
    address = str(settings.HUB_BASE_URL) + reverse("organisations:open_invitation")
    return f"{address}?{urlencode({'token': token})}"


def _send(invitation: Invitation, *, by: User | None, now: datetime, by_mail: bool | None) -> str:
    """
    Store who invites until when, and let the link be mailed or return it.

    :raises Refused: if a mail went to the address a moment ago, by an invitation that is withdrawn
        or declined by now as well: whoever has it must not be flooded
    """
    invitation.by_mail = sends_mail() if by_mail is None else by_mail
    if invitation.by_mail and not throttling.may_be_invited(
        who=invitation.email,
        into=invitation.organisation_id,
        pause=int(MAIL_PAUSE.total_seconds()),
    ):
        raise Refused(_("The e-mail was sent a moment ago. Wait a few minutes."))
    invitation.invited_by, invitation.invited_at, invitation.expires_at = by, now, now + VALID
    invitation.expired_at = invitation.background_request = invitation.token_digest = None
    invitation.language = get_language() or ""
    if not invitation.by_mail:
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        invitation.token_digest = digest_of(token)
        invitation.save()
        return link_of(token)
    invitation.save()
    invitation.background_request = request_in_background(
        organisation=invitation.organisation,
        kind=MAIL,
        by=by,
        params={"invitation": invitation.pk, "patient": True},
    )
    invitation.save(update_fields=["background_request"])
    return ""


def _held(invitation: Invitation) -> Invitation:
    """
    Return the invitation as it is now that its organisation is held.

    :raises Refused: if it is gone
    """
    hold(invitation.organisation)
    rows = Invitation.objects.select_related("organisation", "role", "invited_by")
    now: Invitation | None = rows.filter(pk=invitation.pk).first()
    if now is None:
        raise Refused(_("This invitation has since been answered or withdrawn."))
    return now


def _open(invitation: Invitation, *, now: datetime) -> Invitation:
    """
    Return the invitation held, if the link that led here still does.

    :raises Refused: if it does not
    """
    held = _held(invitation)
    same = held.token_digest is not None and held.token_digest == invitation.token_digest
    if not same or not held.is_open(now) or not may_still_invite(held):
        raise Refused(_("This invitation has since been answered or withdrawn."))
    return held


def _join(invitation: Invitation, user: User) -> Membership:
    membership = Membership.objects.create(
        organisation=invitation.organisation, user=user, role=invitation.role
    )
    by = invitation.invited_by
    record(
        organisation=invitation.organisation,
        action="person.invitation_accepted",
        subject=user,
        user=user,
        details={
            "role": invitation.role.name,
            "invited by": str(by) if by else trail.HUB,
            "by": _way(invitation),
        },
    )
    invitation.delete()
    return membership


def _make_ones_own(user: User, password: str) -> None:
    second_factor.remove_all(user=user)
    user.set_password(password)
    user.handed_over = user.password_is_temporary = False
    user.save(update_fields=["password", "handed_over", "password_is_temporary"])
    end_sessions(user=user)


def _expire(invitation: Invitation, *, now: datetime) -> None:
    if invitation.expired_at is not None:
        return
    invitation.expired_at = now
    invitation.save(update_fields=["expired_at"])
    record(
        organisation=invitation.organisation,
        action="person.invitation_expired",
        subject=invitation,
    )


def _way(invitation: Invitation) -> str:
    return "e-mail" if invitation.by_mail else "link"


def _words(invitation: Invitation, token: str) -> tuple[str, str]:
    # Both stand in a mail to a stranger: in one line, so that neither writes a letter of its own.
    organisation = " ".join(invitation.organisation.name.split())
    name = " ".join(str(invitation.invited_by or "Integration Hub").split())
    lines: list[Any] = [
        gettext("{name} invites you to work for {organisation} in Integration Hub.").format(
            name=name, organisation=organisation
        ),
        link_of(token),
        gettext("The link works until you answer, for at most {days} days.").format(
            days=VALID.days
        ),
        gettext(
            "If you do not know what this is about, do nothing, or decline on the page. They "
            "see nothing about you until you accept."
        ),
    ]
    subject = gettext("Invitation to {organisation}").format(organisation=organisation)
    return subject, "\n\n".join(lines) + "\n"
