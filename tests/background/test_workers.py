"""A worker that has stopped is said by the pages that wait for one, and only then."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from background import workers
from background.models import Heartbeat
from tests import factories

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 25, 9, 14, tzinfo=UTC)
SAID = "The hub has stopped working in the background."
SCRIPT = Path(__file__).parents[2] / "static" / "js" / "hub.js"


def beat(*, seconds_ago: float, name: str = "worker one", kind: str = "worker") -> None:
    at = NOW - timedelta(seconds=seconds_ago)
    Heartbeat.objects.update_or_create(name=name, defaults={"kind": kind, "at": at})


def began(monkeypatch: pytest.MonkeyPatch, *, seconds_ago: float) -> None:
    monkeypatch.setattr(workers, "started_at", NOW - timedelta(seconds=seconds_ago))


@pytest.fixture(autouse=True)
def _web_has_run_for_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    began(monkeypatch, seconds_ago=3600)


class TestAWorker:
    @pytest.mark.parametrize(("silent_for", "stopped"), [(0, False), (7, False), (7.1, True)])
    def test_has_stopped_after_seven_seconds_of_silence(self, silent_for, stopped):
        beat(seconds_ago=silent_for)

        assert bool(workers.stopped_since(now=NOW)) is stopped

    def test_lives_while_one_of_several_does(self):
        beat(seconds_ago=600)
        beat(seconds_ago=1, name="worker two")

        assert workers.stopped_since(now=NOW) is None

    def test_is_not_heard_of_by_when_periodic_work_ran(self):
        beat(seconds_ago=600)
        beat(seconds_ago=1, name="daily", kind="periodic")

        assert workers.stopped_since(now=NOW) == NOW - timedelta(seconds=600)

    @pytest.mark.parametrize("last_beat", [None, 86_400])
    @pytest.mark.parametrize(("up_for", "stopped"), [(5, False), (8, True)])
    def test_may_take_a_moment_when_all_is_started_together(
        self, monkeypatch, last_beat, up_for, stopped
    ):
        """A trial's first start, and the morning after; then it is said all the same."""
        if last_beat is not None:
            beat(seconds_ago=last_beat)
        began(monkeypatch, seconds_ago=up_for)

        assert bool(workers.stopped_since(now=NOW)) is stopped

    def test_is_missed_within_ten_seconds_by_a_page_that_asks(self):
        asks_every = int(re.search(r'"look"\);\s+}\s+}, (\d+)\)', SCRIPT.read_text())[1]) / 1000

        assert workers.STOPPED_AFTER + timedelta(seconds=asks_every) < timedelta(seconds=10)
        assert 2 * workers.BEATS_EVERY < workers.STOPPED_AFTER


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(factories.member().user, backend="organisations.backends.HubBackend")
    return client


def page(client: Client, address: str) -> str:
    with time_machine.travel(NOW, tick=False):
        return client.get(address).content.decode()


class TestAPage:
    @pytest.mark.parametrize("name", ["journals:home", "journals:import", "journals:list"])
    def test_says_it_when_it_is_opened(self, client, name):
        beat(seconds_ago=60)

        shown = page(client, reverse(name))

        assert SAID in shown
        assert "Nothing is lost" in shown
        assert "Contact the operator of the hub." in shown

    def test_says_nothing_while_a_worker_lives(self, client):
        beat(seconds_ago=2)

        assert SAID not in page(client, reverse("journals:home"))

    @pytest.mark.parametrize("name", ["journals:home", "journals:import"])
    def test_that_nothing_else_follows_asks_too(self, client, name):
        assert "data-waits" in page(client, reverse(name))

    def test_leads_an_operator_to_the_page_of_operation(self, client):
        beat(seconds_ago=60)
        user = factories.member().user
        user.is_superuser = True
        user.save()
        client.force_login(user, backend="organisations.backends.HubBackend")

        shown = page(client, reverse("journals:home"))

        assert "Start the worker." in shown
        assert f'href="{reverse("operation")}">Open Operation' in shown

    def test_asks_once_and_its_followed_parts_not_at_all(self, client, monkeypatch):
        asked = []
        monkeypatch.setattr(workers, "stopped_since", lambda *, now: asked.append(now))

        page(client, reverse("journals:home"))
        assert len(asked) == 1

        part = client.get(reverse("accounts:connections"), headers={"HX-Target": "connections"})
        assert part.status_code == 200
        assert len(asked) == 1


class TestAnOpenPage:
    def ask(self, client: Client, *, said: str = "") -> tuple[int, str]:
        with time_machine.travel(NOW, tick=False):
            answer = client.get(reverse("organisations:worker"), {"said": said})
        return answer.status_code, answer.content.decode()

    @pytest.mark.parametrize(("silent_for", "said"), [(1, ""), (60, "stopped")])
    def test_is_answered_nothing_while_it_says_what_is_so(self, client, silent_for, said):
        beat(seconds_ago=silent_for)

        assert self.ask(client, said=said) == (204, "")

    def test_is_shown_that_the_worker_stopped(self, client):
        beat(seconds_ago=60)

        status, part = self.ask(client)

        assert status == 200
        assert SAID in part
        assert "?said=stopped" in part

    def test_is_shown_that_it_is_back(self, client):
        beat(seconds_ago=1)

        status, part = self.ask(client, said="stopped")

        assert status == 200
        assert SAID not in part
        assert "?said" not in part

    def test_does_not_lengthen_the_session_by_asking(self, client):
        beat(seconds_ago=60)
        before = client.session.get_expiry_date()

        with time_machine.travel(NOW, tick=False):
            answer = client.get(reverse("organisations:worker"))

        assert not answer.cookies
        assert client.session.get_expiry_date() - before < timedelta(minutes=1)
