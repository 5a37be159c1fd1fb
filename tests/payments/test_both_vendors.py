"""
The story over HTTP: payments from Visma Business NXT, registered in PowerOffice Go.

The other tests of this folder have vendors in memory, to be quick; here both stand-ins, the
real clients and the real tokens are in between.
"""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from organisations.models import Membership
from payments.models import (
    Customer,
    FetchRun,
    Invoice,
    InvoiceClient,
    Payment,
    Registration,
    Settlement,
    SkippedRow,
    TimeBlock,
)
from payments.operations import fetching, marking, reconciling, setup_checks, undoing
from payments.operations.matching_by_hand import open_of
from payments.rules.states import RegistrationState
from sandbox import receivables_story as story
from sandbox.businessnxt import ledger as visma
from tests.conftest import SandboxServer
from tests.payments import rows
from tests.torture.desk import Desk

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 1, 11, 8, tzinfo=UTC)
MARKER = "IntegrationHub_PaymentRead"


class Office:
    """An office whose client Nordvik is connected on both sides."""

    def __init__(
        self,
        sandbox: SandboxServer,
        run_due_work: Callable[..., int],
        story_client: story.Client = story.NORDVIK,
    ) -> None:
        self.sandbox, self.run_due_work, self.now = sandbox, run_due_work, NOW
        self.key = story_client.key
        self.member: Membership = rows.member()
        organisation = self.member.organisation
        rows.activate(organisation, marker=MARKER, marker_value="1", fetch_from=date(2026, 8, 1))
        with time_machine.travel(self.now, tick=False):
            self.client = rows.client_between_stand_ins(self.member, story_client, work=self.work)

    @property
    def books(self) -> Any:
        return self.sandbox.store.powerofficego.client(self.key)

    def fetch(self, **more: Any) -> FetchRun:
        run = fetching.request_fetch(client=self.fresh(), by=self.member.user, now=self.now, **more)
        self.work()
        run.refresh_from_db()
        return run

    def fresh(self) -> InvoiceClient:
        return InvoiceClient.objects.select_related("organisation", "source", "target").get(
            pk=self.client.pk
        )

    def work(self, minutes: int = 0) -> None:
        self.now += timedelta(minutes=minutes)
        self.run_due_work(now=self.now)

    def registered(self) -> dict[str, Decimal]:
        """Return what PowerOffice holds of the hub's payments, summed by invoice."""
        sums: dict[str, Decimal] = {}
        for voucher in self.books.payments():
            line = next(one for one in voucher["lines"] if one["customer_id"])
            number = line["invoice_no"]
            sums[number] = sums.get(number, Decimal(0)) - Decimal(line["cents"]).scaleb(-2)
        return sums


@pytest.fixture
def office(sandbox: SandboxServer, run_due_work: Callable[..., int]) -> Office:
    return Office(sandbox, run_due_work)


SETTLED = {
    "50001": Decimal("12500.00"),
    "50002": Decimal("3500.00"),
    "50003": Decimal("3199.50"),
    "50006": Decimal("0.00"),
    "50011": Decimal("7777.00"),
    "50013": Decimal("999.00"),
}
VOUCHERS = 7
"""What PowerOffice Go holds of the hub's after the story, the one reversed among them."""


