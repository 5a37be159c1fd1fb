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
from datetime import date, datetime, timedelta
from typing import NamedTuple

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Connection
from accounts.operations import installation
from accounts.operations.access import source_for, target_for
from accounts.operations.calls import Calls
from accounts.operations.claims import writer_key
from connectors.errors import (
    BadAnswer,
    ConnectorError,
    Forbidden,
    NotAuthorized,
    OutcomeUnknown,
    Unavailable,
)
from connectors.receivables import PaymentTarget, PaymentToRegister, RegisteredPayment
from organisations.models import Lease, User
from organisations.models.compare_and_set import compare_and_set
from organisations.models.failures import NO_FAILURE, why
from organisations.operations import audit, claims
from organisations.operations.boundaries import reached
from organisations.operations.faults import DATABASE_IS_AWAY, fault_number
from organisations.operations.waking import wake
from payments.domain import refusals
from payments.domain.states import RegistrationState
from payments.models import (
    InvoiceClient,
    Payment,
    Registration,
    RegistrationAttempt,
    Settlement,
)
from payments.operations import already_there, blocking, living, marking, mishaps, restoring
from payments.operations.rights import check_right, integration_of

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
_S = RegistrationState
_K = RegistrationAttempt.Kind
_TURN = timedelta(seconds=20)
RING_AGAIN = timedelta(seconds=15)
"""A message that was not heard of for so long is taken for lost."""
_WHILE_TAKEN = timedelta(seconds=3)
_FIRST_LOOK_UP = timedelta(seconds=3)
_LOOK_UPS_THAT_PROVE = 2
_MOST_LOOK_UPS_THAT_FAIL = 12


def _between_look_ups() -> timedelta:
    return timedelta(seconds=settings.HUB_LOOK_UP_INTERVAL_SECONDS)


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
    rung = InvoiceClient.objects.filter(pk=client_id)
    rung.update(rung_at=None)
    if not integration_of(client.organisation).is_active:
        return 0
    if not installation.may_send(now=clock()):
        living.tell_stopped_client(client, now=clock())
        rung.update(rung_at=clock())  # told again in a while, and not at every sweep
        return 0  # an older database was restored, or a copy; an operator must say so first
    done = (_serve_target(client, clock=clock), _serve_source(client, clock=clock))
    if any(one.more for one in done):
        wake("payments.tasks.serve_client", client_id=client_id)
    elif any(one.is_taken for one in done):
        # Told again in a moment, and not at every sweep while another works, or has died.
        rung.update(rung_at=clock() - RING_AGAIN + _WHILE_TAKEN)
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
    calls, served = Calls(), 0
    try:
        target = target_for(connection, observer=calls)
        turn = _Turn(client, target, calls, owner=owner, clock=clock)
        while clock() - started < _TURN:
            registration = turn.next()
            if registration is None:
                break
            if not turn.serve(registration):
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


