"""After an unclear answer the target is asked, twice, before a payment is sent again."""

from datetime import datetime, timedelta

from django.conf import settings

from background.crash_points import crash_point
from background.failures import NO_FAILURE, why
from connectors.errors import ConnectorError, NotAuthorized, Unavailable
from payments.domain import refusals
from payments.domain.states import RegistrationState
from payments.models import Registration, RegistrationAttempt
from payments.operations import registering, restoring
from payments.operations.turns import Turn

_S = RegistrationState
_K = RegistrationAttempt.Kind
_LOOK_UPS_THAT_PROVE = 2
_MOST_LOOK_UPS_THAT_FAIL = 12


def _between_look_ups() -> timedelta:
    return timedelta(seconds=settings.HUB_LOOK_UP_INTERVAL_SECONDS)


def look_up(turn: Turn, registration: Registration) -> bool:
    """Ask the target whether it holds the payment."""
    now = turn.clock()
    # The doubt is held by moving its hour: the writer lease lets only one ask.
    held = Registration.objects.filter(
        pk=registration.pk, state=_S.UNKNOWN, not_before=registration.not_before
    ).update(not_before=now + _between_look_ups())
    if not held:
        return True
    attempt = turn.open(registration, _K.LOOK_UP, now=now)
    crash_point("register.held")
    wanted = registering.to_register(registration)
    turn.calls.last = None
    try:
        there = turn.target.find_payment(wanted)
        strange = []
        if there is None and registration.empty_look_ups + 1 >= _LOOK_UPS_THAT_PROVE:
            strange = restoring.find_unknown_vouchers(turn.target, wanted, now=now)
    except NotAuthorized as failure:
        turn.close(attempt, failure.code(), detail=failure.detail)
        return False
    except ConnectorError as failure:
        turn.close(attempt, failure.code(), detail=failure.detail)
        return _still_unknown(turn, registration, failure)
    crash_point("register.asked")
    now = turn.clock()
    if strange:
        turn.close(attempt, "several")
        vouchers = ", ".join(entry.voucher_number for entry in strange)
        other = refusals.OtherSinceTheBackup(vouchers=vouchers)
        registration.become(_S.NEEDS_PERSON, now=now, **why(other, now))
    elif there is None:
        turn.close(attempt, "not_found")
        _not_found(registration, now=now)
    elif there.amount != wanted.amount:
        turn.close(attempt, "differs")
        differs = refusals.OtherAmount(theirs=str(there.amount), ours=str(wanted.amount))
        registration.become(_S.NEEDS_PERSON, now=now, **why(differs, now))
    else:
        turn.close(attempt, "ok")
        registering.note_registered(turn, registration, there)
    return True


def _not_found(registration: Registration, *, now: datetime) -> None:
    empty = registration.empty_look_ups + 1
    if empty >= _LOOK_UPS_THAT_PROVE:
        registration.become(_S.READY, now=now, not_before=now, empty_look_ups=0, **NO_FAILURE)
        return
    Registration.objects.filter(pk=registration.pk, state=_S.UNKNOWN).update(
        empty_look_ups=empty, not_before=now + _between_look_ups()
    )


def _still_unknown(turn: Turn, registration: Registration, failure: ConnectorError) -> bool:
    now, failures = turn.clock(), registration.failures + 1
    if failures >= _MOST_LOOK_UPS_THAT_FAIL and not isinstance(failure, Unavailable):
        unsolved = refusals.StillUnknown(reference=registration.reference, detail=failure.detail)
        registration.become(_S.NEEDS_PERSON, now=now, **why(unsolved, now))
        return True
    wait = timedelta(seconds=min(5 * 2 ** min(failures, 6), 300))
    if isinstance(failure, Unavailable) and failure.retry_after:
        wait = timedelta(seconds=failure.retry_after)
        turn.pause(until=now + wait)
    Registration.objects.filter(pk=registration.pk, state=_S.UNKNOWN).update(
        failures=min(failures, 20), not_before=now + wait
    )
    return not isinstance(failure, Unavailable)
