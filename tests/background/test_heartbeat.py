"""B10: a watcher outside hears from the hub every five minutes, and nothing depends on it."""

from datetime import timedelta
from typing import Any

import pytest
import requests
import responses

from background import tasks

URL = "https://watcher.example/ping/3f6c"


@pytest.fixture
def watched(settings: Any) -> None:
    settings.HUB_HEARTBEAT_URL = URL


@responses.activate
def test_b10_the_watcher_is_asked_once_a_beat(watched: None) -> None:
    responses.get(URL)
    tasks.ping_heartbeat()
    assert [call.request.url for call in responses.calls] == [URL]


@responses.activate
def test_b10_nobody_is_asked_where_no_watcher_is_named(settings: Any) -> None:
    settings.HUB_HEARTBEAT_URL = ""
    tasks.ping_heartbeat()
    assert not responses.calls


@pytest.mark.parametrize(
    "answer", [{"status": 500}, {"body": requests.ConnectionError(f"no way to {URL}")}]
)
@responses.activate
def test_b10_a_watcher_that_is_away_is_a_line_in_the_log_without_its_address(
    answer: dict[str, Any], watched: None, caplog: pytest.LogCaptureFixture
) -> None:
    responses.get(URL, **answer)
    tasks.ping_heartbeat()
    assert "heartbeat_not_taken" in caplog.text
    assert "3f6c" not in caplog.text


def test_b10_it_beats_every_five_minutes() -> None:
    assert (tasks.ping_heartbeat, timedelta(minutes=5)) in tasks.PERIODIC
