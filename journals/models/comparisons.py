"""What the ledger held when it was compared with what was sent (B4)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from audit.scoped import OfOrganisation
from background.models import BackgroundRequest
from journals.models.batches import Batch
from organisations.models import Company, Organisation


class Comparison(models.Model):
    """
    One comparison of one company and one period of the ledger, as somebody asked for it.

    It is never brought up to date: a later one is another row, so that each carries its age.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="comparisons"
    )
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="comparisons")
    period = models.CharField(max_length=12)
    """As the ledger writes it."""
    background_request = models.ForeignKey(
        BackgroundRequest, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    requested_at = models.DateTimeField(default=timezone.now)
    compared_at = models.DateTimeField(null=True, blank=True)
    sent = models.PositiveIntegerField(default=0)
    """Batches of ours that should be there."""
    held = models.PositiveIntegerField(default=0)
    """Batches that the ledger listed for the period, anybody's."""
    equal = models.PositiveIntegerField(default=0)
    differing = models.PositiveIntegerField(default=0)
    strange = models.PositiveIntegerField(default=0)
    """Batches with our reference that the hub does not know."""

    objects = OfOrganisation.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organisation", "-requested_at"], name="comparison_newest_first"),
            models.Index(fields=["company", "period"], name="comparison_of_a_period"),
        ]

    def __str__(self) -> str:
        return f"{self.company_id} {self.period}"


class Finding(models.Model):
    """What a comparison says of one batch; `details` is `journals.rules.read_back` as JSON."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="findings")
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, null=True, related_name="findings")
    outcome = models.CharField(max_length=15)
    differs = models.BooleanField()
    number = models.CharField(max_length=40)
    status = models.CharField(max_length=15, blank=True)
    details = models.JSONField(default=dict)

    objects = OfOrganisation.as_manager()

    def __str__(self) -> str:
        return f"{self.number} {self.outcome}"
