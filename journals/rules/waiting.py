"""What a batch waits for. Waiting has a named cause, and when that ends the batch is due."""

from connectors.errors import ConnectorError
from connectors.words import gettext_noop as _
from journals.rules import refusals
from journals.rules.states import BatchState
from outbox import waiting
from outbox.waiting import Cause

CAUSE_WORDS = {
    Cause.SIGN_IN: _(
        "Waits until someone has signed in to the account; it is then sent automatically."
    ),
    Cause.VENDOR: _("Waits for the vendor to answer again; it is then sent automatically."),
    Cause.LIMIT: _("The vendor has asked the hub to wait; it is then sent automatically."),
    Cause.PERIOD: _(
        "Waits until the period is opened; the hub checks the ledger from time to time."
    ),
    Cause.LOOK_UP: _("The hub checks whether the batch is in the ledger before anything is sent."),
}

WAIT_LABELS = {
    Cause.SIGN_IN: _("Waiting for a sign-in"),
    Cause.VENDOR: _("Waiting for the ledger"),
    Cause.LIMIT: _("Waiting for the ledger"),
}
"""What stands in place of a state that says only that something is under way."""

_S = BatchState
NEEDS_ACCESS = frozenset({_S.READY, _S.POSTPONED, _S.HELD, _S.UNKNOWN, _S.ACCEPTED})
"""What only somebody who is let into the ledger can take further."""


def cause_now(state: BatchState, *, stored: str, has_access: bool) -> Cause | None:
    """Return what a batch waits for now; an account may have expired since that was written."""
    if state in NEEDS_ACCESS and not has_access:
        return Cause.SIGN_IN
    return Cause(stored) if stored else None


def can_be_hurried(state: BatchState, cause: Cause | None, *, empty_look_ups: int) -> bool:
    """
    Return whether a person may have it tried at once: no rule asks for the wait.

    A vendor that asks the hub to wait is not asked earlier. Nor is the ledger a second time
    about an unknown outcome: two look-ups that find nothing count only an interval apart.
    """
    if cause is Cause.LOOK_UP:
        return state is _S.UNKNOWN and not empty_look_ups
    return cause in (Cause.SIGN_IN, Cause.VENDOR, Cause.PERIOD)


def cause_of(failure: ConnectorError) -> Cause | None:
    """Return what has to end before the same call can succeed, or None if nothing will do."""
    match failure:
        case refusals.NotConnected():
            return Cause.SIGN_IN
        case refusals.PeriodNotOpen():
            return Cause.PERIOD
        case _:
            return waiting.cause_of(failure)
