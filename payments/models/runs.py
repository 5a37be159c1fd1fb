"""Fetching: one run for each client, and the press that may have asked for many."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.scoped import OfOrganisation
from background.claimable import Claimable, ClaimableQuerySet
from background.failures import why
from connectors.errors import ConnectorError
from organisations.models import Organisation
from payments.models.clients import InvoiceClient
from payments.models.money import MoneyField


class FetchGroup(models.Model):
    """One press that fetches for many invoice clients (S19)."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = OfOrganisation.as_manager()

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M}"


class RunQuerySet(ClaimableQuerySet):
    """Runs that a worker may take."""

    def claim(self, pk: int, *, owner: str, now: datetime) -> "FetchRun | None":
        """Make one due run ours; None if another worker has it."""
        since: Any = Coalesce("started_at", models.Value(now))
        if not self.take(pk, owner=owner, now=now, state_at=now, started_at=since):
            return None
        related = self.select_related("client__source", "client__target", "organisation")
        run: FetchRun = related.get(pk=pk)
        return run


class FetchRun(Claimable):
    """
    Fetching the payments of one invoice client. A client has at most one that is not over.

    `phase` and `cursor` say where it goes on after a stop, a crash or its turn.
    """

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("In progress")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    class Phase(models.TextChoices):
        """What it is doing."""

        CHECK = "check", _("Checking the company")
        INVOICES = "invoices", _("Reading invoices")
        CUSTOMERS = "customers", _("Reading customers")
        PAYMENTS = "payments", _("Reading payments")
        AGAIN = "again", _("Trying earlier payments again")
        TOTALS = "totals", _("Comparing the totals")

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    client = models.ForeignKey(InvoiceClient, on_delete=models.CASCADE, related_name="runs")
    group = models.ForeignKey(FetchGroup, on_delete=models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    state_at = models.DateTimeField(default=timezone.now)
    phase = models.CharField(max_length=12, choices=Phase.choices, default=Phase.CHECK)
    cursor = models.TextField(blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    by_schedule = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancel_wanted = models.BooleanField(default=False)

    # What is read; fixed when the first page is asked for.
    is_full = models.BooleanField(default=False)
    since = models.DateField(null=True, blank=True)
    after_journal = models.BigIntegerField(null=True, blank=True)
    voucher_types = models.JSONField(default=list, blank=True)

    # How far it is.
    pages = models.PositiveIntegerField(default=0)
    fetched = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    first_journal = models.BigIntegerField(null=True, blank=True)
    last_journal = models.BigIntegerField(null=True, blank=True)
    last_audit = models.BigIntegerField(null=True, blank=True)
    vanished = models.PositiveIntegerField(default=0)
    invoices = models.PositiveIntegerField(default=0)
    control_count = models.IntegerField(null=True, blank=True)
    control_amount = MoneyField(null=True, blank=True)
    hub_count = models.IntegerField(null=True, blank=True)
    hub_amount = MoneyField(null=True, blank=True)

    # Who works on it, and when it may be taken next.
    not_before = models.DateTimeField(default=timezone.now)
    failures = models.PositiveSmallIntegerField(default=0)
    failure_code = models.CharField(max_length=80, blank=True)
    failure_params = models.JSONField(default=dict, blank=True)
    failure_detail = models.TextField(blank=True)
    failure_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["client"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="client_has_one_run_at_a_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="running") | ~models.Q(claim_owner=""),
                name="running_fetch_has_an_owner",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["state", "not_before"],
                name="fetch_due",
                condition=models.Q(state__in=["waiting", "running"]),
            ),
            models.Index(fields=["organisation", "-created_at"], name="fetch_runs_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.client_id} {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def is_over(self) -> bool:
        """Return whether nothing more comes of it."""
        return self.state not in (self.State.WAITING, self.State.RUNNING)

    @property
    def agrees(self) -> bool | None:
        """Return whether count and sum are those of the source; None: it was not asked yet."""
        if self.control_count is None:
            return None
        # None: the source adds nothing up, or a row's amount cannot be read.
        sums = (self.control_amount, self.hub_amount)
        return self.control_count == self.hub_count and (None in sums or sums[0] == sums[1])

    def finish(
        self, state: str, *, now: datetime, failure: ConnectorError | None = None, **more: Any
    ) -> bool:
        """End it, if it is still ours."""
        if failure is not None:
            more |= why(failure, now)
        return self.give_up(state=state, finished_at=now, state_at=now, **more)

    def put_back(self, *, until: datetime, now: datetime, **more: Any) -> bool:
        """Let it go on at that time, if it is still ours."""
        return self.give_up(
            state=self.State.WAITING, not_before=until, state_at=now, enqueued_at=None, **more
        )


class FetchEntry(models.Model):
    """What one press for many did with one client: a run, or the reason why there is none."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    group = models.ForeignKey(FetchGroup, on_delete=models.CASCADE, related_name="entries")
    client = models.ForeignKey(InvoiceClient, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(FetchRun, on_delete=models.CASCADE, null=True, related_name="+")
    failure_code = models.CharField(max_length=80, blank=True)
    failure_params = models.JSONField(default=dict, blank=True)

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["group", "client"], name="client_is_once_in_a_press_for_many"
            )
        ]

    def __str__(self) -> str:
        return f"{self.group_id} {self.client_id}"


class SkippedRow(models.Model):
    """A row of the source that was not registered, with the reason: never counted as nothing."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    client = models.ForeignKey(InvoiceClient, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(FetchRun, on_delete=models.CASCADE, related_name="skipped")
    journal_number = models.BigIntegerField(null=True, blank=True)
    audit_number = models.BigIntegerField(null=True, blank=True)
    field = models.CharField(max_length=60, blank=True)
    value = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=200)
    amount = MoneyField(null=True, blank=True)
    """Where it could be read: the source's control total counts the row too."""

    objects = OfOrganisation.as_manager()

    def __str__(self) -> str:
        return self.reason
