"""The row of one call: a write's is there before the call, a read's comes with what it found."""

from datetime import datetime

from accounts.models.compare_and_set import compare_and_set
from accounts.models.prepared import insert
from accounts.operations import calls as kept
from journals.models import Attempt, Batch


class Calls(kept.Calls):
    """Remembers what the connector said of its last request, and whether the vendor is away."""

    vendor_is_away = False
    """A call was refused or not made for now: what else waits for this vendor can wait."""


def open_attempt(batch: Batch, kind: str, *, owner: str, now: datetime) -> Attempt:
    """Write down that a call is about to be made. Accounts and amounts of lines stay out."""
    attempt = _attempt(batch, kind, owner=owner, started_at=now)
    insert(attempt)
    return attempt


def close_attempt(
    attempt: Attempt, outcome: str, calls: Calls, *, now: datetime, detail: str = ""
) -> None:
    """Complete an attempt with what came of it and what the vendor said of the request."""
    compare_and_set(attempt, expect={}, changes=calls.as_columns(outcome, now=now, detail=detail))


def record_read(
    batch: Batch,
    outcome: str,
    calls: Calls,
    *,
    owner: str,
    started_at: datetime,
    now: datetime,
    detail: str = "",
) -> None:
    """Write down a read-back that was made. It changed nothing, so nothing went before it."""
    attempt = _attempt(batch, Attempt.Kind.READ_BACK, owner=owner, started_at=started_at)
    for name, value in calls.as_columns(outcome, now=now, detail=detail).items():
        setattr(attempt, name, value)
    insert(attempt)


def _attempt(batch: Batch, kind: str, *, owner: str, started_at: datetime) -> Attempt:
    return Attempt(
        organisation_id=batch.organisation_id,
        batch=batch,
        kind=kind,
        owner=owner,
        started_at=started_at,
        digest=batch.digest,
        copy={
            "description": batch.description,
            "period": batch.posting_period,
            "posted_on": str(batch.posted_on),
            "lines": batch.line_count,
            "hold": batch.hold,
            "own_number": batch.own_number,
        },
    )
