"""Whether a worker lives. Pages that wait for one say so when none does."""

from datetime import datetime, timedelta

from django.db.models import Max
from django.utils import timezone

from background.models import Heartbeat

BEATS_EVERY = timedelta(seconds=3)
STOPPED_AFTER = timedelta(seconds=7)
"""Without a beat for so long a worker has stopped: two beats are missing by then."""
started_at = timezone.now()
"""When this process began. What is started beside it may take as long as one that went silent."""


def stopped_since(*, now: datetime) -> datetime | None:
    """Return when a worker was last heard of if none lives; else None. One statement."""
    newest: datetime | None = Heartbeat.objects.filter(kind="worker").aggregate(at=Max("at"))["at"]
    last_sign = max(newest or started_at, started_at)
    if now - last_sign <= STOPPED_AFTER:
        return None
    return newest or started_at
