"""What is not (yet) in the target as it stands here, and whose turn it is."""

from collections.abc import Mapping
from enum import StrEnum

from payments.rules.states import RegistrationState

_S = RegistrationState


class Standing(StrEnum):
    """Why a registration is not where it should be; the first ones wait for a person."""

    REFUSED = "refused"
    NEEDS_PERSON = "needs_person"
    SIGN_IN = "sign_in"
    UNKNOWN = "unknown"
    WAITING = "waiting"


STATES: Mapping[Standing, tuple[RegistrationState, ...]] = {
    Standing.REFUSED: (_S.REJECTED,),
    Standing.NEEDS_PERSON: (_S.NEEDS_PERSON,),
    Standing.UNKNOWN: (_S.UNKNOWN,),
    Standing.WAITING: (_S.READY, _S.SENDING, _S.TO_REVERSE, _S.REVERSING),
}
WAITS_FOR_A_PERSON = (Standing.REFUSED, Standing.NEEDS_PERSON)


def standing_of(state: RegistrationState) -> Standing | None:
    """Return the class of a state; None where all is as it should be."""
    return next((one for one, states in STATES.items() if state in states), None)
