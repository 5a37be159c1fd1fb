"""
Rows that one worker at a time works on: claimed with a lease, given back, queued.

For work that may be done again after a crash. What must stand at a vendor exactly once is the
outbox's, which asks the vendor before it does anything again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.db import models

from audit.scoped import OfOrganisation
from background import claims


class ClaimableQuerySet(OfOrganisation):
    """Rows that a worker may take."""

    def due(self, *, now: datetime) -> Self:
        """Return those that may be taken now, and those whose worker has died."""
        dead = models.Q(state=self.model.WORKED_ON, lease_until__lt=now)
        return self.filter(self.model.waiting(now=now) | dead)

    def take(self, pk: int, *, owner: str, now: datetime, **changes: Any) -> bool:
        """Make one due row ours, and say whether it is: one committed UPDATE."""
        lease = timedelta(seconds=claims.lease_seconds())
        changes |= {"state": self.model.WORKED_ON, "claim_owner": owner, "lease_until": now + lease}
        return bool(self.due(now=now).filter(pk=pk).update(**changes))

    def extend_claims(self, *, owners: Sequence[str], until: datetime) -> int:
        """Extend the claims of those workers, and return how many there were."""
        mine = self.filter(state=self.model.WORKED_ON, claim_owner__in=owners)
        return mine.update(lease_until=until)


class Claimable(models.Model):
    """One thing that a worker does for a person."""

    WAITING: ClassVar[str] = "waiting"
    WORKED_ON: ClassVar[str] = "running"

    claim_owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    enqueued_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @classmethod
    def waiting(cls, *, now: datetime) -> models.Q:
        """Hold for those that wait, and whose hour has come."""
        return models.Q(state=cls.WAITING, not_before__lte=now)

    def mine(self) -> Any:
        """Return the row if we still have the claim; a compare-and-set starts here."""
        rows: Any = type(self)._default_manager
        return rows.filter(pk=self.pk, state=self.WORKED_ON, claim_owner=self.claim_owner)

    def give_up(self, **changes: Any) -> bool:
        """Change it and give the claim back, if it is still ours."""
        changes |= {"claim_owner": "", "lease_until": None}
        if not self.mine().update(**changes):
            return False
        for name, value in changes.items():
            setattr(self, name, value)
        return True
