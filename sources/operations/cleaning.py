"""Deleting uploaded files that nobody went on with; their bytes name people."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from audit import trail
from sources.models import ImportedFile
from sources.operations import deciding

_AT_ONCE = 500


def forget_uploads(*, now: datetime) -> int:
    """
    Discard files whose columns or company nobody gave for long, and return how many.

    Only these are kept as they came in; whatever was read has lost its people.
    """
    before = now - timedelta(days=settings.HUB_KEEP_UPLOADS_DAYS)
    stuck = ImportedFile.objects.filter(
        state__in=(ImportedFile.State.NEEDS_COLUMNS, ImportedFile.State.NEEDS_COMPANY),
        state_at__lt=before,
    ).order_by("pk")
    return sum(_discard(file, stuck, now=now) for file in stuck[:_AT_ONCE])


def _discard(file: ImportedFile, stuck: QuerySet[ImportedFile], *, now: datetime) -> bool:
    with transaction.atomic():
        # Locked and looked at again: a person may have taken it up this moment.
        if not stuck.select_for_update(of=("self",)).filter(pk=file.pk).exists():
            return False
        deciding.discard(file=file, now=now)
        trail.record(
            organisation=file.organisation,
            action="journal.file_discarded",
            subject=file,
            details={"waited_since": file.state_at.date().isoformat()},
        )
    return True
