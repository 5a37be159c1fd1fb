"""Every call about a batch, and what the ledger was asked for after a restore."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Restore
from outbox.models import OutboxAttempt


class Attempt(OutboxAttempt):
    """One call about a batch."""

    class Kind(models.TextChoices):
        """What was asked of the vendor."""

        POST = "post", _("Post")
        LOOK_UP = "look_up", _("Look up")
        READ_BACK = "read_back", _("Read back")
        RELEASE = "release", _("Release")

    batch = models.ForeignKey("journals.Batch", on_delete=models.CASCADE, related_name="attempts")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    digest = models.CharField(max_length=64, blank=True)
    copy = models.JSONField(default=dict, blank=True)
    """What was sent, without accounts and amounts of lines."""

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["batch", "started_at"], name="attempts_of_a_batch")
        ]


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


def not_unknown(*, now: datetime) -> models.Q:
    """
    Return the condition that a batch may be sent as far as restores are concerned.

    While a restore of the database is open, its ledger must have been asked since then.
    """
    opened = Restore.objects.open(now=now)
    if not opened.exists():
        return models.Q()  # nearly always; the condition below costs more than the rest
    asked = LedgerAsked.objects.filter(
        batch=models.OuterRef("pk"),
        at__gte=models.Subquery(opened.order_by("-at").values("at")[:1]),
    )
    return ~models.Q(models.Exists(opened)) | models.Q(models.Exists(asked))


def ledger_not_asked(*, now: datetime) -> models.Exists:
    """Return the contrary of `not_unknown`, for the claim: asked in the UPDATE itself."""
    asked = LedgerAsked.objects.filter(
        batch=models.OuterRef(models.OuterRef("pk")), at__gte=models.OuterRef("at")
    )
    return models.Exists(Restore.objects.open(now=now).filter(~models.Exists(asked)))
