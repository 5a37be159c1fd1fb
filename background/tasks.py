"""Celery's side of the background app: ids in, one operation called."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from celery import shared_task
from django.utils import timezone

from background import cleaning, operations
from background.enqueueing import wake
from background.models import Errand, Lease

_RING_AGAIN = timedelta(seconds=15)


@shared_task
def run_errand(*, errand_id: int, **_newer: object) -> None:
    """Do one errand."""
    operations.run_errand(errand_id=errand_id, now=timezone.now())


@shared_task
def forget_errands(**_newer: object) -> None:
    """Delete errands that ended long ago."""
    cleaning.forget_errands(now=timezone.now())


@shared_task
def forget_processes(**_newer: object) -> None:
    """Delete what was heard of workers that are long gone."""
    cleaning.forget_processes(now=timezone.now())


PERIODIC = ((forget_errands, timedelta(days=1)), (forget_processes, timedelta(days=1)))


def extend_claims(*, owners: Sequence[str], until: datetime) -> int:
    """Extend the leases and errands that those owners hold, and return how many."""
    errands_held = Errand.objects.filter(state=Errand.State.RUNNING, lease_owner__in=owners)
    return Lease.objects.extend(owners=owners, until=until) + errands_held.update(lease_until=until)


def ring_due(*, now: datetime, limit: int) -> int:
    """Tell workers about errands that wait, and return how many."""
    not_rung = Errand.objects.due(now=now).exclude(rung_at__gt=now - _RING_AGAIN)
    due = list(not_rung.order_by("not_before", "pk").values_list("pk", flat=True)[:limit])
    if due:
        Errand.objects.filter(pk__in=due).update(rung_at=now)
    for pk in due:
        wake("background.tasks.run_errand", errand_id=pk)
    return len(due)
