"""Who was refused stands in the log, with who, where and when."""

import json
import logging
import sys

import pytest
from django.test import Client

from api import operations as tokens
from integrationhub import logs
from payments.rights import BUSINESS
from tests import factories
from tests.payments import rows

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def as_before(settings):
    handlers = logging.getLogger().handlers[:]
    yield
    logs.configure(form=settings.HUB_LOG_FORMAT, level=settings.HUB_LOG_LEVEL)
    logging.getLogger().handlers[:] = handlers


@pytest.fixture
def logged(capsys):
    """Return what makes a call and returns its answer with the lines that the log has of it."""

    def call(client, *asked, **more):
        logs.configure(form="json", level="INFO")
        answer = client.generic(*asked, **more)
        return answer, [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    return call


def refusals(lines):
    return [line for line in lines if line["event"] == "access_refused"]


def browser_of(member, **more):
    client = Client(raise_request_exception=False, **more)
    client.force_login(member.user, backend="organisations.backends.HubBackend")
    return client


class TestARefusal:
    @pytest.mark.parametrize(
        ("rights", "status"), [({}, 404), ({"organisation": "read"}, 403)], ids=["none", "read"]
    )
    def test_of_a_person_is_logged_with_who_where_and_when(self, logged, rights, status):
        member = factories.member(rights=rights)

        answer, lines = logged(browser_of(member), "POST", "/companies/new/")

        (line,) = refusals(lines)
        assert answer.status_code == line["status"] == status
        assert (line["person"], line["organisation"]) == (member.user.pk, member.organisation.pk)
        assert (line["method"], line["path"]) == ("POST", "/companies/new/")
        assert (line["address"], line["level"]) == ("127.0.0.1", "warning")
        assert line["request_id"] == answer["X-Request-ID"]
        assert line["timestamp"].endswith("Z")

    def test_of_an_operators_page_is_logged(self, logged):
        _answer, lines = logged(browser_of(factories.member()), "GET", "/operation/")

        assert [line["path"] for line in refusals(lines)] == ["/operation/"]

    def test_of_a_forged_form_is_logged(self, logged):
        member = factories.member()
        forged = browser_of(member, enforce_csrf_checks=True)

        _answer, lines = logged(forged, "POST", "/companies/new/")

        (line,) = refusals(lines)
        assert (line["status"], line["person"]) == (403, member.user.pk)

    def test_of_a_program_is_logged_without_its_token(self, logged):
        sent = {"authorization": "Bearer hub_hunter2"}

        _answer, lines = logged(Client(), "POST", "/api/v1/fetches", headers=sent)

        assert [line["status"] for line in refusals(lines)] == [401]
        assert "hunter2" not in str(lines)

    def test_of_what_a_token_may_not_do_names_the_token(self, logged):
        member = rows.member(None, BUSINESS)
        _token, secret = tokens.create(
            organisation=member.organisation,
            name="payroll robot",
            scopes=["time_entries"],
            by=member.user,
            now=rows.NOW,
        )
        sent = {"authorization": f"Bearer {secret}"}

        _answer, lines = logged(Client(), "POST", "/api/v1/fetches", headers=sent)

        (line,) = refusals(lines)
        assert (line["status"], line["program"]) == (403, "payroll robot")
        assert line["organisation"] == member.organisation.pk

    def test_is_not_what_a_stranger_does_not_find(self, logged):
        _answer, lines = logged(Client(), "GET", "/nowhere/")

        assert refusals(lines) == []


class TestAnAttemptToGetPast:
    @pytest.mark.parametrize(
        ("path", "more", "status"),
        [
            ("/companies/?q=%01", {}, 400),
            ("/companies/new/", {"CONTENT_LENGTH": "900000000"}, 413),
            ("/healthz", {"HTTP_HOST": "evil.example"}, 400),
        ],
        ids=["characters", "size", "host"],
    )
    def test_the_checks_is_logged(self, logged, path, more, status):
        method = "POST" if status == 413 else "GET"

        answer, lines = logged(browser_of(factories.member()), method, path, **more)

        assert answer.status_code == status
        assert [line for line in lines if line["level"] in ("warning", "error")]

    def test_a_defect_is_logged_with_its_number(self, logged, monkeypatch):
        monkeypatch.setattr("integrationhub.readiness.check_all", lambda **_: 1 / 0)

        answer, lines = logged(Client(raise_request_exception=False), "GET", "/readyz")

        (line,) = [line for line in lines if line["level"] == "error"]
        assert "ZeroDivisionError" in line["exception"]
        assert line["request_id"] == answer["X-Request-ID"]


class TestTheLog:
    def test_goes_to_one_place_alone(self):
        logs.configure(form="json", level="INFO")
        known = [
            logging.getLogger(),
            *map(logging.getLogger, list(logging.root.manager.loggerDict)),
        ]

        places = {
            getattr(handler, "stream", None)
            for one in known
            for handler in one.handlers
            if not isinstance(handler, logging.NullHandler)
            and type(handler).__module__.partition(".")[0] != "_pytest"
        }

        assert places == {sys.stderr}


class TestALine:
    @pytest.mark.parametrize("form", ["json", "text"])
    def test_cannot_be_forged_by_what_somebody_types(self, capsys, form):
        logs.configure(form=form, level="INFO")

        browser_of(factories.member()).get("/people/%0d%0a%7B%22event%22%3A%22forged%22%7D/")

        written = capsys.readouterr().err
        assert "forged" in written
        assert not [line for line in written.splitlines() if line.startswith('{"event":"forged"')]
