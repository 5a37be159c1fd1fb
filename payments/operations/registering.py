"""
What the outbox must know of payments: how one is registered in the target, and reversed there.

What a person removes from its invoice is reversed before anything else of the payment is sent:
the claim itself refuses it until then (`RegistrationQuerySet.held_back`).
"""

from datetime import date, datetime

from background.failures import NO_FAILURE
from connectors.errors import ConnectorError, NotAuthorized
from connectors.receivables.target import PaymentTarget, PaymentToRegister, RegisteredPayment
from outbox.delivery import Delivery, Found, Turn
from outbox.lookup import THAT_PROVE
from payments.models import InvoiceClient, Payment, Registration, RegistrationAttempt, Settlement
from payments.operations import already_there, marking, restoring
from payments.rules import refusals
from payments.rules.states import VALID_TRANSITIONS, RegistrationState

_S = RegistrationState
_K = RegistrationAttempt.Kind
_MOST_UNCLEAR_ANSWERS = 12
_BY_HAND = "by-hand-"


class Registering(Delivery[Registration, PaymentToRegister, RegisteredPayment]):
    """Payments of one client, put into its target."""

    SEND = _K.REGISTER

    def __init__(self, turn: Turn, client: InvoiceClient, target: PaymentTarget) -> None:
        super().__init__(turn)
        self.client, self.target = client, target
        self.balances = already_there.BalancesThere(target)
        self._lock_date: tuple[date | None] | None = None
        """What the target said, in a tuple; None: it was not asked yet."""

    def load(self, item: Registration) -> PaymentToRegister:
        """Return the payment as it is to stand in the target."""
        return to_register(item)

    def refuse(self, item: Registration) -> ConnectorError | None:
        """Return what the target would refuse, or what a person must say first."""
        if not self.client.clearing_account:
            return refusals.NoClearingAccount(client=self.client.name)
        paid_on = Payment.objects.values_list("paid_on", flat=True).get(pk=item.payment_id)
        locked = self._locked_until()
        if locked is not None and paid_on <= locked:
            return refusals.DateLocked(date=paid_on.isoformat(), locked=locked.isoformat())
        due = Registration.objects.filter(client=self.client, state=_S.READY)
        ahead = already_there.next_numbers(due.due(now=self.turn.clock()))
        return self.balances.question(item, ahead=ahead)

    def _locked_until(self) -> date | None:
        if self._lock_date is None:
            try:
                self._lock_date = (self.target.read_lock_date(),)
            except NotAuthorized:
                raise
            except ConnectorError:
                # The target checks it too; without an answer it is left to it.
                self._lock_date = (None,)
        return self._lock_date[0]

    def reject(self, item: Registration, failure: ConnectorError, *, now: datetime) -> None:
        """Ask a person what stands there already; let what was refused be corrected."""
        if isinstance(failure, refusals.PaidThereAlready):
            item.mark_needs_person(failure, now=now)
            return
        item.mark_rejected(failure, now=now)
        if isinstance(failure, NotAuthorized):
            self.turn.is_over = True  # a right is missing, for the next one too

    def send(self, item: Registration, payload: PaymentToRegister) -> RegisteredPayment:
        """Register it."""
        try:
            return self.target.register_payment(payload)
        except ConnectorError:
            self.balances.note(item, is_registered=False)
            raise

    def find(self, item: Registration, payload: PaymentToRegister) -> Found[RegisteredPayment]:
        """Ask the target for the payment, and after a restore for others like it."""
        there = self.target.find_payment(payload)
        if there is not None:
            if there.amount == payload.amount:
                return Found("found", there)
            differs = refusals.OtherAmount(theirs=str(there.amount), ours=str(payload.amount))
            return Found("differs", question=differs)
        if item.empty_look_ups + 1 >= THAT_PROVE:
            strange = restoring.find_unknown_vouchers(self.target, payload, now=self.turn.clock())
            if strange:
                vouchers = ", ".join(entry.voucher_number for entry in strange)
                return Found("several", question=refusals.OtherSinceTheBackup(vouchers=vouchers))
        return Found("not_found")

    def store(
        self, item: Registration, there: RegisteredPayment, *, is_sure: bool, now: datetime
    ) -> bool:
        """Keep the number under which it stands in the target."""
        if is_sure and item.is_undone:
            # A person said that it is not there, of what was taken off its invoice: it is.
            item.become(_S.TO_REVERSE, now=now, not_before=now, empty_look_ups=0, **NO_FAILURE)
            return True
        if self._is_given_again(item, there, is_sure=is_sure, now=now):
            return False
        stored = item.become(
            _S.REGISTERED,
            now=now,
            target_id=there.id,
            target_number=there.number,
            matched_there=there.matched,
            failures=0,
            empty_look_ups=0,
            **NO_FAILURE,
        )
        if stored:
            marking.note_registered(item, now=now)
        if not is_sure:
            self.balances.note(item, is_registered=True)
        return stored

    @staticmethod
    def _is_given_again(
        item: Registration, there: RegisteredPayment, *, is_sure: bool, now: datetime
    ) -> bool:
        """
        Handle a voucher id that another registration has; say whether ours must be read back.

        The older one is no longer there, so a person decides; one that was reversed only loses
        the id.
        """
        others = Registration.objects.filter(client=item.client_id, target_id=there.id)
        older = others.exclude(pk=item.pk).first()
        if older is None:
            return False
        number = there.number or there.id
        if _S.NEEDS_PERSON in VALID_TRANSITIONS[older.state]:
            gone = refusals.PaymentNumberGivenAgain(number=number)
            older.mark_needs_person(gone, now=now, target_id="", notified_of="")
        else:
            Registration.objects.filter(pk=older.pk).update(target_id="")
        if is_sure:
            return False
        asked = refusals.PaymentNumberIsRead(number=number)
        item.mark_unknown(asked, now=now, look_up_at=now)
        return True

    def unanswerable(self, item: Registration, failure: ConnectorError) -> ConnectorError:
        """Return the words for the person who must look there."""
        return refusals.StillUnknown(reference=item.reference, detail=failure.detail)


