"""What the outbox adds to the apps below it: its crash points."""

from background import crash_points

_CRASH_POINTS = {
    "deliver.after_lease": "the vendor company is leased, nothing is claimed",
    "deliver.after_claim": "claim and attempt are committed, no call is made",
    "deliver.after_call": "the vendor has answered with a number, nothing is stored",
    "deliver.after_failure": "the call ended without a number, nothing is stored",
    "deliver.after_unknown": "what came of it is committed, the vendor is not asked",
    "deliver.stored": "the number is committed, nothing is read back",
    "look_up.after_claim": "what is unknown is claimed, the vendor is not asked",
    "look_up.asked": "the vendor has said whether it is there, nothing is stored",
    "look_up.recorded": "what the look-up found is committed",
    "proof.asked": "the ledger was asked before the first sending, nothing is stored",
    "recover.found": "claims of dead workers are found, none is turned into a question",
    "recover.marked": "one dead claim is a question now, others may be left",
}


def register() -> None:
    """Register it all; called once, when the app is ready."""
    crash_points.register(_CRASH_POINTS)
