"""
Where the registration of a payment in the target stands.

    ready --claim--> sending --> registered --> to_reverse --> reversing --> reversed
      ^                 | |
      |   not there     | +----> rejected       a person corrects, then ready
      +---- unknown <---+

What a person may have registered in the target by hand needs a person before it is sent; so does
what the hub itself fails over, and what the target gave the number of to another payment. After a
restore of the database what is ready becomes unknown before it is sent.
"""

from collections.abc import Mapping
from enum import StrEnum


class RegistrationState(StrEnum):
    """Where a registration stands."""

    READY = "ready"
    SENDING = "sending"
    REGISTERED = "registered"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    NEEDS_PERSON = "needs_person"
    WITHDRAWN = "withdrawn"
    TO_REVERSE = "to_reverse"
    REVERSING = "reversing"
    REVERSED = "reversed"


_S = RegistrationState
VALID_TRANSITIONS: Mapping[RegistrationState, frozenset[RegistrationState]] = {
    _S.READY: frozenset({_S.SENDING, _S.UNKNOWN, _S.REJECTED, _S.WITHDRAWN, _S.NEEDS_PERSON}),
    _S.SENDING: frozenset({_S.READY, _S.REGISTERED, _S.UNKNOWN, _S.REJECTED, _S.NEEDS_PERSON}),
    _S.UNKNOWN: frozenset({_S.READY, _S.REGISTERED, _S.NEEDS_PERSON}),
    _S.REJECTED: frozenset({_S.READY, _S.WITHDRAWN}),
    _S.REGISTERED: frozenset({_S.TO_REVERSE, _S.NEEDS_PERSON}),
    _S.TO_REVERSE: frozenset({_S.REVERSING, _S.NEEDS_PERSON}),
    _S.REVERSING: frozenset({_S.REVERSED, _S.TO_REVERSE, _S.NEEDS_PERSON}),
    _S.NEEDS_PERSON: frozenset({_S.READY, _S.REGISTERED, _S.TO_REVERSE, _S.REVERSED, _S.WITHDRAWN}),
    _S.WITHDRAWN: frozenset(),
    _S.REVERSED: frozenset(),
}
