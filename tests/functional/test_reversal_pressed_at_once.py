"""Undo (design 4.8): whoever presses at the same time, one mirror is made."""

import threading
from datetime import UTC, datetime

from django.db import connections

from connectors.errors import ConnectorError
from journals.models import Batch
from journals.operations import reversing, sending
from tests.journals.sending.conftest import MARCH, committed_office, later, line  # noqa: F401


def test_six_people_at_once_make_one_mirror(committed_office, later):  # noqa: F811
    office = committed_office
    journal = office.journal(lines=[line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")])
    sending.request_sending(journal=journal, by=None, now=datetime.now(UTC))
    later(0)
    (batch,) = reversing.reversible(journal)
    start, outcomes = threading.Barrier(6, timeout=60), []

    def press() -> None:
        try:
            start.wait()
            reversing.request_reversal(
                batches=[batch], reason="At once", by=None, now=datetime.now(UTC)
            )
            outcomes.append("queued")
        except ConnectorError as refused:
            outcomes.append(refused.code())
        finally:
            connections.close_all()

    people = [threading.Thread(target=press) for _ in range(6)]
    for person in people:
        person.start()
    for person in people:
        person.join(timeout=120)
    later(1)

    assert sorted(outcomes) == ["NotReversible"] * 5 + ["queued"]
    assert Batch.objects.filter(reverses__isnull=False).count() == 1
    assert len(office.ledger()) == 2
