"""Invoices, payments, and the events between them. What is open is computed from the events."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.scoped import OfOrganisation
from connectors.receivables.shared import PaymentKey
from organisations.models import Organisation
from payments.models.clients import InvoiceClient
from payments.models.customers import Customer
from payments.models.money import MoneyField
from payments.models.runs import FetchRun


class Invoice(models.Model):
    """
    An invoice or credit note, as the target or a file gave it.

    :param amount: in the invoice's currency; a credit note is below zero
    :param posted_amount: in the client's own currency; None where nobody said
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    client = models.ForeignKey(InvoiceClient, on_delete=models.CASCADE, related_name="invoices")
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, related_name="invoices"
    )
    number = models.CharField(_("number"), max_length=40)
    kid = models.CharField(max_length=30, blank=True)
    kid_key = models.CharField(max_length=30, blank=True)
    issued_on = models.DateField()
    due_on = models.DateField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    amount = MoneyField()
    posted_amount = MoneyField(null=True, blank=True)
    is_credit_note = models.BooleanField(default=False)
    credits_number = models.CharField(max_length=40, blank=True)
    target_id = models.CharField(max_length=60, blank=True)
    target_balance = MoneyField(null=True, blank=True)
    """What the target said was open; for comparison, never for computing."""
    seen_at = models.DateTimeField(default=timezone.now)

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["client", "number"], name="invoice_number_is_unique_in_its_client"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["client", "kid_key"],
                name="invoices_by_kid",
                condition=~models.Q(kid_key=""),
            ),
            models.Index(fields=["organisation", "-issued_on", "-id"], name="invoices_newest"),
        ]

    def __str__(self) -> str:
        return self.number


class Payment(models.Model):
    """
    A payment as the source registered it: once for each posting, and never changed.

    Foreign keys that begin another index have none of their own: each is paid for by every row.

    :param amount: in the client's own currency; below zero when it was returned
    """

    class Mark(models.TextChoices):
        """Whether it is marked in the source as registered. A courtesy; the row is the truth."""

        NONE = "", _("Not marked")
        MARKED = "marked", _("Marked")
        REFUSED = "refused", _("Mark refused")

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    client = models.ForeignKey(
        InvoiceClient, on_delete=models.CASCADE, related_name="payments", db_index=False
    )
    first_run = models.ForeignKey(
        FetchRun, on_delete=models.SET_NULL, null=True, related_name="payments", db_index=False
    )
    journal_number = models.BigIntegerField()
    audit_number = models.BigIntegerField()
    customer_number = models.CharField(max_length=30)
    voucher_number = models.BigIntegerField()
    voucher_type = models.IntegerField()
    paid_on = models.DateField()
    value_on = models.DateField(null=True, blank=True)
    amount = MoneyField()
    amount_in_currency = MoneyField()
    currency = models.CharField(max_length=12, blank=True)
    invoice_number = models.CharField(max_length=60, blank=True)
    kid = models.CharField(max_length=40, blank=True)
    text = models.CharField(max_length=200, blank=True)
    unknown_outcome = models.CharField(max_length=20, blank=True)
    """Why a person is to see whether it is money at all, as a code; empty: it is."""
    left = models.CharField(max_length=20, blank=True)
    """Why matching left it to a person, the last time it tried."""
    vanished_at = models.DateTimeField(null=True, blank=True)
    """A full pass did not find it any more: the source compressed its rows."""
    mark = models.CharField(max_length=10, choices=Mark.choices, blank=True)
    mark_reason = models.CharField(max_length=200, blank=True)
    mark_at = models.DateTimeField(null=True, blank=True)
    """When marking is tried next, or was done; empty: never tried."""
    created_at = models.DateTimeField(default=timezone.now)

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["client", "journal_number", "audit_number"],
                name="payment_is_registered_once",
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["first_run", "id"], name="payments_of_a_run"),
            models.Index(
                fields=["client", "mark_at"],
                name="payment_mark_due",
                condition=models.Q(mark="", mark_at__isnull=False),
            ),
            models.Index(fields=["organisation", "-paid_on", "-id"], name="payments_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.journal_number}/{self.audit_number}"

    @property
    def key(self) -> PaymentKey:
        """Return what identifies it in the source."""
        return PaymentKey(self.journal_number, self.audit_number)


class Settlement(models.Model):
    """
    An event: so much of a payment, or of a credit note, was set against an invoice; or a difference
    of rounding was closed on it.

    Rows are added and never changed: whoever undoes one adds its mirror with `undoes`.

    :param round: how often the payment had been taken off an invoice before
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    client = models.ForeignKey(InvoiceClient, on_delete=models.CASCADE, related_name="+")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="settlements")
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, null=True, related_name="settlements", db_index=False
    )
    credit_note = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, related_name="uses", db_index=False
    )
    rounds = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="roundings", db_index=False
    )
    """The payment's event whose difference of rounding this one closes."""
    amount = MoneyField()
    rule = models.CharField(max_length=20)
    outcome = models.CharField(max_length=10, blank=True)
    round = models.PositiveSmallIntegerField(default=0)
    run = models.ForeignKey(
        FetchRun, on_delete=models.SET_NULL, null=True, related_name="settlements", db_index=False
    )
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
    )
    reason = models.CharField(max_length=200, blank=True)
    undoes = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="undone_by", db_index=False
    )

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(
                    payment__isnull=False, credit_note__isnull=True, rounds__isnull=True
                )
                | models.Q(payment__isnull=True, credit_note__isnull=False, rounds__isnull=True)
                | models.Q(payment__isnull=True, credit_note__isnull=True, rounds__isnull=False),
                name="settlement_comes_from_one_thing",
            ),
            # Of all rows, mirrors too, so that it is the index of the events of a payment as well.
            models.UniqueConstraint(
                "payment",
                "invoice",
                "round",
                Coalesce("undoes", 0),
                name="payment_is_on_an_invoice_once",
            ),
            models.UniqueConstraint(
                fields=["undoes"],
                condition=models.Q(undoes__isnull=False),
                name="settlement_is_undone_once",
            ),
            models.CheckConstraint(condition=~models.Q(amount=0), name="settlement_has_an_amount"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["run", "outcome"], name="settlements_of_a_run"),
            # Most rows have neither: an index of the others costs those nothing.
            models.Index(
                fields=["credit_note"],
                name="settlements_of_a_credit_note",
                condition=models.Q(credit_note__isnull=False),
            ),
            models.Index(
                fields=["rounds"],
                name="roundings_of_a_settlement",
                condition=models.Q(rounds__isnull=False),
            ),
            models.Index(
                fields=["made_by"],
                name="settlements_of_a_person",
                condition=models.Q(made_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} {self.amount}"
