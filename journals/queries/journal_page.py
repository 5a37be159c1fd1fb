"""One journal: its batches with state and failure, what may be done, the check's result."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext

from accounts.models import Connection
from background.models import BackgroundRequest
from journals.models import Batch, Journal
from journals.queries.comparisons import Compared, newest_of
from journals.queries.histories import SHOWN_AT_FIRST, Entry, history
from journals.queries.waits import shown_batch_state, shown_state, worst
from journals.queries.wording import (
    LIVE,
    ProblemRow,
    label_of,
    problem_row,
    shown_failure,
    with_way_out,
)
from journals.rules.states import DONE, MAY_BE_CLOSED, MAY_BE_QUEUED, MAY_BE_REVERSED, BatchState
from journals.rules.waiting import CAUSE_WORDS, can_be_hurried, cause_now
from outbox.waiting import Cause
from ui.failures import FailureRow, asked_once, until_sign_in

_S = BatchState
_SETTLED = frozenset({_S.CLOSED, _S.REVERSED, _S.BOOKED_BEFORE})
_MAY_BE_WITHDRAWN = frozenset({_S.READY, _S.POSTPONED, _S.HELD})


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch on the journal's page."""

    pk: int
    period: str
    label: str
    posting_period: str
    state: str
    look: str
    state_label: str
    state_at: datetime
    total: Decimal
    lines: int
    vendor_number: str
    description: str
    proven_at: datetime | None
    waits_for: str
    """In words, where it waits for something that has a name."""
    next_at: datetime | None
    may_try_now: bool
    failure: FailureRow | None
    candidates: list[str]
    needs_person: bool
    decide_url: str
    reverses: str
    """The number that this batch reverses."""
    reversed_by: str
    reason: str
    reason_by: str
    reason_at: datetime | None
    close_url: str
    is_closed: bool
    compared: Compared | None
    csv_url: str
    xlsx_url: str


@dataclass(frozen=True, slots=True)
class JournalPage:
    """What the live part of a journal's page shows."""

    state: str
    look: str
    state_label: str
    state_at: datetime
    sent: bool
    live: bool
    batches: list[BatchRow]
    posted: int
    total: int
    problems: list[ProblemRow]
    checked_at: datetime | None
    entries: list[Entry]
    more_entries: bool
    may_send: bool
    may_send_valid_only: bool
    sign_in_for: str
    """The account that somebody must sign in to before anything goes on."""
    next_at: datetime | None
    """When the first of the batches that wait is tried again."""
    may_try_now: bool
    """It waits for something that a person may know to be over."""
    may_withdraw: bool
    may_reverse: bool
    may_resend: bool
    resend_of: Journal | None
    resent_as: Journal | None


@dataclass(frozen=True, slots=True)
class Wait:
    """What one batch waits for, and until when as far as that is known."""

    cause: Cause | None = None
    next_at: datetime | None = None
    may_try_now: bool = False


def _wait_of(batch: Batch, *, now: datetime) -> Wait:
    state = BatchState(batch.state)
    access, paused = batch.access, batch.paused_until  # type: ignore[attr-defined]
    has_access = access in (None, Connection.State.AUTHORISED)
    cause = cause_now(state, stored=batch.waits_for, has_access=has_access)
    if cause is None and state not in (_S.POSTPONED, _S.UNKNOWN, _S.HELD):
        return Wait()
    if not has_access:
        return Wait(cause)  # a sign-in has no time: it is whenever somebody signs in
    is_paused = paused is not None and paused > now
    next_at = max(paused, batch.not_before) if is_paused else batch.not_before
    hurried = can_be_hurried(state, cause, empty_look_ups=batch.empty_look_ups)
    return Wait(cause, next_at, may_try_now=hurried and not is_paused and next_at > now)


def journal_page(journal: Journal, *, now: datetime | None = None) -> JournalPage:
    """Return the live part of a journal's page."""
    batches = _batches_of(journal)
    waits = {batch.pk: _wait_of(batch, now=now or timezone.now()) for batch in batches}
    look, state_label = shown_state(journal.state, worst(one.cause for one in waits.values()))
    own = [batch for batch in batches if batch.reverses_id is None]
    standing = [batch for batch in own if batch.state != _S.REVERSED] or own
    states = {BatchState(batch.state) for batch in own}
    numbers = {batch.pk: batch.vendor_number for batch in own}
    mirrors = {b.reverses_id: b for b in batches if b.reverses_id is not None}
    under_way = {pk for pk, mirror in mirrors.items() if mirror.state != _S.REJECTED}
    compared = newest_of(journal.company_id, batches)
    resent_as = Journal.objects.filter(resend_of=journal).first()
    entries, more = history(journal, limit=SHOWN_AT_FIRST)
    stopped_with_others = any(b.failure_code == "StoppedWithTheOthers" for b in batches)
    left = bool(states & MAY_BE_QUEUED)
    return JournalPage(
        state=journal.state,
        look=look,
        state_label=state_label,
        state_at=journal.state_at,
        sent=journal.state == Journal.State.SENT,
        live=journal.state in LIVE,
        batches=[
            _row(
                batch,
                journal,
                waits[batch.pk],
                reverses=numbers.get(batch.reverses_id or 0, ""),
                mirror=mirrors.get(batch.pk),
                compared=compared.get(batch.pk),
            )
            for batch in batches
        ],
        posted=sum(1 for batch in standing if batch.state in DONE - {_S.BOOKED_BEFORE}),
        total=len(standing),
        problems=[problem_row(stored) for stored in journal.preflight_problems],
        checked_at=journal.preflight_at,
        entries=entries,
        more_entries=more,
        may_send=left,
        may_send_valid_only=left
        and not journal.send_valid_only
        and (stopped_with_others or (_S.REJECTED in states and len(batches) > 1)),
        sign_in_for=_account_without_access(batches, waits),
        next_at=min((one.next_at for one in waits.values() if one.next_at), default=None),
        may_try_now=any(one.may_try_now for one in waits.values()),
        may_withdraw=any(batch.state in _MAY_BE_WITHDRAWN for batch in batches),
        may_reverse=any(
            batch.state in MAY_BE_REVERSED and batch.pk not in under_way for batch in own
        ),
        may_resend=resent_as is None and _S.REVERSED in states,
        resend_of=journal.resend_of,
        resent_as=resent_as,
    )


