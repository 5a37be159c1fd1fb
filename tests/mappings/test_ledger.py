"""How long a reading of the target is good."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Connection
from mappings.models import LedgerSnapshot
from mappings.operations.ledger import facts_for, store_facts, stored_facts
from tests import factories
from tests.factories import NOW
from tests.mappings.targets import PlayedConnector, facts

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection() -> Connection:
    return factories.connection(factories.organisation())


class TestFactsFor:
    def test_reads_and_keeps_what_was_never_read(self, connection: Connection) -> None:
        target = PlayedConnector()

        found = facts_for(connection, now=NOW, connector=target)

        assert found == facts()
        assert stored_facts(connection) == (facts(), NOW)
        assert connection.snapshot.organisation == connection.organisation

    def test_asks_nobody_while_the_reading_is_fresh(
        self, connection: Connection, settings: Any
    ) -> None:
        settings.HUB_LEDGER_FRESH_SECONDS = 120
        target = PlayedConnector()
        facts_for(connection, now=NOW, connector=target)

        facts_for(connection, now=NOW + timedelta(seconds=119), connector=target)

        assert target.asked == 1

    def test_reads_again_when_it_is_old(self, connection: Connection, settings: Any) -> None:
        settings.HUB_LEDGER_FRESH_SECONDS = 120
        store_facts(connection, facts(currencies=("NOK",)), now=NOW)
        later = NOW + timedelta(seconds=120)

        found = facts_for(connection, now=later, connector=PlayedConnector())

        assert found.currencies == ("SEK",)
        assert stored_facts(connection) == (facts(), later)

    def test_always_reads_with_no_age_allowed(self, connection: Connection) -> None:
        target = PlayedConnector()
        facts_for(connection, now=NOW, connector=target)

        facts_for(connection, now=NOW, max_age=timedelta(0), connector=target)

        assert target.asked == 2

    def test_reads_again_what_cannot_be_read_back(self, connection: Connection) -> None:
        store_facts(connection, facts(), now=NOW)
        LedgerSnapshot.objects.update(facts="{}")
        target = PlayedConnector()

        facts_for(connection, now=NOW, connector=target)

        assert target.asked == 1


class TestStoreFacts:
    def test_keeps_the_newer_of_two_readings(self, connection: Connection) -> None:
        store_facts(connection, facts(), now=NOW)

        store_facts(connection, facts(currencies=("NOK",)), now=NOW - timedelta(seconds=1))

        assert stored_facts(connection) == (facts(), NOW)
        assert LedgerSnapshot.objects.count() == 1
