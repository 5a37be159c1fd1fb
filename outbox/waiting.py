"""What something waits for. Waiting has a named cause, and when that ends the item is due."""

from enum import StrEnum

from connectors.errors import ConnectorError, NotAuthorized, RateLimited, Unavailable


class Cause(StrEnum):
    """
    Why an item is not taken now.

    An answer of the vendor ends `VENDOR`, a sign-in ends `SIGN_IN` and `VENDOR`, the opening of
    what is closed there ends `PERIOD`; the others end at a time.
    """

    SIGN_IN = "sign_in"
    VENDOR = "vendor"
    LIMIT = "limit"
    PERIOD = "period"
    LOOK_UP = "look_up"


def cause_of(failure: ConnectorError) -> Cause | None:
    """Return what has to end before the same call can succeed, or None if nothing will do."""
    match failure:
        case NotAuthorized():
            return Cause.SIGN_IN
        case RateLimited():
            return Cause.LIMIT
        case Unavailable():
            return Cause.LIMIT if failure.retry_after else Cause.VENDOR
        case _:
            return None
