"""The payroll side: debtors and their companies."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.scoped import OfOrganisation
from connectors.organisation_numbers import digits_of
from organisations.models.people import Organisation


class Debtor(models.Model):
    """A payroll customer that owns companies; may be blocked."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="debtors")
    number = models.CharField(_("number"), max_length=20)
    name = models.CharField(_("name"), max_length=120)
    blocked_at = models.DateTimeField(_("blocked since"), null=True, blank=True)
    blocked_reason = models.CharField(_("reason"), max_length=200, blank=True)

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organisation", "number"], name="debtor_number_is_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    @property
    def is_blocked(self) -> bool:
        """Return whether its companies' journals must not be sent (S11)."""
        return self.blocked_at is not None


class CompanyQuerySet(OfOrganisation):
    """Companies, found as payroll files name them."""

    def with_organisation_number(self, number: str) -> Self:
        """Return the companies with that number, however it is written."""
        digits = digits_of(number)
        return self.filter(organisation_number=digits) if digits else self.none()


class Company(models.Model):
    """A payroll company. Its organisation number is stored as bare digits."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="companies"
    )
    debtor = models.ForeignKey(Debtor, on_delete=models.PROTECT, related_name="companies")
    number = models.CharField(_("number"), max_length=20)
    name = models.CharField(_("name"), max_length=120)
    organisation_number = models.CharField(_("organisation number"), max_length=20, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    is_test = models.BooleanField(_("test company"), default=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("responsible"),
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("deputy"),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organisation", "number"], name="company_number_is_unique"
            ),
            models.UniqueConstraint(
                fields=["organisation", "organisation_number"],
                condition=~models.Q(organisation_number=""),
                name="organisation_number_names_one_company",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"
