"""Celery's side of the background app: ids in, one operation called."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from celery import shared_task
from django.utils import timezone

from background import cleaning, operations
from background.enqueueing import enqueue
from background.models import BackgroundRequest, Lease

_ENQUEUE_AGAIN = timedelta(seconds=15)


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


PERIODIC = ((forget_requests, timedelta(days=1)), (forget_processes, timedelta(days=1)))


def extend_claims(*, owners: Sequence[str], until: datetime) -> int:
    """Extend the leases and background requests that those owners hold, and return how many."""
    requests_held = BackgroundRequest.objects.filter(
        state=BackgroundRequest.State.RUNNING, lease_owner__in=owners
    )
    return Lease.objects.extend(owners=owners, until=until) + requests_held.update(
        lease_until=until
    )


def enqueue_due(*, now: datetime, limit: int) -> int:
    """Tell workers about background requests that wait, and return how many."""
    not_enqueued = BackgroundRequest.objects.due(now=now).exclude(
        enqueued_at__gt=now - _ENQUEUE_AGAIN
    )
    due = list(not_enqueued.order_by("not_before", "pk").values_list("pk", flat=True)[:limit])
    if due:
        BackgroundRequest.objects.filter(pk__in=due).update(enqueued_at=now)
    for pk in due:
        enqueue("background.tasks.run_request", background_request_id=pk)
    return len(due)
