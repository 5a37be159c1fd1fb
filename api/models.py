"""Tokens of programs that call the hub's API."""

import hashlib
import secrets
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.scoped import OfOrganisation
from organisations.models import Organisation


def digest_of(token: str) -> str:
    """Return how a token is stored: it is random, so one plain digest is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """Return a token that nobody can guess."""
    return f"hub_{secrets.token_urlsafe(32)}"


class ApiToken(models.Model):
    """What a program signs in with: it may do what its scopes name, and is stored as a digest."""

    class Scope(models.TextChoices):
        """What a token may be allowed to do."""

        TIME = "time_entries", _("Register time")
        FETCH_ONE = "payments_overview", _("Fetch payments for one invoice client")
        FETCH_MANY = "payments_import", _("Fetch payments for many invoice clients")

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    last_used_on = models.DateField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organisation", "name"],
                condition=models.Q(revoked_at__isnull=True),
                name="api_token_name_is_unique",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def revoke(self, *, now: datetime) -> bool:
        """End it, and say whether it was still good."""
        return bool(ApiToken.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=now))
