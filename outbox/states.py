r"""
The states that everything passes through which is sent exactly once, and their changes.

    ready -> sending -> delivered            the app says what that is: posted, registered
      ^        | | \--> postponed -> sending
      |        | \----> rejected -> ready    a person corrects it
      \-------- unknown <-- unclear answer, or a claim older than its lease
                   \----> needs_person

An app adds its own states with `machine`; it cannot take one of these changes away.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum


class State(StrEnum):
    """How far something is on its way to a vendor."""

    READY = "ready"
    SENDING = "sending"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    NEEDS_PERSON = "needs_person"


Machine = Mapping[str, frozenset[str]]

TRANSITIONS: Machine = {
    State.READY: frozenset({State.SENDING, State.UNKNOWN, State.REJECTED, State.NEEDS_PERSON}),
    State.SENDING: frozenset({State.READY, State.UNKNOWN, State.REJECTED, State.NEEDS_PERSON}),
    State.UNKNOWN: frozenset({State.READY, State.NEEDS_PERSON}),
    State.REJECTED: frozenset({State.READY}),
    State.NEEDS_PERSON: frozenset({State.READY}),
}


def machine(own: Mapping[str, Iterable[str]]) -> Machine:
    """Return the whole table of an app: the outbox's changes and its own."""
    states = [*TRANSITIONS, *(state for state in own if state not in TRANSITIONS)]
    return {
        state: TRANSITIONS.get(state, frozenset()) | frozenset(own.get(state, ()))
        for state in states
    }
