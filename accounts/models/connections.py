"""One authorised access to one vendor company, and its tokens."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.scoped import OfOrganisation
from background.encrypted import EncryptedTextField
from connectors.sign_in import Grant
from organisations.models.people import Organisation


class Connection(models.Model):
    """
    One authorised access to one vendor company; shown as "Visma.net account".

    `version` counts the tokens: whoever refreshes compares and sets it, so that a one-time
    refresh token is never used twice.
    """

    class State(models.TextChoices):
        """Whether the vendor lets us in."""

        NOT_AUTHORISED = "not_authorised", _("Not authorised")
        AUTHORISED = "authorised", _("Authorised")
        SIGN_IN_AGAIN = "sign_in_again", _("Sign in again")

    class Kind(models.TextChoices):
        """Who the vendor thinks is calling."""

        INTERACTIVE = "interactive", _("A user signs in")
        SERVICE = "service", _("Service (no user)")
        DATABASE = "database", _("Database (read only)")

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="connections"
    )
    vendor = models.CharField(max_length=30)
    kind = models.CharField(
        _("kind"), max_length=20, choices=Kind.choices, default=Kind.INTERACTIVE
    )
    name = models.CharField(_("user name"), max_length=120)
    state = models.CharField(max_length=20, choices=State.choices, default=State.NOT_AUTHORISED)
    state_at = models.DateTimeField(default=timezone.now)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    # What the vendor said it reaches.
    tenant_id = models.CharField(max_length=64, blank=True)
    subject = models.CharField(max_length=120, blank=True)
    administration_name = models.CharField(max_length=200, blank=True)
    administration_number = models.CharField(max_length=60, blank=True)
    administration_currency = models.CharField(max_length=3, blank=True)
    administration_organisation_number = models.CharField(max_length=30, blank=True)

    own_key = EncryptedTextField(blank=True)
    """The secret that this company has of its own, where the vendor gives one (client key)."""

    # Tokens, encrypted at rest.
    access_token = EncryptedTextField(blank=True)
    refresh_token = EncryptedTextField(blank=True)
    id_token = EncryptedTextField(blank=True)
    scope = models.TextField(blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=0)
    asked_version = models.PositiveIntegerField(null=True, blank=True)
    """The version whose refresh token was sent and whose answer is not recorded; see tokens."""
    strikes = models.PositiveSmallIntegerField(default=0)
    """Days in a row on which the identity service could not be asked for a new token."""
    struck_at = models.DateTimeField(null=True, blank=True)

    # Why it does not work, in stored words (code and parameters).
    failure_code = models.CharField(max_length=80, blank=True)
    failure_params = models.JSONField(default=dict, blank=True)
    failure_detail = models.TextField(blank=True)
    failure_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    """No call is made before this time: the vendor asked us to wait."""
    enqueued_at = models.DateTimeField(null=True, blank=True)
    """When a worker was last notified that something waits for this connection."""

    objects = OfOrganisation.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organisation", "vendor", "tenant_id"],
                condition=~models.Q(tenant_id=""),
                name="vendor_company_is_connected_once",
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="connection_has_a_user_name"),
            models.CheckConstraint(
                condition=~models.Q(state="authorised") | ~models.Q(tenant_id=""),
                name="authorised_connection_knows_its_company",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_authorised(self) -> bool:
        """Return whether journals can be posted through it now."""
        return self.state == self.State.AUTHORISED

    def is_paused(self, *, now: datetime) -> bool:
        """Return whether the vendor, or its identity service, is not to be asked yet."""
        return self.not_before is not None and self.not_before > now

    def token_is_fresh(self, *, now: datetime, leeway: timedelta = timedelta(seconds=60)) -> bool:
        """Return whether the access token is believed to be valid for some time yet."""
        return bool(self.access_token and self.expires_at and self.expires_at - leeway > now)

    def mark_asked(self) -> bool:
        """
        Write down that this version's refresh token is about to be sent; say whether it may be.

        It may not if it was sent before and nobody recorded what came of it.
        """
        mine = type(self).objects.filter(pk=self.pk, version=self.version)
        never = models.Q(asked_version=None) | ~models.Q(asked_version=self.version)
        return bool(mine.filter(never).update(asked_version=self.version))

    def mark_not_used(self) -> None:
        """Write down that the refresh token that was sent was not used up."""
        mine = type(self).objects.filter(pk=self.pk, version=self.version)
        mine.update(asked_version=None)

    def strike(self, *, now: datetime) -> int:
        """Count that no new token could be had, once a day; return the days, 0 if counted."""
        mine = type(self).objects.filter(pk=self.pk, version=self.version)
        today = models.Q(struck_at=None) | models.Q(struck_at__lte=now - timedelta(days=1))
        counted = mine.filter(today).update(strikes=models.F("strikes") + 1, struck_at=now)
        return mine.values_list("strikes", flat=True).get() if counted else 0

    def store_grant(self, grant: Grant, *, version: int, now: datetime) -> bool:
        """
        Store new tokens if nobody stored others since `version`; say whether it was stored.

        :param version: the version whose refresh token was used
        """
        mine = type(self).objects.filter(pk=self.pk, version=version)
        changes = {
            "access_token": grant.access_token,
            "expires_at": now + timedelta(seconds=grant.expires_in),
            "refreshed_at": now,
            "version": version + 1,
            "strikes": 0,
            "struck_at": None,
        }
        if grant.refresh_token:
            changes["refresh_token"] = grant.refresh_token
        if grant.id_token:
            changes["id_token"] = grant.id_token
        if grant.scope:
            changes["scope"] = grant.scope
        return bool(mine.update(**changes))
