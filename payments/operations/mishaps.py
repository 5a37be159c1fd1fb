"""
What nobody foresaw: a defect of ours over one row, or a number that the target gives again.

Such a row goes to a person, with the number under which the log has the cause; the rest goes on.
"""

from datetime import datetime

from django.db import transaction

from background.failures import NO_FAILURE, why
from connectors.receivables import RegisteredPayment
from payments.domain import refusals
from payments.domain.states import VALID_TRANSITIONS, RegistrationState
from payments.models import Registration

_S = RegistrationState


def give_to_a_person(registration_id: int, *, number: str, owner: str, now: datetime) -> bool:
    """
    Take a registration out of the queue after an exception.

    :param number: under which the log has the cause
    :param owner: the worker, whose claim it may be; another worker's claim is left alone
    """
    found = Registration.objects.filter(pk=registration_id, claim_owner__in=(owner, "")).first()
    if found is None or _S.NEEDS_PERSON not in VALID_TRANSITIONS[RegistrationState(found.state)]:
        return False
    failure = refusals.PaymentFault(request_id=number)
    stopped: bool = found.become(_S.NEEDS_PERSON, now=now, **why(failure, now))
    return stopped


@transaction.atomic
def note_number_given_again(
    registration: Registration, there: RegisteredPayment, *, now: datetime
) -> bool:
    """
    Handle a voucher id that another registration has; say whether there was one.

    The older one is no longer there, so a person decides; one that was taken back only loses
    the id. Ours is read back before it is believed.
    """
    others = Registration.objects.filter(client=registration.client_id, target_id=there.id)
    older = others.exclude(pk=registration.pk).first()
    if older is None:
        return False
    if _S.NEEDS_PERSON in VALID_TRANSITIONS[RegistrationState(older.state)]:
        gone = refusals.PaymentNumberGivenAgain(number=there.number or there.id)
        older.become(_S.NEEDS_PERSON, now=now, target_id="", told="", **why(gone, now))
    else:
        Registration.objects.filter(pk=older.pk).update(target_id="")
    if registration.state == _S.UNKNOWN:
        # It was read back just now, by its reference: it is there.
        return False
    asked = refusals.PaymentNumberIsRead(number=there.number or there.id)
    registration.become(
        _S.UNKNOWN, now=now, not_before=now, empty_look_ups=0, **{**NO_FAILURE, **why(asked, now)}
    )
    return True