class _Turn:
    """A worker's turn with the target of one client."""

    def __init__(
        self,
        client: InvoiceClient,
        target: PaymentTarget,
        calls: Calls,
        *,
        owner: str,
        clock: Clock,
    ) -> None:
        self.client, self.target, self.calls = client, target, calls
        self.owner, self.clock = owner, clock
        self._lock_date: tuple[date | None] | None = None
        self.balances = already_there.BalancesThere(target)
        self._is_proven = False

    def next(self) -> Registration | None:
        """Return what to serve next: doubts first, since the target may hold them already."""
        due = Registration.objects.filter(client=self.client).due(now=self.clock())
        doubt = due.filter(state=_S.UNKNOWN).order_by("not_before", "pk").first()
        found: Registration | None = doubt or due.order_by("not_before", "pk").first()
        return found

    def serve(self, registration: Registration) -> bool:
        """
        Do the next thing about it; say whether the turn may go on.

        A defect of ours over one payment gives it to a person, and stops no other.
        """
        try:
            return self._serve(registration)
        except (ConnectorError, *DATABASE_IS_AWAY):
            raise
        except Exception:
            number = fault_number()
            log.exception("payment_failed", registration=registration.pk, request_id=number)
            mishaps.give_to_a_person(
                registration.pk, number=number, owner=self.owner, now=self.clock()
            )
            return True

    def _serve(self, registration: Registration) -> bool:
        match RegistrationState(registration.state):
            case RegistrationState.READY:
                return self._register(registration)
            case RegistrationState.UNKNOWN:
                return self._look_up(registration)
            case _:
                return self._reverse(registration)

    # --- registering ---

    def _register(self, registration: Registration) -> bool:
        now = self.clock()
        if restoring.put_in_doubt(registration, now=now):
            return True
        if not self._may_register():
            return False
        refusal = self._refusal(registration)
        if refusal is not None:
            registration.become(_S.REJECTED, now=now, **why(refusal, now))
            return True
        try:
            question = self.balances.question(registration, ahead=self._next_invoices())
        except NotAuthorized:
            raise
        except ConnectorError as failure:
            return self._not_asked(registration, failure)
        if question is not None:
            registration.become(_S.NEEDS_PERSON, now=now, **why(question, now))
            return True
        with transaction.atomic():
            mine = Registration.objects.claim(
                registration.pk,
                old=_S.READY,
                new=_S.SENDING,
                owner=self.owner,
                now=now,
                lease_seconds=claims.lease_seconds(),
            )
            if mine is None:
                return True
            attempt = self._open(mine, _K.REGISTER, now=now)
        reached("register.claimed")
        payment = to_register(mine)
        self.calls.last = None
        try:
            there = self.target.register_payment(payment)
        except ConnectorError as failure:
            self.balances.note(mine, is_registered=False)
            reached("register.failed")
            goes_on = self._record_failure(mine, attempt, failure)
            reached("register.doubted")
            return goes_on
        reached("register.called")
        self._close(attempt, "ok")
        self._registered(mine, there)
        self.balances.note(mine, is_registered=True)
        return True

    def _next_invoices(self) -> list[str]:
        due = Registration.objects.filter(client=self.client, state=_S.READY)
        return already_there.next_numbers(due.due(now=self.clock()))

    def _not_asked(self, registration: Registration, failure: ConnectorError) -> bool:
        """Send nothing while the target does not say what is open; say whether the turn goes on."""
        now = self.clock()
        if not isinstance(failure, Unavailable):
            registration.become(_S.REJECTED, now=now, **why(failure, now))
            return True
        wait = timedelta(seconds=failure.retry_after or min(5 * 2**registration.failures, 900))
        registration.become(
            _S.READY,
            now=now,
            not_before=now + wait,
            failures=min(registration.failures + 1, 20),
            **why(failure, now),
        )
        if failure.retry_after:
            self._pause(until=now + wait)
        return False

    def _may_register(self) -> bool:
        if not self._is_proven and self.client.target is not None:
            self._is_proven = living.may_register(self.client.target, self.target, clock=self.clock)
        return self._is_proven

    def _registered(self, registration: Registration, there: RegisteredPayment) -> None:
        now = self.clock()
        if mishaps.note_number_given_again(registration, there, now=now):
            return
        with transaction.atomic():
            registration.become(
                _S.REGISTERED,
                now=now,
                target_id=there.id,
                target_number=there.number,
                matched_there=there.matched,
                failures=0,
                empty_look_ups=0,
                **NO_FAILURE,
            )
            marking.note_registered(registration, now=now)
        reached("register.stored")

    def _refusal(self, registration: Registration) -> ConnectorError | None:
        if not self.client.clearing_account:
            return refusals.NoClearingAccount(client=self.client.name)
        if self._lock_date is None:
            try:
                self._lock_date = (self.target.read_lock_date(),)
            except NotAuthorized:
                raise
            except ConnectorError:
                # The target checks it too; without an answer it is left to it.
                self._lock_date = (None,)
        locked = self._lock_date[0]
        paid_on = Payment.objects.values_list("paid_on", flat=True).get(pk=registration.payment_id)
        if locked is not None and paid_on <= locked:
            return refusals.DateLocked(date=paid_on.isoformat(), locked=locked.isoformat())
        return None

    def _record_failure(
        self, mine: Registration, attempt: RegistrationAttempt, failure: ConnectorError
    ) -> bool:
        """Record why there is no clear yes; say whether the turn may go on."""
        now = self.clock()
        self._close(attempt, failure.code(), detail=failure.detail)
        match failure:
            case OutcomeUnknown() | BadAnswer():
                # An answer to a write that we cannot read is a doubtful one, whatever it was.
                mine.become(
                    _S.UNKNOWN,
                    now=now,
                    not_before=now + _FIRST_LOOK_UP,
                    empty_look_ups=0,
                    **why(failure, now),
                )
                return True
            case Unavailable():
                wait = timedelta(seconds=failure.retry_after or min(5 * 2**mine.failures, 900))
                mine.become(
                    _S.READY,
                    now=now,
                    not_before=now + wait,
                    failures=min(mine.failures + 1, 20),
                    **why(failure, now),
                )
                if failure.retry_after:
                    self._pause(until=now + wait)
                return False
            case NotAuthorized():
                if not self._is_authorised():
                    mine.become(_S.READY, now=now, not_before=now, **why(failure, now))
                    return False
                if not isinstance(failure, Forbidden):
                    # The account itself stands: a fault over there, and nothing to correct here.
                    wait = timedelta(seconds=min(15 * 2**mine.failures, 900))
                    mine.become(
                        _S.READY,
                        now=now,
                        not_before=now + wait,
                        failures=min(mine.failures + 1, 20),
                        **why(failure, now),
                    )
                    return False
                mine.become(_S.REJECTED, now=now, **why(failure, now))
                return False
            case _:
                mine.become(_S.REJECTED, now=now, **why(failure, now))
                return True

    def _pause(self, *, until: datetime) -> None:
        self._connection().update(not_before=until)

    def _is_authorised(self) -> bool:
        return self._connection().filter(state=Connection.State.AUTHORISED).exists()

    def _connection(self) -> "QuerySet[Connection]":
        assert self.client.target is not None  # noqa: S101 (there is no turn without)
        return Connection.objects.filter(pk=self.client.target.pk)

    # --- asking ---

    def _look_up(self, registration: Registration) -> bool:
        """Ask the target whether it holds the payment."""
        now = self.clock()
        # The doubt is held by moving its hour: the writer lease lets only one ask.
        held = Registration.objects.filter(
            pk=registration.pk, state=_S.UNKNOWN, not_before=registration.not_before
        ).update(not_before=now + _between_look_ups())
        if not held:
            return True
        attempt = self._open(registration, _K.LOOK_UP, now=now)
        reached("register.held")
        wanted = to_register(registration)
        self.calls.last = None
        try:
            there = self.target.find_payment(wanted)
            strange = []
            if there is None and registration.empty_look_ups + 1 >= _LOOK_UPS_THAT_PROVE:
                strange = restoring.find_strange(self.target, wanted, now=now)
        except NotAuthorized as failure:
            self._close(attempt, failure.code(), detail=failure.detail)
            return False
        except ConnectorError as failure:
            self._close(attempt, failure.code(), detail=failure.detail)
            return self._still_unknown(registration, failure)
        reached("register.asked")
        now = self.clock()
        if strange:
            self._close(attempt, "several")
            vouchers = ", ".join(entry.voucher_number for entry in strange)
            other = refusals.OtherSinceTheBackup(vouchers=vouchers)
            registration.become(_S.NEEDS_PERSON, now=now, **why(other, now))
        elif there is None:
            self._close(attempt, "not_found")
            self._not_found(registration, now=now)
        elif there.amount != wanted.amount:
            self._close(attempt, "differs")
            differs = refusals.OtherAmount(theirs=str(there.amount), ours=str(wanted.amount))
            registration.become(_S.NEEDS_PERSON, now=now, **why(differs, now))
        else:
            self._close(attempt, "ok")
            self._registered(registration, there)
        return True

    def _not_found(self, registration: Registration, *, now: datetime) -> None:
        empty = registration.empty_look_ups + 1
        if empty >= _LOOK_UPS_THAT_PROVE:
            registration.become(_S.READY, now=now, not_before=now, empty_look_ups=0, **NO_FAILURE)
            return
        Registration.objects.filter(pk=registration.pk, state=_S.UNKNOWN).update(
            empty_look_ups=empty, not_before=now + _between_look_ups()
        )

    def _still_unknown(self, registration: Registration, failure: ConnectorError) -> bool:
        now, failures = self.clock(), registration.failures + 1
        if failures >= _MOST_LOOK_UPS_THAT_FAIL and not isinstance(failure, Unavailable):
            unsolved = refusals.StillUnknown(
                reference=registration.reference, detail=failure.detail
            )
            registration.become(_S.NEEDS_PERSON, now=now, **why(unsolved, now))
            return True
        wait = timedelta(seconds=min(5 * 2 ** min(failures, 6), 300))
        if isinstance(failure, Unavailable) and failure.retry_after:
            wait = timedelta(seconds=failure.retry_after)
            self._pause(until=now + wait)
        Registration.objects.filter(pk=registration.pk, state=_S.UNKNOWN).update(
            failures=min(failures, 20), not_before=now + wait
        )
        return not isinstance(failure, Unavailable)

    # --- taking back ---

    def _reverse(self, registration: Registration) -> bool:
        """Null a payment that a person took off its invoice; safe to repeat at the target."""
        now = self.clock()
        with transaction.atomic():
            mine = Registration.objects.claim(
                registration.pk,
                old=_S.TO_REVERSE,
                new=_S.REVERSING,
                owner=self.owner,
                now=now,
                lease_seconds=claims.lease_seconds(),
            )
            if mine is None:
                return True
            attempt = self._open(mine, _K.REVERSE, now=now)
        reached("reverse.claimed")
        self.calls.last = None
        try:
            self.target.reverse_payment(mine.target_id)
        except ConnectorError as failure:
            now = self.clock()
            self._close(attempt, failure.code(), detail=failure.detail)
            return self._not_reversed(mine, failure, now=now)
        reached("reverse.called")
        self._close(attempt, "ok")
        mine.become(_S.REVERSED, now=self.clock(), failures=0, **NO_FAILURE)
        self.balances.note(mine, is_registered=False)
        reached("reverse.stored")
        return True

    def _not_reversed(self, mine: Registration, failure: ConnectorError, *, now: datetime) -> bool:
        """
        Let it be tried again, or let a person look; say whether the turn may go on.

        Until one of them has an end, nothing else of the payment is sent.
        """
        lasting = isinstance(failure, Unavailable | NotAuthorized)
        doubtful = isinstance(failure, OutcomeUnknown | BadAnswer)
        if not lasting and not (doubtful and mine.failures < _MOST_LOOK_UPS_THAT_FAIL):
            mine.become(_S.NEEDS_PERSON, now=now, failures=0, **why(failure, now))
            return True
        wait = timedelta(seconds=failure.retry_after or min(5 * 2 ** min(mine.failures, 8), 900))
        mine.become(
            _S.TO_REVERSE,
            now=now,
            not_before=now + wait,
            failures=min(mine.failures + 1, 20),
            **why(failure, now),
        )
        if isinstance(failure, Unavailable) and failure.retry_after:
            self._pause(until=now + wait)
        # A right that is missing for this one call stops nothing else.
        return doubtful or (isinstance(failure, NotAuthorized) and self._is_authorised())

    # --- the trace of every call ---

    def _open(self, registration: Registration, kind: str, *, now: datetime) -> RegistrationAttempt:
        return RegistrationAttempt.objects.create(
            organisation_id=registration.organisation_id,
            registration=registration,
            kind=kind,
            started_at=now,
        )

    def _close(self, attempt: RegistrationAttempt, outcome: str, *, detail: str = "") -> None:
        columns = self.calls.as_columns(outcome, now=self.clock(), detail=detail)
        compare_and_set(attempt, expect={}, changes=columns)


