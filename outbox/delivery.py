"""
Claim, call, record. The one place where anything is sent that must stand at a vendor once.

A worker serves one connection at a time, holding the writer lease of the vendor's company. Every
step is committed before the next begins, so that a worker may die between any two lines:

    claim + open attempt   died here: the sweep finds no answer -> unknown -> the vendor is asked
    call                   died here: the same
    number stored          died here: what is left is proven, or done already
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import structlog

from accounts.models import Connection
from accounts.operations.claims import writer_key
from accounts.operations.last_exchange import LastExchange
from background import claims
from background.crash_points import crash_point
from background.durability import durable
from background.faults import DATABASE_IS_AWAY, fault_number
from background.models import Lease
from connectors.errors import (
    BadAnswer,
    ConnectorError,
    Forbidden,
    NotAuthorized,
    OutcomeUnknown,
    Unavailable,
)
from outbox.models import LOOK_UP, OutboxAttempt, OutboxItem
from outbox.states import State

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
FIRST_LOOK_UP = timedelta(seconds=3)

Item = TypeVar("Item", bound=OutboxItem)
Payload = TypeVar("Payload")
There = TypeVar("There")


@dataclass
class Turn:
    """What a worker has in hand while it serves one connection."""

    connection: Connection
    owner: str
    clock: Clock
    calls: LastExchange = field(default_factory=LastExchange)
    is_over: bool = False
    """What else waits for this vendor can wait."""

    def pause(self, *, until: datetime) -> None:
        """Let nothing go through the account before then."""
        Connection.objects.filter(pk=self.connection.pk).update(not_before=until)

    def is_authorised(self) -> bool:
        """Say whether the account still stands."""
        mine = Connection.objects.filter(pk=self.connection.pk)
        return mine.filter(state=Connection.State.AUTHORISED).exists()


@dataclass(frozen=True, slots=True)
class Found(Generic[There]):
    """
    What the vendor said of an item whose outcome is unknown.

    :param there: it, if the vendor has it
    :param question: why only a person can say so; neither of the two: it does not
    :param columns: what the person decides between
    """

    outcome: str
    there: There | None = None
    question: ConnectorError | None = None
    columns: dict[str, Any] = field(default_factory=dict)


class Delivery(ABC, Generic[Item, Payload, There]):
    """What one kind of outbound work must know; the outbox does the rest."""

    SEND: ClassVar[str]
    """The name of the call that sends, as its attempts have it."""
    LOOK_UP: ClassVar[str] = LOOK_UP
    CLAIMED_AS: ClassVar[str] = State.SENDING

    def __init__(self, turn: Turn) -> None:
        self.turn = turn

    @abstractmethod
    def load(self, item: Item) -> Payload:
        """Return what is sent."""

    def refuse(self, item: Item) -> ConnectorError | None:
        """
        Return why it must not be sent, read again just before the call.

        :raises ConnectorError: if that cannot be found out
        """
        return None

    @abstractmethod
    def send(self, item: Item, payload: Payload) -> There:
        """Send it, and return it as the vendor has it."""

    @abstractmethod
    def find(self, item: Item, payload: Payload) -> Found[There]:
        """Ask the vendor whether it is there."""

    @abstractmethod
    def store(self, item: Item, there: There, *, is_sure: bool, now: datetime) -> bool:
        """
        Record it as the vendor has it, and say whether that could be done.

        :param is_sure: it was just read there; else it is the answer to what was sent
        """

    def prove(self, item: Item, payload: Payload) -> None:
        """Read it back, where the vendor is asked for more than its number."""

    def reject(self, item: Item, failure: ConnectorError, *, now: datetime) -> None:
        """Record that it was refused."""
        item.mark_rejected(failure, now=now)

    def lost(self, item: Item, failure: ConnectorError, *, now: datetime) -> None:
        """Record that nobody knows whether it was stored."""
        item.mark_unknown(failure, now=now, look_up_at=now + FIRST_LOOK_UP)

    def put_back(
        self, item: Item, failure: ConnectorError, *, now: datetime, until: datetime
    ) -> None:
        """Record that nothing was stored, and when it is tried again."""
        item.postpone(failure, now=now, until=until)

    def not_there(self, item: Item, *, now: datetime) -> None:
        """Record that the vendor does not have it, as two look-ups have shown."""
        item.mark_not_there(now=now)

    @abstractmethod
    def unanswerable(self, item: Item, failure: ConnectorError) -> ConnectorError:
        """Return the words for the person who must find out what the hub cannot."""

    def give_up(self, item: Item, failure: ConnectorError, *, now: datetime) -> None:
        """Record that the vendor cannot be asked about it, so that only a person can find out."""
        item.mark_needs_person(self.unanswerable(item, failure), now=now)

    def changed(self, item: Item, *, now: datetime) -> None:
        """
        Let what is made of several items follow; in the same transaction.

        What was just stored and is still to be proven counts as on its way, as when it was sent.
        """


class Step(NamedTuple):
    """
    The next thing to do at a connection.

    :param do: does it, and says whether it was ours to do
    :param stopped: is given the number of a defect of ours that ended it
    """

    do: Callable[[], bool]
    stopped: Callable[[str], object]


class Served(NamedTuple):
    """What came of a turn: how many things, whether more wait, whether another has the lease."""

    served: int
    more: bool = False
    is_taken: bool = False


def serve(
    connection: Connection,
    steps: Callable[[Turn], Iterator[Step]],
    *,
    at_most: timedelta,
    clock: Clock,
    done: Callable[[], object] = bool,
) -> Served:
    """
    Work for one connection until nothing is due or its turn is over.

    :param steps: gives what is due, one after another
    :param done: is called when the turn is over, in the transaction that gives the lease back
    """
    if not connection.is_authorised or connection.is_paused(now=clock()):
        return Served(0)
    owner, started, key = claims.new_owner(), clock(), writer_key(connection)
    if not Lease.objects.take(key=key, owner=owner, now=started, seconds=claims.lease_seconds()):
        return Served(0, is_taken=True)
    crash_point("deliver.after_lease")
    turn, count = Turn(connection, owner, clock), 0
    try:
        for step in steps(turn):
            if turn.is_over:
                break
            if clock() - started > at_most:
                return Served(count, more=True)
            count += _do(step)
    except NotAuthorized:
        pass  # the queue stops and fails nothing: it goes on after the sign-in
    finally:
        with durable():
            Lease.objects.give_back(key=key, owner=owner)
            done()
    return Served(count)


def _do(step: Step) -> bool:
    """Do it; a defect of ours over one item gives it to a person, and stops no other."""
    try:
        return step.do()
    except (ConnectorError, *DATABASE_IS_AWAY):
        raise
    except Exception:
        number = fault_number()
        log.exception("outbox_stopped", request_id=number)
        step.stopped(number)
        return True


def deliver(item: Item, via: Delivery[Item, Payload, There]) -> bool:
    """
    Send one item and record what came of it; say whether it was ours to send.

    No transaction is open during the call.
    """
    turn = via.turn
    refusal = _refusal(item, via)
    now, lease = turn.clock(), claims.lease_seconds()
    with durable():
        if not item.claim(owner=turn.owner, now=now, lease_seconds=lease, into=via.CLAIMED_AS):
            return False
        if refusal is not None:
            _not_sent(item, refusal, via, now=now)
            via.changed(item, now=now)
            return True
        attempt = item.open_attempt(via.SEND, owner=turn.owner, now=now)
    crash_point("deliver.after_claim")
    payload = via.load(item)
    turn.calls.last = None
    try:
        there = via.send(item, payload)
    except ConnectorError as failure:
        crash_point("deliver.after_failure")
        record_failure(item, attempt, failure, via)
        crash_point("deliver.after_unknown")
        return True
    crash_point("deliver.after_call")
    now = turn.clock()
    with durable():
        attempt.close("ok", turn.calls, now=now)
        stored = via.store(item, there, is_sure=False, now=now)
        if not stored:
            via.changed(item, now=now)
    crash_point("deliver.stored")
    if stored:
        via.prove(item, payload)
    return True


def _refusal(item: Item, via: Delivery[Item, Payload, There]) -> ConnectorError | None:
    try:
        return via.refuse(item)
    except NotAuthorized:
        raise
    except ConnectorError as failure:
        return failure


def record_failure(
    item: Item,
    attempt: OutboxAttempt,
    failure: ConnectorError,
    via: Delivery[Item, Payload, There],
) -> None:
    """Record why there is no clear yes."""
    now = via.turn.clock()
    with durable():
        attempt.close(failure, via.turn.calls, now=now)
        if isinstance(failure, OutcomeUnknown | BadAnswer):
            # An answer to a write that we cannot read is an unclear one, whatever it was.
            via.lost(item, failure, now=now)
        else:
            _not_sent(item, failure, via, now=now)
        via.changed(item, now=now)


def _not_sent(
    item: Item, failure: ConnectorError, via: Delivery[Item, Payload, There], *, now: datetime
) -> None:
    """Record a failure after which it is certain that nothing was stored."""
    turn = via.turn
    match failure:
        case Unavailable():
            until = item.next_try(failure, now=now)
            via.put_back(item, failure, now=now, until=until)
            turn.is_over = True
            if failure.retry_after:
                turn.pause(until=until)
        case NotAuthorized() if not turn.is_authorised():
            # It goes on after the sign-in.
            via.put_back(item, failure, now=now, until=now)
            turn.is_over = True
        case NotAuthorized() if not isinstance(failure, Forbidden):
            # The account itself stands: a fault over there, and nothing to correct here.
            via.put_back(item, failure, now=now, until=item.next_try(failure, now=now))
            turn.is_over = True
        case _:
            via.reject(item, failure, now=now)
