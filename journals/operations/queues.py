"""The queues of journals: ledgers to serve, journals to check."""

from django.db.models import Q

from accounts.models import Connection
from background.queue import Queue
from journals.models import Batch, Journal
from journals.rules.states import BatchState

_AT_ONCE = 8
"""So many journals of an office are enqueued when Send is pressed; the sweep finds the others."""

CONNECTIONS = Queue(
    Connection, task="journals.tasks.serve_connection", argument="connection_id", ahead=2
)
JOURNALS = Queue(
    Journal,
    task="journals.tasks.prepare_journal",
    argument="journal_id",
    waits=Q(batches__state=BatchState.READY, batches__prepared_at__isnull=True),
)


def wake_for(journal: Journal) -> None:
    """Enqueue a journal to be checked, unless many of its office are enqueued already."""
    waiting = Batch.objects.filter(
        organisation_id=journal.organisation_id,
        state=BatchState.READY,
        prepared_at__isnull=True,
    ).exclude(journal=journal)
    if waiting.values("pk")[: _AT_ONCE + 1].count() <= _AT_ONCE:
        JOURNALS.enqueue(journal.pk)
