"""Logs: one object a line, and no secret in any."""

import json
import logging

import pytest
import structlog

from integrationhub import logs


def redacted(**event: object) -> dict[str, object]:
    return dict(logs.redact_secrets(None, "info", event))


class TestRedactSecrets:
    @pytest.mark.parametrize(
        "name",
        ["access_token", "client_secret", "password", "Authorization", "Set-Cookie", "api_key"],
    )
    def test_blanks_the_value_of_a_name_that_sounds_secret(self, name):
        assert redacted(**{name: "hunter2"}) == {name: "[redacted]"}

    def test_reaches_into_mappings_and_lists(self):
        event = redacted(answer={"tokens": "t", "inner": [{"refresh_token": "r", "batch": 7}]})

        assert event == {
            "answer": {
                "tokens": "[redacted]",
                "inner": [{"refresh_token": "[redacted]", "batch": 7}],
            }
        }

    @pytest.mark.parametrize(
        "text",
        [
            "sent Authorization: Bearer eyJhbGciOi.x.y to it",
            "POST /token?client_secret=eyJhbGciOi.x.y&grant=1",
            "refresh_token=eyJhbGciOi.x.y",
            "GET /connections/callback?code=eyJhbGciOi.x.y&state=1",
        ],
    )
    def test_blanks_a_secret_inside_a_sentence(self, text):
        event = redacted(event=text)

        assert "eyJhbGciOi" not in event["event"]
        assert "[redacted]" in event["event"]

    def test_leaves_the_rest_as_it_is(self):
        event = {"event": "batch posted", "number": "000123", "lines": 3, "amount": None}

        assert redacted(**event) == event

    def test_shows_that_a_secret_was_empty(self):
        assert redacted(token="") == {"token": ""}


class TestConfigure:
    @pytest.fixture(autouse=True)
    def as_before(self, settings):
        handlers = logging.getLogger().handlers[:]
        yield
        logs.configure(form=settings.HUB_LOG_FORMAT, level=settings.HUB_LOG_LEVEL)
        logging.getLogger().handlers[:] = handlers

    def test_writes_one_object_a_line_for_our_logs_and_for_others(self, capsys):
        logs.configure(form="json", level="INFO")

        structlog.get_logger("hub").info("batch posted", number="000123")
        logging.getLogger("other").info("said %s", "this", extra={"password": "hunter2"})

        ours, others = map(json.loads, capsys.readouterr().err.splitlines())
        assert (ours["event"], ours["number"], ours["logger"]) == ("batch posted", "000123", "hub")
        assert (others["event"], others["password"]) == ("said this", "[redacted]")

    def test_writes_names_and_values_for_a_terminal(self, capsys):
        logs.configure(form="text", level="INFO")

        structlog.get_logger("hub").warning("slow", seconds=3)

        assert "level='warning' logger='hub' event='slow' seconds=3" in capsys.readouterr().err

    def test_keeps_secrets_out_of_a_traceback(self, capsys):
        logs.configure(form="json", level="INFO")

        try:
            raise ValueError("token endpoint said: refresh_token=hunter2")
        except ValueError:
            structlog.get_logger("hub").exception("failed")

        written = capsys.readouterr().err
        assert "hunter2" not in written
        assert "ValueError" in written

    def test_says_nothing_of_a_readiness_that_answers_no(self, capsys):
        logs.configure(form="json", level="INFO")

        request_log = logging.getLogger("django.request")
        request_log.error("Service Unavailable: /readyz", extra={"status_code": 503})
        request_log.error("Internal Server Error: /", extra={"status_code": 500})

        assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == [
            "Internal Server Error: /"
        ]
