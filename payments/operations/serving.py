"""
Payments stand in the target exactly once. Claim, call, record.

A worker serves one client at a time, holding the writer lease of the target's company:

    claim + open attempt   died here: the sweep finds no answer -> unknown -> the target is asked
    call                   died here: the same
    number stored          nothing left to do but the marker, which is a courtesy

What a person takes off its invoice is taken back there before anything else of the payment is
sent: the claim itself refuses it until then (`RegistrationQuerySet.held_back`).

After a doubt nothing is sent again before the target was asked, twice, minutes apart; after a
restore of the database nothing is sent at all before that (`restoring`).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from accounts.operations import installation
from accounts.operations.access import source_for, target_for
from accounts.operations.claims import writer_key
from accounts.operations.last_exchange import LastExchange
from background import claims
from background.crash_points import crash_point
from background.enqueueing import enqueue
from background.failures import why
from background.faults import DATABASE_IS_AWAY, fault_number
from background.models import Lease
from connectors.errors import ConnectorError, NotAuthorized, OutcomeUnknown
from payments.domain.states import RegistrationState
from payments.models import InvoiceClient, Registration
from payments.operations import (
    blocking,
    living,
    looking_up,
    marking,
    mishaps,
    registering,
    reversing,
)
from payments.operations.rights import integration_of
from payments.operations.turns import Clock, Turn

log = structlog.get_logger(__name__)

_S = RegistrationState
_TURN = timedelta(seconds=20)
ENQUEUE_AGAIN = timedelta(seconds=15)
"""A message that was not heard of for so long is taken for lost."""
_WHILE_TAKEN = timedelta(seconds=3)


def serve(*, client_id: int, clock: Clock) -> int:
    """
    Do what is due for one client: registrations, blocks, then marks; return how many things.

    After its turn it queues up again behind the others.
    """
    client = (
        InvoiceClient.objects.select_related("organisation", "source", "target")
        .filter(pk=client_id)
        .first()
    )
    if client is None:
        return 0
    enqueued = InvoiceClient.objects.filter(pk=client_id)
    enqueued.update(enqueued_at=None)
    if not integration_of(client.organisation).is_active:
        return 0
    if not installation.may_send(now=clock()):
        living.notify_stopped_client(client, now=clock())
        enqueued.update(enqueued_at=clock())  # told again in a while, and not at every sweep
        return 0  # an older database was restored, or a copy; an operator must say so first
    done = (_serve_target(client, clock=clock), _serve_source(client, clock=clock))
    if any(one.more for one in done):
        enqueue("payments.tasks.serve_client", client_id=client_id)
    elif any(one.is_taken for one in done):
        # Told again in a moment, and not at every sweep while another works, or has died.
        enqueued.update(enqueued_at=clock() - ENQUEUE_AGAIN + _WHILE_TAKEN)
    return sum(one.served for one in done)


class _Done(NamedTuple):
    """What came of a turn: how many things, whether more wait, whether another has the lease."""

    served: int
    more: bool = False
    is_taken: bool = False


def _serve_target(client: InvoiceClient, *, clock: Clock) -> _Done:
    connection = client.target
    if connection is None or not connection.is_authorised or connection.is_paused(now=clock()):
        return _Done(0)
    owner, started, key = claims.new_owner(), clock(), writer_key(connection)
    if not Lease.objects.take(key=key, owner=owner, now=started, seconds=claims.lease_seconds()):
        return _Done(0, is_taken=True)
    calls, served = LastExchange(), 0
    try:
        target = target_for(connection, observer=calls)
        turn = Turn(client, target, calls, owner=owner, clock=clock)
        while clock() - started < _TURN:
            registration = _next(client, now=clock())
            if registration is None:
                break
            if not _serve_one(turn, registration):
                return _Done(served)
            served += 1
        else:
            return _Done(served, more=True)
        if target.capabilities.time_blocks:
            for customer in blocking.due_pushes(client, now=clock())[:200]:
                if clock() - started >= _TURN:
                    return _Done(served, more=True)
                blocking.push(customer, target=target, now=clock())
                served += 1
    except NotAuthorized:
        # The queue stops and fails nothing: it goes on after the sign-in.
        return _Done(served)
    finally:
        Lease.objects.give_back(key=key, owner=owner)
    return _Done(served)


def _serve_source(client: InvoiceClient, *, clock: Clock) -> _Done:
    connection = client.source
    if connection is None or not connection.is_authorised or connection.is_paused(now=clock()):
        return _Done(0)
    if not marking.due(client, now=clock()).exists():
        return _Done(0)
    owner, key = claims.new_owner(), writer_key(connection)
    if not Lease.objects.take(key=key, owner=owner, now=clock(), seconds=claims.lease_seconds()):
        return _Done(0, is_taken=True)
    try:
        return _Done(*marking.mark_some(client, source=source_for(connection), clock=clock))
    finally:
        Lease.objects.give_back(key=key, owner=owner)


def _next(client: InvoiceClient, *, now: datetime) -> Registration | None:
    """Return what to serve next: doubts first, since the target may hold them already."""
    due = Registration.objects.filter(client=client).due(now=now)
    unknown_outcome = due.filter(state=_S.UNKNOWN).order_by("not_before", "pk").first()
    found: Registration | None = unknown_outcome or due.order_by("not_before", "pk").first()
    return found


def _serve_one(turn: Turn, registration: Registration) -> bool:
    """
    Do the next thing about it; say whether the turn may go on.

    A defect of ours over one payment gives it to a person, and stops no other.
    """
    try:
        return _STEPS.get(RegistrationState(registration.state), reversing.reverse)(
            turn, registration
        )
    except (ConnectorError, *DATABASE_IS_AWAY):
        raise
    except Exception:
        number = fault_number()
        log.exception("payment_failed", registration=registration.pk, request_id=number)
        mishaps.give_to_a_person(registration.pk, number=number, owner=turn.owner, now=turn.clock())
        return True


_STEPS: dict[RegistrationState, Callable[[Turn, Registration], bool]] = {
    _S.READY: registering.register,
    _S.UNKNOWN: looking_up.look_up,
}


def recover(*, now: datetime) -> int:
    """
    Turn claims of dead workers into questions, never into "send again"; return how many.

    A reversal is safe to repeat, so it is simply due again.
    """
    found = list(Registration.objects.orphaned(now=now)[:200])
    for one in found:
        failure = OutcomeUnknown(vendor="", detail="the worker stopped before it had an answer")
        if one.state == _S.SENDING:
            one.become(_S.UNKNOWN, now=now, not_before=now, empty_look_ups=0, **why(failure, now))
        else:
            one.become(_S.TO_REVERSE, now=now, not_before=now, **why(failure, now))
        crash_point("recover.registration")
    return len(found)
