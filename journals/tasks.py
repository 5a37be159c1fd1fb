"""Celery's side of the journals app: ids in, one operation called."""

from datetime import datetime, timedelta

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from accounts.models import Connection
from background.queue import Due, not_enqueued
from journals.models import Batch
from journals.operations import bulk_sending, delivery, preparing, queues
from journals.rules.states import BatchState

_S = BatchState


@shared_task
def prepare_journal(*, journal_id: int, **_newer: object) -> None:
    """Check one journal against the ledger and freeze what will be posted."""
    preparing.prepare(journal_id=journal_id, clock=timezone.now)


@shared_task
def serve_connection(*, connection_id: int, **_newer: object) -> None:
    """Send and prove what is due for one connection."""
    delivery.serve(connection_id=connection_id, clock=timezone.now)


@shared_task
def forget_bulk_sends(**_newer: object) -> None:
    """Delete bulk sends that nobody confirmed, and those that are long over."""
    bulk_sending.forget(now=timezone.now())


PERIODIC = ((forget_bulk_sends, timedelta(days=1)),)


def enqueue_due(*, now: datetime, limit: int) -> int:
    """Tell workers about journals and connections that wait, and return how many."""
    delivery.reopen_held(now=now)
    return queues.JOURNALS.enqueue_due(
        _journals(now=now), now=now, limit=limit
    ) + queues.CONNECTIONS.enqueue_due(_connections(now=now), now=now, limit=limit)


def _journals(*, now: datetime) -> Due:
    # Without this a journal whose worker died is enqueued at every sweep, until its lease is over.
    waiting = Batch.objects.to_check(now=now).filter(not_enqueued(now=now, by="journal__"))
    return waiting.order_by("journal_id").values_list("organisation_id", "journal_id").distinct()


def _connections(*, now: datetime) -> Due:
    """Yield connections with batches to be sent or proven."""
    usable = Q(connection__state=Connection.State.AUTHORISED) & (
        Q(connection__not_before__isnull=True) | Q(connection__not_before__lte=now)
    )
    for waiting in (Batch.objects.to_deliver(now=now), Batch.objects.to_prove(now=now)):
        mine = waiting.filter(usable & not_enqueued(now=now, by="connection__"))
        yield from mine.values_list("organisation_id", "connection_id").distinct()
