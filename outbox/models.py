"""
What is sent exactly once, and every call about it: the columns and the changes of state.

Every change is one committed UPDATE that names the state it comes from and the claim: a message
delivered twice changes nothing.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.utils import timezone

from accounts.models import Restore
from accounts.models.hosts import unproven
from accounts.operations.last_exchange import LastExchange
from audit.scoped import OfOrganisation
from background.compare_and_set import ANYWAY, compare_and_set
from background.failures import NO_FAILURE, why
from connectors.errors import ConnectorError
from organisations.models import Organisation
from outbox.states import Machine, State
from outbox.waiting import Cause, cause_of

LOOK_UP = "look_up"
"""The kind of an attempt that only asked."""


class OutboxQuerySet(OfOrganisation):
    """Items that a worker may take."""

    def orphaned(self, *, now: datetime) -> Self:
        """Return those whose worker has not been heard of for longer than its lease."""
        return self.filter(state__in=self.model.CLAIMED, lease_until__lt=now)

    def unclaimed(self, *, now: datetime) -> Self:
        """Return those that no living worker is asking about."""
        return self.filter(models.Q(claim_owner="") | models.Q(lease_until__lt=now))

    def queued(self, connection_id: int) -> Self:
        """Return those that wait to be sent through the connection."""
        mine = {self.model.CONNECTION: connection_id, "state__in": self.model.QUEUED}
        return self.filter(claim_owner="", **mine)

    def claimable(self, *, now: datetime) -> Self:
        """Return those that may be claimed; whether their turn has come is another question."""
        return self.filter(state__in=self.model.QUEUED, not_before__lte=now)

    def unknown_since_restore(self, *, now: datetime) -> Self:
        """Return those that wait to be sent although the vendor was not asked since a restore."""
        return self.filter(self.not_asked_since_a_restore(now=now), state__in=self.model.QUEUED)

    def not_asked_since_a_restore(self, *, now: datetime) -> models.Q:
        """
        Hold for what the vendor was not asked about since a restore of the database.

        What waits and was looked up since then has been found out about: nothing else leads from
        a question back into the queue.
        """
        asked = self.model._default_manager.filter(
            pk=models.OuterRef(models.OuterRef("pk")),
            attempts__kind=LOOK_UP,
            attempts__started_at__gte=models.OuterRef("at"),
        )
        return models.Q(models.Exists(Restore.objects.open(now=now).filter(~models.Exists(asked))))

    def extend_claims(self, *, owners: Any, until: datetime) -> int:
        """Extend the claims of those workers, and return how many there were."""
        worked_on = (*self.model.CLAIMED, *self.model.ASKED_ABOUT)
        return self.filter(state__in=worked_on, claim_owner__in=owners).update(lease_until=until)


class OutboxItem(models.Model):
    """One thing that is to stand at a vendor exactly once."""

    TRANSITIONS: ClassVar[Machine]
    CLAIMED: ClassVar[tuple[str, ...]] = (State.SENDING,)
    """States in which a worker may be calling the vendor, to change something there."""
    ASKED_ABOUT: ClassVar[tuple[str, ...]] = (State.UNKNOWN,)
    """States in which a worker may be asking the vendor; another may ask when its lease is over."""
    QUEUED: ClassVar[tuple[str, ...]] = (State.READY,)
    """States in which it waits to be sent."""
    WORK: ClassVar[str]
    """What it is to `accounts.models.LedgerProof`."""
    CONNECTION: ClassVar[str] = "connection"
    """The way to the connection that it is sent through."""
    POSTPONED: ClassVar[str] = State.READY
    """Where it waits for its next try."""
    FIRST_WAIT: ClassVar[timedelta] = timedelta(seconds=5)
    LONGEST_WAIT: ClassVar[timedelta] = timedelta(minutes=15)

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=15, default=State.READY.value)
    state_at = models.DateTimeField(default=timezone.now)

    claim_owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(default=timezone.now)
    waits_for = models.CharField(
        max_length=10, blank=True, choices=[(cause.value, cause.value) for cause in Cause]
    )
    """What ends the wait until `not_before` early."""
    failures = models.PositiveSmallIntegerField(default=0)
    """Postponements in a row; decides the next wait."""
    sent_at = models.DateTimeField(null=True)
    """When the last call that may have changed something was made; look-ups search from here."""
    empty_look_ups = models.PositiveSmallIntegerField(default=0)
    """Look-ups that found nothing and count, see `outbox.lookup`."""

    failure_code = models.CharField(max_length=80, blank=True)
    failure_params = models.JSONField(default=dict, blank=True)
    failure_detail = models.TextField(blank=True)
    failure_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    # --- claims ---

    def claim(
        self, *, owner: str, now: datetime, lease_seconds: float, into: str = State.SENDING
    ) -> bool:
        """
        Make an item that is due ours, and say whether it is.

        What was read of it still holds when the claim is written, or there is no claim.
        """
        if into not in self.TRANSITIONS[self.state]:
            return False
        return compare_and_set(
            self,
            expect={"state": self.state, "claim_owner": "", **self.as_read()},
            changes={
                "state": into,
                "state_at": now,
                "claim_owner": owner,
                "lease_until": now + timedelta(seconds=lease_seconds),
                "sent_at": now,
                "empty_look_ups": 0,
                "waits_for": "",
            },
            only_if=models.Q(not_before__lte=now) & self.may_be_claimed(into, now=now),
        )

    def claim_to_ask(self, *, owner: str, now: datetime, lease_seconds: float) -> bool:
        """Make an item ours to ask the vendor about; its state stays as it is."""
        free = models.Q(claim_owner="") | models.Q(lease_until__lt=now)
        return compare_and_set(
            self,
            expect={"state": self.state},
            changes={"claim_owner": owner, "lease_until": now + timedelta(seconds=lease_seconds)},
            only_if=free & models.Q(not_before__lte=now),
        )

    def as_read(self) -> Mapping[str, Any]:
        """Return what else must not have changed since it was read, for it to be claimed."""
        return {}

    def may_be_claimed(self, into: str, *, now: datetime) -> models.Q:
        """Return what must hold at the moment of the claim, asked in the same statement."""
        return ANYWAY

    def is_not_there(self, connection_id: int | None, *, now: datetime) -> models.Q:
        """
        Hold while nothing says that the vendor may have it from a time forgotten here.

        A restore or a gap may have been noted only a moment ago, so it is asked with the claim.
        """
        rows: Any = type(self)._default_manager
        unknown: models.Q = rows.all().not_asked_since_a_restore(now=now)
        return ~unknown & ~models.Q(unproven(connection_id, work=self.WORK))

    # --- changes of state ---

    def become(
        self,
        new: str,
        *,
        now: datetime,
        keep_claim: bool = False,
        only_if: models.Q = ANYWAY,
        **changes: Any,
    ) -> bool:
        """Change the state, giving the claim back; say whether it was still ours to change."""
        old = self.state
        if new != old and new not in self.TRANSITIONS[old]:
            raise ValueError(f"{type(self).__name__}: what is {old} cannot become {new}")
        if not keep_claim:
            changes |= {"claim_owner": "", "lease_until": None}
        changes = {"waits_for": ""} | changes | {"state": new, "state_at": now}
        expect = {"state": old, "claim_owner": self.claim_owner}
        return compare_and_set(self, expect=expect, changes=changes, only_if=only_if)

    def keep(self, *, until: datetime, **changes: Any) -> bool:
        """Leave the state as it is, give the claim back, and look again at that time."""
        return self.become(self.state, now=self.state_at, not_before=until, **changes)

    def mark_unknown(
        self, failure: ConnectorError, *, now: datetime, look_up_at: datetime, **changes: Any
    ) -> bool:
        """Record that the call may have been carried out; the vendor is asked at `look_up_at`."""
        changes |= {"waits_for": Cause.LOOK_UP, "empty_look_ups": 0}
        changes |= {"not_before": look_up_at} | why(failure, now)
        return self.become(State.UNKNOWN, now=now, **changes)

    def mark_abandoned(self, failure: ConnectorError, *, now: datetime) -> bool:
        """Record that the worker that had claimed it died."""
        return self.mark_unknown(failure, now=now, look_up_at=now)

    def mark_rejected(self, failure: ConnectorError, *, now: datetime) -> bool:
        """Record that the vendor, or our own rules, refused it; a person corrects."""
        return self.become(State.REJECTED, now=now, **why(failure, now))

    def mark_needs_person(self, failure: ConnectorError, *, now: datetime, **changes: Any) -> bool:
        """Record that only a person can decide."""
        return self.become(State.NEEDS_PERSON, now=now, **changes, **why(failure, now))

    def mark_not_there(self, *, now: datetime, **changes: Any) -> bool:
        """Record that the vendor was asked and does not have it: it may be sent again."""
        changes |= {"not_before": now, "sent_at": None, "empty_look_ups": 0} | NO_FAILURE
        return self.become(State.READY, now=now, **changes)

    def postpone(
        self, failure: ConnectorError, *, now: datetime, until: datetime, into: str = ""
    ) -> bool:
        """Record that nothing was stored there and it is tried again at that time."""
        return self.become(
            into or self.POSTPONED,
            now=now,
            not_before=until,
            waits_for=cause_of(failure) or "",
            failures=min(self.failures + 1, 20),
            **why(failure, now),
        )

    def next_try(self, failure: ConnectorError, *, now: datetime) -> datetime:
        """Return when to try again: when the vendor said, else later after each failure."""
        if failure.retry_after:
            return now + timedelta(seconds=failure.retry_after)
        return now + min(self.FIRST_WAIT * (1 << min(self.failures, 20)), self.LONGEST_WAIT)

    # --- calls ---

    def open_attempt(self, kind: str, *, owner: str, now: datetime) -> Any:
        """Write down that a call is about to be made."""
        attempt = self.new_attempt(kind, owner=owner, started_at=now)
        attempt.save(force_insert=True)
        return attempt

    def new_attempt(self, kind: str, *, owner: str, started_at: datetime) -> Any:
        """Return the row of a call, not stored yet."""
        related: Any = getattr(self, "attempts")  # noqa: B009 (each app's own table of calls)
        return related.model(
            **{related.field.name: self},
            organisation_id=self.organisation_id,
            kind=kind,
            owner=owner,
            started_at=started_at,
            **self.kept_of_a_call(),
        )

    def kept_of_a_call(self) -> Mapping[str, Any]:
        """Return what the row of a call keeps of the item."""
        return {}


class OutboxAttempt(models.Model):
    """One call about an item, written before it is made and completed after it."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10)
    owner = models.CharField(max_length=80)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=80, blank=True)
    """A word for what was found, or the code of a failure; empty: no answer kept."""
    status = models.PositiveSmallIntegerField(null=True)
    trace_id = models.CharField(max_length=120, blank=True)
    milliseconds = models.PositiveIntegerField(null=True)
    detail = models.TextField(blank=True)
    params = models.JSONField(default=dict, blank=True)
    """What fills the words of the outcome, where it is a failure."""

    objects = OfOrganisation.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.kind} {self.started_at:%Y-%m-%d %H:%M:%S} {self.outcome}"

    def close(
        self, outcome: str | ConnectorError, calls: LastExchange, *, now: datetime, detail: str = ""
    ) -> None:
        """
        Complete it with what came of it and what the vendor said of the request.

        A call that changed nothing may be stored only now, since nothing went before it.
        """
        columns = self._of(outcome, calls, now=now, detail=detail)
        if self.pk is not None:
            compare_and_set(self, expect={}, changes=columns)
            return
        for name, value in columns.items():
            setattr(self, name, value)
        self.save(force_insert=True)

    @staticmethod
    def _of(
        outcome: str | ConnectorError, calls: LastExchange, *, now: datetime, detail: str
    ) -> dict[str, Any]:
        if isinstance(outcome, str):
            return {"params": {}} | calls.as_columns(outcome, now=now, detail=detail)
        said = calls.as_columns(outcome.code(), now=now, detail=outcome.detail)
        return {"params": dict(outcome.params)} | said
