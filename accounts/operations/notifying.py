"""Mails to the people whose job it is that an account works; a worker sends them."""

from datetime import datetime
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from accounts.models import Connection
from accounts.uses import use_of
from background.models import BackgroundRequest
from background.operations import handles, request_in_background
from connectors.errors import ConnectorError, Unavailable
from connectors.registry import error_class
from connectors.words import gettext_noop as _
from organisations.models import User
from organisations.rules import Level

NOTIFY = "connections.tell"
SIGN_IN_AGAIN, NO_ANSWER = "sign_in_again", "no_answer"
_SUBJECTS = {
    SIGN_IN_AGAIN: _("Sign in again: {account} ({company})"),
    NO_ANSWER: _("No new access for {days} days: {account} ({company})"),
}
_INTRODUCTIONS = {
    SIGN_IN_AGAIN: _("The account {account} for {company} no longer works."),
    NO_ANSWER: _(
        "Access for the account {account} ({company}) has not been renewed for {days} days. If "
        "this continues, someone must sign in again."
    ),
}


def notify_owner(
    connection: Connection, *, about: str, failure: ConnectorError, days: int = 0
) -> BackgroundRequest:
    """
    Let a worker write to the owner of the account; call it where the state changes, once.

    :param about: :data:`SIGN_IN_AGAIN` or :data:`NO_ANSWER`
    """
    return request_in_background(
        organisation=connection.organisation,
        kind=NOTIFY,
        by=None,
        params={
            "connection": connection.pk,
            "about": about,
            "failure": failure.code(),
            "failure_params": failure.params,
            "days": days,
            "patient": True,
        },
    )


def people_of(connection: Connection) -> list[User]:
    """Return the owner; without one who may sign in, everybody who may authorise accounts."""
    memberships = [
        one
        for one in connection.organisation.memberships.select_related("user", "role")
        if one.user.is_active
    ]
    owner = [one.user for one in memberships if one.user_id == connection.owner_id]
    wanted = use_of(connection.vendor).rights
    return owner or [
        one.user for one in memberships if all(one.role.allows(key, Level.WRITE) for key in wanted)
    ]


@handles(NOTIFY)
def tell(background_request: BackgroundRequest, now: datetime) -> dict[str, object]:
    """Write to each of the people in their language; how many is the answer."""
    connection = (
        Connection.objects.of(background_request.organisation)
        .filter(pk=background_request.params["connection"])
        .first()
    )
    if connection is None:
        return {"notified": 0}
    people = people_of(connection)
    for person in people:
        with translation.override(person.language or settings.LANGUAGE_CODE):
            subject, body = _words(connection, background_request.params)
        try:
            send_mail(subject, body, None, [person.email])
        except (SMTPException, OSError) as exc:
            raise Unavailable(vendor="E-mail", detail=type(exc).__name__) from exc
    return {"notified": len(people)}


def _words(connection: Connection, params: dict[str, Any]) -> tuple[str, str]:
    kind = error_class(params["failure"])
    values = {
        "account": connection.name,
        "company": connection.administration_name or connection.tenant_id,
        "days": str(params["days"]),
    }
    details = params["failure_params"]
    use = use_of(connection.vendor)
    lines = [
        gettext(_INTRODUCTIONS[params["about"]]).format(**values),
        gettext(kind.summary).format(**details),
        gettext(kind.remedy).format(**details),
        gettext(use.waits),
        settings.HUB_BASE_URL + reverse(use.page),
    ]
    subject = gettext(_SUBJECTS[params["about"]]).format(**values)
    return " ".join(subject.split()), "\n\n".join(lines) + "\n"
