"""What all web processes must know at once and may forget soon: counts of tries, used codes."""

from django.db import models


class CacheEntry(models.Model):
    """One row of Django's database cache, so that `migrate` makes its table like every other."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "hub_cache"

    def __str__(self) -> str:
        return self.cache_key
