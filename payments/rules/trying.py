"""What a person may try at once, since no rule asks for the wait."""

from datetime import datetime, timedelta

from payments.rules.states import RegistrationState

_S = RegistrationState
NEEDS_ACCESS = frozenset({_S.READY, _S.UNKNOWN, _S.TO_REVERSE})
"""What only somebody who is let into the target can take further."""
SAYS_LESS = frozenset({_S.READY, _S.TO_REVERSE})
"""States that say less than that somebody must sign in."""
ASKED_TO_WAIT = frozenset({"RateLimited", "TargetAskedFirst"})
"""Failures after which it is not tried earlier: the vendor, or the rule of B18, says until when."""
_CALL_HAS_ENDED = timedelta(seconds=3)


def may_try_now(
    state: RegistrationState,
    *,
    not_before: datetime,
    state_at: datetime,
    failure_code: str,
    empty_look_ups: int,
    now: datetime,
) -> bool:
    """
    Return whether a registration that waits may be taken at once.

    An unknown outcome is not asked about a second time before its hour: two look-ups that find
    nothing prove something only an interval apart, and the first begins when the call has ended.
    """
    if state not in NEEDS_ACCESS or not_before <= now or failure_code in ASKED_TO_WAIT:
        return False
    if state is _S.UNKNOWN:
        return not empty_look_ups and now - state_at >= _CALL_HAS_ENDED
    return True
