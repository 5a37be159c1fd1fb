"""Every call about a batch."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

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
