"""Forgetting what nobody comes back for."""

from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from django.conf import settings

from accounts.models import Errand, SignInAttempt

_AT_ONCE = 500


def forget_sign_ins(*, now: datetime) -> int:
    """Delete sign-ins at vendors that were begun long ago, with their proofs; return how many."""
    before = now - timedelta(days=settings.HUB_KEEP_SIGN_INS_DAYS)
    deleted, _by_table = SignInAttempt.objects.filter(created_at__lt=before).delete()
    return deleted


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
