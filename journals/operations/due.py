"""What is due for one connection."""

from collections.abc import Sequence
from datetime import datetime

from accounts.models import Connection
from journals.models import Batch
from journals.models.batches import BatchQuerySet

_AT_ONCE = 50


def _in_order(rows: BatchQuerySet) -> list[int]:
    return list(rows.order_by("not_before", "period", "pk").values_list("pk", flat=True)[:_AT_ONCE])


def anything(connection: Connection, *, now: datetime) -> bool:
    """
    Say whether `to_prove` or `to_deliver` may find anything.

    A worker asks at the end of all that it knew of, where nearly always nothing new is.
    """
    return Batch.objects.filter(connection=connection).maybe_due(now=now).exists()


def to_prove(connection: Connection, *, now: datetime) -> Sequence[int]:
    """Return the batches whose outcome is to be asked of the ledger now, the oldest first."""
    return _in_order(Batch.objects.filter(connection=connection).to_prove(now=now))


def to_deliver(connection: Connection, *, now: datetime, restored: bool) -> Sequence[int]:
    """
    Return the batches that may be sent now, the oldest first.

    :param restored: a restore is open, so the ledger must have been asked for each of them
    """
    mine = Batch.objects.filter(connection=connection)
    return _in_order(mine.to_deliver(now=now) if restored else mine.in_turn(now=now))


def claimable(batch_id: int, *, now: datetime) -> Batch | None:
    """
    Return one batch that may be claimed, with its journal, company and debtor as they are now.

    Whether its turn has come is for `to_deliver` to say.
    """
    due = Batch.objects.claimable(now=now).select_related("journal__company__debtor")
    return due.filter(pk=batch_id).first()
