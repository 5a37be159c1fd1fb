"""Celery's side of the journals app: ids in, one operation called."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from accounts.models import Connection
from background.crash_points import crash_point
from background.enqueueing import enqueue
from journals.domain.states import BatchState
from journals.models import Batch, Journal
from journals.operations import bulk_sending, delivery, preparing, restoring, turns

_S = BatchState


@shared_task
def prepare_journal(*, journal_id: int, **_newer: object) -> None:
    """Check one journal against the ledger and freeze what will be posted."""
    preparing.prepare(journal_id=journal_id, clock=timezone.now)


@shared_task
def serve_connection(*, connection_id: int, **_newer: object) -> None:
    """Send and prove what is due for one connection."""
    delivery.serve(connection_id=connection_id, clock=timezone.now)


def extend_claims(*, owners: Sequence[str], until: datetime) -> int:
    """Extend the claims of those owners on batches, and return how many."""
    # The states of the index on what is due: a batch in another one is not being worked on.
    batches = Batch.objects.filter(
        state__in=[_S.SENDING, _S.UNKNOWN, _S.ACCEPTED], claim_owner__in=owners
    )
    return batches.update(lease_until=until)


@shared_task
def forget_bulk_sends(**_newer: object) -> None:
    """Delete bulk sends that nobody confirmed, and those that are long over."""
    bulk_sending.forget(now=timezone.now())


PERIODIC = ((forget_bulk_sends, timedelta(days=1)),)


def enqueue_due(*, now: datetime, limit: int) -> int:
    """Tell workers about journals and connections that wait, and return how many."""
    delivery.recover(now=now)
    delivery.reopen_held(now=now)
    return (
        _enqueue_journals(now=now, limit=limit)
        + _enqueue_connections(now=now, limit=limit)
        + restoring.enqueue_unknown(now=now, limit=limit)
    )


def _enqueue_journals(*, now: datetime, limit: int) -> int:
    waiting = Batch.objects.to_check(now=now)
    # Without this a journal whose worker died is enqueued at every sweep, until its lease is over.
    not_enqueued = waiting.exclude(journal__enqueued_at__gt=now - turns.ENQUEUE_AGAIN).order_by(
        "journal_id"
    )
    due = turns.journals_to_ring(
        not_enqueued.values_list("organisation_id", "journal_id").distinct(), now=now, limit=limit
    )
    Journal.objects.filter(pk__in=due).update(enqueued_at=now)
    for pk in due:
        enqueue("journals.tasks.prepare_journal", journal_id=pk)
    return len(due)


def _enqueue_connections(*, now: datetime, limit: int) -> int:
    """Enqueue connections with due batches, the organisations taking turns."""
    usable = Q(connection__state=Connection.State.AUTHORISED) & (
        Q(connection__not_before__isnull=True) | Q(connection__not_before__lte=now)
    )
    not_enqueued = Q(connection__enqueued_at__isnull=True) | Q(
        connection__enqueued_at__lt=now - turns.ENQUEUE_AGAIN
    )
    places = ("organisation_id", "connection_id")
    due = chain(
        Batch.objects.to_deliver(now=now)
        .filter(usable & not_enqueued)
        .values_list(*places)
        .distinct(),
        Batch.objects.to_prove(now=now)
        .filter(usable & not_enqueued)
        .values_list(*places)
        .distinct(),
    )
    chosen = turns.connections_to_enqueue(due, now=now, limit=limit)
    if chosen:
        Connection.objects.filter(pk__in=chosen).update(enqueued_at=now)
        crash_point("sweep.enqueued")
    for pk in chosen:
        enqueue("journals.tasks.serve_connection", connection_id=pk)
    return len(chosen)
