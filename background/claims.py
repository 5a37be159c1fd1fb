"""
Who is working: names for claims and leases, and which of them this process still works under.

A claim lives for a short while, so that the work of a killed process is taken up soon; while
the work goes on, the process extends it (`background.renewing`).
"""

import os
import socket
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:  # the name is wanted before Django's models can be
    pass

_lock = threading.Lock()
_live: dict[int, dict[str, float]] = defaultdict(dict)
"""The names of each thread, and until when what is claimed under them surely lives."""
extended = threading.Event()
"""Set while this process extends what it works under, as a worker does."""


@lru_cache(maxsize=4)
def _process_name(pid: int) -> str:
    return f"{socket.gethostname()[:24]}:{pid}:{uuid.uuid4().hex[:8]}"


def process_name() -> str:
    """Return a name of this process that no other process, before or after, has."""
    return _process_name(os.getpid())


def new_owner() -> str:
    """Return a name for one claim; it starts with the name of the process."""
    owner = f"{process_name()}:{uuid.uuid4().hex[:12]}"
    with _lock:
        _live[threading.get_ident()][owner] = time.time() + lease_seconds()
    return owner


def live_owners() -> list[str]:
    """Return the names under which threads of this process are working now."""
    with _lock:
        return [owner for owners in _live.values() for owner in owners]


def note_extended(owners: Iterable[str], *, at: float) -> None:
    """
    Note that all that is claimed under these names was extended at that moment.

    Not what had lapsed by then: another worker may have taken it up, and that cannot be undone.
    """
    wanted = set(owners)
    with _lock:
        for names in _live.values():
            for owner in wanted.intersection(names):
                if names[owner] >= at:
                    names[owner] = at + lease_seconds()


def have_lapsed() -> bool:
    """
    Return whether the present thread stood still for longer than what it claimed lives.

    A machine may be suspended between a claim and the call that it is for. By the time it wakes,
    another worker may have asked the ledger twice, and sent the batch.
    """
    if not extended.is_set():
        return False
    now = time.time()
    with _lock:
        return any(until < now for until in _live.get(threading.get_ident(), {}).values())


def forget_owners() -> None:
    """
    End all work of the present thread, well or badly: its claims are no longer extended.

    A worker says so after every task, so that a claim left behind by a failure expires.
    """
    with _lock:
        _live.pop(threading.get_ident(), None)


def lease_seconds() -> float:
    """Return how long a claim lives without being extended."""
    seconds: float = settings.HUB_LEASE_SECONDS
    return seconds
