"""Celery's side of the payments app: ids in, one operation called."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from celery import shared_task
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from background.enqueueing import enqueue
from payments.models import Customer, FetchRun, InvoiceClient, Payment, Registration
from payments.models.registrations import CLAIMED
from payments.operations import alarming, fetching, running, serving


@shared_task
def fetch(*, run_id: int, **_newer: object) -> None:
    """Go on with one run."""
    running.run_fetch(run_id=run_id, clock=timezone.now)


@shared_task
def serve_client(*, client_id: int, **_newer: object) -> None:
    """Register, block and mark what is due for one client."""
    serving.serve(client_id=client_id, clock=timezone.now)


@shared_task
def start_scheduled(**_newer: object) -> None:
    """Start the runs of clients that are fetched by themselves; reads and writes rows only."""
    fetching.start_scheduled(now=timezone.now())


@shared_task
def notify_owners(**_newer: object) -> None:
    """Write down who is to be told of payments that are not registered; reads and writes rows."""
    alarming.notify_owners(now=timezone.now())


PERIODIC = (
    (start_scheduled, timedelta(minutes=5)),
    (notify_owners, timedelta(minutes=5)),
)


def extend_claims(*, owners: Sequence[str], until: datetime) -> int:
    """Extend the claims of those owners on runs and registrations, and return how many."""
    runs = FetchRun.objects.filter(state=FetchRun.State.RUNNING, claim_owner__in=owners)
    registrations = Registration.objects.filter(state__in=CLAIMED, claim_owner__in=owners)
    return runs.update(lease_until=until) + registrations.update(lease_until=until)


def enqueue_due(*, now: datetime, limit: int) -> int:
    """Tell workers about runs and clients that wait, and return how many."""
    serving.recover(now=now)
    return _enqueue_runs(now=now, limit=limit) + _enqueue_clients(now=now, limit=limit)


def _enqueue_runs(*, now: datetime, limit: int) -> int:
    not_enqueued = FetchRun.objects.due(now=now).exclude(
        enqueued_at__gt=now - serving.ENQUEUE_AGAIN
    )
    due = list(not_enqueued.order_by("not_before", "pk").values_list("pk", flat=True)[:limit])
    if due:
        FetchRun.objects.filter(pk__in=due).update(enqueued_at=now)
    for pk in due:
        enqueue("payments.tasks.fetch", run_id=pk)
    return len(due)


def _enqueue_clients(*, now: datetime, limit: int) -> int:
    mine = OuterRef("pk")
    usable = Q(organisation__payment_integration__activated_at__isnull=False)
    target_waits = Q(target__not_before__gt=now) | Q(target=None) | ~Q(target__state="authorised")
    source_waits = Q(source__not_before__gt=now) | Q(source=None) | ~Q(source__state="authorised")
    registrations = Registration.objects.due(now=now).filter(client=mine)
    pushes = Customer.objects.filter(client=mine, push_at__lte=now)
    marks = Payment.objects.filter(client=mine, mark="", mark_at__lte=now)
    due = list(
        InvoiceClient.objects.filter(usable)
        .exclude(enqueued_at__gt=now - serving.ENQUEUE_AGAIN)
        .filter(
            (~target_waits & (Exists(registrations) | Exists(pushes)))
            | (~source_waits & Exists(marks))
        )
        .order_by("enqueued_at", "pk")
        .values_list("pk", flat=True)[:limit]
    )
    if due:
        InvoiceClient.objects.filter(pk__in=due).update(enqueued_at=now)
    for pk in due:
        enqueue("payments.tasks.serve_client", client_id=pk)
    return len(due)
