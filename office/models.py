"""What the office says of its months: when journals are expected, and when none will come."""

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.scoped import OfOrganisation
from office.rules import MOST_DAYS_TO_SEND, WORKING_DAYS_TO_SEND
from organisations.models import Company, Membership, Organisation


class Expectation(models.Model):
    """
    By when a company's journal is imported and sent: learnt, or fixed by a person.

    Days count from the first of the period. What a person fixed wins over what was learnt.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    company = models.OneToOneField(Company, on_delete=models.CASCADE, related_name="expectation")
    learnt_offset = models.SmallIntegerField(null=True, blank=True)
    learnt_at = models.DateTimeField(null=True, blank=True)
    import_day = models.PositiveSmallIntegerField(
        _("imported by day"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
    )
    month_after = models.BooleanField(_("of the month after the period"), default=False)
    days_to_send = models.PositiveSmallIntegerField(
        _("sent within working days"),
        default=WORKING_DAYS_TO_SEND,
        validators=[MaxValueValidator(MOST_DAYS_TO_SEND)],
    )

    objects = OfOrganisation.as_manager()

    def __str__(self) -> str:
        return f"{self.company}"


class NothingExpected(models.Model):
    """A person said that no journal of a company comes for a period, and why."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="months_without")
    period = models.CharField(max_length=7)
    reason = models.CharField(_("reason"), max_length=200)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["company", "period"], name="nothing_is_said_once_of_a_month"
            )
        ]

    def __str__(self) -> str:
        return f"{self.company} {self.period}"


class BoardView(models.Model):
    """The filters with which a person last looked at the board."""

    membership = models.OneToOneField(Membership, on_delete=models.CASCADE, related_name="+")
    query = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.query
