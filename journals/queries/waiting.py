"""What waits for a worker: how much, and since when. Of the whole installation, for operators."""

from datetime import datetime

from django.db.models import Count, F, Min, Q, QuerySet

from accounts.models import Connection
from background.queries import Waiting
from journals.models import Batch
from journals.rules.states import BatchState

_S = BatchState
ON_THEIR_WAY = (
    _S.READY,
    _S.SENDING,
    _S.UNKNOWN,
    _S.POSTPONED,
    _S.HELD,
    _S.ACCEPTED,
    _S.REJECTED,
    _S.NEEDS_PERSON,
)
"""States that somebody or something still has to do with."""


def batches_by_state() -> dict[str, Waiting]:
    """Return the batches on their way, by state, with the age of the oldest."""
    rows = Batch.objects.filter(state__in=ON_THEIR_WAY).values_list("state")
    return {
        state: Waiting(count, since)
        for state, count, since in rows.annotate(n=Count("pk"), since=Min("state_at")).order_by(
            "state"
        )
    }


def due_work(*, now: datetime) -> dict[str, Waiting]:
    """Return what could be done now, by kind; what waits for a sign-in or a vendor is not due."""
    usable = Q(connection__state=Connection.State.AUTHORISED) & (
        Q(connection__not_before__isnull=True) | Q(connection__not_before__lte=now)
    )
    to_check = Batch.objects.to_check(now=now).filter(reverses__isnull=True)
    return {
        "check": _oldest(to_check, "not_before"),
        "send": _oldest(Batch.objects.to_deliver(now=now).filter(usable), "not_before"),
        "prove": _oldest(Batch.objects.to_prove(now=now).filter(usable), "not_before"),
    }


def oldest_due(*, now: datetime) -> datetime | None:
    """Return since when the oldest due work waits, or None if none does."""
    found = [waiting.since for waiting in due_work(now=now).values()]
    return min((since for since in found if since is not None), default=None)


def _oldest(rows: QuerySet[Batch], column: str) -> Waiting:
    found = rows.aggregate(n=Count("pk"), since=Min(F(column)))
    return Waiting(found["n"], found["since"])
