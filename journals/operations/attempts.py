"""The row of one call: a write's is there before the call, a read's comes with what it found."""

from collections.abc import Mapping
from datetime import datetime

from accounts.operations import calls as kept
from connectors.errors import ConnectorError
from journals.domain.states import SENT, SENT_WITH_OTHERS, BatchState
from journals.models import Attempt, Batch, Journal
from organisations.models.compare_and_set import Change, Unless, compare_and_set
from organisations.models.prepared import Insertion, There, insert
from organisations.models.together import held, run_together

_DONE = tuple(sorted(SENT_WITH_OTHERS))
_ANOTHER_IS_NOT_DONE = f"""
    EXISTS (
        SELECT 1 FROM journals_batch AS another
        WHERE another.journal_id = journals_batch.journal_id
            AND another.id <> journals_batch.id
            AND another.state NOT IN ({", ".join("%s" for _ in _DONE)})
    )
"""  # noqa: S608 (every value is a parameter)
_NOT_POSTED_NOW = """
    NOT EXISTS (SELECT 1 FROM journals_batch WHERE id = %s AND state = %s AND proven_at = %s)
"""


class Calls(kept.Calls):
    """Remembers what the connector said of its last request, and whether the vendor is away."""

    vendor_is_away = False
    """A call was refused or not made for now: what else waits for this vendor can wait."""
    took_a_batch = False
    """The vendor has stored a batch: what waited for it to answer need not wait longer."""


def open_attempt(batch: Batch, kind: str, *, owner: str, now: datetime) -> Attempt:
    """Write down that a call is about to be made. Accounts and amounts of lines stay out."""
    attempt = _attempt(batch, kind, owner=owner, started_at=now)
    insert(attempt)
    return attempt


def claim_and_open(
    batch: Batch, *, owner: str, now: datetime, lease_seconds: float
) -> Attempt | None:
    """
    Claim a batch that is due and write down that it is about to be posted, both or neither.

    :returns: the row of the call; None if another has the batch, or it is not due any more
    """
    claim = batch.claiming(owner=owner, now=now, lease_seconds=lease_seconds)
    attempt = _attempt(batch, Attempt.Kind.POST, owner=owner, started_at=now)
    mine = There(Batch, id=batch.pk, claim_owner=owner, sent_at=now)
    opening = Insertion(attempt, only_if=mine)
    stored = run_together(claim, opening).row
    if stored is None:
        return None
    claim.happened()
    opening.happened(stored[0])
    return attempt


def record_number(
    batch: Batch, attempt: Attempt, number: str, calls: Calls, *, now: datetime
) -> bool:
    """Complete the row of the call that posted it and store its number; say whether it was ours."""
    closing = Change(attempt, expect={}, changes=calls.as_columns("ok", now=now))
    accepting = batch.accepting(number=number, now=now)
    # The claim is on the disk, so the ledger would be asked for it again.
    answer = run_together(closing, accepting, may_be_lost=True)
    closing.happened()
    return accepting.was_made(answer)


def record_posted(
    batch: Batch, calls: Calls, *, owner: str, started_at: datetime, now: datetime
) -> bool:
    """Write down a read-back that found what was sent: the batch is *posted*."""
    posting = batch.posting(now=now)
    attempt = _read(batch, "ok", calls, owner=owner, started_at=started_at, now=now)
    return posting.was_made(run_together(Insertion(attempt), posting))


def record_sent(
    batch: Batch, calls: Calls, *, owner: str, started_at: datetime, now: datetime
) -> bool:
    """
    Write down a read-back that found what was sent, where it was all that its journal waited for.

    It is what `record_posted` and `refresh_state` do together, for nearly every batch, in one
    message: the batch is *posted* and its journal *sent*.

    :returns: whether it was so; else nothing is written
    """
    posting = batch.posting(now=now, unless=Unless(_ANOTHER_IS_NOT_DONE, _DONE))
    mine = {"id": batch.pk, "state": BatchState.POSTED.value, "proven_at": now}
    attempt = _read(batch, "ok", calls, owner=owner, started_at=started_at, now=now)
    journal = Journal(pk=batch.journal_id)
    sending = Change(
        journal,
        expect={},
        changes={"state": SENT, "state_at": now},
        unless=Unless(_NOT_POSTED_NOW, tuple(mine.values())),
    )
    # In the order in which all others take them, so that no two wait for each other.
    holding = held(batch, journal)
    written = Insertion(attempt, only_if=There(Batch, **mine))
    if not sending.was_made(run_together(*holding, posting, written, sending, may_be_lost=True)):
        return False
    posting.happened()
    return True


def close_attempt(
    attempt: Attempt,
    outcome: str,
    calls: Calls,
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
    calls: Calls,
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
    insert(read)


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
    calls: Calls,
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
