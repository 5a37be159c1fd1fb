"""Customers, why time is stopped on them, and the time that is registered on them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.scoped import OfOrganisation
from organisations.models import Organisation
from payments.models.clients import InvoiceClient


class Customer(models.Model):
    """
    A customer of an invoice client.

    `number` is the number in Visma; the target may call the same customer `target_number`.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    client = models.ForeignKey(InvoiceClient, on_delete=models.CASCADE, related_name="customers")
    number = models.CharField(_("number"), max_length=30)
    name = models.CharField(_("name"), max_length=200, blank=True)
    organisation_number = models.CharField(_("organisation number"), max_length=30, blank=True)
    target_number = models.CharField(max_length=30, blank=True)

    # What Visma says of its credit, and when it said so.
    credit_blocked = models.BooleanField(default=False)
    credit_seen_at = models.DateTimeField(null=True, blank=True)

    # Notifying the target: due when not empty.
    push_at = models.DateTimeField(null=True, blank=True)
    pushed_at = models.DateTimeField(null=True, blank=True)
    push_failures = models.PositiveSmallIntegerField(default=0)
    push_failure_code = models.CharField(max_length=80, blank=True)
    push_failure_params = models.JSONField(default=dict, blank=True)
    push_failure_detail = models.TextField(blank=True)

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["client", "number"], name="customer_number_is_unique_in_its_client"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["client", "push_at"],
                name="customer_push_due",
                condition=models.Q(push_at__isnull=False),
            ),
            models.Index(fields=["client", "target_number"], name="customer_in_the_target"),
            models.Index(fields=["organisation", "number"], name="customers_by_number"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}".strip()


class TimeBlock(models.Model):
    """
    One reason why no time may be registered on a customer, from when till when.

    Visma's and a person's are kept apart: what Visma lifts never lifts what a person set.
    """

    class Reason(models.TextChoices):
        """Whose block it is."""

        VISMA = "visma", _("Credit block in Visma")
        PERSON = "person", _("Set manually")

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="blocks")
    reason = models.CharField(max_length=10, choices=Reason.choices)
    note = models.CharField(max_length=200, blank=True)
    since = models.DateTimeField()
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["customer", "reason"],
                condition=models.Q(lifted_at__isnull=True),
                name="customer_is_blocked_once_for_a_reason",
            )
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.reason}"


class DeniedProject(models.Model):
    """A project in the target on which the hub denied time: only such a one is opened again."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="projects")
    project_id = models.CharField(max_length=60)
    code = models.CharField(max_length=60, blank=True)
    name = models.CharField(max_length=200, blank=True)
    set_at = models.DateTimeField()
    """When the hub was about to deny time; written before the call."""
    done_at = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["customer", "project_id"],
                condition=models.Q(lifted_at__isnull=True),
                name="project_is_denied_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class TimeEntry(models.Model):
    """
    Time on a customer. The database itself refuses one on a blocked customer (S20).

    The trigger of migration `0002` does that on both databases.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="time_entries")
    worked_on = models.DateField(_("date"))
    minutes = models.PositiveIntegerField(_("minutes"))
    text = models.CharField(_("text"), max_length=200, blank=True)
    who = models.CharField(max_length=200)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    reference = models.CharField(max_length=60, blank=True)
    """The caller's own name of it: the same one twice is one entry."""
    created_at = models.DateTimeField(default=timezone.now)

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(minutes__gte=1, minutes__lte=1440),
                name="time_of_a_day_is_within_a_day",
            ),
            models.UniqueConstraint(
                fields=["organisation", "reference"],
                condition=~models.Q(reference=""),
                name="time_entry_reference_is_unique",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organisation", "-created_at"], name="time_entries_newest_first")
        ]

    def __str__(self) -> str:
        return f"{self.worked_on} {self.customer_id} {self.minutes}"