def to_register(registration: Registration) -> PaymentToRegister:
    """Return the payment as it is to stand in the target."""
    settlement = (
        type(registration.settlement)
        .objects.select_related("invoice__customer", "payment", "client")
        .get(pk=registration.settlement_id)
    )
    payment, invoice, client = settlement.payment, settlement.invoice, settlement.client
    customer = invoice.customer
    number = payment.customer_number
    if customer is not None:
        number = customer.target_number or customer.number
    return PaymentToRegister(
        reference=registration.reference,
        customer_number=number,
        invoice_number=invoice.number,
        paid_on=payment.paid_on,
        amount=registration.amount,
        currency=client.currency,
        account=client.clearing_account,
        text=f"Visma {payment.voucher_number} ({payment.journal_number}/{payment.audit_number})",
        voucher_number=payment.voucher_number,
        kid=payment.kid,
    )


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
        reached("recover.registration")
    return len(found)


CHOICES = ("there", "not_there", "drop")
"""What a person answers: it stands in the target; it does not: send it; it does not: leave it."""


def try_again(
    *,
    client: InvoiceClient,
    by: User | None,
    now: datetime,
    registration_id: int | None = None,
    among: "QuerySet[Payment] | None" = None,
) -> int:
    """
    Put refused registrations back into the queue, for a person has corrected something.

    :param registration_id: only this one
    :param among: only those of these payments
    """
    check_right(client.organisation, by)
    refused = Registration.objects.filter(client=client, state=_S.REJECTED)
    if registration_id is not None:
        refused = refused.filter(pk=registration_id)
    if among is not None:
        refused = refused.filter(payment__in=among.values("pk"))
    count = refused.update(
        state=_S.READY, state_at=now, not_before=now, failures=0, told="", **NO_FAILURE
    )
    if count:
        audit.record(
            organisation=client.organisation,
            action="payments.tried_again",
            subject=client,
            user=by,
            details={"registrations": count},
        )
        wake("payments.tasks.serve_client", client_id=client.pk)
    return count


