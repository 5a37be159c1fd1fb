"""A sign-in at a vendor that a person has begun and not yet come back from."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models.connections import Connection
from audit.scoped import OfOrganisation
from background.encrypted import EncryptedTextField
from organisations.models.people import Organisation


class SignInAttempt(models.Model):
    """
    One press of "authorise". The browser's session holds its id, the row holds the proofs.

    `secret` is the address at the vendor, the nonce and the code verifier, as JSON. It can be
    used once.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="attempts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    state_hash = models.CharField(max_length=64, blank=True)
    secret = EncryptedTextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    used_at = models.DateTimeField(null=True, blank=True)

    objects = OfOrganisation.as_manager()

    def __str__(self) -> str:
        return f"{self.connection} {self.pk}"

    def use(self, *, now: datetime) -> bool:
        """Use it up, and say whether it was still unused."""
        unused = type(self).objects.filter(pk=self.pk, used_at=None)
        return bool(unused.update(used_at=now))
