"""The state machine is one table: every pair of every app is in it, or refused."""

from itertools import product

import pytest

from journals.models import Batch
from outbox.models import OutboxItem
from outbox.states import TRANSITIONS, State, machine
from payments.models import Registration

ITEMS: list[type[OutboxItem]] = [Batch, Registration]
PAIRS = [
    (item, old, new)
    for item in ITEMS
    for old, new in product(item.TRANSITIONS, repeat=2)
    if old != new
]


@pytest.mark.parametrize(
    ("item", "old", "new"), PAIRS, ids=[f"{i.__name__} {o} {n}" for i, o, n in PAIRS]
)
def test_a_change_that_is_not_in_the_table_is_refused(
    item: type[OutboxItem], old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outbox.models.compare_and_set", lambda *args, **more: True)
    row = item(state=old)

    if new in item.TRANSITIONS[old]:
        assert row.become(new, now=row.state_at)
    else:
        with pytest.raises(ValueError, match="cannot become"):
            row.become(new, now=row.state_at)


@pytest.mark.parametrize("item", ITEMS)
def test_an_app_keeps_every_change_of_the_outbox(item: type[OutboxItem]) -> None:
    for old, followers in TRANSITIONS.items():
        assert followers <= item.TRANSITIONS[old]


@pytest.mark.parametrize("item", ITEMS)
def test_nothing_is_claimed_but_what_waits_to_be(item: type[OutboxItem]) -> None:
    for claimed in item.CLAIMED:
        before = {old for old, followers in item.TRANSITIONS.items() if claimed in followers}

        assert before
        assert not before & {*item.CLAIMED, *item.ASKED_ABOUT, State.REJECTED, State.NEEDS_PERSON}


def test_an_unknown_outcome_never_leads_straight_to_a_second_sending() -> None:
    assert State.SENDING not in TRANSITIONS[State.UNKNOWN]


def test_a_state_of_an_app_leads_where_it_says() -> None:
    table = machine({State.READY: {"withdrawn"}, "withdrawn": ()})

    assert table["withdrawn"] == frozenset()
    assert table[State.READY] == TRANSITIONS[State.READY] | {"withdrawn"}
