"""What was asked before the first journal of a mapping, and what a person answered (B17)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.scoped import OfOrganisation
from organisations.models import Organisation


class FirstLook(models.Model):
    """
    What the ledger held in the periods of a journal when it was looked at before sending.

    `held` is a list of `journals.rules.going_live` Held as plain values. A question is open as
    long as something looks like ours, or nothing could be listed, and nobody has answered.
    """

    class Answer(models.TextChoices):
        """What a person said."""

        ANOTHER = "another", _("It is another one: send")
        BOOKED_BEFORE = "booked_before", _("Booked before the hub: never send")

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    journal = models.OneToOneField(
        "journals.Journal", on_delete=models.CASCADE, related_name="first_look"
    )
    looked_at = models.DateTimeField()
    listed = models.BooleanField(default=True)
    """Whether the ledger could be listed at all."""
    held = models.JSONField(default=list, blank=True)
    held_count = models.PositiveIntegerField(default=0)
    answer = models.CharField(max_length=15, choices=Answer.choices, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=300, blank=True)

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(answer="") | models.Q(answered_at__isnull=False),
                name="answer_of_a_first_look_has_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.journal_id} {self.answer or 'open'}"

    @property
    def alike(self) -> list[str]:
        """Return the numbers that look like ours."""
        return [str(one["number"]) for one in self.held if one.get("of")]

    @property
    def is_open(self) -> bool:
        """Return whether a person is to answer."""
        return not self.answer and (not self.listed or bool(self.alike))
