"""
Asking the ledger: is a unknown batch there, is an accepted one what was sent, is it released.

Only reads, and the request to release. Nothing is posted here.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings

from background import claims
from background.crash_points import crash_point
from background.durability import durable
from connectors.base import AccountingConnector, BatchStatus, BatchToPost, LedgerBatch
from connectors.errors import (
    BadAnswer,
    ConnectorError,
    NotAuthorized,
    OutcomeUnknown,
    Unavailable,
)
from journals.domain import proving as rules
from journals.domain import refusals
from journals.domain.read_back import batch_as_json
from journals.domain.states import BatchState
from journals.domain.waiting import Cause, cause_of
from journals.models import Attempt, Batch, Journal
from journals.operations.attempts import (
    LastExchange,
    close_attempt,
    open_attempt,
    record_read,
    was_denied,
)
from journals.operations.contents import to_post
from journals.operations.sending import refresh_state, remember

Clock = Callable[[], datetime]
_S = BatchState
_LOOK_AGAIN = timedelta(seconds=5)
_READ_AGAIN = timedelta(seconds=30)
_MOST_SEEN = 10
_LONGEST_DOUBT = timedelta(minutes=30)


def prove(
    *, batch_id: int, connector: AccountingConnector, calls: LastExchange, owner: str, clock: Clock
) -> bool:
    """Ask the ledger about one batch if it is due and nobody else asks; say whether we did."""
    batch = Batch.objects.claim_to_prove(
        batch_id, owner=owner, now=clock(), lease_seconds=claims.lease_seconds()
    )
    if batch is None:
        return False
    if batch.state == _S.UNKNOWN:
        look_up(batch, connector=connector, calls=calls, owner=owner, clock=clock)
    elif batch.state == _S.ACCEPTED:
        read_back(batch, connector=connector, calls=calls, owner=owner, clock=clock)
    else:
        release(batch, connector=connector, calls=calls, owner=owner, clock=clock)
    return True


def look_up(
    batch: Batch, *, connector: AccountingConnector, calls: LastExchange, owner: str, clock: Clock
) -> None:
    """
    Ask whether the ledger holds a batch whose answer was lost.

    Found once: it is ours, and read back. Found never, twice, an interval apart: it was not
    stored and may be sent. Anything else is for a person.
    """
    crash_point("look_up.after_claim")
    payload = _payload(batch)
    attempt = open_attempt(batch, Attempt.Kind.LOOK_UP, owner=owner, now=clock())
    write_down = partial(close_attempt, attempt, calls=calls)
    try:
        found = _candidates(batch, payload, connector)
    except ConnectorError as failure:
        _could_not_ask(batch, failure, calls, clock=clock, write_down=write_down)
        return
    crash_point("look_up.asked")
    match = rules.match_lost_batch(payload, found)
    now = clock()
    with durable():
        if match.batch is not None:
            write_down("found", now=now)
            _take_number(batch, match.batch.number, now=now)
        elif found:
            write_down("several", now=now)
            numbers = [there.number for there in found]
            batch.mark_needs_person(
                refusals.SeveralLookAlike(numbers=", ".join(numbers)),
                now=now,
                candidates=numbers,
                seen=[batch_as_json(there) for there in found[:_MOST_SEEN]],
            )
        else:
            write_down("not_found", now=now)
            _not_found(batch, now=now)
        refresh_state(batch.journal_id, now=now)
    crash_point("look_up.recorded")
    if batch.state == _S.ACCEPTED:
        read_back(batch, connector=connector, calls=calls, owner=owner, clock=clock)


def _candidates(
    batch: Batch, payload: BatchToPost, connector: AccountingConnector
) -> Sequence[LedgerBatch]:
    if batch.own_number:
        there = connector.read_journal(batch.own_number)
        return [] if there is None else [there]
    for number in batch.candidates:
        there = connector.read_journal(number)
        if there is not None and there.description.strip() == payload.description:
            return [there]
    since = batch.sent_at or batch.state_at
    return connector.find_journals(description=payload.description, since=since)


def _take_number(batch: Batch, number: str, *, now: datetime) -> None:
    """
    Store the number under which the ledger holds the batch, as it was just read there.

    Another batch of ours that has the number was deleted there, and its number given again:
    whether it should have been is for a person.
    """
    for other in batch.others_of_number(number).select_related("journal"):
        failure = refusals.NumberGivenAgain(number=number, other=batch.description)
        if other.mark_no_longer_there(failure, now=now):
            remember(
                other.journal, "no_longer_there", now=now, failure=failure, period=other.period
            )
        refresh_state(other.journal_id, now=now)
    if not batch.mark_accepted(number=number, now=now):
        batch.keep(now=now, until=now + _LOOK_AGAIN, waits_for=Cause.LOOK_UP)


def _not_found(batch: Batch, *, now: datetime) -> None:
    """
    Count an empty look-up. Only those an interval after the call, and after each other, count:
    a request may still be running, or not be listed yet.
    """
    interval = timedelta(seconds=settings.HUB_LOOK_UP_INTERVAL_SECONDS)
    since = batch.sent_at or batch.state_at
    counted, until = batch.empty_look_ups, since + interval
    if now - since >= interval:
        # From now, not from the call: after an outage the first may come hours after it.
        counted, until = counted + 1, now + interval
    if counted < 2:
        batch.keep(now=now, until=until, empty_look_ups=counted, waits_for=Cause.LOOK_UP)
    elif batch.failure_code == refusals.NumberOfAnother.code():
        # The ledger had taken it, and gave a number: somebody may have deleted it there since.
        number = str(batch.failure_params.get("number", ""))
        batch.mark_needs_person(
            refusals.NumberNotFound(number=number, description=batch.description),
            now=now,
            candidates=batch.candidates,
        )
    elif batch.failure_code == refusals.StoppedByFault.code():
        # It is not there; whether what stopped it would stop it again is for a person.
        batch.mark_needs_person(refusals.StoppedBeforeSending(**batch.failure_params), now=now)
    else:
        batch.mark_not_stored(now=now)


def _could_not_ask(
    batch: Batch,
    failure: ConnectorError,
    calls: LastExchange,
    *,
    clock: Clock,
    write_down: Callable[..., None],
) -> None:
    """
    Write down the call that failed, and ask again later; when asking is refused for long, only a
    person can find out.
    """
    calls.vendor_is_away = isinstance(failure, Unavailable)
    now = clock()
    with durable():
        write_down(failure.code(), now=now, detail=failure.detail, params=failure.params)
        passing = isinstance(failure, Unavailable | OutcomeUnknown | NotAuthorized)
        if passing or now - batch.state_at < _LONGEST_DOUBT:
            wait = timedelta(seconds=failure.retry_after) if failure.retry_after else _READ_AGAIN
            batch.keep(now=now, until=now + wait, waits_for=cause_of(failure) or "")
        elif batch.state != _S.POSTED:
            batch.mark_needs_person(
                refusals.LookUpImpossible(
                    description=batch.description, detail=failure.detail, status=failure.status
                ),
                now=now,
            )
        else:
            batch.keep(now=now, until=now + _LONGEST_DOUBT)
        refresh_state(batch.journal_id, now=now)


def read_back(
    batch: Batch,
    *,
    connector: AccountingConnector,
    calls: LastExchange,
    owner: str,
    clock: Clock,
    payload: BatchToPost | None = None,
) -> None:
    """
    Read an accepted batch and say *posted* only if it is what was sent (design 4.9).

    :param payload: what was sent, where the caller has it at hand
    """
    payload = payload or _payload(batch)
    started = clock()
    write_down = partial(record_read, batch, calls=calls, owner=owner, started_at=started)
    try:
        there = connector.read_journal(batch.vendor_number)
    except ConnectorError as failure:
        _could_not_ask(batch, failure, calls, clock=clock, write_down=write_down)
        return
    crash_point("prove.read")
    differences = [] if there is None else rules.verify_read_back(payload, there)
    now = clock()
    with durable():
        if there is None:
            write_down("not_found", now=now)
            _number_not_there(batch, now=now)
        elif differences:
            texts = "; ".join(difference.text for difference in differences[:20])
            write_down("differs", now=now, detail=texts)
            changed = refusals.ReadBackDiffers(number=there.number, detail=texts)
            batch.mark_needs_person(
                changed, now=now, candidates=[there.number], seen=[batch_as_json(there)]
            )
        else:
            write_down("ok", now=now)
            if batch.mark_posted(now=now) and batch.reverses_id is not None:
                batch.mark_reversed_one(now=now)
        refresh_state(batch.journal_id, now=now)
    crash_point("prove.posted")


def _number_not_there(batch: Batch, *, now: datetime) -> None:
    """
    Ask a person only when the ledger denies the number twice, an interval apart.

    A read may lag behind the write; how long is not documented. The first may come long after
    the write, after an outage, and is only one.
    """
    interval = timedelta(seconds=settings.HUB_LOOK_UP_INTERVAL_SECONDS)
    if not was_denied(batch, since=batch.state_at, until=now - interval):
        batch.keep(now=now, until=now + _LOOK_AGAIN)
        return
    batch.mark_needs_person(
        refusals.NumberNotFound(number=batch.vendor_number, description=batch.description),
        now=now,
        candidates=[batch.vendor_number],
    )


def release(
    batch: Batch, *, connector: AccountingConnector, calls: LastExchange, owner: str, clock: Clock
) -> None:
    """Ask for the release of a posted batch, or see that it has happened."""
    attempt = open_attempt(batch, Attempt.Kind.RELEASE, owner=owner, now=clock())
    write_down = partial(close_attempt, attempt, calls=calls)
    try:
        there = connector.read_journal(batch.vendor_number)
        gone = there is None or _is_anothers(there, batch)
        released = there is not None and there.status == BatchStatus.RELEASED
        if not released and not gone:
            connector.release_journal(batch.vendor_number)
    except ConnectorError as failure:
        _could_not_ask(batch, failure, calls, clock=clock, write_down=write_down)
        return
    crash_point("release.asked")
    now = clock()
    with durable():
        if gone:
            write_down("not_found" if there is None else "differs", now=now)
            _not_there_to_release(batch, there, now=now)
        elif released:
            write_down("released", now=now)
            batch.mark_released(now=now)
        else:
            write_down("asked", now=now)
            batch.keep(now=now, until=now + _LOOK_AGAIN)
        refresh_state(batch.journal_id, now=now)
    crash_point("release.recorded")


def _is_anothers(there: LedgerBatch, batch: Batch) -> bool:
    """Say whether the ledger holds another batch under the number: it was given again."""
    if there.description.strip() == batch.description:
        return False
    return bool(rules.verify_read_back(_payload(batch), there))


def _not_there_to_release(batch: Batch, there: LedgerBatch | None, *, now: datetime) -> None:
    """Leave alone what is not ours; what the ledger only denies, it is asked for again first."""
    failure: BadAnswer
    if there is not None:
        failure = refusals.NumberGivenAgain(number=there.number, other=there.description)
    else:
        interval = timedelta(seconds=settings.HUB_LOOK_UP_INTERVAL_SECONDS)
        release = Attempt.Kind.RELEASE
        if not was_denied(batch, since=batch.state_at, until=now - interval, kind=release):
            batch.keep(now=now, until=now + _READ_AGAIN)
            return
        failure = refusals.NumberNotFound(number=batch.vendor_number, description=batch.description)
    if batch.mark_no_longer_there(failure, now=now):
        remember(batch.journal, "no_longer_there", now=now, failure=failure, period=batch.period)


def _payload(batch: Batch) -> BatchToPost:
    currency = Journal.objects.values_list("currency", flat=True).get(pk=batch.journal_id)
    return to_post(batch, currency=currency)
