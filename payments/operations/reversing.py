"""What a person took off its invoice is taken back in the target."""

from datetime import datetime, timedelta

from django.db import transaction

from background import claims
from background.crash_points import crash_point
from background.failures import NO_FAILURE, why
from connectors.errors import (
    BadAnswer,
    ConnectorError,
    NotAuthorized,
    OutcomeUnknown,
    Unavailable,
)
from payments.domain import refusals
from payments.domain.states import RegistrationState
from payments.models import Registration, RegistrationAttempt
from payments.operations.turns import Turn

_S = RegistrationState
_K = RegistrationAttempt.Kind
_MOST_DOUBTFUL_ANSWERS = 12
_BY_HAND = "by-hand-"


def by_hand(registration: Registration) -> str:
    """Return what is kept for the id of a voucher of which a person said that it is there."""
    return f"{_BY_HAND}{registration.pk}"


def is_by_hand(registration: Registration) -> bool:
    """Say whether the hub does not know the voucher, so that only a person can take it back."""
    return not registration.target_id or registration.target_id.startswith(_BY_HAND)


def reverse(turn: Turn, registration: Registration) -> bool:
    """Null a payment that a person took off its invoice; safe to repeat at the target."""
    now = turn.clock()
    if is_by_hand(registration):
        unknown = refusals.TakeBackByHand(payment=str(registration.payment))
        registration.become(_S.NEEDS_PERSON, now=now, **why(unknown, now))
        return True
    with transaction.atomic():
        mine = Registration.objects.claim(
            registration.pk,
            old=_S.TO_REVERSE,
            new=_S.REVERSING,
            owner=turn.owner,
            now=now,
            lease_seconds=claims.lease_seconds(),
        )
        if mine is None:
            return True
        attempt = turn.open(mine, _K.REVERSE, now=now)
    crash_point("reverse.after_claim")
    turn.calls.last = None
    try:
        turn.target.reverse_payment(mine.target_id)
    except ConnectorError as failure:
        now = turn.clock()
        turn.close(attempt, failure.code(), detail=failure.detail)
        return _not_reversed(turn, mine, failure, now=now)
    crash_point("reverse.after_call")
    turn.close(attempt, "ok")
    mine.become(_S.REVERSED, now=turn.clock(), failures=0, **NO_FAILURE)
    turn.balances.note(mine, is_registered=False)
    crash_point("reverse.stored")
    return True


def _not_reversed(
    turn: Turn, mine: Registration, failure: ConnectorError, *, now: datetime
) -> bool:
    """
    Let it be tried again, or let a person look; say whether the turn may go on.

    Until one of them has an end, nothing else of the payment is sent.
    """
    lasting = isinstance(failure, Unavailable | NotAuthorized)
    unknown = isinstance(failure, OutcomeUnknown | BadAnswer)
    if not lasting and not (unknown and mine.failures < _MOST_DOUBTFUL_ANSWERS):
        mine.become(_S.NEEDS_PERSON, now=now, failures=0, **why(failure, now))
        return True
    wait = timedelta(seconds=failure.retry_after or min(5 * 2 ** min(mine.failures, 8), 900))
    mine.become(
        _S.TO_REVERSE,
        now=now,
        not_before=now + wait,
        failures=min(mine.failures + 1, 20),
        **why(failure, now),
    )
    if isinstance(failure, Unavailable) and failure.retry_after:
        turn.pause(until=now + wait)
    # A right that is missing for this one call stops nothing else.
    return unknown or (isinstance(failure, NotAuthorized) and turn.is_authorised())
