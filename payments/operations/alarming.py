"""
Mails to the people whose job it is that payments arrive: one for a client, not one a payment.

There is one notification for each thing that is wrong with a registration: at once when it is
rejected or needs a decision, after a while when it waits or its outcome is unknown. What a person
tries again may be notified again.
"""

from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext, ngettext

from accounts.operations.notifying import people_of
from background.models import BackgroundRequest
from background.operations import handles, request_in_background
from connectors.errors import Unavailable
from connectors.words import gettext_noop as _
from organisations.models import User
from payments.models import FetchRun, InvoiceClient, Registration
from payments.rules.standing import STATES, Standing

NOTIFY = "payments.tell"
PATIENCE = timedelta(minutes=30)
"""How long something may wait, or have an unknown outcome, before its owner is notified."""
_AT_ONCE = 900
_LINES = {
    Standing.REFUSED: _("refused by PowerOffice: correct the reason given, then press Try again"),
    Standing.NEEDS_PERSON: _("awaiting a decision: check PowerOffice, then answer on the page"),
    Standing.UNKNOWN: _(
        "with an unknown outcome: the hub is checking PowerOffice, which has not answered"
    ),
    Standing.WAITING: _("waiting for longer than half an hour; the page says for what"),
}


def notify_owners(*, now: datetime, limit: int = 200) -> int:
    """Write down whom to tell of what is wrong now; a worker sends the mails. Return how many."""
    clients = (
        InvoiceClient.objects.filter(pk__in=_not_notified(now=now).values("client"))
        .select_related("organisation", "target")
        .order_by("pk")[:limit]
    )
    return sum(_tell(client, now=now) for client in clients)


def _not_notified(*, now: datetime) -> Any:
    late = now - PATIENCE
    stands_still = Q(failures__gt=0) | Q(state_at__lt=late)
    when = {
        Standing.UNKNOWN: Q(state_at__lt=late),
        Standing.WAITING: Q(settlement__made_at__lt=late) & stands_still,
    }
    wrong = Q(pk__in=[])
    for standing, states in STATES.items():
        wrong |= Q(state__in=states) & ~Q(notified_of=standing.value) & when.get(standing, Q())
    return Registration.objects.filter(wrong)


@transaction.atomic
def _tell(client: InvoiceClient, *, now: datetime) -> bool:
    """Mark the registrations as notified, and ask for the mail, in one commit."""
    counts: dict[str, int] = {}
    for standing, states in STATES.items():
        mine = _not_notified(now=now).filter(client=client, state__in=states)
        ids = list(mine.values_list("pk", flat=True)[:_AT_ONCE])
        number = Registration.objects.filter(pk__in=ids).update(notified_of=standing.value)
        if number:
            counts[standing.value] = number
    if not counts:
        return False
    request_in_background(
        organisation=client.organisation,
        kind=NOTIFY,
        by=None,
        params={"client": client.pk, "counts": counts, "patient": True},
    )
    return True


def people_for(client: InvoiceClient) -> list[User]:
    """Return the owner of the account in the target, and who fetched for the client last."""
    found = {one.pk: one for one in (people_of(client.target) if client.target else ())}
    last = (
        FetchRun.objects.filter(client=client, requested_by__is_active=True)
        .filter(requested_by__memberships__organisation=client.organisation_id)
        .select_related("requested_by")
        .order_by("-created_at", "-pk")
        .first()
    )
    if last is not None and last.requested_by is not None:
        found[last.requested_by.pk] = last.requested_by
    return list(found.values())


@handles(NOTIFY)
def tell(background_request: BackgroundRequest, now: datetime) -> dict[str, object]:
    """Write to each of the people in their language; how many is the answer."""
    client = (
        InvoiceClient.objects.of(background_request.organisation)
        .select_related("organisation", "target")
        .filter(pk=background_request.params["client"])
        .first()
    )
    if client is None:
        return {"notified": 0}
    people = people_for(client)
    for person in people:
        with translation.override(person.language or settings.LANGUAGE_CODE):
            subject, body = _words(client, background_request.params["counts"])
        try:
            send_mail(subject, body, None, [person.email])
        except (SMTPException, OSError) as exc:
            raise Unavailable(vendor="E-mail", detail=type(exc).__name__) from exc
    return {"notified": len(people)}


def _words(client: InvoiceClient, counts: dict[str, int]) -> tuple[str, str]:
    total = sum(counts.values())
    subject = ngettext(
        "{n} payment of {client} is not in PowerOffice",
        "{n} payments of {client} are not in PowerOffice",
        total,
    ).format(n=total, client=client.name)
    lines = [f"{counts[one]} {gettext(text)}" for one, text in _LINES.items() if counts.get(one)]
    url = settings.HUB_BASE_URL + reverse("payments:not_there") + f"?client={client.pk}"
    closing = gettext("None is lost, and none is registered twice by this.")
    return " ".join(subject.split()), "\n\n".join([subject, *lines, closing, url]) + "\n"