def _batches_of(journal: Journal) -> list[Batch]:
    return list(
        Batch.objects.filter(journal=journal)
        # A reversal that was taken out of the queue again is nothing to look at.
        .exclude(reverses__isnull=False, state=_S.DRAFT)
        .select_related("reason_by")
        .defer("lines_json", "candidates_seen")
        .annotate(
            access=F("connection__state"),
            account=F("connection__name"),
            paused_until=F("connection__not_before"),
        )
        .order_by("period", "round")
    )


def _account_without_access(batches: list[Batch], waits: dict[int, Wait]) -> str:
    for batch in batches:
        access: str | None = batch.access  # type: ignore[attr-defined]
        account: str | None = batch.account  # type: ignore[attr-defined]
        if access != Connection.State.AUTHORISED and waits[batch.pk].cause is Cause.SIGN_IN:
            return account or ""
    return ""


def _failure_of(
    batch: Batch, journal: Journal, cause: Cause | None, *, settled: bool
) -> FailureRow | None:
    failure = shown_failure(
        code="" if settled else batch.failure_code,
        params=batch.failure_params,
        detail=batch.failure_detail,
        at=batch.failure_at,
        company_id=journal.company_id,
    )
    if failure is None or cause is not Cause.SIGN_IN:
        return failure
    # Nothing goes on by itself while nobody may ask the ledger.
    return with_way_out(until_sign_in(failure), company_id=journal.company_id)


def _row(
    batch: Batch,
    journal: Journal,
    wait: Wait,
    *,
    reverses: str,
    mirror: Batch | None,
    compared: Compared | None,
) -> BatchRow:
    state = BatchState(batch.state)
    look, state_label = shown_batch_state(state, wait.cause)
    return BatchRow(
        pk=batch.pk,
        period=batch.period,
        label=label_of(batch),
        posting_period=batch.posting_period,
        state=state,
        look=look,
        state_label=state_label,
        state_at=batch.state_at,
        total=batch.total,
        lines=batch.line_count,
        vendor_number=batch.vendor_number,
        description=batch.description,
        proven_at=batch.proven_at,
        waits_for=gettext(CAUSE_WORDS[wait.cause]) if wait.cause else "",
        next_at=wait.next_at,
        may_try_now=wait.may_try_now,
        failure=_failure_of(batch, journal, wait.cause, settled=state in _SETTLED),
        candidates=[str(number) for number in batch.candidates],
        needs_person=state is _S.NEEDS_PERSON,
        decide_url=reverse("journals:decision", args=[batch.pk]),
        reverses=reverses,
        reversed_by=mirror.vendor_number if mirror else "",
        reason=batch.reason,
        reason_by=str(batch.reason_by or ""),
        reason_at=batch.reason_at,
        close_url=reverse("journals:close", args=[batch.pk])
        if state in MAY_BE_CLOSED or (state is _S.CLOSED and batch.reverses_id is None)
        else "",
        is_closed=state is _S.CLOSED,
        compared=compared,
        csv_url=reverse("journals:export", args=[batch.pk, "csv"]),
        xlsx_url=reverse("journals:export", args=[batch.pk, "xlsx"]),
    )


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a dry run found, or that it is still running."""

    url: str
    finished: bool
    failure: FailureRow | None
    problems: list[ProblemRow]
    checked_at: datetime | None
    words: str


def check_result(background_request: BackgroundRequest, journal: Journal) -> CheckResult:
    """Return the state of a dry run in words."""
    result: dict[str, Any] = background_request.result
    problems = [problem_row(stored) for stored in result.get("problems", ())]
    stops = any(problem.stops for problem in problems)
    words = gettext("Checking the ledger. Nothing is written there.")
    if background_request.state == BackgroundRequest.State.DONE:
        words = (
            gettext("The ledger would reject it as it is. Nothing was written there.")
            if stops
            else gettext("The ledger would accept every batch. Nothing was written there.")
        )
    return CheckResult(
        url=reverse("journals:check_result", args=[journal.pk, background_request.pk]),
        finished=background_request.is_finished,
        failure=asked_once(
            shown_failure(
                code=background_request.failure_code,
                params=background_request.failure_params,
                detail=background_request.failure_detail,
                at=background_request.finished_at,
                company_id=journal.company_id,
            )
        ),
        problems=problems,
        checked_at=parse_datetime(result.get("checked_at", "")) if result else None,
        words=words,
    )
