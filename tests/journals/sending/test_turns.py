"""The workers' queue is short and shared out: many of one office do not hold up one of another."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Connection
from background.models import Heartbeat
from journals import tasks
from journals.models import Batch, Journal
from journals.operations import delivery, queues, sending
from mappings.models import Mapping
from organisations.models import Company, Organisation
from tests import factories
from tests.journals.sending.conftest import MARCH, line, make_journal

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 4, 8, 9, 0, tzinfo=UTC)


def office(*, connections: int) -> Organisation:
    """Make an organisation with that many connections, a prepared batch waiting for each."""
    organisation = factories.organisation()
    for _number in range(connections):
        connection = factories.connection(organisation)
        due(a_journal(factories.company(organisation)), connection)
    return organisation


def a_journal(company: Company) -> Journal:
    return make_journal(company, [line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")])


def due(journal: Journal, connection: Connection) -> None:
    journal.batches.update(
        state="ready", prepared_at=NOW, connection=connection, digest="d", not_before=NOW
    )


def enqueued(worker: Any, *, now: datetime) -> list[int]:
    """Sweep once; return which connections were enqueued, in that order."""
    worker.published = []
    tasks.enqueue_due(now=now, limit=1000)
    return [
        ids["connection_id"] for name, ids in worker.published if name.endswith("serve_connection")
    ]


@pytest.fixture(autouse=True)
def four_threads(settings: Any) -> None:
    settings.HUB_WORKER_THREADS = 4
    settings.HUB_PROCESS = "worker"


class TestEnqueueing:
    def test_keeps_the_queue_short_and_takes_turns(self, worker: Any) -> None:
        large, small = office(connections=30), office(connections=2)

        queued = enqueued(worker, now=NOW)

        whose = [Connection.objects.get(pk=pk).organisation_id for pk in queued]
        assert whose[:4] == [large.pk, small.pk, large.pk, small.pk]
        assert len(queued) == 8

    def test_tells_of_a_newcomer_at_once(self, worker: Any) -> None:
        office(connections=30)
        enqueued(worker, now=NOW)
        newcomer = office(connections=3)

        queued = enqueued(worker, now=NOW + timedelta(seconds=1))

        assert [Connection.objects.get(pk=pk).organisation_id for pk in queued] == [newcomer.pk]

    def test_counts_the_threads_of_all_workers_that_live(self, worker: Any) -> None:
        for number, at in enumerate((NOW, NOW, NOW - timedelta(minutes=5))):
            Heartbeat.objects.create(
                name=f"worker {number}", kind="worker", at=at, info={"threads": 6}
            )
        office(connections=30)

        assert len(enqueued(worker, now=NOW)) == 2 * 12

    def test_of_a_message_that_was_lost_is_enqueued_again(self, worker: Any) -> None:
        office(connections=1)

        first = enqueued(worker, now=NOW)
        soon = enqueued(worker, now=NOW + timedelta(seconds=10))
        later = enqueued(worker, now=NOW + timedelta(seconds=20))

        assert (len(first), len(soon), len(later)) == (1, 0, 1)

    def test_of_checks_takes_turns_too(self, worker: Any) -> None:
        organisations = [factories.organisation() for _ in range(2)]
        for organisation, many in zip(organisations, (20, 1), strict=True):
            for _number in range(many):
                a_journal(factories.company(organisation)).batches.update(
                    state="ready", not_before=NOW
                )
        worker.published = []

        tasks.enqueue_due(now=NOW, limit=1000)

        journals = [ids["journal_id"] for name, ids in worker.published if "prepare" in name]
        whose = [Journal.objects.get(pk=pk).organisation_id for pk in journals]
        assert whose == [organisations[0].pk, organisations[1].pk] + [organisations[0].pk] * 2


class TestQueueingUpAgain:
    def test_lets_others_go_first_beyond_its_share(self, worker: Any) -> None:
        large, small = office(connections=8), office(connections=1)
        enqueued(worker, now=NOW)
        first, *_others = Connection.objects.filter(organisation=large, enqueued_at=NOW)
        Connection.objects.filter(pk=first.pk).update(enqueued_at=None)
        worker.published = []

        queues.CONNECTIONS.queue_up_again(first, now=NOW)
        beside_another = list(worker.published)
        Connection.objects.filter(organisation=small).update(enqueued_at=None)
        queues.CONNECTIONS.queue_up_again(first, now=NOW)

        assert beside_another == []
        assert worker.published == [
            ("journals.tasks.serve_connection", {"connection_id": first.pk})
        ]


class TestPressingSend:
    def test_tells_of_a_few_journals_and_leaves_the_others_to_the_sweep(self, worker: Any) -> None:
        organisation = factories.organisation()
        company = factories.company(organisation)
        Mapping.objects.create(
            organisation=organisation,
            company=company,
            connection=factories.connection(organisation),
            target="vismanet",
            closed_period_rule="refuse",
        )
        for number in range(15):
            journal = make_journal(company, [line(MARCH, "7010", "0.00")], run=str(number))
            sending.request_sending(journal=journal, by=None, now=NOW)

        assert len(worker.published) == 9
        assert Batch.objects.filter(state="ready").count() == 15


def test_a_message_for_a_connection_that_must_wait_does_nothing(worker: Any) -> None:
    office(connections=1)
    connection = Connection.objects.get()
    Connection.objects.update(not_before=NOW + timedelta(minutes=1))

    assert delivery.serve(connection_id=connection.pk, clock=lambda: NOW) == 0
    assert Batch.objects.get().state == "ready"
