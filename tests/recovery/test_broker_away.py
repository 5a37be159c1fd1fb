"""The broker is away: what a person asks for is written down all the same."""

from datetime import UTC, datetime
from typing import NoReturn

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from kombu.exceptions import OperationalError

from background import enqueueing
from journals.operations import sending
from tests.journals.sending.conftest import Office


@pytest.fixture
def broker_away(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every message fail as it does when nobody listens; return the tasks tried."""
    tried: list[str] = []

    def publish(task: str, ids: dict[str, int]) -> NoReturn:
        tried.append(task)
        raise OperationalError("Error 111 connecting to 127.0.0.1:6379. Connection refused.")

    monkeypatch.setattr(enqueueing, "_publish", publish)
    monkeypatch.setattr(django_settings, "HUB_BROKER_IS_EMBEDDED", False)
    return tried


@pytest.mark.django_db(transaction=True)
class TestWake:
    def test_fails_nobody_outside_a_transaction(self, broker_away: list[str]) -> None:
        enqueueing.enqueue("journals.tasks.prepare_journal", journal_id=1)

        assert broker_away == ["journals.tasks.prepare_journal"]

    def test_fails_nobody_at_the_commit(self, broker_away: list[str]) -> None:
        with transaction.atomic():
            enqueueing.enqueue("journals.tasks.prepare_journal", journal_id=1)
            assert broker_away == []

        assert broker_away == ["journals.tasks.prepare_journal"]


def test_b07_a_press_counts_while_the_broker_is_away(
    committed_office: Office, broker_away: list[str]
) -> None:
    journal = committed_office.journal()

    queued = sending.request_sending(
        journal=journal, by=committed_office.member.user, now=datetime.now(UTC)
    )

    assert queued == 3
    assert set(journal.batches.values_list("state", flat=True)) == {"ready"}
