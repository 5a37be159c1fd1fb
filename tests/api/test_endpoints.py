"""What programs are answered, beside what S20 and S22 ask for."""

from pathlib import Path

import pytest
from django.test import Client

from api.endpoints import api
from api.management.commands.list_api import markdown
from background.operations import TooManyChecks
from payments.models import FetchRun
from payments.operations import fetching
from tests.api.conftest import office as office

PROBLEMS = "application/problem+json"
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "api.md"


class TestAFailure:
    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("GET", "time-entries", "POST"),
            ("DELETE", "fetches", "POST"),
            ("PUT", "fetches/1", "GET"),
            ("HEAD", "fetches/1", "GET"),
        ],
    )
    def test_names_the_method_that_is_taken(self, program, method, path, allowed):
        answer = program(method, path)

        assert (answer.status_code, answer["Allow"]) == (405, allowed)
        assert answer["Content-Type"] == PROBLEMS

    def test_tells_when_to_try_again_after_too_many_checks(self, program, office, monkeypatch):
        def refuse(**_asked):
            raise TooManyChecks(seconds=7)

        monkeypatch.setattr(fetching, "request_fetch", refuse)
        answer = program("POST", "fetches", {"client": office.client.number})

        assert (answer.status_code, answer["Retry-After"]) == (429, "7")
        assert (answer["Content-Type"], answer.json()["code"]) == (PROBLEMS, "too_many_checks")

    def test_is_a_run_of_nobody(self, program):
        answer = program("GET", f"fetches/{'9' * 18}")

        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    @pytest.mark.parametrize(
        ("body", "field"),
        [({}, "client"), ({"all": "yes"}, "all"), ({"client": "x" * 201}, "client"), ([], "")],
    )
    def test_names_the_field_of_a_fetch(self, program, body, field):
        answer = program("POST", "fetches", body)

        assert (answer.status_code, answer.json()["field"]) == (400, field)
        assert not FetchRun.objects.exists()


class TestAClient:
    def test_may_be_named_by_a_number_of_json(self, program, office):
        type(office.client).objects.update(number="4711")

        assert program("POST", "fetches", {"client": 4711}).status_code == 202


class TestTheDocument:
    def test_is_served_to_all_by_the_hub_alone(self, db):
        answer = Client().get("/api/v1/openapi.json")

        document = answer.json()
        assert answer.status_code == 200
        assert document["openapi"].startswith("3.")
        assert "http" not in answer.content.decode().replace('"http"', "")

    def test_names_each_address_with_its_token_and_its_failures(self):
        schema = api.get_openapi_schema(path_prefix="/api/v1/")

        for methods in schema["paths"].values():
            for call in methods.values():
                assert call["security"] == [{"TokenAuth": []}]
                assert PROBLEMS in call["responses"][401]["content"]
        assert {*schema["paths"]} == {
            *("/api/v1/time-entries", "/api/v1/fetches", "/api/v1/fetches/{pk}"),
        }

    def test_is_the_page_of_the_reference_too(self):
        written = REFERENCE.read_text(encoding="utf-8").rstrip("\n")

        assert written == markdown(api.get_openapi_schema(path_prefix="/api/v1/")), (
            "Run: python manage.py list_api --markdown > docs/reference/api.md"
        )
