"""Forgetting what nobody comes back for."""

from datetime import datetime, timedelta

from django.conf import settings

from accounts.models import SignInAttempt


def forget_sign_ins(*, now: datetime) -> int:
    """Delete sign-ins at vendors that were begun long ago, with their proofs; return how many."""
    before = now - timedelta(days=settings.HUB_KEEP_SIGN_INS_DAYS)
    deleted, _by_table = SignInAttempt.objects.filter(created_at__lt=before).delete()
    return deleted
