"""Forgetting what nobody comes back for."""

from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from django.conf import settings

from organisations.models import Errand

_AT_ONCE = 500


def forget_errands(*, now: datetime) -> int:
    """Delete errands that ended long ago, whatever came of them; return how many."""
    before = now - timedelta(days=settings.HUB_KEEP_ERRANDS_DAYS)
    old = Errand.objects.filter(
        state__in=(Errand.State.DONE, Errand.State.FAILED), finished_at__lt=before
    )
    forgotten = 0
    while some := list(old.values_list("pk", flat=True)[:_AT_ONCE]):
        Errand.objects.filter(pk__in=some).delete()
        forgotten += len(some)
    return forgotten


def forget_sessions() -> None:
    """Delete sessions that are over; nobody can come back to them."""
    store: Any = import_module(settings.SESSION_ENGINE)
    store.SessionStore.clear_expired()
