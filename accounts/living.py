"""
Whether this is the one living installation: rules over plain values. No Django, no clock.

See `accounts.operations.hosts` and `accounts.operations.continuity`.
"""

import hashlib
from dataclasses import dataclass

JUMP_SECONDS = 30.0
"""Clocks drift and are set right by less than this."""
STILL_SECONDS = 180.0
"""A worker looks every few seconds; one that did not for so long stood still."""

START, CLOCK, STILL, CONFIRMED = "start", "clock", "still", "confirmed"
"""Why it is not certain that this database was the last to send."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """
    Where a process of the hub runs.

    :param installation_id: what the operator calls this host; empty: nothing
    :param machine_id: of the operating system, or what comes nearest to it
    :param place: the database's address, or the folder and file of an embedded one
    :param boot: changes whenever the machine starts
    :param hardware: network address and name; other ones under the same id are those of a clone
    """

    installation_id: str
    machine_id: str
    place: str
    name: str
    boot: str = ""
    hardware: str = ""

    @property
    def identity(self) -> str:
        """Return what tells this host from others."""
        parts = (
            ("named", self.installation_id)
            if self.installation_id
            else ("found", self.machine_id, self.place)
        )
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Clocks:
    """Both clocks of a machine, read together."""

    wall: float
    monotonic: float


def broken_between(before: Clocks, now: Clocks) -> str:
    """
    Return why nobody can say what happened between the two looks; nothing if it is certain.

    The wall clock that moved otherwise than the monotonic one was set, or the machine was
    suspended or put back to a snapshot. A long pause between looks is one of the process.
    """
    passed = now.monotonic - before.monotonic
    if abs((now.wall - before.wall) - passed) > JUMP_SECONDS:
        return CLOCK
    return STILL if passed > STILL_SECONDS else ""


def looks_like_a_clone(known: str, seen: str) -> bool:
    """Return whether the same host has another network address or name than it had."""
    return bool(known) and bool(seen) and known != seen
