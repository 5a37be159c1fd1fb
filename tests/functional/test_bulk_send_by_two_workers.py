"""Many journals sent together, by workers that have lost sight of each other: each goes once."""

import threading
from datetime import UTC, datetime

from django.db import connections

from journals.models import BulkItem, Journal
from journals.operations import bulk_sending
from tests.journals.sending.conftest import MARCH, committed_office, later, line  # noqa: F401


def test_three_workers_at_once_send_each_journal_once(committed_office, later):  # noqa: F811
    office, now = committed_office, datetime.now(UTC)
    for run in range(6):
        lines = [line(MARCH, "7010", f"{run + 1}.00"), line(MARCH, "2821", f"-{run + 1}.00")]
        office.journal(run=str(run), lines=lines)
    bulk = bulk_sending.prepare(
        organisation=office.organisation,
        journals=Journal.objects.of(office.organisation),
        by=office.member.user,
        now=now,
    )
    bulk_sending.confirm(bulk=bulk, by=office.member.user, now=now)
    start = threading.Barrier(3, timeout=60)

    def work() -> None:
        try:
            start.wait()
            bulk_sending.carry_out(bulk=bulk, by=office.member.user, now=now)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=120)
    later(1)
    later(2)

    assert set(bulk.items.values_list("outcome", flat=True)) == {BulkItem.Outcome.QUEUED}
    assert len(office.ledger()) == 6
    assert office.posts() == 6
