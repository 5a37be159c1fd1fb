"""What was open on three sides at one time."""

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from audit.scoped import OfOrganisation
from organisations.models import Organisation
from payments.models.clients import InvoiceClient
from payments.models.customers import Customer
from payments.models.ledger import Invoice
from payments.models.money import MoneyField


class Reconciliation(models.Model):
    """One comparison of one client: the sums, and how many lines differ and why."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    client = models.ForeignKey(
        InvoiceClient, on_delete=models.CASCADE, related_name="reconciliations"
    )
    on = models.DateField()
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    has_source = models.BooleanField(default=True)
    has_target = models.BooleanField(default=True)
    source_total = MoneyField(default=Decimal("0.00"))
    hub_total = MoneyField(default=Decimal("0.00"))
    target_total = MoneyField(default=Decimal("0.00"))
    lines = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    """How many lines there are of each reason."""
    ageing = models.JSONField(default=list)
    """Open in the hub by age, as text."""

    objects = OfOrganisation.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["client", "-made_at"], name="reconciliations_newest")
        ]

    def __str__(self) -> str:
        return f"{self.client_id} {self.on}"


class ReconciliationLine(models.Model):
    """One invoice, or what a customer has open without one, on the three sides."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    reconciliation = models.ForeignKey(
        Reconciliation, on_delete=models.CASCADE, related_name="rows"
    )
    customer = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, related_name="+")
    invoice = models.ForeignKey(Invoice, on_delete=models.SET_NULL, null=True, related_name="+")
    customer_number = models.CharField(max_length=30, blank=True)
    customer_name = models.CharField(max_length=200, blank=True)
    invoice_number = models.CharField(max_length=60, blank=True)
    due_on = models.DateField(null=True, blank=True)
    source = MoneyField(null=True)
    hub = MoneyField(null=True)
    target = MoneyField(null=True)
    hub_less_source = MoneyField()
    target_less_hub = MoneyField()
    difference = models.CharField(max_length=15)

    objects = OfOrganisation.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["reconciliation", "difference", "customer_number", "invoice_number"],
                name="reconciliation_in_order",
            )
        ]

    def __str__(self) -> str:
        return f"{self.customer_number} {self.invoice_number}"
