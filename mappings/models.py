"""Which administration a company is posted to, with which dimensions and by which policy."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Connection
from audit.scoped import OfOrganisation
from organisations.models import Company, Organisation


class ClosedPeriodRule(models.TextChoices):
    """What happens to a batch whose period is closed. A person chooses; nothing is assumed."""

    REFUSE = "refuse", _("Refuse: nothing is sent until someone decides")
    HOLD = "hold", _("Hold until the period is reopened")
    NEXT_OPEN = (
        "next_open",
        _("Post in the first open period, with the true period in the text"),
    )


class ValueRule(models.TextChoices):
    """How a payroll code becomes a value of the target's dimension."""

    SAME = "same", _("The same code")
    PADDED = "padded", _("The same code, padded with zeros to the dimension's length")
    TABLE = "table", _("A table")


class PayrollDimension(models.TextChoices):
    """The two dimensions of payroll."""

    COST_CENTRE = "cost_centre", _("Cost centre")
    COST_UNIT = "cost_unit", _("Cost unit")


class Mapping(models.Model):
    """
    Company to administration, with dimension settings and the sending policy.

    `target` repeats the connection's vendor, so that the database can refuse a second mapping
    of a company to the same target (S6).
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="mappings"
    )
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="mappings")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="mappings")
    target = models.CharField(max_length=30)
    first_period = models.CharField(_("first period"), max_length=7, blank=True)
    """Runs before it were booked before the hub, and are never sent. Empty: nobody was asked."""
    branch = models.CharField(_("branch"), max_length=30, blank=True)
    ledger = models.CharField(_("ledger"), max_length=30, blank=True)

    use_cost_centre = models.BooleanField(_("cost centre"), default=False)
    cost_centre_description = models.CharField(
        _("description of the dimension"), max_length=60, blank=True
    )
    cost_centre_segment = models.PositiveSmallIntegerField(null=True, blank=True)
    cost_centre_rule = models.CharField(
        max_length=10, choices=ValueRule.choices, default=ValueRule.SAME
    )
    use_cost_unit = models.BooleanField(_("cost unit"), default=False)
    cost_unit_description = models.CharField(
        _("description of the dimension"), max_length=60, blank=True
    )
    cost_unit_segment = models.PositiveSmallIntegerField(null=True, blank=True)
    cost_unit_rule = models.CharField(
        max_length=10, choices=ValueRule.choices, default=ValueRule.SAME
    )

    balance_sheet_format = models.CharField(_("balance-sheet format"), max_length=120, blank=True)
    profit_and_loss_format = models.CharField(
        _("profit-and-loss format"), max_length=120, blank=True
    )

    hold = models.BooleanField(_("post on hold"), default=True)
    release = models.BooleanField(_("release after posting"), default=False)
    own_numbers = models.BooleanField(_("own batch numbers"), default=False)
    own_numbers_proven_at = models.DateTimeField(null=True, blank=True)
    closed_period_rule = models.CharField(
        _("when the period is closed"), max_length=10, choices=ClosedPeriodRule.choices
    )
    balancing_account = models.CharField(_("balancing account"), max_length=20, blank=True)

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    updated_at = models.DateTimeField(default=timezone.now)
    checked_at = models.DateTimeField(null=True, blank=True)
    problems = models.JSONField(default=list, blank=True)
    """What the live check found, as stored words: code, params, detail."""

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["company", "target"], name="company_has_one_mapping_to_a_target"
            ),
            models.CheckConstraint(
                condition=models.Q(closed_period_rule__in=ClosedPeriodRule.values),
                name="closed_period_rule_was_chosen",
            ),
            models.CheckConstraint(
                condition=models.Q(use_cost_centre=False)
                | models.Q(cost_centre_segment__isnull=False),
                name="used_cost_centre_has_a_segment",
            ),
            models.CheckConstraint(
                condition=models.Q(use_cost_unit=False) | models.Q(cost_unit_segment__isnull=False),
                name="used_cost_unit_has_a_segment",
            ),
            models.CheckConstraint(
                condition=models.Q(release=False) | models.Q(hold=False),
                name="batch_on_hold_is_not_released",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company} → {self.connection.administration_name}"


class MappedValue(models.Model):
    """One line of a value table: payroll code → value of the target's dimension."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    mapping = models.ForeignKey(Mapping, on_delete=models.CASCADE, related_name="values")
    dimension = models.CharField(max_length=12, choices=PayrollDimension.choices)
    payroll_code = models.CharField(max_length=40)
    target_value = models.CharField(max_length=40)

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["mapping", "dimension", "payroll_code"],
                name="payroll_code_is_mapped_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.payroll_code} → {self.target_value}"


class LedgerSnapshot(models.Model):
    """What the target knew when it was last read: accounts, periods, dimensions and so on."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="snapshot")
    read_at = models.DateTimeField()
    facts = models.TextField()
    """`connectors.base.LedgerFacts` as JSON text, written by `mappings.rules`."""

    objects = OfOrganisation.as_manager()

    def __str__(self) -> str:
        return f"{self.connection} {self.read_at:%Y-%m-%d %H:%M}"