class TestTheStory:
    def test_every_payment_that_names_its_invoice_is_registered_once(self, office):
        run = office.fetch()

        assert run.state == FetchRun.State.DONE
        assert (run.control_count, run.control_amount) == (run.hub_count, run.hub_amount)
        there = office.registered()
        assert {number: there[number] for number in SETTLED} == SETTLED
        assert len(office.books.payments()) == VOUCHERS
        states = set(Registration.objects.values_list("state", flat=True))
        assert states == {RegistrationState.REGISTERED}
        open_on = {
            entry["invoice_no"]: office.books.balances[entry["id"]]
            for entry in office.books.entries.values()
            if entry["invoice_no"]
        }
        assert open_on["50001"] == 0
        assert open_on["50002"] == 450000
        assert open_on["50006"] == 440000

    def test_the_hub_says_the_same_and_leaves_what_names_no_invoice_to_a_person(self, office):
        office.fetch()

        settled = Settlement.objects.filter(payment__amount__gt=0).select_related("invoice")
        assert {one.invoice.number: (one.outcome, str(one.amount)) for one in settled} == {
            "50001": ("settled", "12500.00"),
            "50002": ("part", "3500.00"),
            "50003": ("over", "3199.50"),
            "50006": ("settled", "4400.00"),
            "50011": ("settled", "7777.00"),
            "50013": ("part", "999.00"),
        }
        assert open_of(Invoice.objects.get(number="50006")) == Decimal("4400.00")
        unmatched = Payment.objects.filter(settlements=None).order_by("voucher_number")
        assert list(unmatched.values_list("voucher_number", flat=True)) == [9006, 9007, 9008]

    def test_a_second_time_changes_nothing(self, office):
        office.fetch()

        office.fetch()
        everything = office.fetch(full=True)

        assert everything.known == everything.fetched == 10
        assert len(office.books.payments()) == VOUCHERS

    def test_what_is_registered_is_marked_in_visma(self, office):
        office.fetch()
        office.work(minutes=1)

        row = visma.transactions(
            office.sandbox.store, story.NORDVIK.company_no, voucherJournalNo=510
        )[0]
        assert MARKER in row["extra"]
        marks = set(Payment.objects.filter(journal_number=510).values_list("mark", flat=True))
        assert marks == {Payment.Mark.MARKED}

    def test_a_blocked_customer_takes_no_time_in_poweroffice(self, office):
        def denied() -> list[str]:
            projects = office.books.projects.values()
            return sorted(one["code"] for one in projects if one["deny_time"])

        office.fetch()
        office.work(minutes=1)
        assert denied() == ["P500", "P500.1"]
        blocked = Customer.objects.get(number="10005")
        assert TimeBlock.objects.get(lifted_at=None).customer == blocked

        visma.set_credit_block(office.sandbox.store, story.NORDVIK.company_no, 10005, denied=False)
        office.now += timedelta(days=8)
        office.fetch()
        office.work(minutes=1)

        assert not Customer.objects.get(number="10005").credit_blocked
        assert not TimeBlock.objects.filter(lifted_at=None).exists()
        assert denied() == []

    def test_the_person_of_the_torture_is_misled_by_no_entry_that_is_hidden_once(self, office):
        office.fetch()
        one = Registration.objects.filter(state="registered", amount__gt=0).first()
        office.sandbox.store.add_fault("refused", on="go_reverse")
        undoing.undo(settlement=one.settlement, reason="Wrong", by=None, now=office.now)
        office.work(minutes=1)
        office.sandbox.store.add_fault("hidden", on="go_statement")

        with time_machine.travel(office.now, tick=False):
            Desk(random.Random(1), moves=0).answer([office.client], now=office.now)
        office.work(minutes=1)

        one.refresh_from_db()
        assert one.state == RegistrationState.REVERSED
        assert len(office.books.payments()) == VOUCHERS - 1

    @pytest.mark.parametrize("kind", ["lose_answer", "bad_gateway_after", "cut_before"])
    def test_cuts_while_registering_double_and_lose_nothing(self, office, kind):
        office.sandbox.store.add_fault(kind, on="go_create", times=3)

        office.fetch()
        for _ in range(8):
            office.work(minutes=3)

        there = office.registered()
        assert {number: there[number] for number in SETTLED} == SETTLED
        assert len(office.books.payments()) == VOUCHERS
        states = set(Registration.objects.values_list("state", flat=True))
        assert states == {RegistrationState.REGISTERED}

    @pytest.mark.parametrize(
        ("kind", "on"),
        [
            ("server_error", "ReadMarks"),
            ("rate_limited", "ReadMarks"),
            ("rate_limited", "MarkPayments"),
            ("lose_answer", "MarkPayments"),
        ],
    )
    def test_a_fault_while_marks_are_read_or_written_refuses_none(self, office, kind, on):
        office.sandbox.store.add_fault(kind, on=on, times=2, retry_after=1)

        office.fetch()
        seen = set()
        for _ in range(6):
            office.work(minutes=2)
            seen |= set(Payment.objects.values_list("mark", flat=True))

        assert Payment.Mark.REFUSED not in seen
        marked = Payment.objects.filter(settlements__isnull=False).distinct()
        assert set(marked.values_list("mark", flat=True)) == {Payment.Mark.MARKED}

    @pytest.mark.parametrize("kind", ["partial_errors", "garbled"])
    def test_marks_whose_row_cannot_be_read_are_shown_and_made_when_asked_again(self, office, kind):
        office.sandbox.store.add_fault(kind, on="ReadMarks", times=2)

        office.fetch()
        office.work(minutes=2)

        refused = Payment.objects.filter(mark=Payment.Mark.REFUSED)
        assert refused.exists()
        assert not refused.filter(mark_reason="").exists()

        for _ in range(3):
            marking.try_again(client=office.fresh(), by=office.member.user, now=office.now)
            office.work(minutes=2)

        marked = Payment.objects.filter(settlements__isnull=False).distinct()
        assert set(marked.values_list("mark", flat=True)) == {Payment.Mark.MARKED}

    def test_the_reconciliation_explains_every_difference(self, office):
        office.fetch()

        made = reconciling.reconcile(office.fresh(), on=date(2026, 11, 1), by=None, now=office.now)

        differing = made.rows.exclude(difference="none")
        # Payment 9006 names no invoice: Visma has placed it on two, the hub leaves it to a person.
        # On 50013 Visma wrote off a coin; its entry of origin 21 says so.
        assert dict(differing.values_list("invoice_number", "difference")) == {
            "": "unmatched",
            "50007": "unmatched",
            "50008": "unmatched",
            "50013": "written_off",
        }

    @pytest.mark.parametrize("origin", [4, 5, 17, 21, 30])
    def test_what_moves_no_money_is_never_registered_whatever_its_voucher_type(
        self, office, origin
    ):
        office.sandbox.store.nxt_setup.register_payment(
            "nordvik",
            10002,
            "4500.00",
            "2026-10-02",
            invoice="50002",
            voucher_type=1,
            origin=origin,
        )

        run = office.fetch()

        assert run.state == FetchRun.State.DONE
        assert (run.control_count, run.control_amount) == (run.hub_count, run.hub_amount)
        assert office.registered()["50002"] == SETTLED["50002"]
        assert not Payment.objects.filter(amount=Decimal("4500.00")).exists()
        assert SkippedRow.objects.filter(run=run, amount=Decimal("4500.00")).exists()

    def test_a_control_account_is_found_by_the_check(self, office):
        InvoiceClient.objects.update(clearing_account="1500")

        setup = setup_checks.check_client(office.fresh(), now=office.now)

        found = [one for one in setup["findings"] if one.get("code") == "account_is_control"]
        assert found[0]["level"] == "problem"
        assert setup["control_accounts"] == ["1500", "2400"]

    def test_the_check_finds_the_company_and_proposes_types(self, office):
        setup = setup_checks.check_client(office.fresh(), now=office.now)

        assert setup["organisation_number"] == story.NORDVIK.organisation_number
        proposed = setup_checks.proposed_types(office.fresh())
        assert set(proposed) >= story.PAYMENT_TYPES
        assert 11 not in proposed

    def test_a_locked_date_is_reported_and_cured(self, office):
        office.sandbox.store.go_setup.set_client("nordvik", lock_date="2026-09-30")

        office.fetch()

        assert office.books.payments() == []
        assert set(Registration.objects.values_list("state", flat=True)) == {
            RegistrationState.REJECTED
        }


