"""Whether the database still is the newest one: the installation, and every restore of it."""

from datetime import datetime
from uuid import uuid4

from django.db import models
from django.utils import timezone


class Installation(models.Model):
    """
    The one row that says how far this database has come.

    A worker raises `seen_at` every few seconds and writes the same time into its data folder,
    which a restore of the database does not turn back: see `accounts.operations.installation`.
    """

    identity = models.UUIDField(default=uuid4, editable=False)
    seen_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)
    """When it was noticed that the database is an older one. Nothing is sent until an operator
    has run `after_restore`."""
    evidence = models.JSONField(default=dict, blank=True)
    """What a ledger holds that this database does not know: account and numbers. Empty: it
    was noticed by the marks of a machine or a process."""

    def __str__(self) -> str:
        return str(self.identity)


class RestoreQuerySet(models.QuerySet["Restore"]):
    """Restores that still matter."""

    def open(self, *, now: datetime) -> "RestoreQuerySet":
        """Return those after which a ledger may still hold what this database does not know."""
        return self.filter(watch_until__gt=now)


class Restore(models.Model):
    """
    One restore of the database. It belongs to the installation.

    What was posted between `backup_taken_at` and `at` is unknown here: until `watch_until`,
    whatever is sent for the first time since `at` is looked for in the ledger before.
    """

    at = models.DateTimeField(default=timezone.now)
    backup_taken_at = models.DateTimeField()
    watch_until = models.DateTimeField()

    objects = RestoreQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(backup_taken_at__lte=models.F("at"))
                & models.Q(at__lt=models.F("watch_until")),
                name="restore_lies_between_backup_and_end_of_watch",
            )
        ]

    def __str__(self) -> str:
        return f"{self.backup_taken_at:%Y-%m-%d %H:%M} → {self.at:%Y-%m-%d %H:%M}"
