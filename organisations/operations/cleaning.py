"""Forgetting what nobody comes back for."""

from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session

from background.models import Errand
from organisations.models import CacheEntry

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


def forget_sessions(*, now: datetime) -> None:
    """Delete sessions that are over and what was counted long ago; nobody comes back to them."""
    Session.objects.filter(expire_date__lt=now).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    CacheEntry.objects.filter(expires__lt=now).delete()
