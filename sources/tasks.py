"""Celery's side of the sources app: ids in, one operation called."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from celery import shared_task
from django.utils import timezone

from background.enqueueing import enqueue
from sources.models import ImportedFile
from sources.operations import cleaning, reading


@shared_task
def read_file(*, file_id: int, **_newer: object) -> None:
    """Read one uploaded file."""
    reading.read_file(file_id=file_id, clock=timezone.now)


@shared_task
def forget_uploads(**_newer: object) -> None:
    """Discard uploaded files that nobody takes up."""
    cleaning.forget_uploads(now=timezone.now())


PERIODIC = ((forget_uploads, timedelta(days=1)),)


def extend_claims(*, owners: Sequence[str], until: datetime) -> int:
    """Extend the claims of those owners on files, and return how many."""
    files = ImportedFile.objects.filter(state=ImportedFile.State.READING, lease_owner__in=owners)
    return files.update(lease_until=until)


def enqueue_due(*, now: datetime, limit: int) -> int:
    """Tell workers about files that wait to be read, and return how many."""
    due = [
        pk
        for pk in reading.due_files(now=now, limit=limit)
        if ImportedFile.objects.filter(pk=pk)
        .exclude(enqueued_at__gt=now - reading.ENQUEUE_AGAIN)
        .update(enqueued_at=now)
    ]
    for pk in due:
        enqueue("sources.tasks.read_file", file_id=pk)
    return len(due)
