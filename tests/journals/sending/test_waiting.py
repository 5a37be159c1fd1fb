"""Waiting is for a named cause; when that ends, what waited for it goes at once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Connection
from connectors.errors import Rejected
from journals.models import Batch, Journal
from journals.operations import previewing
from journals.rules.waiting import CAUSE_WORDS, cause_of
from mappings.operations.checking import check_mapping
from outbox.waiting import Cause
from tests.functional.connecting import Office as Person
from tests.journals.sending.conftest import JANUARY, MARCH, Office, line
from tests.journals.sending.test_delivery import Later, press, states

REFUSED = [  # what somebody has mended in the ledger a moment ago
    (
        lambda setup, tenant: setup.close_period(tenant, "202603"),
        lambda setup, tenant: setup.open_period(tenant, "202603"),
    ),
    (
        lambda setup, tenant: setup.set_account(tenant, "7010", active=False),
        lambda setup, tenant: setup.set_account(tenant, "7010", active=True),
    ),
    (
        lambda setup, tenant: setup.set_value(tenant, 1, "0100", active=False),
        lambda setup, tenant: setup.set_value(tenant, 1, "0100", active=True),
    ),
]


def one(office: Office, run: str = "1") -> Journal:
    return office.journal(
        run=run, lines=[line(MARCH, "7010", "5.00", "0100", "K10"), line(MARCH, "2821", "-5.00")]
    )


def waits(journal: Journal) -> list[str]:
    return list(journal.batches.order_by("period").values_list("waits_for", flat=True))


class TestASignIn:
    @pytest.fixture
    def person(self, office: Office, run_due_work: Callable[..., int]) -> Person:
        return Person(run_due_work, office.member)

    def test_lets_everything_go_that_waited_for_it(
        self, office: Office, later: Later, person: Person
    ) -> None:
        journals = [one(office, run) for run in "123"]
        long_ago = datetime.now(UTC) - timedelta(hours=2)
        Connection.objects.update(refresh_token="dead", expires_at=long_ago)
        for journal in journals:
            press(office, journal)
        later(0)
        waited = [(states(journal), waits(journal)) for journal in journals]

        person.connect(Connection.objects.get(pk=office.connection.pk), office.tenant_id)
        person.run_due_work()

        assert waited == [(["ready"], ["sign_in"])] * 3
        assert [states(journal) for journal in journals] == [["posted"]] * 3

    def test_is_not_looked_for_again_and_again_before(self, office: Office, later: Later) -> None:
        journal = one(office)
        press(office, journal)
        Connection.objects.update(state=Connection.State.SIGN_IN_AGAIN)
        later(0)
        tried = journal.batches.get().failures

        assert later(1) == later(3600) == 0
        assert journal.batches.get().failures == tried > 0

    def test_ends_the_wait_for_a_vendor_too(
        self, office: Office, later: Later, person: Person
    ) -> None:
        journal = one(office)
        press(office, journal)
        office.store.add_fault("unavailable", on="GET", times=None)
        later(0)
        waited = waits(journal)
        office.store.clear_faults()

        person.connect(Connection.objects.get(pk=office.connection.pk), office.tenant_id)
        person.run_due_work()

        assert (waited, states(journal)) == (["vendor"], ["posted"])


class TestAVendorThatAnswersAgain:
    def test_lets_everything_go_that_waited_to_be_checked(
        self, office: Office, later: Later
    ) -> None:
        journals = [one(office, run) for run in "123"]
        for journal in journals:
            press(office, journal)
        office.store.add_fault("unavailable", on="GET", times=None)
        for seconds in (0, 70, 200):
            later(seconds)
        waited = [waits(journal) for journal in journals]
        # One was tried less often than the others, as under several workers.
        Batch.objects.filter(journal=journals[0]).update(
            not_before=datetime.now(UTC) + timedelta(seconds=210)
        )
        office.store.clear_faults()

        later(215)

        assert waited == [["vendor"]] * 3
        assert [states(journal) for journal in journals] == [["posted"]] * 3

    def test_lets_everything_go_that_waited_to_be_sent(self, office: Office, later: Later) -> None:
        journals = [one(office, run) for run in "123"]
        for journal in journals:
            press(office, journal)
        later(0)
        Batch.objects.filter(journal__in=journals[:2]).update(
            state="postponed",
            waits_for=Cause.VENDOR,
            vendor_number="",
            not_before=datetime.now(UTC) + timedelta(hours=1),
        )
        office.store.setup.delete_batch(office.tenant_id, office.ledger()[0].number)
        office.store.setup.delete_batch(office.tenant_id, office.ledger()[0].number)

        press(office, fourth := one(office, "4"))
        later(1)

        assert states(fourth) == ["posted"]
        assert [states(journal) for journal in journals] == [["posted"]] * 3

    def test_is_asked_for_at_most_five_minutes_apart(self, office: Office, later: Later) -> None:
        journal = one(office)
        press(office, journal)
        office.store.add_fault("unavailable", on="GET", times=None)
        for hours in range(6):
            later(3600 * hours)
        office.store.clear_faults()

        later(3600 * 5 + 301)

        assert states(journal) == ["posted"]


class TestAPersonWhoPressesSend:
    def test_need_not_wait_for_the_next_try(self, office: Office, later: Later) -> None:
        journal = one(office)
        press(office, journal)
        office.store.add_fault("unavailable", on="GET", times=None)
        later(0)
        office.store.clear_faults()

        press(office, journal)
        later(1)

        assert states(journal) == ["posted"]
        assert journal.events.filter(code="hurried").count() == 1

    def test_waits_as_long_as_the_vendor_has_asked(self, office: Office, later: Later) -> None:
        journal = one(office)
        press(office, journal)
        office.store.add_fault("rate_limited", on="create", retry_after=40)
        later(0)

        press(office, journal)
        later(20)

        assert (states(journal), waits(journal)) == (["postponed"], ["limit"])
        assert office.posts() == 1


class TestRememberedFacts:
    """They may let a check pass; before a refusal or a hold the ledger is read again."""

    @pytest.mark.parametrize(("breaks", "mends"), REFUSED)
    def test_refuse_nothing_that_was_mended_since(
        self, office: Office, later: Later, breaks: Any, mends: Any
    ) -> None:
        journal = one(office)
        breaks(office.store.setup, office.tenant_id)
        press(office, journal)
        later(0)
        refused = states(journal)
        mends(office.store.setup, office.tenant_id)

        press(office, journal)
        later(10)

        assert (refused, states(journal)) == (["rejected"], ["posted"])

    @pytest.mark.parametrize(
        ("rule", "period"), [("hold", "202603"), ("refuse", "202603"), ("next_open", "202603")]
    )
    def test_hold_and_move_nothing_either(
        self, office: Office, later: Later, rule: str, period: str
    ) -> None:
        office.mapping.closed_period_rule = rule
        office.mapping.save()
        office.store.setup.close_period(office.tenant_id, "202603")
        check_mapping(mapping=office.mapping, now=datetime.now(UTC))
        office.store.setup.open_period(office.tenant_id, "202603")

        press(office, journal := one(office))
        later(1)

        assert states(journal) == ["posted"]
        assert office.ledger()[0].period == period

    def test_let_a_check_pass_without_a_call(self, office: Office, later: Later) -> None:
        press(office, one(office, "1"))
        later(0)
        asked = len(office.store.requests(call="period", tenant_id=office.tenant_id))

        press(office, second := one(office, "2"))
        later(1)

        assert states(second) == ["posted"]
        assert len(office.store.requests(call="period", tenant_id=office.tenant_id)) == asked

    def test_are_read_once_for_many_that_are_refused_together(
        self, office: Office, later: Later
    ) -> None:
        check_mapping(mapping=office.mapping, now=datetime.now(UTC))
        asked = len(office.store.requests(call="account", tenant_id=office.tenant_id))
        office.store.setup.set_account(office.tenant_id, "7010", active=False)
        journals = [one(office, str(run)) for run in range(6)]
        for journal in journals:
            press(office, journal)
        later(150)

        assert [states(journal) for journal in journals] == [["rejected"]] * 6
        assert len(office.store.requests(call="account", tenant_id=office.tenant_id)) <= asked + 1


class TestAPeriodThatIsOpened:
    @pytest.fixture
    def held(self, office: Office, later: Later) -> list[Journal]:
        office.mapping.closed_period_rule = "hold"
        office.mapping.save()
        office.store.setup.close_period(office.tenant_id, "202601")
        journals = [
            office.journal(
                run=run, lines=[line(JANUARY, "7010", "5.00"), line(JANUARY, "2821", "-5.00")]
            )
            for run in "12"
        ]
        for journal in journals:
            press(office, journal)
        later(0)
        assert [states(journal) for journal in journals] == [["held"]] * 2
        return journals

    def test_lets_everything_go_that_waited_for_it_as_soon_as_it_is_seen(
        self, office: Office, later: Later, held: list[Journal]
    ) -> None:
        office.store.setup.open_period(office.tenant_id, "202601")
        previewing.dry_run(journal=held[0], now=datetime.now(UTC))

        later(1)

        assert [states(journal) for journal in held] == [["posted"]] * 2

    def test_is_seen_within_ten_minutes_by_one_reading_for_all(
        self, office: Office, later: Later, held: list[Journal]
    ) -> None:
        office.store.setup.open_period(office.tenant_id, "202601")

        later(601)

        assert [states(journal) for journal in held] == [["posted"]] * 2


def test_each_cause_has_its_words() -> None:
    assert set(CAUSE_WORDS) == set(Cause)


def test_a_refusal_of_the_ledger_is_nothing_to_wait_for() -> None:
    assert cause_of(Rejected(vendor="X")) is None
