"""A defect of the hub in what a person waits for: the page ends, with the number of the log."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from background import operations
from background.models import Errand
from background.queries import errand_failure
from tests import factories
from tests.factories import NOW

KIND = "tests.defect"


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a way to set what the errand's handler does."""

    def does(what: Any) -> None:
        monkeypatch.setitem(operations._HANDLERS, KIND, what)

    does(lambda errand, now: {})
    return does


@pytest.fixture
def errand(db: None, handler: Any) -> Errand:
    made = operations.request_errand(
        organisation=factories.organisation(), kind=KIND, by=None, request_id="r-4711"
    )
    Errand.objects.update(not_before=NOW)
    return made


def raises(what: Exception) -> Any:
    def call(_errand: Errand, _now: Any) -> dict[str, Any]:
        raise what

    return call


def test_a_defect_ends_the_errand_with_the_number_under_which_the_log_has_it(
    errand: Errand, handler: Any, caplog: Any
) -> None:
    handler(raises(KeyError("account")))

    operations.run_errand(errand_id=errand.pk, now=NOW)

    errand.refresh_from_db()
    told = errand_failure(errand)
    assert told is not None
    assert (errand.state, "r-4711" in told.summary) == ("failed", True)
    assert "r-4711" in caplog.text
    assert "KeyError" in caplog.text


def test_an_answer_that_cannot_be_stored_is_such_a_defect(errand: Errand, handler: Any) -> None:
    handler(lambda errand, now: {"cannot": object()})

    operations.run_errand(errand_id=errand.pk, now=NOW)

    errand.refresh_from_db()
    assert (errand.state, errand.failure_code) == ("failed", "StoppedByFaultOfTheHub")


def test_a_database_that_is_away_is_none_and_the_errand_is_done_again(
    errand: Errand, handler: Any
) -> None:
    handler(raises(OperationalError("gone")))
    with pytest.raises(OperationalError):
        operations.run_errand(errand_id=errand.pk, now=NOW)
    handler(lambda errand, now: {"done": True})

    operations.run_errand(errand_id=errand.pk, now=NOW + timedelta(hours=1))

    errand.refresh_from_db()
    assert (errand.state, errand.result) == ("done", {"done": True})
