"""A defect of the hub stops one batch, which goes to a person with a number; the rest goes on."""

from typing import Any

import pytest
from django.db import OperationalError

from connectors.vismanet.client import Client
from journals.models import Attempt
from journals.operations import posting, preparing
from tests.journals.sending.conftest import MARCH, Office, line
from tests.journals.sending.test_delivery import Later, press, states


class Defect(Exception):
    """What nobody has foreseen."""


def two(office: Office) -> Any:
    lines = [[line(MARCH, "7010", amount), line(MARCH, "2821", f"-{amount}")] for amount in "57"]
    return [
        office.journal(run=str(number), lines=what) for number, what in enumerate(lines, start=1)
    ]


def failing_for(journal: Any, real: Any, *, after: bool = False) -> Any:
    """Return the call, with a defect before or after it for the batches of one journal."""
    key = journal.batches.get().key

    def call(self: Any, batch: Any, **more: Any) -> Any:
        answer = real(self, batch, **more) if after or key not in batch.description else ""
        if key in batch.description:
            raise Defect
        return answer

    return call


class TestADefectWhileSending:
    def test_that_has_sent_it_is_found_out_by_asking_the_ledger(
        self, office: Office, later: Later, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        struck, other = two(office)
        monkeypatch.setattr(
            Client, "post_journal", failing_for(struck, Client.post_journal, after=True)
        )
        press(office, struck)
        press(office, other)

        later(0)
        word = states(struck)
        later(10)

        assert (word, states(struck), states(other)) == (["unknown"], ["posted"], ["posted"])
        assert len(office.ledger()) == 2
        entry = struck.events.get(code="fault").params
        assert entry["failure"] == "StoppedByFault"
        assert entry["failure_params"]["request_id"]

    def test_that_has_sent_nothing_goes_to_a_person_who_may_try_again(
        self, office: Office, later: Later, monkeypatch: pytest.MonkeyPatch, caplog: Any
    ) -> None:
        struck, other = two(office)
        real = Client.post_journal
        monkeypatch.setattr(Client, "post_journal", failing_for(struck, real))
        press(office, struck)
        press(office, other)

        for seconds in (0, 10, 200, 400, 600):
            later(seconds)

        batch = struck.batches.get()
        number = batch.failure_params["request_id"]
        assert (batch.state, batch.failure_code) == ("needs_person", "StoppedBeforeSending")
        assert states(other) == ["posted"]
        assert number in caplog.text
        assert "Defect" in caplog.text
        post = Attempt.objects.get(batch=batch, kind=Attempt.Kind.POST)
        assert (post.outcome, post.params["request_id"]) == ("StoppedByFault", number)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (posting, "digest_of"),
        (preparing, "planned_for"),
        (posting, "to_post"),
        (posting.Posting, "find"),
    ],
)
def test_a_defect_anywhere_leaves_no_row_that_nobody_looks_at(
    office: Office, later: Later, monkeypatch: pytest.MonkeyPatch, place: Any, name: str
) -> None:
    def defect(*_args: Any, **_more: Any) -> None:
        raise Defect

    struck, _other = two(office)
    if place is posting.Posting:
        office.store.add_fault("lose_answer", on="create")
    monkeypatch.setattr(place, name, defect)
    press(office, struck)

    later(0)
    later(10)

    struck.refresh_from_db()
    assert (states(struck), struck.state) == (["needs_person"], "needs_person")
    assert struck.batches.get().failure_params["request_id"]


def test_a_database_that_is_away_is_no_defect_and_decides_nothing(
    office: Office, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: Any, **_more: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    struck, _other = two(office)
    press(office, struck)
    with monkeypatch.context() as broken:
        broken.setattr(posting, "digest_of", away)
        with pytest.raises(OperationalError):
            later(0)
    later(0)

    assert states(struck) == ["posted"]
