"""
The states of a batch and every change between them that is allowed.

    draft -> ready -> sending -> accepted -> posted -> released
               ^        | | | \\-> rejected -> ready | draft
               |        | | \\--> postponed -> sending | draft
               |        | \\----> held -> ready | draft
               \\- not stored - unknown <-- unknown answer, or a claim older than its lease
                                 \\-----> needs_person

    ready | postponed -> unknown                           it may be there from before a restore
    posted | released -> reversed                          its mirror is in the ledger, proven
    posted | released -> needs_person                      its number is now another batch's
    needs_person -> reversed                               a person deleted it there on purpose
    draft | held | rejected | needs_person <-> closed      a person booked it by hand
    draft | ready | postponed | held | rejected -> booked_before -> draft
                                                           booked before the hub went live (B17)
"""

from enum import StrEnum

from connectors.words import gettext_noop as _
from outbox.states import machine


class BatchState(StrEnum):
    """How far a batch is on its way into the ledger."""

    DRAFT = "draft"
    READY = "ready"
    SENDING = "sending"
    UNKNOWN = "unknown"
    POSTPONED = "postponed"
    HELD = "held"
    ACCEPTED = "accepted"
    POSTED = "posted"
    RELEASED = "released"
    REJECTED = "rejected"
    NEEDS_PERSON = "needs_person"
    REVERSED = "reversed"
    CLOSED = "closed"
    BOOKED_BEFORE = "booked_before"


STATE_WORDS = {
    BatchState.DRAFT: _("Not sent"),
    BatchState.READY: _("Queued"),
    BatchState.SENDING: _("Sending"),
    BatchState.UNKNOWN: _("Outcome unknown"),
    BatchState.POSTPONED: _("Postponed"),
    BatchState.HELD: _("Waiting for an open period"),
    BatchState.ACCEPTED: _("Accepted, awaiting proof"),
    BatchState.POSTED: _("Posted"),
    BatchState.RELEASED: _("Released"),
    BatchState.REJECTED: _("Rejected"),
    BatchState.NEEDS_PERSON: _("Needs a decision"),
    BatchState.REVERSED: _("Reversed"),
    BatchState.CLOSED: _("Closed by hand"),
    BatchState.BOOKED_BEFORE: _("Booked before the hub"),
}

_S = BatchState
VALID_TRANSITIONS = machine(
    {
        _S.DRAFT: {_S.READY, _S.CLOSED, _S.BOOKED_BEFORE},
        _S.READY: {_S.HELD, _S.DRAFT, _S.BOOKED_BEFORE},
        _S.SENDING: {_S.ACCEPTED, _S.POSTPONED},
        _S.UNKNOWN: {_S.ACCEPTED},
        _S.POSTPONED: {
            *(_S.SENDING, _S.UNKNOWN, _S.REJECTED, _S.HELD, _S.DRAFT, _S.NEEDS_PERSON),
            _S.BOOKED_BEFORE,
        },
        _S.HELD: {_S.READY, _S.REJECTED, _S.DRAFT, _S.CLOSED, _S.BOOKED_BEFORE},
        _S.ACCEPTED: {_S.POSTED, _S.NEEDS_PERSON},
        _S.POSTED: {_S.RELEASED, _S.REVERSED, _S.NEEDS_PERSON},
        _S.RELEASED: {_S.REVERSED, _S.NEEDS_PERSON},
        _S.REJECTED: {_S.DRAFT, _S.CLOSED, _S.BOOKED_BEFORE},
        _S.NEEDS_PERSON: {_S.ACCEPTED, _S.REJECTED, _S.CLOSED, _S.REVERSED},
        _S.REVERSED: (),
        _S.CLOSED: {_S.DRAFT, _S.HELD, _S.REJECTED, _S.NEEDS_PERSON},
        _S.BOOKED_BEFORE: {_S.DRAFT},
    }
)

PROVEN = frozenset({_S.POSTED, _S.RELEASED})
"""The batch is in the ledger: number stored, read back, equal."""

BOOKED_ELSEWHERE = frozenset({_S.CLOSED, _S.BOOKED_BEFORE})
"""It is in the ledger, or is to be, without the hub."""

DONE = PROVEN | BOOKED_ELSEWHERE
"""Nothing is left to do: the hub, a person or what was there before the hub has booked it."""

MAY_BE_QUEUED = frozenset({_S.DRAFT, _S.REJECTED, _S.HELD})
"""Send puts it into the queue."""

MAY_BE_CLOSED = frozenset(old for old, new in VALID_TRANSITIONS.items() if _S.CLOSED in new)
MAY_BE_BOOKED_BEFORE = frozenset(
    old for old, new in VALID_TRANSITIONS.items() if _S.BOOKED_BEFORE in new
)
MAY_BE_REVERSED = PROVEN

HOLDS_ITS_NUMBER = PROVEN | {_S.ACCEPTED}
"""The number that the vendor gave is this batch's and no other's, as far as the hub knows."""

IN_LEDGER = PROVEN | {_S.ACCEPTED, _S.REVERSED}
MAY_BE_IN_LEDGER = IN_LEDGER | BOOKED_ELSEWHERE | {_S.SENDING, _S.UNKNOWN, _S.NEEDS_PERSON}
NOT_SENT = frozenset({_S.DRAFT, _S.READY, _S.POSTPONED, _S.HELD, _S.REJECTED})


def journal_state(states: list[BatchState], *, checking: bool = False) -> str:
    """
    Return the state of a journal from those of its batches: what a person must see first.

    A batch that was reversed does not count beside others.

    :param checking: Send was pressed and the check against the ledger is not finished
    """
    present = set(states) - {_S.REVERSED}
    if states and not present:
        return "reversed"
    if _S.NEEDS_PERSON in present:
        return "needs_person"
    if _S.UNKNOWN in present:
        return "unknown"
    if _S.REJECTED in present:
        return "stopped"
    if checking and present & {_S.READY}:
        return "checking"
    if present & {_S.READY, _S.SENDING, _S.POSTPONED, _S.ACCEPTED}:
        return "sending"
    if _S.HELD in present:
        return "held"
    if present == {_S.BOOKED_BEFORE}:
        return "booked_before"
    if present and present <= BOOKED_ELSEWHERE:
        return "closed"
    if present and present <= DONE:
        return "sent"
    return "imported"
