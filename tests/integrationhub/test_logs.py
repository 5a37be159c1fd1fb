"""Logs: one object a line, and no secret in any."""

import json
import logging

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path

from integrationhub import logs


def stumble(request: HttpRequest) -> HttpResponse:
    raise LookupError(f"no such thing at {request.get_full_path()}")


def refuse(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=400)


urlpatterns = [path("stumble", stumble), path("refuse", refuse)]


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

    @pytest.mark.parametrize(
        "text",
        [
            "<WSGIRequest: GET '/connections/callback?code=hunter2&state=x'>",
            "GET https://hub.example/forgotten/?next=%2Fa%3Fcode%3Dhunter2",
            "{'code': 'hunter2', 'grant_type': 'authorization_code'}",
            '{"refresh_token": "hunter2 with blanks"}',
            "Authorization: Basic aHVudGVyMg==hunter2",
            "mssql://reader:hunter2@10.0.0.5:1433",
            "Gone: /sign-in/forgotten/Mg/cyq-hunter2/",
            "GET https://hub.example/invitation/open/?token=hunter2 302",
            "shown once: hub_hunter2hunter2hunter2hunter2",
            "failed with kwargs={'client_secret': 'hunter2'}",
        ],
    )
    def test_blanks_addresses_forms_and_arguments_inside_a_sentence(self, text):
        assert "hunter2" not in str(redacted(event=text))

    def test_keeps_the_path_of_an_address(self):
        event = redacted(event="GET https://hub.example/journals/7/?code=hunter2")

        assert event == {"event": "GET https://hub.example/journals/7/?[redacted]"}

    def test_reads_whole_requests_forms_and_bodies_as_text(self):
        asked = RequestFactory().get("/connections/callback", {"code": "hunter2", "state": "s"})

        event = redacted(
            request=asked, query=asked.GET, body=b'{"password":"hunter2"}', kinds={"a"}, number=7
        )

        assert "hunter2" not in str(event)
        assert "/connections/callback" in event["request"]
        assert (event["kinds"], event["number"]) == (["a"], 7)

    def test_leaves_the_code_of_a_failure(self):
        assert redacted(code="period_closed") == {"code": "period_closed"}

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

    @pytest.mark.urls("tests.integrationhub.test_logs")
    @pytest.mark.parametrize("page", ["/stumble", "/refuse", "/nowhere"])
    def test_keeps_the_code_of_a_sign_in_out_whatever_becomes_of_the_page(self, capsys, page):
        # Django hands over the request itself with each of these lines.
        logs.configure(form="json", level="DEBUG")
        browser = Client(raise_request_exception=False)

        browser.get(page, {"code": "hunter2", "state": "hunter3"})

        written = capsys.readouterr().err
        assert page in written
        assert "hunter" not in written

    def test_says_nothing_of_a_readiness_that_answers_no(self, capsys):
        logs.configure(form="json", level="INFO")

        request_log = logging.getLogger("django.request")
        request_log.error("Service Unavailable: /readyz", extra={"status_code": 503})
        request_log.error("Internal Server Error: /", extra={"status_code": 500})

        assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == [
            "Internal Server Error: /"
        ]
