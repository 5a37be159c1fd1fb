"""How often vendors may be called: one row for each budget, shared by all workers."""

from django.db import models

from connectors.limits import Budget


class CallBudget(models.Model):
    """
    What is known of how often a vendor may be called; the rule is `connectors.limits`.

    It belongs to no organisation: a vendor counts the calls of all of them together. Moments
    are seconds since 1970.
    """

    key = models.CharField(max_length=200, unique=True)
    next_at = models.FloatField(default=0.0)
    paused_until = models.FloatField(default=0.0)
    limit = models.PositiveIntegerField(null=True)
    remaining = models.PositiveIntegerField(null=True)
    reset_at = models.FloatField(default=0.0)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key

    @property
    def budget(self) -> Budget:
        """Return the budget that the rule works on."""
        return Budget(
            next_at=self.next_at,
            paused_until=self.paused_until,
            limit=self.limit,
            remaining=self.remaining,
            reset_at=self.reset_at,
        )
