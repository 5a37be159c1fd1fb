"""The integration of an organisation, and the invoice clients whose payments are followed up."""

from datetime import date
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Connection
from audit.scoped import OfOrganisation
from connectors.base import ZERO
from organisations.models import Organisation
from payments.models.money import MoneyField


class Integration(models.Model):
    """The Visma Business integration of one organisation. Its row exists from activation on."""

    organisation = models.OneToOneField(
        Organisation, on_delete=models.CASCADE, related_name="payment_integration"
    )
    activated_at = models.DateTimeField(null=True, blank=True)
    marker = models.CharField(
        _("field that marks a payment as read"),
        max_length=60,
        blank=True,
        help_text=_(
            "Name of the column in the Visma table. Empty: nothing is written back to Visma."
        ),
    )
    marker_value = models.CharField(_("value to write"), max_length=20, blank=True, default="1")
    fetch_from = models.DateField(
        _("fetch payments from"),
        null=True,
        blank=True,
        help_text=_("Payments with an earlier voucher date are not fetched."),
    )
    mirrors_blocks = models.BooleanField(
        _("a credit block in Visma blocks the customer temporarily"),
        default=False,
        help_text=_("No time can be registered on a temporarily blocked customer."),
    )

    objects = OfOrganisation.as_manager()

    def __str__(self) -> str:
        return f"Visma Business, {self.organisation}"

    @property
    def is_active(self) -> bool:
        """Return whether its settings appear and payments can be fetched (S14)."""
        return self.activated_at is not None


class InvoiceClient(models.Model):
    """A company whose invoices are followed up."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="invoice_clients"
    )
    number = models.CharField(_("number"), max_length=20)
    name = models.CharField(_("name"), max_length=120)
    organisation_number = models.CharField(_("organisation number"), max_length=20, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="NOK")
    source = models.ForeignKey(
        Connection,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Visma company"),
    )
    target = models.ForeignKey(
        Connection,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("PowerOffice Go"),
    )
    voucher_types = models.JSONField(_("voucher types that are payments"), default=list, blank=True)
    clearing_account = models.CharField(_("clearing account"), max_length=20, blank=True)
    rounding_tolerance = MoneyField(_("rounding difference to close"), default=ZERO)
    own_marker = models.CharField(_("own marker"), max_length=60, blank=True)
    own_fetch_from = models.DateField(_("own start date"), null=True, blank=True)
    fetches_every_hours = models.PositiveSmallIntegerField(
        _("hours between automatic fetches"), default=0, help_text=_("0: only on request.")
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    # What the set-up check found out last, and what was proven of the company.
    setup = models.JSONField(default=dict, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)

    # How far the payments of the source were read.
    journal_mark = models.BigIntegerField(null=True, blank=True)
    full_pass_at = models.DateTimeField(null=True, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)
    invoices_seen_at = models.DateTimeField(null=True, blank=True)
    customers_seen_at = models.DateTimeField(null=True, blank=True)
    blocks_seen_at = models.DateTimeField(null=True, blank=True)
    """When the credit blocks of all customers were read last."""
    enqueued_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organisation", "number"], name="invoice_client_number_is_unique"
            ),
            models.UniqueConstraint(
                fields=["source"],
                condition=models.Q(source__isnull=False),
                name="visma_company_belongs_to_one_invoice_client",
            ),
            models.UniqueConstraint(
                fields=["target"],
                condition=models.Q(target__isnull=False),
                name="invoicing_company_belongs_to_one_invoice_client",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    def marker_in(self, integration: Integration) -> str:
        """Return the column that marks a payment as read (S15); empty: nothing is marked."""
        return self.own_marker or integration.marker

    def start_in(self, integration: Integration) -> date | None:
        """Return from when on payments are fetched (S16)."""
        return self.own_fetch_from or integration.fetch_from
