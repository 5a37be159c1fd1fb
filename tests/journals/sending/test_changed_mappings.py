"""A mapping that is changed, deleted or replaced while a journal is under way."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from journals.models import Journal
from mappings.models import Mapping
from mappings.operations import saving
from sandbox import seed
from tests import factories
from tests.journals.sending.conftest import MARCH, Office, line
from tests.journals.sending.test_delivery import Later, press, states


def change(office: Office, **values: Any) -> None:
    mapping = Mapping.objects.get(pk=office.mapping.pk)
    saving.change_mapping(
        mapping=mapping,
        settings=dataclasses.replace(saving.MappingSettings.of(mapping), **values),
        by=office.member.user,
        now=datetime.now(UTC),
    )


def delete(office: Office) -> None:
    mapping = Mapping.objects.get(pk=office.mapping.pk)
    saving.delete_mapping(mapping=mapping, by=office.member.user)


def replace(office: Office) -> None:
    """Map the company to another administration than its journals were shown for."""
    delete(office)
    other = factories.connection(office.organisation, tenant_id=seed.TVILLING)
    saving.create_mapping(
        company=office.company,
        connection=other,
        settings=saving.MappingSettings.of(office.mapping),
        by=office.member.user,
        now=datetime.now(UTC),
    )


def table(office: Office) -> None:
    saving.save_values(
        mapping=Mapping.objects.get(pk=office.mapping.pk),
        dimension="cost_centre",
        rule="table",
        table={"0100": "0200"},
        by=office.member.user,
        now=datetime.now(UTC),
    )


CHANGES: dict[str, tuple[Callable[[Office], None], str]] = {
    "on hold": (lambda office: change(office, hold=True), "MappingChanged"),
    "a table": (table, "MappingChanged"),
    "deleted": (delete, "MappingGone"),
    "replaced": (replace, "MappingChanged"),
}


@pytest.fixture
def under_way(office: Office, later: Later) -> Journal:
    """Return a journal of three batches, checked, whose first one waits for the vendor."""
    journal = office.journal()
    office.store.add_fault("rate_limited", on="create", times=1, retry_after=7)
    press(office, journal)
    later(0)
    assert states(journal) == ["postponed", "ready", "ready"]
    return journal


class TestAMappingThatIsChangedUnderWay:
    @pytest.mark.parametrize("what", CHANGES)
    def test_stops_what_was_not_sent_and_sends_it_nowhere(
        self, office: Office, later: Later, under_way: Journal, what: str
    ) -> None:
        make, code = CHANGES[what]

        make(office)
        later(10)

        first = under_way.batches.order_by("period")[0]
        assert (first.state, first.failure_code) == ("rejected", code)
        assert states(under_way) == ["rejected", "draft", "draft"]
        assert [len(office.store.batches(each)) for each in (office.tenant_id, seed.TVILLING)] == [
            0,
            0,
        ]

    def test_is_followed_after_another_press(
        self, office: Office, later: Later, under_way: Journal
    ) -> None:
        change(office, hold=True)
        later(10)

        press(office, under_way)
        later(20)

        assert states(under_way) == ["posted"] * 3
        assert {batch.status for batch in office.ledger()} == {"Hold"}

    def test_to_what_it_was_stops_nothing(
        self, office: Office, later: Later, under_way: Journal
    ) -> None:
        change(office, hold=True)
        change(office, hold=False)

        later(10)

        assert states(under_way) == ["posted"] * 3

    def test_between_two_batches_leaves_what_is_in_the_ledger(
        self, office: Office, later: Later
    ) -> None:
        journal = office.journal()
        office.store.setup.close_period(office.tenant_id, "202602")
        change(office, closed_period_rule="hold")
        press(office, journal, send_valid_only=True)
        later(0)
        assert states(journal) == ["posted", "held", "posted"]

        replace(office)
        later(700)

        held = journal.batches.get(period="2026-02")
        assert (held.state, held.failure_code) == ("rejected", "MappingChanged")
        assert len(office.ledger()) == 2


def test_another_administration_than_at_the_press_gets_nothing(
    office: Office, later: Later
) -> None:
    journal = office.journal(lines=[line(MARCH, "7010", "5.00"), line(MARCH, "2821", "-5.00")])
    press(office, journal)

    replace(office)
    later(0)

    batch = journal.batches.get()
    assert (batch.state, batch.failure_code) == ("rejected", "MappingChanged")
    assert office.posts() == 0
