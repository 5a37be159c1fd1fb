"""Celery's side of the sources app: ids in, one operation called."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from background.queue import Queue
from sources.models import ImportedFile
from sources.operations import cleaning, reading

_S = ImportedFile.State
FILES = Queue(
    ImportedFile,
    task="sources.tasks.read_file",
    argument="file_id",
    waits=Q(state__in=(_S.WAITING, _S.READING)),
)


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
    return ImportedFile.objects.extend_claims(owners=owners, until=until)


def enqueue_due(*, now: datetime, limit: int) -> int:
    """Tell workers about files that wait to be read, and return how many."""
    return FILES.enqueue_due(reading.due_files(now=now), now=now, limit=limit)
