"""The row of one call: a write's is there before the call, a read's comes with what it found."""

from collections.abc import Mapping
from datetime import datetime

from accounts.operations import last_exchange as kept
from background.compare_and_set import compare_and_set
from background.durability import durable
from connectors.errors import ConnectorError
from journals.models import Attempt, Batch


class LastExchange(kept.LastExchange):
    """Remembers what the connector said of its last request, and whether the vendor is away."""

    vendor_is_away = False
    """A call was refused or not made for now: what else waits for this vendor can wait."""
    took_a_batch = False
    """The vendor has stored a batch: what waited for it to answer need not wait longer."""


def open_attempt(batch: Batch, kind: str, *, owner: str, now: datetime) -> Attempt:
    """Write down that a call is about to be made. Accounts and amounts of lines stay out."""
    attempt = _attempt(batch, kind, owner=owner, started_at=now)
    attempt.save(force_insert=True)
    return attempt


def claim_and_open(
    batch: Batch, *, owner: str, now: datetime, lease_seconds: float
) -> Attempt | None:
    """
    Claim a batch that is due and write down that it is about to be posted, both or neither.

    :returns: the row of the call; None if another has the batch, or it is not due any more
    """
    with durable():
        if not batch.claim(owner=owner, now=now, lease_seconds=lease_seconds):
            return None
        return open_attempt(batch, Attempt.Kind.POST, owner=owner, now=now)


def record_number(
    batch: Batch, attempt: Attempt, number: str, calls: LastExchange, *, now: datetime
) -> bool:
    """Complete the row of the call that posted it and store its number; say whether it was ours."""
    with durable():
        close_attempt(attempt, "ok", calls, now=now)
        return batch.mark_accepted(number=number, now=now)


def close_attempt(
    attempt: Attempt,
    outcome: str,
    calls: LastExchange,
    *,
    now: datetime,
    detail: str = "",
    params: Mapping[str, str] | None = None,
) -> None:
    """
    Complete an attempt with what came of it and what the vendor said of the request.

    :param params: what fills the words of a failure, however those read later
    """
    changes = calls.as_columns(outcome, now=now, detail=detail) | {"params": dict(params or {})}
    compare_and_set(attempt, expect={}, changes=changes)


def record_read(
    batch: Batch,
    outcome: str,
    calls: LastExchange,
    *,
    owner: str,
    started_at: datetime,
    now: datetime,
    detail: str = "",
    params: Mapping[str, str] | None = None,
) -> None:
    """Write down a read-back that was made. It changed nothing, so nothing went before it."""
    read = _read(batch, outcome, calls, owner=owner, started_at=started_at, now=now, detail=detail)
    read.params = dict(params or {})
    read.save(force_insert=True)


def close_left_open(batch: Batch, failure: ConnectorError, *, owner: str, now: datetime) -> None:
    """Complete the calls that a fault of the hub has left without an outcome."""
    left = Attempt.objects.filter(batch=batch, owner=owner, ended_at__isnull=True)
    left.update(ended_at=now, outcome=failure.code(), params=failure.params)


def was_denied(
    batch: Batch, *, since: datetime, until: datetime, kind: str = Attempt.Kind.READ_BACK
) -> bool:
    """Say whether a reading of that kind in that time found nothing under the batch's number."""
    return Attempt.objects.filter(
        batch=batch,
        kind=kind,
        outcome="not_found",
        started_at__gte=since,
        ended_at__lte=until,
    ).exists()


def _read(
    batch: Batch,
    outcome: str,
    calls: LastExchange,
    *,
    owner: str,
    started_at: datetime,
    now: datetime,
    detail: str = "",
) -> Attempt:
    attempt = _attempt(batch, Attempt.Kind.READ_BACK, owner=owner, started_at=started_at)
    for name, value in calls.as_columns(outcome, now=now, detail=detail).items():
        setattr(attempt, name, value)
    return attempt


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
