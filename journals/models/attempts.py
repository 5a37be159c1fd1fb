"""Every call about a batch, and what the ledger was asked for after a restore."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.scoped import OfOrganisation
from organisations.models import Organisation


class Attempt(models.Model):
    """
    One call about a batch. That of a write is written before the call and completed after it,
    so that a worker that died in between has left a trace.
    """

    class Kind(models.TextChoices):
        """What was asked of the vendor."""

        POST = "post", _("Post")
        LOOK_UP = "look_up", _("Look up")
        READ_BACK = "read_back", _("Read back")
        RELEASE = "release", _("Release")

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    batch = models.ForeignKey("journals.Batch", on_delete=models.CASCADE, related_name="attempts")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    owner = models.CharField(max_length=80)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=80, blank=True)
    """`ok`, `not_found`, `several`, `differs`, or the code of a failure; empty: no answer kept."""
    status = models.PositiveSmallIntegerField(null=True)
    trace_id = models.CharField(max_length=120, blank=True)
    milliseconds = models.PositiveIntegerField(null=True)
    digest = models.CharField(max_length=64, blank=True)
    copy = models.JSONField(default=dict, blank=True)
    """What was sent, without accounts and amounts of lines."""
    detail = models.TextField(blank=True)
    params = models.JSONField(default=dict, blank=True)
    """What fills the words of the outcome, where it is a failure."""

    objects = OfOrganisation.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["batch", "started_at"], name="attempts_of_a_batch")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.started_at:%Y-%m-%d %H:%M:%S} {self.outcome}"


class LedgerAsked(models.Model):
    """
    The ledger was asked, after a restore of the database, for a batch that was believed unsent.

    While a `Restore` is open, a batch without such a row that is newer than the restore is in
    doubt and is not sent (`journals.operations.restoring`).
    """

    batch = models.OneToOneField(
        "journals.Batch", on_delete=models.CASCADE, related_name="ledger_asked"
    )
    at = models.DateTimeField()

    objects = models.Manager()

    def __str__(self) -> str:
        return f"{self.batch_id} {self.at:%Y-%m-%d %H:%M}"
