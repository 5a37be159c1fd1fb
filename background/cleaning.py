"""Forgetting requests that nobody comes back for."""

from datetime import datetime, timedelta

from django.conf import settings

from background.models import BackgroundRequest, Heartbeat

_AT_ONCE = 500
_PROCESSES_KEPT = timedelta(days=1)


def forget_requests(*, now: datetime) -> int:
    """Delete background requests that ended long ago, whatever came of them; return how many."""
    before = now - timedelta(days=settings.HUB_KEEP_REQUESTS_DAYS)
    old = BackgroundRequest.objects.filter(
        state__in=(BackgroundRequest.State.DONE, BackgroundRequest.State.FAILED),
        finished_at__lt=before,
    )
    forgotten = 0
    while some := list(old.values_list("pk", flat=True)[:_AT_ONCE]):
        BackgroundRequest.objects.filter(pk__in=some).delete()
        forgotten += len(some)
    return forgotten


def forget_processes(*, now: datetime) -> None:
    """Delete what was heard of workers that are long gone."""
    Heartbeat.objects.filter(kind="worker", at__lt=now - _PROCESSES_KEPT).delete()
