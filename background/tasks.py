"""Celery's side of the background app: ids in, one operation called."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from celery import shared_task
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from background import cleaning, heartbeat, operations
from background.models import BackgroundRequest, Lease
from background.queue import Queue, not_enqueued

_S = BackgroundRequest.State
BACKGROUND_REQUESTS = Queue(
    BackgroundRequest,
    task="background.tasks.run_request",
    argument="background_request_id",
    waits=Q(state__in=(_S.WAITING, _S.RUNNING)),
)


@shared_task
def run_request(*, background_request_id: int, **_newer: object) -> None:
    """Do one background request."""
    operations.run_request(background_request_id=background_request_id, now=timezone.now())


@shared_task
def forget_requests(**_newer: object) -> None:
    """Delete background requests that ended long ago."""
    cleaning.forget_requests(now=timezone.now())


@shared_task
def forget_processes(**_newer: object) -> None:
    """Delete what was heard of workers that are long gone."""
    cleaning.forget_processes(now=timezone.now())


@shared_task
def ping_heartbeat(**_newer: object) -> None:
    """Let the watcher outside know that a worker works, where there is one."""
    if settings.HUB_HEARTBEAT_URL:
        heartbeat.ping(settings.HUB_HEARTBEAT_URL)


PERIODIC = (
    (forget_requests, timedelta(days=1)),
    (forget_processes, timedelta(days=1)),
    (ping_heartbeat, timedelta(minutes=5)),
)


def extend_claims(*, owners: Sequence[str], until: datetime) -> int:
    """Extend the leases and background requests that those owners hold, and return how many."""
    background_requests = BackgroundRequest.objects.extend_claims(owners=owners, until=until)
    return Lease.objects.extend(owners=owners, until=until) + background_requests


def enqueue_due(*, now: datetime, limit: int) -> int:
    """Tell workers about background requests that wait, and return how many."""
    due = (
        BackgroundRequest.objects.due(now=now)
        .filter(not_enqueued(now=now))
        .order_by("not_before", "pk")
    )
    return BACKGROUND_REQUESTS.enqueue_due(
        due.values_list("organisation_id", "pk"), now=now, limit=limit
    )
