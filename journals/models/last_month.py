"""What is unlike the run before in a journal, and what people said about it (B6)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.scoped import OfOrganisation
from organisations.models import Company, Organisation

WORDS_LENGTH = 300


class JournalMark(models.Model):
    """
    One mark of a journal, as `journals.rules.last_month` made it.

    It is explained for the figures that it names: with other ones it is another mark.
    """

    class Reason(models.TextChoices):
        """Why an amount moved. No names are needed, and none belong here."""

        NEW_HIRE = "new_hire", _("New hire")
        LEAVER = "leaver", _("Leaver")
        BONUS = "bonus", _("Bonus")
        HOLIDAY_PAY = "holiday_pay", _("Holiday pay")
        RETRO_PAY = "retro_pay", _("Retroactive pay")
        RATE_CHANGE = "rate_change", _("Changed rate")
        OTHER = "other", pgettext_lazy("reason", "Other")

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    journal = models.ForeignKey("journals.Journal", on_delete=models.CASCADE, related_name="marks")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=15)
    account = models.CharField(max_length=20, blank=True)
    centre = models.CharField(max_length=40, blank=True)
    words = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=15, choices=Reason.choices, blank=True)
    explanation = models.CharField(max_length=WORDS_LENGTH, blank=True)
    explained_at = models.DateTimeField(null=True, blank=True)
    explained_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = OfOrganisation.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["journal", "number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["journal", "kind", "account", "centre"], name="mark_is_made_once"
            ),
            models.CheckConstraint(
                condition=models.Q(reason="") | models.Q(explained_at__isnull=False),
                name="explained_mark_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.journal_id} {self.kind} {self.account}{self.centre}"


class MutedAccount(models.Model):
    """An account of a company that is not marked until a date."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    account = models.CharField(max_length=20)
    until = models.DateField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField()

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["company", "account"], name="account_is_muted_once")
        ]

    def __str__(self) -> str:
        return f"{self.company_id} {self.account} until {self.until}"


class MarkRule(models.Model):
    """What the marks of a company's journals stop; a company without one only shows them."""

    class Gate(models.TextChoices):
        """What has to happen before such a journal is sent."""

        SHOW = "show", _("Nothing: they are only shown")
        EXPLAIN = "explain", _("Sending, until every mark is explained")

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    company = models.OneToOneField(Company, on_delete=models.CASCADE, related_name="+")
    gate = models.CharField(max_length=10, choices=Gate.choices, default=Gate.SHOW)

    objects = OfOrganisation.as_manager()

    def __str__(self) -> str:
        return f"{self.company_id} {self.gate}"
