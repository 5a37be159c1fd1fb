"""What becomes of a batch for each misfortune: the word on the screen, and the ledger."""

from typing import Any

import pytest

from accounts.models import Connection
from journals.models import Attempt
from tests.journals.sending.conftest import MARCH, Office, line
from tests.journals.sending.test_delivery import Later, press, states

# fault -> (state after the first go, batches in the ledger then, state in the end)
FAULTS = {
    "lose_answer": ("unknown", 1, "posted"),
    "cut_before": ("unknown", 0, "posted"),
    "bad_gateway": ("unknown", 0, "posted"),
    "bad_gateway_after": ("unknown", 1, "posted"),
    "server_error": ("unknown", 0, "posted"),
    "server_error_after": ("unknown", 1, "posted"),
    "unavailable": ("unknown", 0, "posted"),
    "no_location": ("unknown", 1, "posted"),
    "rate_limited": ("postponed", 0, "posted"),
    "forbidden": ("rejected", 0, "rejected"),
    "unauthorized": ("posted", 1, "posted"),  # once: the token is renewed and it is sent again
}


@pytest.mark.parametrize("fault", FAULTS)
def test_s13_each_misfortune_has_its_word_and_one_batch_at_most(
    office: Office, later: Later, fault: str, budgets: Any
) -> None:
    first, in_ledger, in_the_end = FAULTS[fault]
    journal = office.journal(lines=[line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")])
    press(office, journal)
    office.store.add_fault(fault, on="create", retry_after=40)

    later(0)
    word, there = states(journal), len(office.ledger())
    for seconds in (30, 60, 250, 450, 600):
        later(seconds)

    assert (word, there) == ([first], in_ledger)
    assert states(journal) == [in_the_end]
    assert len(office.ledger()) == (1 if in_the_end == "posted" else 0)


def test_a_429_is_honoured_by_everything_that_reaches_the_company(
    office: Office, later: Later
) -> None:
    journals = [
        office.journal(
            run=str(run), lines=[line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")]
        )
        for run in range(3)
    ]
    for journal in journals:
        press(office, journal)
    office.store.add_fault("rate_limited", on="create", retry_after=40)

    later(0)
    later(20)
    asked_while_waiting = office.posts()
    later(60)

    assert asked_while_waiting == 1
    assert [states(journal) for journal in journals] == [["posted"]] * 3
    assert Attempt.objects.filter(outcome="RateLimited").count() == 1
    assert Connection.objects.get().is_authorised


class TestANumberThatTheLedgerDenies:
    """A read may lag behind the write, and nobody says for how long."""

    @pytest.fixture
    def journal(self, office: Office) -> Any:
        made = office.journal(lines=[line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")])
        press(office, made)
        return made

    def test_is_asked_for_again_and_the_batch_is_posted(
        self, office: Office, journal: Any, later: Later
    ) -> None:
        office.store.add_fault("not_found", on="read", times=2)

        seen = [(later(seconds), states(journal))[1] for seconds in (0, 10, 20)]

        assert seen == [["accepted"], ["accepted"], ["posted"]]
        assert len(office.ledger()) == 1

    def test_once_long_after_the_write_is_denied_once(
        self, office: Office, journal: Any, later: Later
    ) -> None:
        """As after an outage, or when the worker that received the number died."""
        office.store.add_fault("unavailable", on="read", times=1)
        later(0)
        office.store.add_fault("not_found", on="read", times=1)

        seen = [(later(seconds), states(journal))[1] for seconds in (900, 910)]

        assert seen == [["accepted"], ["posted"]]

    def test_twice_an_interval_apart_goes_to_a_person(
        self, office: Office, journal: Any, later: Later, settings: Any
    ) -> None:
        settings.HUB_LOOK_UP_INTERVAL_SECONDS = 180
        office.store.add_fault("not_found", on="read", times=None)

        seen = [(later(seconds), states(journal))[1] for seconds in (0, 100, 170, 185)]

        batch = journal.batches.get()
        assert seen == [["accepted"], ["accepted"], ["accepted"], ["needs_person"]]
        assert batch.failure_code == "NumberNotFound"
        assert batch.candidates == [office.ledger()[0].number]
        assert Attempt.objects.filter(batch=batch, kind=Attempt.Kind.POST).count() == 1
