"""A person lets a refused payment be tried again, or says what stands in the target."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from audit import trail
from background.enqueueing import enqueue
from background.failures import NO_FAILURE, why
from organisations.models import User
from payments.models import InvoiceClient, Payment, Registration
from payments.operations import already_there, marking, registering
from payments.operations.rights import check_right
from payments.rules import refusals
from payments.rules.states import RegistrationState

if TYPE_CHECKING:
    from django.db.models import QuerySet

_S = RegistrationState
CHOICES = ("there", "not_there", "drop")
"""What a person answers: it stands in the target; it does not: send it; it does not: leave it."""


def try_again(
    *,
    client: InvoiceClient,
    by: User | None,
    now: datetime,
    registration_id: int | None = None,
    among: "QuerySet[Payment] | None" = None,
) -> int:
    """
    Put refused registrations back into the queue, for a person has corrected something.

    :param registration_id: only this one
    :param among: only those of these payments
    """
    check_right(client.organisation, by)
    refused = Registration.objects.filter(client=client, state=_S.REJECTED)
    if registration_id is not None:
        refused = refused.filter(pk=registration_id)
    if among is not None:
        refused = refused.filter(payment__in=among.values("pk"))
    count = refused.update(
        state=_S.READY, state_at=now, not_before=now, failures=0, notified_of="", **NO_FAILURE
    )
    if count:
        trail.record(
            organisation=client.organisation,
            action="payments.tried_again",
            subject=client,
            user=by,
            details={"registrations": count},
        )
        enqueue("payments.tasks.serve_client", client_id=client.pk)
    return count


def decide(
    *, registration: Registration, choice: str, by: User | None, now: datetime, reason: str = ""
) -> None:
    """
    Record what a person found in the target about a registration with an unknown outcome.

    What was removed from its invoice meanwhile is never sent: if it is there it is reversed. If
    it is not, the target is asked for the voucher before anything else of the payment is sent.

    :param choice: one of `CHOICES`
    :raises KeyError: for another choice
    :raises NothingToDecide: if nobody is asked, or somebody has answered
    :raises SayWhetherItStands: if it was taken off its invoice, and is to be left as it is
    """
    check_right(registration.organisation, by)
    nothing = refusals.NothingToDecide(payment=str(registration.payment))
    if registration.state != _S.NEEDS_PERSON:
        raise nothing
    changes = dict(NO_FAILURE, notified_of="")
    if registration.is_undone:
        if choice == "drop":
            # That would not say whether it is there, and the payment is free for another invoice.
            raise refusals.SayWhetherItStands(payment=str(registration.payment))
        new = {"there": _S.TO_REVERSE, "not_there": _S.REVERSED}[choice]
        if new is _S.REVERSED and not registering.is_by_hand(registration):
            new = _S.UNKNOWN
            changes |= {"empty_look_ups": 0} | why(refusals.VoucherIsAskedFor(), now)
    else:
        new = {"there": _S.REGISTERED, "not_there": _S.READY, "drop": _S.WITHDRAWN}[choice]
    if new is _S.REGISTERED:
        changes["target_id"] = registration.target_id or registering.by_hand(registration)
    elif new is _S.READY:
        changes |= already_there.confirmed(registration)
    with transaction.atomic():
        if not registration.become(new, now=now, not_before=now, **changes):
            raise nothing
        if new is _S.REGISTERED:
            marking.note_registered(registration, now=now)
        trail.record(
            organisation=registration.organisation,
            action="payments.decided",
            subject=registration,
            user=by,
            details={"choice": choice} | ({"reason": reason} if reason else {}),
        )
    enqueue("payments.tasks.serve_client", client_id=registration.client_id)
