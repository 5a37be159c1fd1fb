"""The registration of a payment in the target, and every attempt at it."""

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from background.failures import NO_FAILURE, why
from connectors.errors import ConnectorError
from outbox.models import OutboxAttempt, OutboxItem, OutboxQuerySet
from outbox.states import Machine
from payments.models.clients import InvoiceClient
from payments.models.ledger import Payment, Settlement
from payments.models.money import MoneyField
from payments.rules.states import VALID_TRANSITIONS, RegistrationState

_S = RegistrationState
DUE = (_S.READY, _S.UNKNOWN, _S.TO_REVERSE)
NOT_THERE = (_S.WITHDRAWN, _S.REVERSED)
"""States in which it is known that nothing of it stands in the target any more."""


class RegistrationQuerySet(OutboxQuerySet):
    """Registrations that a worker may take."""

    def due(self, *, now: datetime) -> "RegistrationQuerySet":
        """Return those that may be sent, asked about or reversed now."""
        waiting = self.unclaimed(now=now).filter(state__in=DUE, not_before__lte=now)
        return waiting.exclude(self.held_back())

    @staticmethod
    def held_back() -> models.Q:
        """
        Hold for those that wait to be sent while an earlier sending of the payment may stand.

        A person took the payment off an invoice, and it is not known to be undone there: sent
        on another invoice now, the same money would stand in the target twice.
        """
        earlier = Registration.objects.may_still_stand().filter(payment=models.OuterRef("payment"))
        return models.Q(models.Exists(earlier), state=_S.READY)

    def may_still_stand(self) -> "RegistrationQuerySet":
        """Return those that a person took off their invoice and that may stand in the target."""
        undone = Settlement.objects.filter(undoes=models.OuterRef("settlement"))
        being_reversed = models.Q(state__in=(_S.TO_REVERSE, _S.REVERSING))
        return self.filter(being_reversed | models.Exists(undone)).exclude(state__in=NOT_THERE)


class Registration(OutboxItem):
    """So much of a payment on one invoice, as it is to stand in the target: once."""

    TRANSITIONS: ClassVar[Machine] = VALID_TRANSITIONS
    CLAIMED = (_S.SENDING, _S.REVERSING)
    WORK = "payments"
    CONNECTION = "client__target"

    client = models.ForeignKey(
        InvoiceClient, on_delete=models.CASCADE, related_name="registrations"
    )
    settlement = models.OneToOneField(
        Settlement, on_delete=models.PROTECT, related_name="registration"
    )
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="registrations")
    reference = models.CharField(max_length=40, unique=True)
    amount = MoneyField()
    state = models.CharField(
        max_length=15,
        choices=[(s.value, s.value) for s in RegistrationState],
        default=_S.READY.value,
    )
    target_id = models.CharField(max_length=60, blank=True)
    target_number = models.CharField(max_length=40, blank=True)
    matched_there = models.BooleanField(null=True)
    """Whether the target joined it to the invoice; False: a person must do that there."""
    notified_of = models.CharField(max_length=15, blank=True)
    """What is wrong with it as its owner was last notified; see `alarming`."""
    confirmed_balance = MoneyField(null=True)
    """The invoice's balance there, at which a person said that this does not stand there yet."""

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=~models.Q(state="registered") | ~models.Q(target_id=""),
                name="registered_payment_has_a_target_id",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["sending", "reversing"]) | ~models.Q(claim_owner=""),
                name="claimed_registration_has_an_owner",
            ),
            models.UniqueConstraint(
                fields=["client", "target_id"],
                condition=~models.Q(target_id=""),
                name="target_payment_belongs_to_one_registration",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["client", "not_before"],
                name="registration_due",
                condition=models.Q(
                    state__in=["ready", "unknown", "to_reverse", "sending", "reversing"]
                ),
            )
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_undone(self) -> bool:
        """Say whether a person has taken the payment off the invoice."""
        return Settlement.objects.filter(undoes=self.settlement_id).exists()

    def may_be_claimed(self, into: str, *, now: datetime) -> models.Q:
        """
        Refuse what must not be sent yet, even if that was so only a moment ago.

        What has an unknown outcome since a restore, what waits until an earlier sending of the
        payment is undone, and what is to be sent where the target must be asked first.
        """
        if into != _S.SENDING:
            return models.Q()
        sure = self.is_not_there(self.client.target_id, now=now)
        return sure & ~RegistrationQuerySet.held_back()

    def mark_abandoned(self, failure: ConnectorError, *, now: datetime) -> bool:
        """Record that its worker died; a reversal is safe to repeat, so it is due again."""
        if self.state == _S.REVERSING:
            return self.become(_S.TO_REVERSE, now=now, not_before=now, **why(failure, now))
        return super().mark_abandoned(failure, now=now)

    def mark_not_there(self, *, now: datetime, **changes: Any) -> bool:
        """Record that the target does not have it: it may be sent, if its match still stands."""
        if self.is_undone:
            return self.become(_S.REVERSED, now=now, empty_look_ups=0, **NO_FAILURE)
        return super().mark_not_there(now=now, **changes)


class RegistrationAttempt(OutboxAttempt):
    """One call about a registration."""

    class Kind(models.TextChoices):
        """What was asked of the target."""

        REGISTER = "register", _("Register")
        LOOK_UP = "look_up", _("Look up")
        REVERSE = "reverse", _("Reverse")

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="attempts"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
