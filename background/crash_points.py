"""
The crash points of the work: every place at which a process may die, by name.

Between two crash points there is one step: a commit, a call to a vendor, or a message. A drill
names one in the environment of a process, which then kills itself there as a power cut would
(`tests/recovery`, `tests/torture`). Everywhere else `crash_point` does nothing, and where
`HUB_SANDBOX` is off it cannot do anything.
"""

import os
import signal
from collections.abc import Mapping
from functools import cache
from itertools import count

from django.conf import settings

CRASH_POINTS: dict[str, str] = {
    "background_request.after_claim": "the request is claimed, nothing is done",
    "background_request.done": "it is done, its answer is not stored",
    "background_request.stored": "the answer is committed",
    "sweep.begun": "nothing was looked for",
    "sweep.enqueued": "the rows are marked as enqueued, no message is sent",
    "schedule.due": "periodic work is due, no worker is notified",
    "schedule.published": "a worker is notified, that it was is not recorded",
}
"""Each with what is and is not done when a process dies there; apps register those of their own."""


def register(points: Mapping[str, str]) -> None:
    """
    Add the crash points of an app.

    :raises ValueError: if two apps give the same name
    """
    for name, words in points.items():
        if CRASH_POINTS.setdefault(name, words) != words:
            raise ValueError(f"the crash point {name!r} is registered already")


def crash_point(name: str) -> None:
    """Die here if `HUB_DIE_AT` says so, as `name` or `name:n` (the n-th time)."""
    if _crash_ordered() is None:
        return
    _die_if_due(name)


@cache
def _crash_ordered() -> tuple[str, int] | None:
    wanted = os.environ.get("HUB_DIE_AT", "") if settings.HUB_SANDBOX else ""
    if not wanted:
        return None
    name, _, times = wanted.partition(":")
    if name not in CRASH_POINTS:
        raise ValueError(f"HUB_DIE_AT: no crash point is named {name!r}")
    return name, int(times or 1)


_seen = count(1)


def _die_if_due(name: str) -> None:
    ordered = _crash_ordered()
    if ordered and ordered[0] == name and next(_seen) >= ordered[1]:
        os.kill(os.getpid(), signal.SIGKILL)
