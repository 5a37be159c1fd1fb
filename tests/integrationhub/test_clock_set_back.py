"""A clock that is set back an hour: what waits for a time of the old clock does not wait for it."""

from datetime import datetime, timedelta

import pytest

from accounts import living
from accounts.models import Connection, Installation
from accounts.operations import continuity
from background.models import BackgroundRequest
from journals.models import Batch
from payments.models import FetchRun, InvoiceClient
from tests import factories
from tests.journals.pages import rows
from tests.payments import rows as payments

pytestmark = pytest.mark.django_db
NOW = rows.NOW
OLD = NOW + timedelta(hours=1)
"""What the clock said a moment ago."""


@pytest.fixture
def installation() -> Installation:
    return Installation.objects.create(pk=1, seen_at=OLD)


def batch(state: str) -> Batch:
    made = rows.journal(factories.organisation(), periods=("2026-03",))
    mapped = rows.mapping(made.company)
    one = made.batches.get()
    rows.freeze(one, connection=mapped.connection, state=state, not_before=OLD)
    return one


def waits_until(row: Batch | BackgroundRequest | FetchRun | Connection) -> datetime | None:
    row.refresh_from_db()
    return row.not_before


def note(installation: Installation) -> None:
    continuity.note_gap(installation, living.CLOCK, now=NOW)


class TestWhatWaits:
    @pytest.mark.parametrize("state", ["ready", "postponed", "held"])
    def test_without_an_unknown_outcome_is_due(
        self, installation: Installation, state: str
    ) -> None:
        one = batch(state)

        note(installation)

        assert waits_until(one) == NOW

    def test_for_the_end_of_a_call_goes_on_waiting(self, installation: Installation) -> None:
        one = batch("unknown")

        note(installation)

        assert waits_until(one) == OLD

    def test_is_due_of_background_requests_fetching_and_accounts(
        self, installation: Installation
    ) -> None:
        of = factories.organisation()
        background_request = BackgroundRequest.objects.create(
            organisation=of, kind="tests.any", not_before=OLD, enqueued_at=OLD
        )
        client = payments.client_of(of)
        run = FetchRun.objects.create(
            organisation=of, client=client, not_before=OLD, enqueued_at=OLD
        )
        account = factories.connection(of, not_before=OLD, enqueued_at=OLD)
        InvoiceClient.objects.filter(pk=client.pk).update(not_before=OLD, enqueued_at=OLD)

        note(installation)

        client.refresh_from_db()
        assert [waits_until(one) for one in (background_request, run, account)] == [NOW, NOW, NOW]
        assert client.not_before == NOW
        assert [one.enqueued_at for one in (background_request, run, account, client)] == [None] * 4

    def test_is_not_hurried_where_the_clock_was_not_set_back(
        self, installation: Installation
    ) -> None:
        Installation.objects.update(seen_at=NOW - timedelta(minutes=5))
        installation.refresh_from_db()
        one = batch("postponed")

        note(installation)

        assert waits_until(one) == OLD
