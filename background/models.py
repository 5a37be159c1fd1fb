"""Work that needs the outside world, and who does it: requests, leases, heartbeats."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from background.claimable import Claimable, ClaimableQuerySet
from background.encrypted import EncryptedTextField


class LeaseQuerySet(models.QuerySet["Lease"]):
    """Taking and giving back by compare-and-set; the same on every database."""

    def take(self, *, key: str, owner: str, now: datetime, seconds: float) -> bool:
        """Take the lease if it is free, expired or already ours; say whether we have it."""
        until = now + timedelta(seconds=seconds)
        free = models.Q(until__lt=now) | models.Q(owner="")
        mine = models.Q(owner=owner)
        since = models.Case(
            models.When(mine, then=models.F("taken_at")),
            default=now,
            output_field=models.DateTimeField(),
        )
        taken = self.filter(free | mine, key=key)
        if taken.update(owner=owner, until=until, taken_at=since):
            return True
        if self.filter(key=key).exists():
            return False
        try:
            with transaction.atomic():
                self.create(key=key, owner=owner, until=until, taken_at=now)
        except IntegrityError:
            return False
        return True

    def give_back(self, *, key: str, owner: str) -> None:
        """Free the lease if it is still ours."""
        self.filter(key=key, owner=owner).update(owner="")

    def extend(self, *, owners: Sequence[str], until: datetime) -> int:
        """Extend all leases of those owners, never shorten one; return how many there were."""
        return self.filter(owner__in=owners, until__lt=until).update(until=until)


class Lease(models.Model):
    """
    The right to do one thing alone for a while: refresh a grant, write to a vendor company.

    It belongs to no organisation, since two of them may reach the same vendor company.
    """

    key = models.CharField(max_length=200, unique=True)
    owner = models.CharField(max_length=80, blank=True)
    taken_at = models.DateTimeField(null=True)
    """Since when its owner has it, for the operator."""
    until = models.DateTimeField()

    objects = LeaseQuerySet.as_manager()

    def __str__(self) -> str:
        return self.key


class Heartbeat(models.Model):
    """When a process was last seen alive. It belongs to the installation."""

    name = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=20)
    at = models.DateTimeField()
    info = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.name


class BackgroundRequestQuerySet(ClaimableQuerySet):
    """Background requests that wait for a worker."""

    def claim(self, pk: int, *, owner: str, now: datetime) -> "BackgroundRequest | None":
        """Make one background request ours if it is due; None if another worker has it."""
        again: Any = models.F("attempts") + 1
        if not self.take(pk, owner=owner, now=now, started_at=now, attempts=again):
            return None
        background_request: BackgroundRequest = self.select_related(
            "organisation", "requested_by"
        ).get(pk=pk)
        return background_request


class BackgroundRequest(Claimable):
    """
    One thing that a person asked for and only a worker may do, because it calls a vendor.

    The page that asked polls the row. `secret` holds what must not be readable at rest, such
    as an authorisation code; it is emptied when the background request ends.
    """

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    organisation = models.ForeignKey(
        "organisations.Organisation", on_delete=models.CASCADE, related_name="background_requests"
    )
    kind = models.CharField(max_length=60)
    params = models.JSONField(default=dict, blank=True)
    secret = EncryptedTextField(blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    result = models.JSONField(default=dict, blank=True)
    failure_code = models.CharField(max_length=80, blank=True)
    failure_params = models.JSONField(default=dict, blank=True)
    failure_detail = models.TextField(blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    request_id = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=64, blank=True)
    """The origin of the request, for the audit trail of what a worker does for a person."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    not_before = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    objects = BackgroundRequestQuerySet.as_manager()

    class Meta:
        db_table = "background_request"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["state", "not_before"],
                name="background_request_due",
                condition=models.Q(state__in=["waiting", "running"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_finished(self) -> bool:
        """Return whether the answer is there."""
        return self.state in (self.State.DONE, self.State.FAILED)

    def mark_done(self, *, result: dict[str, Any], now: datetime) -> bool:
        """Record the answer, if the background request is still ours."""
        return self._finish(state=self.State.DONE, result=result, finished_at=now)

    def mark_failed(self, *, code: str, params: dict[str, str], detail: str, now: datetime) -> bool:
        """Record why there is no answer, if the background request is still ours."""
        return self._finish(
            state=self.State.FAILED,
            failure_code=code,
            failure_params=params,
            failure_detail=detail,
            finished_at=now,
        )

    def put_back(self, *, until: datetime) -> bool:
        """Let it be tried again at that time."""
        return self.give_up(state=self.State.WAITING, not_before=until, enqueued_at=None)

    def _finish(self, **changes: Any) -> bool:
        return self.give_up(secret="", **changes)