class Reversing(Delivery[Registration, str, None]):
    """What a person took off its invoice is nulled in the target, which is safe to repeat."""

    SEND = _K.REVERSE
    CLAIMED_AS = _S.REVERSING

    def __init__(self, turn: Turn, registering: Registering) -> None:
        super().__init__(turn)
        self.target, self.balances = registering.target, registering.balances

    def load(self, item: Registration) -> str:
        """Return the voucher that is nulled."""
        return item.target_id

    def refuse(self, item: Registration) -> ConnectorError | None:
        """Leave to a person what the hub does not know the voucher of."""
        if is_by_hand(item):
            return refusals.ReverseByHand(payment=str(item.payment))
        return None

    def send(self, item: Registration, payload: str) -> None:
        """Null it."""
        self.target.reverse_payment(payload)

    def store(self, item: Registration, there: None, *, is_sure: bool, now: datetime) -> bool:
        """Record that it is nulled."""
        self.balances.note(item, is_registered=False)
        return item.become(_S.REVERSED, now=now, failures=0, **NO_FAILURE)

    def lost(self, item: Registration, failure: ConnectorError, *, now: datetime) -> None:
        """Try it again; after many unclear answers a person looks."""
        if item.failures < _MOST_UNCLEAR_ANSWERS:
            self.put_back(item, failure, now=now, until=item.next_try(failure, now=now))
        else:
            item.mark_needs_person(failure, now=now, failures=0)

    def put_back(
        self, item: Registration, failure: ConnectorError, *, now: datetime, until: datetime
    ) -> None:
        """Let it be tried again; until it has an end, nothing else of the payment is sent."""
        item.postpone(failure, now=now, until=until, into=_S.TO_REVERSE)

    def reject(self, item: Registration, failure: ConnectorError, *, now: datetime) -> None:
        """Let a person look; a right that is missing for this one call stops nothing else."""
        if isinstance(failure, NotAuthorized):
            self.put_back(item, failure, now=now, until=item.next_try(failure, now=now))
        else:
            item.mark_needs_person(failure, now=now, failures=0)

    def find(self, item: Registration, payload: str) -> Found[None]:
        """Never asked: an unclear reversal is repeated."""
        raise NotImplementedError

    def unanswerable(self, item: Registration, failure: ConnectorError) -> ConnectorError:
        """Never asked."""
        return failure


def by_hand(registration: Registration) -> str:
    """Return what is kept for the id of a voucher of which a person said that it is there."""
    return f"{_BY_HAND}{registration.pk}"


def is_by_hand(registration: Registration) -> bool:
    """Say whether the hub does not know the voucher, so that only a person can reverse it."""
    return not registration.target_id or registration.target_id.startswith(_BY_HAND)


def give_to_a_person(registration_id: int, *, number: str, owner: str, now: datetime) -> None:
    """
    Take a registration out of the queue after a defect of ours.

    :param number: under which the log has the cause
    :param owner: the worker, whose claim it may be; another worker's claim is left alone
    """
    found = Registration.objects.filter(pk=registration_id, claim_owner__in=(owner, "")).first()
    if found is not None and _S.NEEDS_PERSON in VALID_TRANSITIONS[found.state]:
        found.mark_needs_person(refusals.PaymentFault(request_id=number), now=now)


def to_register(registration: Registration) -> PaymentToRegister:
    """Return the payment as it is to stand in the target."""
    settlement = Settlement.objects.select_related("invoice__customer", "payment", "client").get(
        pk=registration.settlement_id
    )
    payment, invoice, client = settlement.payment, settlement.invoice, settlement.client
    assert payment is not None  # noqa: S101 (only payments are registered)
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
