"""
After an unclear answer the vendor is asked before anything is sent again. One rule for all.

Two look-ups that find nothing prove that it is not there: both begun when the call can have
ended, and an interval apart. A request may still be running, or not be listed yet.
"""

from datetime import datetime, timedelta

from django.conf import settings

from background import claims
from background.crash_points import crash_point
from background.durability import durable
from connectors.errors import ConnectorError, NotAuthorized, OutcomeUnknown, Unavailable
from outbox.delivery import Delivery, Item, Payload, There
from outbox.models import OutboxAttempt
from outbox.waiting import Cause, cause_of

THAT_PROVE = 2
READ_AGAIN = timedelta(seconds=30)
LONGEST_UNKNOWN = timedelta(minutes=30)


def interval() -> timedelta:
    """Return how far apart look-ups are, and how long after the call the first one counts."""
    return timedelta(seconds=settings.HUB_LOOK_UP_INTERVAL_SECONDS)


def count_empty(
    *, counted: int, begun: datetime, now: datetime, called_at: datetime, apart: timedelta
) -> tuple[int, datetime]:
    """
    Return how many empty look-ups count after one more, and when the next one begins.

    :param begun: when it was begun
    :param called_at: when the call was made that may still run
    """
    if begun - called_at < apart:
        return counted, called_at + apart
    # From now, not from the call: after an outage the first may come hours after it.
    return counted + 1, now + apart


def look_up(item: Item, via: Delivery[Item, Payload, There]) -> bool:
    """
    Ask whether the vendor holds an item whose answer was lost; say whether it was ours to ask.

    Found: it is ours. Found never, twice: it was not stored and may be sent. Anything else is
    for a person.
    """
    turn = via.turn
    lease = claims.lease_seconds()
    if not item.claim_to_ask(owner=turn.owner, now=turn.clock(), lease_seconds=lease):
        return False
    crash_point("look_up.after_claim")
    payload, begun = via.load(item), turn.clock()
    attempt = item.open_attempt(via.LOOK_UP, owner=turn.owner, now=begun)
    turn.calls.last = None
    try:
        found = via.find(item, payload)
    except ConnectorError as failure:
        could_not_ask(item, attempt, failure, via)
        return True
    crash_point("look_up.asked")
    now, is_there = turn.clock(), False
    with durable():
        attempt.close(found.outcome, turn.calls, now=now)
        if found.there is not None:
            is_there = via.store(item, found.there, is_sure=True, now=now)
        elif found.question is not None:
            item.mark_needs_person(found.question, now=now, **found.columns)
        else:
            _nothing(item, via, begun=begun, now=now)
        via.changed(item, now=now)
    crash_point("look_up.recorded")
    if is_there:
        via.prove(item, payload)
    return True


def _nothing(
    item: Item, via: Delivery[Item, Payload, There], *, begun: datetime, now: datetime
) -> None:
    counted, until = count_empty(
        counted=item.empty_look_ups,
        begun=begun,
        now=now,
        called_at=item.sent_at or item.state_at,
        apart=interval(),
    )
    if counted < THAT_PROVE:
        item.keep(until=until, empty_look_ups=counted, waits_for=Cause.LOOK_UP)
    else:
        via.not_there(item, now=now)


def could_not_ask(
    item: Item,
    attempt: OutboxAttempt,
    failure: ConnectorError,
    via: Delivery[Item, Payload, There],
) -> None:
    """
    Write down the call that failed, and ask again later; when asking is refused for long, only a
    person can find out.
    """
    turn = via.turn
    now = turn.clock()
    if isinstance(failure, Unavailable):
        turn.is_over = True
    elif isinstance(failure, NotAuthorized):
        turn.is_over = not turn.is_authorised()
    with durable():
        attempt.close(failure, turn.calls, now=now)
        passing = isinstance(failure, Unavailable | OutcomeUnknown | NotAuthorized)
        if passing or now - item.state_at < LONGEST_UNKNOWN:
            wait = timedelta(seconds=failure.retry_after) if failure.retry_after else READ_AGAIN
            item.keep(until=now + wait, waits_for=cause_of(failure) or "")
        else:
            via.give_up(item, failure, now=now)
        via.changed(item, now=now)