class TestMany:
    COUNT = 60
    FAULTS = (
        ("lose_answer", "go_create", 4),
        ("cut_before", "go_create", 4),
        ("bad_gateway_after", "go_create", 3),
        ("server_error", "go_create", 3),
        ("rate_limited", "go_create", 2),
        ("unauthorized", "go_create", 1),
        ("hidden", "go_statement", 2),
        ("cut_before", "ReadPayments", 1),
        ("partial_errors", "ReadPayments", 1),
        ("unauthorized", "ReadPayments", 1),
        ("lose_answer", "MarkPayments", 1),
    )

    def test_payments_through_faults_stand_once_on_both_sides(
        self, sandbox: SandboxServer, run_due_work: Callable[..., int]
    ) -> None:
        store = sandbox.store
        visma.generate(store, story.STORSALG.company_no, payments=self.COUNT)
        store.go_setup.fill("storsalg", invoices=self.COUNT)
        office = Office(sandbox, run_due_work, story.STORSALG)
        for kind, on, times in self.FAULTS:
            store.add_fault(kind, on=on, times=times, retry_after=1)

        office.fetch()
        for _ in range(40):
            office.work(minutes=3)
            if not Registration.objects.exclude(state=RegistrationState.REGISTERED).exists():
                break

        # The ones without KID and invoice number are for a person; everything else stands there.
        expected = {
            story.bulk_invoice(index).number: Decimal(story.bulk_payment(index).amount)
            for index in range(self.COUNT)
            if story.bulk_payment(index).kid or story.bulk_payment(index).invoice_number
        }
        assert Payment.objects.count() == self.COUNT
        assert office.registered() == expected
        assert len(office.books.payments()) == len(expected)
        assert store.faults.all() == []
