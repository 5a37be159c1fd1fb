"""Where the installation may run, and what its ledgers have to be asked before it sends."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models.connections import Connection


class Host(models.Model):
    """
    One place in which processes of the hub have worked on this database (B18).

    A host that nobody has confirmed sends nothing and renews no token: it may be a copy beside
    the original. Several confirmed hosts on one database are usual.
    """

    identity = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    place = models.CharField(max_length=300)
    """Data folder and database, for the operator to recognise it by."""
    first_seen_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    boot = models.CharField(max_length=64, blank=True)
    hardware = models.CharField(max_length=120, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = models.Manager()

    def __str__(self) -> str:
        return f"{self.name} ({self.place})"


class Gap(models.Model):
    """
    A time in which the installation cannot prove that it was the last to send.

    :ivar since: up to then the database is known to have been complete
    :ivar settles_at: an answer of a ledger counts if it was asked for after that
    """

    at = models.DateTimeField()
    since = models.DateTimeField()
    settles_at = models.DateTimeField()
    reason = models.CharField(max_length=40)

    objects = models.Manager()

    def __str__(self) -> str:
        return f"{self.reason} {self.at:%Y-%m-%d %H:%M:%S}"


class LedgerProof(models.Model):
    """
    The ledger behind a connection was asked whether it holds what this database does not know.

    Before anything is sent there is no gap newer than `gap_id`.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="proofs")
    work = models.CharField(max_length=10)
    """What is sent there, as the app that sends it calls it."""
    gap_id = models.BigIntegerField(default=0)
    asked_at = models.DateTimeField()
    strange = models.JSONField(default=list, blank=True)
    """What is ours there and unknown here, and was settled by a restore already."""

    objects = models.Manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["connection", "work"], name="ledger_is_proven_once_for_each_work"
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection_id} {self.work} {self.asked_at:%Y-%m-%d %H:%M:%S}"


def unproven(connection: Any, *, work: str) -> models.Exists:
    """
    Return the condition that the ledger must be asked before anything is sent.

    :param connection: of the outer query, as an `OuterRef`
    """
    settled = LedgerProof.objects.filter(
        connection=connection, work=work, gap_id__gte=models.OuterRef("pk")
    )
    return models.Exists(Gap.objects.filter(~models.Exists(settled)))
