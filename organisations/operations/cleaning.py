"""Forgetting what nobody comes back for."""

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from organisations.models import CacheEntry


def forget_sessions(*, now: datetime) -> None:
    """Delete sessions that are over and what was counted long ago; nobody comes back to them."""
    Session.objects.filter(expire_date__lt=now).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    CacheEntry.objects.filter(expires__lt=now).delete()
