"""What an operator sees, on the page and as Prometheus reads it: the same figures."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import Connection, Installation
from background.models import BackgroundRequest, Heartbeat, Lease
from integrationhub import figures, metrics
from journals.models import Batch
from organisations.models import User
from payments.models import Registration, Settlement
from payments.queries.waiting import oldest_due
from tests import factories
from tests.journals.pages import rows
from tests.payments import rows as payments

NOW = datetime(2026, 3, 25, 9, 14, tzinfo=UTC)
TOKEN = "a-token-for-prometheus"
pytestmark = pytest.mark.django_db


def scrape(body: bytes) -> dict[str, dict[tuple[str, ...], float]]:
    """Read the answer as Prometheus does; labels stand in the order of their names."""
    return {
        family.name: {tuple(s.labels.values()): s.value for s in family.samples}
        for family in text_string_to_metric_families(body.decode())
    }


def busy_hub() -> None:
    of = factories.organisation()
    journal = rows.journal(of, state="unknown")
    Batch.objects.filter(journal=journal).update(
        state="unknown", state_at=NOW - timedelta(minutes=3)
    )
    factories.connection(of, state_at=NOW - timedelta(days=2))
    factories.connection(of, authorised=False, state_at=NOW - timedelta(hours=1))
    Connection.objects.filter(state="authorised").update(not_before=NOW + timedelta(minutes=1))
    BackgroundRequest.objects.create(
        organisation=of,
        kind="journals.check",
        created_at=NOW - timedelta(seconds=90),
        not_before=NOW - timedelta(seconds=90),
    )
    Lease.objects.create(
        key="writer:vismanet:1",
        owner="me",
        taken_at=NOW - timedelta(seconds=40),
        until=NOW + timedelta(seconds=9),
    )
    Lease.objects.create(key="writer:vismanet:2", owner="me", until=NOW - timedelta(seconds=9))
    Heartbeat.objects.create(name="worker one", kind="worker", at=NOW - timedelta(seconds=4))
    Installation.objects.create(pk=1, seen_at=NOW)


class TestFigures:
    @pytest.mark.parametrize("language", ["en", "sv", "nb"])
    def test_name_no_two_rows_of_a_section_alike(self, language: str) -> None:
        busy_hub()

        with translation.override(language):
            shown = {one.key: [row.texts for row in one.rows] for one in figures.sections(now=NOW)}

        assert {key for key, texts in shown.items() if len(set(texts)) < len(texts)} == set()

    def test_count_what_waits_and_say_how_old_the_oldest_is(self) -> None:
        busy_hub()

        found = scrape(metrics.text(now=NOW))

        assert found["hub_batches"]["unknown",] == 1
        assert found["hub_batches"]["sending",] == 0
        assert found["hub_batches_age_seconds"] == {("unknown",): 180}
        assert found["hub_due"]["background_request",] == 1
        assert found["hub_due_age_seconds"]["background_request",] == 90
        assert found["hub_background_requests"] == {("journals.check", "waiting"): 1}
        assert found["hub_leases"] == {("writer",): 1}
        assert found["hub_leases_age_seconds"] == {("writer",): 40}
        assert found["hub_processes_age_seconds"] == {("worker", "worker one"): 4}
        assert found["hub_connections"]["authorised", "vismanet"] == 1
        assert found["hub_connections_paused"]["authorised", "vismanet"] == 1
        assert found["hub_connections_age_seconds"]["not_authorised", "vismanet"] == 3600
        assert found["hub_database"] == {("stopped",): 0, ("watched",): 0}

    def test_count_the_payments_that_wait_and_say_how_old_the_oldest_is(self) -> None:
        of = factories.organisation()
        payments.activate(of)
        client = payments.client_of(
            of,
            source=payments.account(of, "businessnxt"),
            target=payments.account(of, "powerofficego"),
        )
        for state, seconds in {"ready": 50, "unknown": 700}.items():
            at = NOW - timedelta(seconds=seconds)
            about = {
                "organisation": of,
                "client": client,
                "payment": payments.payment(client),
                "amount": Decimal("10.00"),
            }
            placed = Settlement.objects.create(
                invoice=payments.invoice(client), made_at=NOW, **about
            )
            Registration.objects.create(
                settlement=placed,
                reference=state,
                state=state,
                state_at=at,
                not_before=at,
                **about,
            )

        found = scrape(metrics.text(now=NOW))

        assert found["hub_due"]["register",] == found["hub_due"]["look_up",] == 1
        assert found["hub_due_age_seconds"]["look_up",] == 700
        assert found["hub_registrations"]["unknown",] == 1
        assert found["hub_registrations_age_seconds"] == {("ready",): 50, ("unknown",): 700}
        assert oldest_due(now=NOW) == NOW - timedelta(seconds=700)
        Connection.objects.filter(vendor="powerofficego").update(state="sign_in_again")
        assert oldest_due(now=NOW) is None

    def test_cost_the_same_number_of_statements_however_much_waits(self) -> None:
        busy_hub()
        with CaptureQueriesContext(
            connection,
        ) as few:
            figures.sections(now=NOW)
        for _each in range(4):
            rows.journal(factories.organisation(), state="unknown")
            factories.connection(factories.organisation())
        Batch.objects.update(state="needs_person")
        with CaptureQueriesContext(connection) as many:
            figures.sections(now=NOW)

        assert len(many) == len(few) <= 21

    def test_name_no_organisation_and_no_company(self) -> None:
        busy_hub()

        text = metrics.text(now=NOW).decode()

        for of in Connection.objects.select_related("organisation"):
            assert of.name not in text
            assert of.organisation.name not in text


class TestMetrics:
    def test_are_read_from_this_machine_without_a_token(self, client: Client) -> None:
        answer = client.get("/metrics")

        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/plain; version=")
        assert "hub_batches" in scrape(answer.content)

    @pytest.mark.parametrize(
        "more", [{"REMOTE_ADDR": "192.0.2.7"}, {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}]
    )
    def test_are_not_there_for_others(self, client: Client, more: dict[str, str]) -> None:
        assert client.get("/metrics", **more).status_code == 404

    @pytest.mark.parametrize(
        ("given", "status"), [("", 404), ("Bearer wrong", 404), (f"Bearer {TOKEN}", 200)]
    )
    def test_need_the_token_where_there_is_one(
        self, client: Client, settings: Any, given: str, status: int
    ) -> None:
        settings.HUB_METRICS_TOKEN = TOKEN

        answer = client.get("/metrics", REMOTE_ADDR="192.0.2.7", HTTP_AUTHORIZATION=given)

        assert answer.status_code == status


class TestOperationPage:
    @pytest.fixture
    def operator(self) -> User:
        person = factories.member().user
        User.objects.filter(pk=person.pk).update(is_superuser=True)
        return person

    def test_shows_every_figure_with_its_age(self, client: Client, operator: User) -> None:
        busy_hub()
        client.force_login(operator, backend="organisations.backends.HubBackend")

        html = client.get(reverse("operation")).content.decode()

        for words in ("Batches on their way", "Outcome unknown", "worker one", "journals.check"):
            assert words in html
        assert "Operations" in html

    def test_reloads_only_its_figures(self, client: Client, operator: User) -> None:
        client.force_login(operator, backend="organisations.backends.HubBackend")

        html = client.get(reverse("operation"), HTTP_HX_REQUEST="true").content.decode()

        assert html.lstrip().startswith('<div id="figures"')

    def test_is_not_there_for_an_administrator_of_an_organisation(self, client: Client) -> None:
        client.force_login(factories.member().user, backend="organisations.backends.HubBackend")

        assert client.get(reverse("operation")).status_code == 404

    def test_asks_a_stranger_to_sign_in(self, client: Client) -> None:
        assert client.get(reverse("operation")).status_code == 302
