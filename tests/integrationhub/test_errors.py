"""What is answered where no view does."""

import json

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from tests import factories

PROBLEMS = "application/problem+json"
pytestmark = pytest.mark.django_db


def stumble(request: HttpRequest) -> HttpResponse:
    raise LookupError


def refuse(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def suspect(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation


handler400 = "integrationhub.errors.bad_request"
handler403 = "integrationhub.errors.forbidden"
handler404 = "integrationhub.errors.not_found"
handler500 = "integrationhub.errors.server_error"
urlpatterns = [
    *(path("api/v1/stumble", stumble), path("stumble", stumble)),
    *(path("api/v1/refuse", refuse), path("api/v1/suspect", suspect)),
]


@pytest.fixture
def browser() -> Client:
    return Client(raise_request_exception=False)


class TestTheApi:
    @pytest.mark.urls("tests.integrationhub.test_errors")
    @pytest.mark.parametrize(
        ("address", "status", "code"),
        [
            ("/api/v1/stumble", 500, "internal_error"),
            ("/api/v1/refuse", 403, "forbidden"),
            ("/api/v1/suspect", 400, "bad_request"),
            ("/api/v1/nowhere", 404, "not_found"),
        ],
    )
    def test_answers_each_failure_as_problem_details(self, browser, address, status, code):
        answer = browser.get(address)

        problem = json.loads(answer.content)
        assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEMS)
        assert (problem["type"], problem["status"], problem["code"]) == (
            "about:blank",
            status,
            code,
        )
        assert problem["title"]
        assert problem["detail"]
        assert problem["request_id"] == answer["X-Request-ID"]

    @pytest.mark.parametrize(
        ("address", "status"),
        [("/api/v1/fetches", 401), ("/api/v1/fetches?x=%00", 400), ("/api/", 404)],
    )
    def test_does_so_in_the_hub_itself(self, browser, address, status):
        answer = browser.post(address)

        assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEMS)


class TestAPerson:
    @pytest.mark.urls("tests.integrationhub.test_errors")
    def test_is_shown_the_number_under_which_the_failure_is_logged(self, browser):
        answer = browser.get("/stumble")

        assert answer.status_code == 500
        assert f"<code>{answer['X-Request-ID']}</code>" in answer.content.decode()

    @pytest.mark.parametrize("typed", ["²", "9" * 30, "9" * 5000, "-1", "1e5", "٣", "0001-01-01"])
    @pytest.mark.parametrize(
        "address",
        [
            "/forgotten-password/?email={}",
            "/mappings/new/?company={}",
            "/journals/?company={0}&page={0}&period={0}",
            "/audit/?since={0}&until={0}&page={0}&person={0}",
            "/companies/?page={0}&q={0}",
            "/choices/?kind=company&of={0}&q={0}",
        ],
    )
    def test_sees_no_defect_whatever_number_or_day_is_in_the_address(self, browser, address, typed):
        browser.force_login(factories.member().user, backend="organisations.backends.HubBackend")

        answers = [browser.get(address.format(typed))]
        answers.append(browser.post("/organisation/switch/", {"organisation": typed}))

        assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
