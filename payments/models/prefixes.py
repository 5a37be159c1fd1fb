"""Prefixes of invoice numbers that a person has confirmed."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from audit.scoped import OfOrganisation
from organisations.models import Organisation
from payments.models.clients import InvoiceClient
from payments.rules.prefixes import LONGEST, Prefix, Side


class LearntPrefix(models.Model):
    """
    A prefix before the invoice numbers of a client, as it was first seen.

    :param key: the same for all writings of it
    :param side: who writes it: the payers, or the client's own invoices
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    client = models.ForeignKey(
        InvoiceClient, on_delete=models.CASCADE, related_name="prefixes", db_index=False
    )
    text = models.CharField(max_length=LONGEST)
    key = models.CharField(max_length=3 * LONGEST)
    side = models.CharField(max_length=10)
    learnt_at = models.DateTimeField()
    learnt_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["client", "key", "side"], name="prefix_is_learnt_once_for_a_client"
            )
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def prefix(self) -> Prefix:
        """Return it as the rules of matching see it."""
        return Prefix(self.text, Side(self.side))
