"""
A worker serves the ledger behind one connection: unknown outcomes and proofs, then what is due.

How a batch gets into the ledger exactly once is for the `outbox`; after a restore of the database
nothing is sent at all before the ledger was asked (`outbox.recovery`, `restoring`).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from accounts.models import Connection
from accounts.operations import installation
from accounts.operations.access import connector_for
from background import claims
from journals.models import Batch, Journal
from journals.models.batches import BatchQuerySet
from journals.operations import proving, queues
from journals.operations.faults import stop_batch
from journals.operations.posting import Posting
from journals.operations.restoring import BATCHES
from journals.rules.states import BatchState
from outbox import delivery, lookup, recovery
from outbox.delivery import Clock, Step, Turn

_S = BatchState
_TURN = timedelta(seconds=2)
_AT_ONCE = 50


def serve(*, connection_id: int, clock: Clock) -> int:
    """
    Work for one connection until nothing is due or its turn is over; return the batches served.

    After its turn it queues up again behind the others, so that nobody's thousand batches
    stand before another's one.
    """
    connection = Connection.objects.get(pk=connection_id)
    if not connection.is_authorised or connection.is_paused(now=clock()):
        return 0
    if not installation.may_send(now=clock()):
        recovery.notify_stopped(BATCHES, connection, now=clock())
        if installation.leaves_it_to_others(now=clock()):
            queues.CONNECTIONS.enqueue_soon(connection.pk, now=clock())
        return 0
    is_done = partial(queues.CONNECTIONS.is_done, connection.pk)
    done = delivery.serve(connection, _steps, at_most=_TURN, clock=clock, done=is_done)
    if done.more:
        queues.CONNECTIONS.queue_up_again(connection, now=clock())
    return done.served


def _steps(turn: Turn) -> Iterator[Step]:
    """Yield what is due, looking again at the end of each list, until nothing new is."""
    connection, mine = turn.connection, Batch.objects.filter(connection=turn.connection)
    posting = Posting(turn, connector_for(connection, observer=turn.calls, alone=True))
    may_send = recovery.may_send(BATCHES, connection, posting.connector, clock=turn.clock)
    if may_send:
        recovery.ask_first(BATCHES, mine.claimable(now=turn.clock()), now=turn.clock())
    seen: list[tuple[int, bool]] = []
    # At the end of all that it knew of it is soon asked whether there may be more: nearly never.
    while not seen or mine.maybe_due(now=turn.clock()).exists():
        now = turn.clock()
        # What the ledger may hold already goes first.
        found = [(pk, True) for pk in _in_order(mine.to_prove(now=now))]
        if may_send:
            found += [(pk, False) for pk in _in_order(mine.to_deliver(now=now))]
        if found == seen:
            return
        for pk, is_in_question in found:
            do = partial(prove if is_in_question else deliver, pk, posting)
            yield Step(do, partial(_stopped, pk, turn))
        seen = found


def _in_order(rows: BatchQuerySet) -> list[int]:
    """Return the oldest."""
    return list(rows.order_by("not_before", "period", "pk").values_list("pk", flat=True)[:_AT_ONCE])


def deliver(batch_id: int, posting: Posting) -> bool:
    """Send one batch to the ledger if it is due; say whether it was ours to send."""
    due = Batch.objects.claimable(now=posting.turn.clock()).filter(pk=batch_id)
    # With its company and debtor as they are now: S10, S11.
    batch = due.select_related("journal__company__debtor").first()
    return batch is not None and delivery.deliver(batch, posting)


def prove(batch_id: int, posting: Posting) -> bool:
    """Ask the ledger about one batch if it is due and nobody else asks; say whether we did."""
    turn, lease = posting.turn, claims.lease_seconds()
    due = Batch.objects.to_prove(now=turn.clock()).filter(pk=batch_id)
    batch = due.select_related("journal").first()
    if batch is None:
        return False
    if batch.state == _S.UNKNOWN:
        return lookup.look_up(batch, posting)
    if not batch.claim_to_ask(owner=turn.owner, now=turn.clock(), lease_seconds=lease):
        return False
    if batch.state == _S.ACCEPTED:
        posting.prove(batch, posting.load(batch))
    else:
        proving.release(batch, via=posting, connector=posting.connector)
    return True


def _stopped(batch_id: int, turn: Turn, number: str) -> None:
    stop_batch(batch_id, number=number, owner=turn.owner, now=turn.clock())


def reopen_held(*, now: datetime) -> int:
    """
    Put batches that wait for an open period back to be checked, when their hour has come.

    With one, all of its connection: one reading of the ledger then serves them together.
    """
    due_now = Batch.objects.filter(state=_S.HELD, not_before__lte=now)
    ledgers = due_now.values("connection")
    held = list(Batch.objects.filter(state=_S.HELD, connection__in=ledgers)[:200])
    for batch in held:
        with transaction.atomic():
            again = Batch.objects.filter(pk=batch.pk, state=_S.HELD).update(
                state=_S.READY, prepared_at=None, not_before=now
            )
            if again:
                Journal.objects.refresh_state(batch.journal_id, now=now)
    return len(held)
