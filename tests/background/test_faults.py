"""A defect of the hub in what a person waits for: the page ends, with the number of the log."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from audit import trail
from background import operations
from background.models import BackgroundRequest
from background.queries import request_failure
from tests import factories
from tests.factories import NOW

KIND = "tests.defect"


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a way to set what the background request's handler does."""

    def does(what: Any) -> None:
        monkeypatch.setitem(operations._HANDLERS, KIND, what)

    does(lambda background_request, now: {})
    return does


@pytest.fixture
def background_request(db: None, handler: Any) -> BackgroundRequest:
    with trail.audit_context(address="", request_id="r-4711"):
        made = operations.request_in_background(
            organisation=factories.organisation(), kind=KIND, by=None
        )
    BackgroundRequest.objects.update(not_before=NOW)
    return made


def raises(what: Exception) -> Any:
    def call(_background_request: BackgroundRequest, _now: Any) -> dict[str, Any]:
        raise what

    return call


def test_a_defect_ends_the_background_request_with_the_number_under_which_the_log_has_it(
    background_request: BackgroundRequest, handler: Any, caplog: Any
) -> None:
    handler(raises(KeyError("account")))

    operations.run_request(background_request_id=background_request.pk, now=NOW)

    background_request.refresh_from_db()
    shown = request_failure(background_request)
    assert shown is not None
    assert (background_request.state, "r-4711" in shown.summary) == ("failed", True)
    assert "r-4711" in caplog.text
    assert "KeyError" in caplog.text


def test_an_answer_that_cannot_be_stored_is_such_a_defect(
    background_request: BackgroundRequest, handler: Any
) -> None:
    handler(lambda background_request, now: {"cannot": object()})

    operations.run_request(background_request_id=background_request.pk, now=NOW)

    background_request.refresh_from_db()
    assert (background_request.state, background_request.failure_code) == (
        "failed",
        "StoppedByFaultOfTheHub",
    )


def test_a_database_that_is_away_is_none_and_the_background_request_is_done_again(
    background_request: BackgroundRequest, handler: Any
) -> None:
    handler(raises(OperationalError("gone")))
    with pytest.raises(OperationalError):
        operations.run_request(background_request_id=background_request.pk, now=NOW)
    handler(lambda background_request, now: {"done": True})

    operations.run_request(
        background_request_id=background_request.pk, now=NOW + timedelta(hours=1)
    )

    background_request.refresh_from_db()
    assert (background_request.state, background_request.result) == ("done", {"done": True})
