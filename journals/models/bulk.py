"""Journals that a person sends together: which they are is fixed before it is confirmed."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from audit.scoped import OfOrganisation
from journals.models.journals import Journal
from organisations.models import Organisation


class BulkSend(models.Model):
    """One press of Send for many journals. Until it is confirmed nothing is queued."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="bulk_sends"
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    made_at = models.DateTimeField(default=timezone.now)
    query = models.CharField(max_length=300, blank=True)
    """The address of the list that the journals were chosen from, as far as it filters."""
    confirmed_at = models.DateTimeField(null=True, blank=True)

    objects = OfOrganisation.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organisation", "-confirmed_at"], name="bulk_send_newest_first")
        ]

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d %H:%M}"


class BulkItem(models.Model):
    """One journal of a bulk send, as it was when the person was asked, and what became of it."""

    class Outcome(models.TextChoices):
        """What became of it; that of its batches stands with them."""

        WAITING = "waiting"
        QUEUED = "queued"
        REFUSED = "refused"
        LEFT_OUT = "left_out"

    bulk = models.ForeignKey(BulkSend, on_delete=models.CASCADE, related_name="items")
    journal = models.ForeignKey(Journal, on_delete=models.CASCADE, related_name="bulk_items")
    stamp = models.CharField(max_length=64, blank=True)
    """A digest of the journal and its mapping as they were shown."""
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.WAITING)
    failure_code = models.CharField(max_length=60, blank=True)
    failure_params = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["bulk", "journal"], name="bulk_send_holds_a_journal_once"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["bulk", "outcome"], name="bulk_item_by_outcome")
        ]

    def __str__(self) -> str:
        return f"{self.bulk_id}: {self.journal_id}"
