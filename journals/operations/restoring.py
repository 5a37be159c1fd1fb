"""
What the outbox must know of batches where the database may be an older one, or a copy.

One listing of what was changed in the ledger serves all batches of a connection: a look-up for
each would cost fifty times the calls.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.models import Connection, Restore
from accounts.operations import installation
from connectors.base import AccountingConnector, LedgerBatch, ListsChanges
from journals.models import Attempt, Batch, Journal
from journals.operations.contents import to_post
from journals.rules import refusals
from journals.rules.proving import NONE, Match
from journals.rules.restoring import UnknownBatch, find_unknown, own_and_unknown
from journals.rules.states import MAY_BE_IN_LEDGER, NOT_SENT, BatchState
from outbox.delivery import Turn
from outbox.recovery import Work

_S = BatchState


class Batches(Work[AccountingConnector, LedgerBatch]):
    """Batches: a mark in the description says which of the ledger's are ours."""

    items = Batch
    asked_first = refusals.LedgerAskedFirst
    is_asked = refusals.LedgerIsAsked
    may_be_there = NOT_SENT | (MAY_BE_IN_LEDGER & {_S.SENDING, _S.UNKNOWN, _S.NEEDS_PERSON})

    def changed(self, item: Batch, *, now: datetime) -> None:
        """Let the journal's state follow."""
        Journal.objects.refresh_state(item.journal_id, now=now)

    def enqueued(self, connection_id: int) -> QuerySet[Connection]:
        """Return the connection itself."""
        return Connection.objects.filter(pk=connection_id)

    def list_ours(
        self,
        connection: Connection,
        ledger: AccountingConnector,
        *,
        since: datetime,
        now: datetime,
    ) -> Sequence[LedgerBatch]:
        """Return what was changed since then."""
        queued = Batch.objects.queued(connection.pk).exclude(posting_period="")
        periods = queued.values_list("posting_period", flat=True)
        return list(_changed(ledger, since=since, periods=periods))

    def never_sent(
        self, connection: Connection, there: Sequence[LedgerBatch], *, settled: Collection[str]
    ) -> dict[str, LedgerBatch]:
        """Return by number what is ours and was never sent from here under its key."""
        ours = _ours(connection, there, settled=settled)
        return {
            batch.number: batch
            for batch, row, was_sent in ours
            if (row is None and not was_sent)
            or (row is not None and row.state in NOT_SENT and not _waits_again(row, was_sent))
        }

    def sent_after_all(
        self, connection: Connection, there: Sequence[LedgerBatch], *, settled: Collection[str]
    ) -> Iterable[tuple[Batch, Mapping[str, Any]]]:
        """Return what was tried, waits again and is there; its number is looked at first."""
        for batch, row, was_sent in _ours(connection, there, settled=settled):
            if row is not None and _waits_again(row, was_sent):
                yield row, {"candidates": [batch.number]}

    def number_of(self, there: LedgerBatch) -> str:
        """Return its number in the ledger."""
        return there.number


BATCHES = Batches()


class SinceTheBackup:
    """What a ledger has got since a backup of a connection's batches of unknown outcome."""

    def __init__(self, turn: Turn, ledger: AccountingConnector) -> None:
        self.turn, self.ledger = turn, ledger
        self._found: dict[int, Match] = {}

    def match(self, batch: Batch) -> Match:
        """
        Return what is there of a batch; nothing, too, of one that no restore concerns.

        :raises ConnectorError: if the ledger cannot be asked
        """
        restores = list(Restore.objects.open(now=self.turn.clock()))
        at = max((restore.at for restore in restores), default=None)
        if at is None or batch.sent_at is None or batch.sent_at >= at:
            return Match(NONE)
        if batch.pk not in self._found:
            since = min(restore.backup_taken_at for restore in restores)
            self._found = self._list(before=at, since=since)
        return self._found[batch.pk]

    def _list(self, *, before: datetime, since: datetime) -> dict[int, Match]:
        connection = self.turn.connection
        rows = Batch.objects.filter(connection=connection, state=_S.UNKNOWN, sent_at__lt=before)
        unknown = [
            UnknownBatch(row.pk, row.period, to_post(row, currency=row.journal.currency))
            for row in rows.select_related("journal")
        ]
        periods = {one.payload.period for one in unknown}
        ledger = list(_changed(self.ledger, since=since, periods=periods))
        return find_unknown(unknown, ledger, known=_numbers_in_company(connection))


def _changed(
    ledger: AccountingConnector, *, since: datetime, periods: Iterable[str]
) -> Iterator[LedgerBatch]:
    """Yield what was changed since then; of a target that cannot say so, those periods."""
    if isinstance(ledger, ListsChanges):
        yield from ledger.list_changed(since=since)
        return
    for period in sorted(set(periods)):
        yield from ledger.list_journals(period=period)


def _ours(
    connection: Connection, there: Sequence[LedgerBatch], *, settled: Collection[str]
) -> list[tuple[LedgerBatch, Batch | None, bool]]:
    """Return what carries our mark and a number unknown here, its row, and whether it was sent."""
    known = {*settled, *_numbers_in_company(connection)}
    own = own_and_unknown(there, installation=installation.identity(), known=known)
    rows = {row.key: row for row in Batch.objects.filter(key__in=list(own))}
    # The row of a batch may have another key by now, if its journal was replaced.
    words = [batch.description for batch in own.values()]
    attempts = Attempt.objects.filter(kind=Attempt.Kind.POST, copy__description__in=words)
    sent = set(attempts.values_list("copy__description", flat=True)) if own else set()
    return [(batch, rows.get(key), batch.description in sent) for key, batch in own.items()]


def _waits_again(row: Batch, was_sent: bool) -> bool:
    return was_sent and row.state in Batch.QUEUED


def _numbers_in_company(connection: Connection) -> set[str]:
    """Return the numbers that any row has, of whichever organisation, in that vendor company."""
    there = Batch.objects.filter(
        connection__vendor=connection.vendor, connection__tenant_id=connection.tenant_id
    )
    return set(there.exclude(vendor_number="").values_list("vendor_number", flat=True))