def decide(
    *, registration: Registration, choice: str, by: User | None, now: datetime, reason: str = ""
) -> None:
    """
    Record what a person found in the target about a doubtful registration.

    What was taken off its invoice meanwhile is never sent: if it stands there it is taken back.

    :param choice: one of `CHOICES`
    :raises KeyError: for another choice
    :raises NothingToDecide: if nobody is asked, or somebody has answered
    :raises SayWhetherItStands: if it was taken off its invoice, and is to be left as it is
    """
    check_right(registration.organisation, by)
    nothing = refusals.NothingToDecide(payment=str(registration.payment))
    if registration.state != _S.NEEDS_PERSON:
        raise nothing
    if Settlement.objects.filter(undoes=registration.settlement_id).exists():
        if choice == "drop":
            # It would not say whether it stands there, and the payment is free for another invoice.
            raise refusals.SayWhetherItStands(payment=str(registration.payment))
        new = {"there": _S.TO_REVERSE, "not_there": _S.REVERSED}[choice]
    else:
        new = {"there": _S.REGISTERED, "not_there": _S.READY, "drop": _S.WITHDRAWN}[choice]
    changes = dict(NO_FAILURE, told="")
    if new is _S.REGISTERED:
        changes["target_id"] = registration.target_id or f"by-hand-{registration.pk}"
    elif new is _S.READY:
        changes |= already_there.confirmed(registration)
    with transaction.atomic():
        if not registration.become(new, now=now, not_before=now, **changes):
            raise nothing
        if new is _S.REGISTERED:
            marking.note_registered(registration, now=now)
        audit.record(
            organisation=registration.organisation,
            action="payments.decided",
            subject=registration,
            user=by,
            details={"choice": choice} | ({"reason": reason} if reason else {}),
        )
    wake("payments.tasks.serve_client", client_id=registration.client_id)
