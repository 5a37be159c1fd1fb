"""A payment is put into the target: checked, claimed, sent, recorded."""

from datetime import timedelta

from django.db import transaction

from background import claims
from background.crash_points import crash_point
from background.failures import NO_FAILURE, why
from connectors.errors import (
    BadAnswer,
    ConnectorError,
    Forbidden,
    NotAuthorized,
    OutcomeUnknown,
    Unavailable,
)
from connectors.receivables import PaymentToRegister, RegisteredPayment
from payments.domain import refusals
from payments.domain.states import RegistrationState
from payments.models import Payment, Registration, RegistrationAttempt
from payments.operations import already_there, marking, mishaps, restoring
from payments.operations.turns import Turn

_S = RegistrationState
_K = RegistrationAttempt.Kind
_FIRST_LOOK_UP = timedelta(seconds=3)


def register(turn: Turn, registration: Registration) -> bool:
    """Put a payment into the target, after all that may stop it; say whether the turn may go on."""
    now = turn.clock()
    if restoring.mark_unknown(registration, now=now):
        return True
    if not turn.may_register():
        return False
    refusal = _refusal(turn, registration)
    if refusal is not None:
        registration.become(_S.REJECTED, now=now, **why(refusal, now))
        return True
    try:
        question = turn.balances.question(registration, ahead=_next_invoices(turn))
    except NotAuthorized:
        raise
    except ConnectorError as failure:
        return _not_asked(turn, registration, failure)
    if question is not None:
        registration.become(_S.NEEDS_PERSON, now=now, **why(question, now))
        return True
    with transaction.atomic():
        mine = Registration.objects.claim(
            registration.pk,
            old=_S.READY,
            new=_S.SENDING,
            owner=turn.owner,
            now=now,
            lease_seconds=claims.lease_seconds(),
        )
        if mine is None:
            return True
        attempt = turn.open(mine, _K.REGISTER, now=now)
    crash_point("register.after_claim")
    payment = to_register(mine)
    turn.calls.last = None
    try:
        there = turn.target.register_payment(payment)
    except ConnectorError as failure:
        turn.balances.note(mine, is_registered=False)
        crash_point("register.after_failure")
        goes_on = _record_failure(turn, mine, attempt, failure)
        crash_point("register.after_unknown")
        return goes_on
    crash_point("register.after_call")
    turn.close(attempt, "ok")
    note_registered(turn, mine, there)
    turn.balances.note(mine, is_registered=True)
    return True


def _next_invoices(turn: Turn) -> list[str]:
    due = Registration.objects.filter(client=turn.client, state=_S.READY)
    return already_there.next_numbers(due.due(now=turn.clock()))


def _not_asked(turn: Turn, registration: Registration, failure: ConnectorError) -> bool:
    """Send nothing while the target does not say what is open; say whether the turn goes on."""
    now = turn.clock()
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
        turn.pause(until=now + wait)
    return False


def note_registered(turn: Turn, registration: Registration, there: RegisteredPayment) -> None:
    """Keep the number under which it stands in the target."""
    now = turn.clock()
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
    crash_point("register.stored")


def _refusal(turn: Turn, registration: Registration) -> ConnectorError | None:
    if not turn.client.clearing_account:
        return refusals.NoClearingAccount(client=turn.client.name)
    if turn.lock_date is None:
        try:
            turn.lock_date = (turn.target.read_lock_date(),)
        except NotAuthorized:
            raise
        except ConnectorError:
            # The target checks it too; without an answer it is left to it.
            turn.lock_date = (None,)
    locked = turn.lock_date[0]
    paid_on = Payment.objects.values_list("paid_on", flat=True).get(pk=registration.payment_id)
    if locked is not None and paid_on <= locked:
        return refusals.DateLocked(date=paid_on.isoformat(), locked=locked.isoformat())
    return None


def _record_failure(
    turn: Turn, mine: Registration, attempt: RegistrationAttempt, failure: ConnectorError
) -> bool:
    """Record why there is no clear yes; say whether the turn may go on."""
    now = turn.clock()
    turn.close(attempt, failure.code(), detail=failure.detail)
    match failure:
        case OutcomeUnknown() | BadAnswer():
            # An answer to a write that we cannot read is a unknown one, whatever it was.
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
                turn.pause(until=now + wait)
            return False
        case NotAuthorized():
            if not turn.is_authorised():
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
