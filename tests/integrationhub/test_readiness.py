"""Whether the hub is ready for work, and what it says when it is not."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerAway

from accounts.models import Connection, Installation, Restore
from accounts.operations import installation
from background.models import Heartbeat
from integrationhub import readiness
from tests import factories

NOW = datetime(2026, 3, 25, 9, 14, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def refuse(*_args: object, **_kwargs: object) -> None:
    raise OperationalError("no")


class TestCheckDatabase:
    def test_is_well_when_the_database_answers(self):
        assert readiness.check_database().ok

    def test_names_the_remedy_when_it_does_not(self, monkeypatch):
        monkeypatch.setattr(readiness.connection, "cursor", refuse)

        finding = readiness.check_database()

        assert not finding.ok
        assert "DATABASE_URL" in finding.text


class TestCheckBroker:
    def test_is_well_in_this_tier(self):
        assert readiness.check_broker().ok

    @pytest.mark.parametrize("failure", [BrokerAway("away"), ConnectionRefusedError()])
    def test_names_the_remedy_when_a_server_does_not_answer(self, settings, monkeypatch, failure):
        settings.HUB_BROKER_IS_EMBEDDED = False

        def away(**_kwargs: object) -> None:
            raise failure

        monkeypatch.setattr(
            readiness.current_app, "connection_for_write", lambda: _Broker(ensure_connection=away)
        )

        finding = readiness.check_broker()

        assert not finding.ok
        assert "CELERY_BROKER_URL" in finding.text
        assert "No work is lost" in finding.text


class _Broker(SimpleNamespace):
    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        return None


class TestCheckWorker:
    def test_says_that_none_has_ever_reported(self):
        finding = readiness.check_worker(now=NOW)

        assert not finding.ok
        assert finding.text.startswith("No worker has ever reported. Start it: celery")

    def test_is_well_by_the_newest_of_several(self):
        Heartbeat.objects.create(name="a", kind="worker", at=NOW - timedelta(hours=1))
        Heartbeat.objects.create(name="b", kind="worker", at=NOW - timedelta(seconds=30))

        assert readiness.check_worker(now=NOW) == readiness.Finding(
            "worker", True, "Seen 30 s ago."
        )

    def test_is_not_well_when_the_last_was_seen_long_ago(self):
        Heartbeat.objects.create(name="a", kind="worker", at=NOW - timedelta(seconds=31))

        finding = readiness.check_worker(now=NOW)

        assert not finding.ok
        assert "last seen 31 s ago" in finding.text

    def test_does_not_take_periodic_work_for_a_worker(self):
        Heartbeat.objects.create(name="a", kind="periodic", at=NOW)

        assert not readiness.check_worker(now=NOW).ok


class TestCheckDueWork:
    def waiting(self, monkeypatch: pytest.MonkeyPatch, oldest: datetime | None) -> None:
        monkeypatch.setattr(readiness, "oldest_due", lambda *, now: oldest)

    def test_is_well_when_nothing_waits(self, monkeypatch):
        self.waiting(monkeypatch, None)

        assert readiness.check_due_work(now=NOW).text == "Nothing waits."

    def test_does_not_say_so_while_an_account_waits_for_a_sign_in(self, monkeypatch):
        self.waiting(monkeypatch, None)
        account = factories.connection(factories.organisation())
        Connection.objects.filter(pk=account.pk).update(state=Connection.State.SIGN_IN_AGAIN)

        finding = readiness.check_due_work(now=NOW)

        assert "accounts to sign in again (1) waits for a person" in finding.text

    def test_is_well_when_work_has_waited_briefly(self, monkeypatch):
        self.waiting(monkeypatch, NOW - timedelta(seconds=90))

        finding = readiness.check_due_work(now=NOW)

        assert (finding.ok, finding.text) == (True, "The oldest due work has waited 90 s.")

    def test_is_not_well_when_the_oldest_has_waited_too_long(self, monkeypatch):
        self.waiting(monkeypatch, NOW - timedelta(minutes=10, seconds=1))

        finding = readiness.check_due_work(now=NOW)

        assert not finding.ok
        assert "HUB_WORKER_THREADS" in finding.text

    def test_asks_every_app(self):
        assert readiness.check_due_work(now=NOW).ok


class TestCheckRestore:
    def test_is_well_in_a_database_that_has_not_gone_back(self):
        assert readiness.check_restore(now=NOW).ok

    def test_names_the_command_when_it_has(self):
        installation.look(now=NOW)
        Installation.objects.update(stopped_at=NOW)

        finding = readiness.check_restore(now=NOW)

        assert not finding.ok
        assert "after_restore" in finding.text

    def test_says_until_when_the_ledger_is_asked(self):
        Restore.objects.create(
            at=NOW, backup_taken_at=NOW - timedelta(days=1), watch_until=NOW + timedelta(days=9)
        )

        finding = readiness.check_restore(now=NOW)

        assert finding.ok
        assert "2026-04-03" in finding.text


class TestHealthz:
    def test_answers_without_asking_the_database(self, client, monkeypatch):
        monkeypatch.setattr(readiness.connection, "cursor", refuse)

        assert client.get("/healthz").json() == {"alive": True}


class TestReadyz:
    def test_answers_200_when_all_is_well(self, client):
        Heartbeat.objects.create(name="worker", kind="worker", at=timezone.now())

        response = client.get("/readyz")

        assert response.status_code == 200
        assert [check["name"] for check in response.json()["checks"]] == [
            "database",
            "broker",
            "worker",
            "due work",
            "restore",
            "machine",
        ]

    def test_answers_503_with_the_reason_when_something_is_not(self, client):
        response = client.get("/readyz")

        wrong = [check for check in response.json()["checks"] if not check["ok"]]
        assert response.status_code == 503
        assert response.json()["ready"] is False
        assert [check["name"] for check in wrong] == ["worker"]

    def test_answers_503_and_no_error_page_when_the_database_is_away(self, client, monkeypatch):
        monkeypatch.setattr(readiness.connection, "cursor", refuse)
        monkeypatch.setattr(readiness, "oldest_due", refuse)

        response = client.get("/readyz")

        wrong = {check["name"] for check in response.json()["checks"] if not check["ok"]}
        assert response.status_code == 503
        assert wrong == {"database", "worker", "due work", "restore", "machine"}

    @pytest.mark.parametrize(
        "stranger", [{"REMOTE_ADDR": "203.0.113.9"}, {"HTTP_X_FORWARDED_FOR": "203.0.113.9"}]
    )
    def test_tells_strangers_only_no(self, client, stranger):
        assert client.get("/readyz", **stranger).json() == {"ready": False}

    def test_tells_strangers_only_yes(self, client):
        Heartbeat.objects.create(name="worker", kind="worker", at=timezone.now())

        answer = client.get("/readyz", REMOTE_ADDR="203.0.113.9")

        assert answer.json() == {"ready": True}

    def test_tells_the_reasons_to_who_may_read_the_figures(self, client, settings):
        settings.HUB_METRICS_TOKEN = "a-token-of-enough-characters"
        bearer = {"HTTP_AUTHORIZATION": "Bearer a-token-of-enough-characters"}

        assert "checks" not in client.get("/readyz").json()
        assert "checks" in client.get("/readyz", REMOTE_ADDR="203.0.113.9", **bearer).json()

    def test_is_kept_by_no_cache(self, client):
        assert "no-store" in client.get("/readyz")["Cache-Control"]
