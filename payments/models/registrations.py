"""
The registration of a payment in the target, and every attempt at it.

Every change of state is one committed UPDATE that names the state it comes from and the claim.
"""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import LedgerProof, Restore
from accounts.models.hosts import unproven
from audit.scoped import OfOrganisation
from organisations.models import Organisation
from payments.domain.states import VALID_TRANSITIONS, RegistrationState
from payments.models.clients import InvoiceClient
from payments.models.ledger import Payment, Settlement
from payments.models.money import MoneyField

_S = RegistrationState
DUE = (_S.READY, _S.UNKNOWN, _S.TO_REVERSE)
CLAIMED = (_S.SENDING, _S.REVERSING)
NOT_THERE = (_S.WITHDRAWN, _S.REVERSED)
"""States in which it is known that nothing of it stands in the target any more."""


class RegistrationQuerySet(OfOrganisation):
    """Registrations that a worker may take."""

    def due(self, *, now: datetime) -> "RegistrationQuerySet":
        """Return those that may be sent, asked about or reversed now."""
        return self.filter(state__in=DUE, not_before__lte=now).exclude(self.held_back())

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
        taken_back = models.Q(state__in=(_S.TO_REVERSE, _S.REVERSING))
        return self.filter(taken_back | models.Exists(undone)).exclude(state__in=NOT_THERE)

    def unknown_outcome(self, *, now: datetime) -> "RegistrationQuerySet":
        """
        Return those that wait to be sent although the target was not asked since a restore.

        What waits and was looked up since then has been found out about: nothing else leads
        from a question back into the queue.
        """
        asked = RegistrationAttempt.objects.filter(
            registration=models.OuterRef(models.OuterRef("pk")),
            kind=RegistrationAttempt.Kind.LOOK_UP,
            started_at__gte=models.OuterRef("at"),
        )
        not_asked = Restore.objects.open(now=now).filter(~models.Exists(asked))
        return self.filter(models.Exists(not_asked), state=_S.READY)

    def orphaned(self, *, now: datetime) -> "RegistrationQuerySet":
        """Return those whose worker has not been heard of for longer than its lease."""
        return self.filter(state__in=CLAIMED, lease_until__lt=now)

    def claim(
        self, pk: int, *, old: str, new: str, owner: str, now: datetime, lease_seconds: float
    ) -> "Registration | None":
        """
        Make one due registration ours in one UPDATE.

        What a restore has put in doubt is nobody's, even if that was a moment ago; nor is what
        waits until an earlier sending of the payment is undone, nor what is to be sent where the
        target must be asked first.
        """
        mine = Registration.objects.filter(pk=pk)
        free = self.exclude(pk__in=mine.unknown_outcome(now=now)).exclude(
            pk__in=mine.filter(self.held_back())
        )
        if new == _S.SENDING:
            target = models.OuterRef(models.OuterRef("client__target_id"))
            not_asked = unproven(target, work=LedgerProof.Work.PAYMENTS)
            free = free.exclude(pk__in=mine.filter(not_asked))
        won = free.filter(pk=pk, state=old, not_before__lte=now).update(
            state=new,
            state_at=now,
            claim_owner=owner,
            lease_until=now + timedelta(seconds=lease_seconds),
        )
        return self.get(pk=pk) if won else None


class Registration(models.Model):
    """So much of a payment on one invoice, as it is to stand in the target: once."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
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
    state_at = models.DateTimeField(default=timezone.now)
    claim_owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(default=timezone.now)
    failures = models.PositiveSmallIntegerField(default=0)
    empty_look_ups = models.PositiveSmallIntegerField(default=0)
    target_id = models.CharField(max_length=60, blank=True)
    target_number = models.CharField(max_length=40, blank=True)
    matched_there = models.BooleanField(null=True)
    """Whether the target joined it to the invoice; False: a person must do that there."""
    told = models.CharField(max_length=15, blank=True)
    """What is wrong with it as its owner was told last; see `alarming`."""
    confirmed_balance = MoneyField(null=True)
    """The invoice's balance there, at which a person said that this does not stand there yet."""
    failure_code = models.CharField(max_length=80, blank=True)
    failure_params = models.JSONField(default=dict, blank=True)
    failure_detail = models.TextField(blank=True)
    failure_at = models.DateTimeField(null=True)

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

    def become(self, new: RegistrationState, *, now: datetime, **changes: Any) -> bool:
        """Change the state, giving the claim back; say whether it was still ours to change."""
        old = RegistrationState(self.state)
        if new is not old and new not in VALID_TRANSITIONS[old]:
            raise ValueError(f"a registration that is {old} cannot become {new}")
        changes |= {"state": new, "state_at": now, "claim_owner": "", "lease_until": None}
        mine = Registration.objects.filter(pk=self.pk, state=old, claim_owner=self.claim_owner)
        if not mine.update(**changes):
            return False
        for name, value in changes.items():
            setattr(self, name, value)
        return True


class RegistrationAttempt(models.Model):
    """One call about a registration, written before it is made and completed after it."""

    class Kind(models.TextChoices):
        """What was asked of the target."""

        REGISTER = "register", _("Register")
        LOOK_UP = "look_up", _("Look up")
        REVERSE = "reverse", _("Reverse")

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="attempts"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=80, blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    trace_id = models.CharField(max_length=120, blank=True)
    milliseconds = models.PositiveIntegerField(null=True)
    detail = models.TextField(blank=True)

    objects = OfOrganisation.as_manager()

    def __str__(self) -> str:
        return f"{self.kind} {self.outcome}"
