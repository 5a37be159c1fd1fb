"""
Where the registration of a payment in the target stands.

    ready --claim--> sending --> registered --> to_reverse --> reversing --> reversed
      ^                 | |
      |   not there     | +----> rejected       a person corrects, then ready
      +---- unknown <---+

What a person may have registered in the target by hand needs a decision before it is sent; so does
what the hub itself fails over, and what the target gave the number of to another payment. After a
restore of the database what is ready becomes unknown before it is sent. What was taken off its
invoice, and a person says is not there, becomes unknown too: the target is asked for it.
"""

from enum import StrEnum

from outbox.states import machine


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
VALID_TRANSITIONS = machine(
    {
        _S.READY: {_S.WITHDRAWN},
        _S.SENDING: {_S.REGISTERED},
        _S.UNKNOWN: {_S.REGISTERED, _S.TO_REVERSE, _S.REVERSED},
        _S.REJECTED: {_S.WITHDRAWN},
        _S.REGISTERED: {_S.TO_REVERSE, _S.NEEDS_PERSON},
        _S.TO_REVERSE: {_S.REVERSING, _S.NEEDS_PERSON},
        _S.REVERSING: {_S.REVERSED, _S.TO_REVERSE, _S.NEEDS_PERSON},
        _S.NEEDS_PERSON: {
            *(_S.REGISTERED, _S.TO_REVERSE, _S.REVERSED, _S.WITHDRAWN, _S.UNKNOWN),
        },
        _S.WITHDRAWN: (),
        _S.REVERSED: (),
    }
)
