"""A person, or a sign-in, ends a wait: what waited is due at once. No call is made here."""

from datetime import datetime

from django.db.models import Q

from accounts.models import Connection
from audit import trail
from background.enqueueing import enqueue
from connectors.errors import RateLimited
from organisations.models import User
from payments.models import Customer, FetchRun, InvoiceClient, Payment, Registration
from payments.operations.rights import check_right
from payments.rules import trying as rules
from payments.rules.states import RegistrationState


def may_try_now(registration: Registration, *, now: datetime) -> bool:
    """Return whether it waits for its hour only, and may be taken before that."""
    target = registration.client.target
    if target is None or not target.is_authorised or target.is_paused(now=now):
        return False
    return rules.may_try_now(
        RegistrationState(registration.state),
        not_before=registration.not_before,
        state_at=registration.state_at,
        failure_code=registration.failure_code,
        empty_look_ups=registration.empty_look_ups,
        now=now,
    )


def try_registration(registration: Registration, *, by: User, now: datetime) -> bool:
    """Let a registration be taken at once; say whether that changes anything."""
    check_right(registration.organisation, by)
    if not may_try_now(registration, now=now):
        return False
    mine = Registration.objects.filter(
        pk=registration.pk, state=registration.state, not_before=registration.not_before
    )
    return _done(registration.client, bool(mine.update(not_before=now)), by=by)


def mark_may_be_tried(payment: Payment, *, now: datetime) -> bool:
    """Return whether a mark waits for its hour only."""
    source = payment.client.source
    usable = source is not None and source.is_authorised and not source.is_paused(now=now)
    return usable and not payment.mark and payment.mark_at is not None and payment.mark_at > now


def try_mark(payment: Payment, *, by: User, now: datetime) -> bool:
    """Let a mark be set at once; say whether that changes anything."""
    check_right(payment.organisation, by)
    if not mark_may_be_tried(payment, now=now):
        return False
    mine = Payment.objects.filter(pk=payment.pk, mark=Payment.Mark.NONE, mark_at=payment.mark_at)
    return _done(payment.client, bool(mine.update(mark_at=now)), by=by)


def push_may_be_tried(customer: Customer, *, now: datetime) -> bool:
    """Return whether a block that did not get through waits for its hour only."""
    target = customer.client.target
    usable = target is not None and target.is_authorised and not target.is_paused(now=now)
    waits = customer.push_at is not None and customer.push_at > now
    passing = customer.push_failure_code != RateLimited.code()
    return usable and waits and bool(customer.push_failures) and passing


def try_push(customer: Customer, *, by: User, now: datetime) -> bool:
    """Let a block be passed on at once; say whether that changes anything."""
    check_right(customer.organisation, by)
    if not push_may_be_tried(customer, now=now):
        return False
    mine = Customer.objects.filter(pk=customer.pk, push_at=customer.push_at)
    return _done(customer.client, bool(mine.update(push_at=now)), by=by)


def run_may_be_tried(run: FetchRun, *, now: datetime) -> bool:
    """Return whether a run waits for its next attempt, and no vendor asked for that."""
    waits = run.state == FetchRun.State.WAITING and run.not_before > now
    return waits and bool(run.failures) and run.failure_code != RateLimited.code()


def try_run(run: FetchRun, *, by: User, now: datetime) -> bool:
    """Let a run go on at once; say whether that changes anything."""
    check_right(run.organisation, by)
    if not run_may_be_tried(run, now=now):
        return False
    mine = FetchRun.objects.filter(pk=run.pk, state=run.state, not_before=run.not_before)
    hurried = bool(mine.update(not_before=now, enqueued_at=None))
    if hurried:
        enqueue("payments.tasks.fetch", run_id=run.pk)
        _record(run.client, by=by)
    return hurried


def signed_in(connection: Connection, now: datetime) -> int:
    """Make due what waited for a sign-in to the target, or for the target while nobody could."""
    waiting = Registration.objects.filter(
        client__target=connection, state__in=rules.NEEDS_ACCESS, not_before__gt=now
    ).exclude(failure_code__in=rules.ASKED_TO_WAIT)
    counted = Q(state=RegistrationState.UNKNOWN) & ~Q(empty_look_ups=0)
    return waiting.exclude(counted).update(not_before=now)


def _done(client: InvoiceClient, hurried: bool, *, by: User) -> bool:
    if hurried:
        enqueue("payments.tasks.serve_client", client_id=client.pk)
        _record(client, by=by)
    return hurried


def _record(client: InvoiceClient, *, by: User) -> None:
    trail.record(
        organisation=client.organisation, action="payments.tried_now", subject=client, user=by
    )


def clock_was_set_back(now: datetime) -> None:
    """Let what waits for a time of the old clock be due."""
    waiting = Registration.objects.filter(
        state__in=[RegistrationState.READY, RegistrationState.TO_REVERSE]
    )
    waiting.filter(not_before__gt=now).update(not_before=now)
    runs = FetchRun.objects.filter(state=FetchRun.State.WAITING)
    runs.filter(not_before__gt=now).update(not_before=now)
    InvoiceClient.objects.filter(not_before__gt=now).update(not_before=now)
