"""
The crash points of the work: every place at which a process may die, by name.

Between two crash points there is one step: a commit, a call to a vendor, or a message. A drill
names one in the environment of a process, which then kills itself there as a power cut would
(`tests/recovery`, `tests/torture`). Everywhere else `crash_point` does nothing, and where
`HUB_SANDBOX` is off it cannot do anything.
"""

import os
import signal
from functools import cache
from itertools import count

from django.conf import settings

CRASH_POINTS: dict[str, str] = {
    # --- web: a person presses Send
    "press.begun": "nothing is written",
    "press.written": "the rows are written, nothing is committed",
    "press.committed": "the press is committed, nobody is told",
    "press.told": "a worker is told, the person has no answer yet",
    # --- worker: the check against the ledger
    "prepare.after_lease": "the journal is leased, the ledger is not asked",
    "prepare.asked": "the ledger's facts are here, nothing is frozen",
    "prepare.frozen": "what will be posted is committed, nobody is told",
    # --- worker: it starts, or its clock jumped: the ledgers are asked first
    "gap.noted": "that the ledgers are to be asked is committed, none was asked",
    "proof.asked": "the ledger was listed before the first sending, nothing is stored",
    "proof.statement": "the target's statement is here, nothing is stored",
    "proof.stored": "that the ledger was asked is committed, nothing is sent",
    "proof.stopped": "the ledger holds what is unknown here: the stop is committed",
    # --- worker: a new token
    "refresh.asked": "that it asks is committed, the identity service is not asked",
    "refresh.after_call": "the new tokens are here, the old ones are used up, nothing is stored",
    "refresh.stored": "the new tokens are committed, the lease is not given back",
    # --- worker: claim, call, store
    "deliver.after_lease": "the vendor company is leased, no batch is claimed",
    "deliver.after_claim": "claim and attempt are committed, no call is made",
    "deliver.after_call": "the vendor has answered with a number, nothing is stored",
    "deliver.after_failure": "the call ended without a number, nothing is stored",
    "deliver.after_unknown": "the doubt is committed, the ledger is not asked",
    "deliver.stored": "the number is committed, the batch is not read back",
    # --- worker: proof
    "prove.read": "the batch was read back, nothing is stored",
    "prove.posted": "posted is committed, the lease is not given back",
    "look_up.after_claim": "the unknown batch is claimed, the ledger is not asked",
    "look_up.asked": "the ledger has answered, nothing is stored",
    "look_up.recorded": "what the look-up found is committed",
    "release.asked": "the vendor was asked to release, nothing is stored",
    "release.recorded": "what came of the release is committed",
    # --- web: a person presses Fetch
    "ask.begun": "nothing is written",
    "ask.written": "the run is written, nothing is committed",
    "ask.committed": "the run is committed, nobody is told",
    "ask.told": "a worker is told, the person has no answer yet",
    # --- worker: payments are fetched
    "fetch.after_claim": "the run is claimed, nothing is asked",
    "fetch.read": "a page is here, nothing of it is stored",
    "fetch.stored": "the page, what it matched and where the next begins are committed",
    "fetch.ended": "the run is over, how far it has read is not recorded",
    "fetch.recorded": "how far it has read is recorded, nobody is told",
    # --- worker: payments are registered, taken back, marked
    "register.after_claim": "claim and attempt are committed, no call is made",
    "register.after_call": "the target has answered with a number, nothing is stored",
    "register.after_failure": "the call ended without a number, nothing is stored",
    "register.after_unknown": "the doubt is committed, the target is not asked",
    "register.held": "the unknown payment is held, the target is not asked",
    "register.asked": "the target has said whether it holds the payment, nothing is stored",
    "register.stored": "the number is committed, the payment is not marked",
    "reverse.after_claim": "claim and attempt are committed, no call is made",
    "reverse.after_call": "the target has nulled the payment, nothing is stored",
    "reverse.stored": "that it is nulled is committed, nothing that waited for it is sent",
    "mark.after_call": "the source has the marks, nothing is stored",
    "mark.stored": "the marks are committed, the lease is not given back",
    # --- worker: time is denied in the target
    "block.noted": "what the hub is about to deny is committed, the target is not told",
    "block.denied": "the target denies time, nothing is stored",
    # --- worker: what a person waits for
    "background_request.after_claim": "the request is claimed, nothing is done",
    "background_request.done": "it is done, its answer is not stored",
    "background_request.stored": "the answer is committed",
    # --- worker: finding what was left behind
    "sweep.begun": "nothing was looked for",
    "recover.found": "claims of dead workers are found, none is turned into a question",
    "recover.marked": "one dead claim is a question now, others may be left",
    "recover.registration": "one dead registration is a question now, others may be left",
    "sweep.enqueued": "the rows are marked as enqueued, no message is sent",
    # --- worker: periodic work
    "schedule.due": "periodic work is due, nobody is told",
    "schedule.published": "a worker is told, that it was is not recorded",
}
"""Each with what is and is not done when a process dies there."""


def crash_point(name: str) -> None:
    """Die here if this process was told to, by `HUB_DIE_AT=name` or `name:n` (the n-th time)."""
    if _told() is None:
        return
    _die_if_due(name)


@cache
def _told() -> tuple[str, int] | None:
    wanted = os.environ.get("HUB_DIE_AT", "") if settings.HUB_SANDBOX else ""
    if not wanted:
        return None
    name, _, times = wanted.partition(":")
    if name not in CRASH_POINTS:
        raise ValueError(f"HUB_DIE_AT: no crash point is named {name!r}")
    return name, int(times or 1)


_seen = count(1)


def _die_if_due(name: str) -> None:
    told = _told()
    if told and told[0] == name and next(_seen) >= told[1]:
        os.kill(os.getpid(), signal.SIGKILL)
