"""What waits to be read: how much, and since when. Of the whole installation, for operators."""

from datetime import datetime

from django.db.models import Count, Min

from background.queries import Waiting
from sources.models import ImportedFile


def files_by_state() -> dict[str, Waiting]:
    """Return the uploaded files that a worker or a person still has to do with, by state."""
    done = (
        ImportedFile.State.IMPORTED,
        ImportedFile.State.UNCHANGED,
        ImportedFile.State.REFUSED,
        ImportedFile.State.DISCARDED,
    )
    rows = ImportedFile.objects.exclude(state__in=done).values_list("state")
    return {
        state: Waiting(count, since)
        for state, count, since in rows.annotate(n=Count("pk"), since=Min("state_at")).order_by(
            "state"
        )
    }


def due_work() -> dict[str, Waiting]:
    """Return the files that could be read now."""
    waiting = ImportedFile.objects.filter(state=ImportedFile.State.WAITING)
    found = waiting.aggregate(n=Count("pk"), since=Min("state_at"))
    return {"read_file": Waiting(found["n"], found["since"])}


def oldest_due(*, now: datetime) -> datetime | None:
    """Return since when the oldest file waits to be read, or None if none does."""
    return due_work()["read_file"].since
