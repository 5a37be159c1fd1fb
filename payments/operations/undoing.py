"""A person takes a payment, or a credit note, off its invoice again, with a reason (B11)."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from audit import trail
from background.enqueueing import enqueue
from organisations.models import User
from payments.models import Invoice, Payment, Registration, Settlement
from payments.operations import matching
from payments.operations.rights import check_right
from payments.rules.refusals import MatchRefused
from payments.rules.states import RegistrationState

_S = RegistrationState


def undo(*, settlement: Settlement, reason: str, by: User | None, now: datetime) -> bool:
    """
    Take a payment, or credit note, off its invoice again; say whether it was still on it.

    What stands in the target already is nulled there.

    :raises MatchRefused: while its registration is on its way, or without a reason
    """
    check_right(settlement.organisation, by)
    if not reason.strip():
        raise MatchRefused(why=gettext("state why it is undone."))
    with transaction.atomic():
        settlement = (
            Settlement.objects.select_for_update(of=("self",))
            .select_related("payment", "invoice", "client__organisation")
            .get(pk=settlement.pk)
        )
        gone = Settlement.objects.filter(undoes=settlement).exists()
        if gone or settlement.undoes_id is not None:
            return False
        registration = Registration.objects.filter(settlement=settlement).first()
        if registration is not None:
            _withdraw(registration, now=now)
        # Differences of rounding were closed on an invoice that was settled: now it is not.
        list(Invoice.objects.select_for_update().filter(pk=settlement.invoice_id))
        matching.open_roundings_again(
            [settlement.invoice_id],
            now=now,
            by=by,
            reason=reason.strip()[:200],
            besides=settlement.pk,
        )
        matching.mirror_of(settlement, now=now, by=by, reason=reason.strip()[:200]).save(
            force_insert=True
        )
        if settlement.payment is not None:
            Payment.objects.filter(pk=settlement.payment.pk).update(left="undone")
        trail.record(
            organisation=settlement.client.organisation,
            action="payment.match_undone",
            subject=settlement.payment or settlement.invoice,
            user=by,
            details={
                "invoice": settlement.invoice.number,
                "amount": str(settlement.amount),
                "reason": reason,
            },
        )
    enqueue("payments.tasks.serve_client", client_id=settlement.client_id)
    return True


def _withdraw(registration: Registration, *, now: datetime) -> None:
    """Keep it out of the target, or have it nulled there."""
    unknown = Registration.objects.filter(pk=registration.pk).unknown_since_restore(now=now)
    match RegistrationState(registration.state):
        case _S.NEEDS_PERSON:
            raise MatchRefused(
                why=gettext("first answer whether it is already in the invoicing system.")
            )
        case _S.READY if unknown.exists():
            # It may stand there since the backup: withdrawn now, nobody would ever ask.
            raise MatchRefused(
                why=gettext("the invoicing system is being checked first; try again in a minute.")
            )
        case _S.READY | _S.REJECTED:
            new = _S.WITHDRAWN
        case _S.REGISTERED:
            new = _S.TO_REVERSE
        case _S.REVERSED | _S.WITHDRAWN:
            return
        case _:
            raise MatchRefused(
                why=gettext("it is being sent to the invoicing system; try again in a minute.")
            )
    if not registration.become(new, now=now, not_before=now):
        raise MatchRefused(
            why=gettext("it is being sent to the invoicing system; try again in a minute.")
        )
