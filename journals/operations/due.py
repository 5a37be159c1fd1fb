"""What is due for one connection. It is asked for every batch, so the SQL is made once."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import Connection
from journals.models import Batch
from journals.models.batches import BatchQuerySet
from organisations.models.prepared import Param, PreparedQuery

_AT_ONCE = 50


def _of_connection() -> BatchQuerySet:
    return Batch.objects.filter(connection_id=Param("connection"))


def _in_order(rows: BatchQuerySet) -> "QuerySet[Batch, int]":
    return rows.order_by("not_before", "period", "pk").values_list("pk", flat=True)[:_AT_ONCE]


_NOW = Param("now")
_CONNECTION: PreparedQuery[Connection] = PreparedQuery(
    lambda: Connection.objects.filter(pk=Param("pk"))
)
_MAYBE = PreparedQuery(
    lambda: _of_connection().maybe_due(now=_NOW).values_list("pk", flat=True)[:1]
)
_TO_PROVE = PreparedQuery(lambda: _in_order(_of_connection().to_prove(now=_NOW)))
_IN_TURN = PreparedQuery(lambda: _in_order(_of_connection().in_turn(now=_NOW)))
_CLAIMABLE = PreparedQuery(
    lambda: (
        Batch.objects.claimable(now=_NOW)
        .select_related("journal__company__debtor")
        .filter(pk=Param("pk"))
    )
)


def connection(connection_id: int) -> Connection:
    """
    Return the connection as it is now.

    :raises Connection.DoesNotExist: if there is none
    """
    found = _CONNECTION.first(pk=connection_id)
    if found is None:
        raise Connection.DoesNotExist(f"connection {connection_id}")
    return found


def anything(connection: Connection, *, now: datetime) -> bool:
    """
    Say whether `to_prove` or `to_deliver` may find anything.

    A worker asks at the end of all that it knew of, where nearly always nothing new is.
    """
    return bool(_MAYBE.all(connection=connection.pk, now=now))


def to_prove(connection: Connection, *, now: datetime) -> Sequence[int]:
    """Return the batches whose outcome is to be asked of the ledger now, the oldest first."""
    return _TO_PROVE.all(connection=connection.pk, now=now)


def to_deliver(connection: Connection, *, now: datetime, restored: bool) -> Sequence[int]:
    """
    Return the batches that may be sent now, the oldest first.

    :param restored: a restore is open, so the ledger must have been asked for each of them
    """
    if restored:
        mine = Batch.objects.filter(connection=connection).to_deliver(now=now)
        return list(_in_order(mine))
    return _IN_TURN.all(connection=connection.pk, now=now)


def claimable(batch_id: int, *, now: datetime) -> Batch | None:
    """
    Return one batch that may be claimed, with its journal, company and debtor as they are now.

    Whether its turn has come is for `to_deliver` to say.
    """
    return _CLAIMABLE.first(pk=batch_id, now=now)
