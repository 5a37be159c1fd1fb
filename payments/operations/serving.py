"""
A worker serves one invoice client: payments registered and reversed, blocks, then marks.

How a payment gets into the target exactly once is for the `outbox`; after a restore of the
database nothing is sent at all before the target was asked (`outbox.recovery`, `restoring`).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from accounts.operations import installation
from accounts.operations.access import source_for, target_for
from accounts.operations.claims import writer_key
from background import claims
from background.models import Lease
from connectors.receivables.target import PaymentTarget
from outbox import delivery, lookup, recovery
from outbox.delivery import Clock, Served, Step, Turn
from payments.models import Customer, InvoiceClient, Registration
from payments.operations import denying_time, marking, registering
from payments.operations.queues import CLIENTS
from payments.operations.registering import Registering, Reversing
from payments.operations.restoring import REGISTRATIONS
from payments.operations.rights import integration_of
from payments.rules.states import RegistrationState

_S = RegistrationState
_TURN = timedelta(seconds=20)
_MOST_BLOCKS = 200


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
    CLIENTS.is_done(client_id)
    if not integration_of(client.organisation).is_active:
        return 0
    if not installation.may_send(now=clock()):
        if client.target is not None:
            recovery.notify_stopped(REGISTRATIONS, client.target, now=clock())
        CLIENTS.enqueue_later(client_id, now=clock())
        return 0  # an older database was restored, or a copy; an operator must say so first
    done = (_serve_target(client, clock=clock), _serve_source(client, clock=clock))
    if any(one.more for one in done):
        CLIENTS.queue_up_again(client, now=clock())
    elif any(one.is_taken for one in done):
        # Enqueued again soon, and not at every sweep while another works, or has died.
        CLIENTS.enqueue_soon(client_id, now=clock())
    return sum(one.served for one in done)


def _serve_target(client: InvoiceClient, *, clock: Clock) -> Served:
    if client.target is None:
        return Served(0)
    return delivery.serve(client.target, partial(_steps, client), at_most=_TURN, clock=clock)


def _serve_source(client: InvoiceClient, *, clock: Clock) -> Served:
    connection = client.source
    if connection is None or not connection.is_authorised or connection.is_paused(now=clock()):
        return Served(0)
    if not marking.due(client, now=clock()).exists():
        return Served(0)
    owner, key = claims.new_owner(), writer_key(connection)
    if not Lease.objects.take(key=key, owner=owner, now=clock(), seconds=claims.lease_seconds()):
        return Served(0, is_taken=True)
    try:
        return Served(*marking.mark_some(client, source=source_for(connection), clock=clock))
    finally:
        Lease.objects.give_back(key=key, owner=owner)


def _steps(client: InvoiceClient, turn: Turn) -> Iterator[Step]:
    """Yield what is due, unknown outcomes first, since the target may hold them already."""
    target = target_for(turn.connection, observer=turn.calls)
    register = Registering(turn, client, target)
    work = _Work(register, Reversing(turn, register))
    waiting = Registration.objects.filter(client=client).due(now=turn.clock())
    recovery.ask_first(REGISTRATIONS, waiting, now=turn.clock())
    while (one := _next(client, now=turn.clock())) is not None:
        yield Step(partial(work.do, one), partial(work.stopped, one.pk))
    if target.capabilities.time_blocks:
        for customer in denying_time.due_pushes(client, now=turn.clock())[:_MOST_BLOCKS]:
            yield Step(partial(_push, customer, target=target, turn=turn), _stops_nothing)


class _Work:
    """What is done with a registration that is due, by its state."""

    def __init__(self, register: Registering, reverse: Reversing) -> None:
        self.register, self.reverse, self.turn = register, reverse, register.turn
        self._is_proven = False

    def do(self, one: Registration) -> bool:
        """Do the next thing about it; say whether there was something."""
        if one.state == _S.UNKNOWN:
            return lookup.look_up(one, self.register)
        if one.state == _S.TO_REVERSE:
            return delivery.deliver(one, self.reverse)
        is_sent = self._may_register() and delivery.deliver(one, self.register)
        # Not ours to send, now or any more: the next turn finds out why.
        self.turn.is_over = self.turn.is_over or not is_sent
        return is_sent

    def stopped(self, registration_id: int, number: str) -> None:
        """Hand to a person what a defect of ours has stopped."""
        registering.give_to_a_person(
            registration_id, number=number, owner=self.turn.owner, now=self.turn.clock()
        )

    def _may_register(self) -> bool:
        """Say whether anything may be sent to this company now; it is asked once (B18)."""
        self._is_proven = self._is_proven or recovery.may_send(
            REGISTRATIONS, self.turn.connection, self.register.target, clock=self.turn.clock
        )
        return self._is_proven


def _push(customer: Customer, *, target: PaymentTarget, turn: Turn) -> bool:
    return denying_time.push(customer, target=target, now=turn.clock()) or True


def _stops_nothing(number: str) -> None:
    """Do nothing: a block says itself what has become of it."""


def _next(client: InvoiceClient, *, now: datetime) -> Registration | None:
    due = Registration.objects.filter(client=client).due(now=now).select_related("client")
    unknown = due.filter(state=_S.UNKNOWN).order_by("not_before", "pk").first()
    found: Registration | None = unknown or due.order_by("not_before", "pk").first()
    return found
