"""Invitations that nobody has answered yet."""

import hashlib
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models

from audit.scoped import OfOrganisation
from background.models import BackgroundRequest
from organisations.models.people import Organisation, Role


class Invitation(models.Model):
    """
    An address that an organisation has invited, until it is answered or withdrawn.

    It says nothing of a person who may have that address: whether there is one is looked up when
    the link is opened, for whoever holds it. The link's token is stored as a digest only.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="invitations"
    )
    email = models.EmailField()
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="invitations")
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    """None: the operator, by command."""
    language = models.CharField(max_length=8, blank=True)
    """Of whoever invites: nobody knows the language of who is invited."""
    by_mail = models.BooleanField(default=False)
    """Whether the link proves the mailbox; one that is handed over proves nothing."""
    background_request = models.ForeignKey(
        BackgroundRequest, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    """What mails the link."""
    token_digest = models.CharField(max_length=64, unique=True, null=True)
    """None until a worker has made the token that it mails."""
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    expired_at = models.DateTimeField(null=True)
    """When its expiry was recorded in the audit trail."""

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organisation", "email"], name="address_is_invited_once_in_an_organisation"
            )
        ]

    def __str__(self) -> str:
        return self.email

    def is_open(self, now: datetime) -> bool:
        """Return whether it may still be answered, as far as time goes."""
        return now < self.expires_at


def digest_of(token: str) -> str:
    """Return what is stored of a token: it has too many random bits to need a slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()
