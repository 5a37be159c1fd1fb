"""Celery's side of the payments app: ids in, one operation called."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from celery import shared_task
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from background.queue import Due, not_enqueued
from payments.models import Customer, FetchRun, InvoiceClient, Payment, Registration
from payments.operations import alarming, fetching, queues, running, serving


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
    """Enqueue the mails about payments that are not registered; reads and writes rows."""
    alarming.notify_owners(now=timezone.now())


PERIODIC = (
    (start_scheduled, timedelta(minutes=5)),
    (notify_owners, timedelta(minutes=5)),
)


def extend_claims(*, owners: Sequence[str], until: datetime) -> int:
    """Extend the claims of those owners on runs, and return how many."""
    return FetchRun.objects.extend_claims(owners=owners, until=until)


def enqueue_due(*, now: datetime, limit: int) -> int:
    """Tell workers about runs and clients that wait, and return how many."""
    return queues.RUNS.enqueue_due(
        _runs(now=now), now=now, limit=limit
    ) + queues.CLIENTS.enqueue_due(_clients(now=now), now=now, limit=limit)


def _runs(*, now: datetime) -> Due:
    due = FetchRun.objects.due(now=now).filter(not_enqueued(now=now)).order_by("not_before", "pk")
    return due.values_list("organisation_id", "pk")


def _clients(*, now: datetime) -> Due:
    """Return clients with payments to be sent, blocks to be passed on, or marks to be set."""
    mine = OuterRef("pk")
    usable = Q(organisation__payment_integration__activated_at__isnull=False)
    target_waits = Q(target__not_before__gt=now) | Q(target=None) | ~Q(target__state="authorised")
    source_waits = Q(source__not_before__gt=now) | Q(source=None) | ~Q(source__state="authorised")
    registrations = Registration.objects.due(now=now).filter(client=mine)
    pushes = Customer.objects.filter(client=mine, push_at__lte=now)
    marks = Payment.objects.filter(client=mine, mark="", mark_at__lte=now)
    return (
        InvoiceClient.objects.filter(usable & not_enqueued(now=now))
        .filter(
            (~target_waits & (Exists(registrations) | Exists(pushes)))
            | (~source_waits & Exists(marks))
        )
        .order_by("enqueued_at", "pk")
        .values_list("organisation_id", "pk")
    )
