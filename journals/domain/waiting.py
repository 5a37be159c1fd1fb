"""What a batch waits for. Waiting has a named cause, and when that ends the batch is due."""

from enum import StrEnum

from connectors.errors import ConnectorError, NotAuthorized, RateLimited, Unavailable
from connectors.words import gettext_noop as _
from journals.domain import refusals


class Cause(StrEnum):
    """
    Why a batch is not taken now.

    An answer of the vendor ends `VENDOR`, a sign-in ends `SIGN_IN` and `VENDOR`, a reading of
    the ledger in which a period was opened ends `PERIOD`; the others end at a time.
    """

    SIGN_IN = "sign_in"
    VENDOR = "vendor"
    LIMIT = "limit"
    PERIOD = "period"
    LOOK_UP = "look_up"


CAUSE_WORDS = {
    Cause.SIGN_IN: _("Waits until someone has signed in to the account; then it goes by itself."),
    Cause.VENDOR: _("Waits for the vendor to answer again; then it goes by itself."),
    Cause.LIMIT: _("The vendor has asked the hub to wait; then it goes by itself."),
    Cause.PERIOD: _("Waits until the period is opened; the ledger is asked from time to time."),
    Cause.LOOK_UP: _("The ledger is asked whether it has the batch before anything is sent."),
}

CAN_BE_HURRIED = frozenset({Cause.SIGN_IN, Cause.VENDOR})
"""What a person may try at once: no rule asks for the wait."""


def cause_of(failure: ConnectorError) -> Cause | None:
    """Return what has to end before the same call can succeed, or None if nothing will do."""
    match failure:
        case refusals.NotConnected() | NotAuthorized():
            return Cause.SIGN_IN
        case RateLimited():
            return Cause.LIMIT
        case Unavailable():
            return Cause.LIMIT if failure.retry_after else Cause.VENDOR
        case refusals.PeriodNotOpen():
            return Cause.PERIOD
        case _:
            return None
