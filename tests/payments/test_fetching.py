"""Fetching one client, against a source and a target in memory."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from connectors.errors import (
    NoCreditBlock,
    NotAuthorized,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from connectors.receivables.shared import PaymentKey, SourceCompany, Unreadable
from connectors.receivables.source import LeftOut
from payments.models import FetchRun, Payment, Registration, Settlement, SkippedRow
from payments.operations import clients, fetching, running
from payments.queries import runs
from payments.rules import refusals
from tests.payments import rows
from tests.payments.conftest import Office
from tests.payments.vendors import billed, paid

S = FetchRun.State


def months(office: Office) -> None:
    """Seven payments over three pages, and the invoices of most of them."""
    office.target.invoices = [
        billed("1001", "1000.00", kid="10017"),
        billed("1002", "500.00"),
        billed("1003", "800.00"),
        billed("1004", "300.00", customer="10002"),
    ]
    office.source.payments = [
        paid(1, "1000.00", kid="10017"),
        paid(2, "200.00", invoice_number="1002"),
        paid(3, "900.00", invoice_number="1003"),
        paid(4, "-1000.00", invoice_number="1001"),
        paid(5, "77.00"),
        paid(6, "300.00", customer=10002, invoice_number="1004"),
        paid(6, "10.00", audit=2, invoice_number="9999"),
    ]


class TestPaymentsThatMayBeNone:
    def test_wait_for_a_person_and_are_never_matched_by_themselves(self, office):
        office.target.invoices = [billed("1001", "1000.00")]
        office.source.payments = [
            paid(1, "1000.00", invoice_number="1001", unknown_outcome="debt_collection")
        ]

        office.fetch()
        office.fetch(full=True)

        payment = Payment.objects.get()
        assert (payment.left, payment.unknown_outcome) == ("may_be_no_money", "debt_collection")
        assert Settlement.objects.count() == 0
        html = rows.signed_in(office.member).get("/invoices/unmatched/").content.decode()
        assert "It comes from debt collection" in html


class TestAFetch:
    def test_registers_every_payment_once_on_all_three_sides(self, office):
        months(office)

        run = office.fetch()

        assert (run.state, run.fetched, run.known) == (S.DONE, 7, 0)
        assert Payment.objects.count() == 7
        assert {r.state for r in Registration.objects.all()} == {"registered"}
        assert sorted(str(p.amount) for p in office.target.registered.values()) == [
            "-1000.00",
            "1000.00",
            "200.00",
            "300.00",
            "800.00",
        ]
        assert len(office.source.marked) == 5
        assert [p.left for p in Payment.objects.filter(settlements=None).order_by("pk")] == [
            "no_reference",
            "not_found",
        ]

    def test_counts_what_the_source_counts(self, office):
        months(office)
        office.source.left_out = [LeftOut(PaymentKey(3, 9), Decimal("12.50"), "compression")]
        office.source.unreadable = [Unreadable(PaymentKey(3, 8), "amount", "x", "not_an_amount")]

        run = office.fetch()

        assert (run.control_count, run.control_amount) == (9, Decimal("1499.50"))
        # Nobody knows the amount of the row that cannot be read, so only the count is compared.
        assert (run.hub_count, run.hub_amount, run.agrees) == (9, None, True)
        assert SkippedRow.objects.filter(run=run).count() == 2

    def test_counts_a_row_once_that_could_not_be_read_before(self, office):
        office.source.payments = [paid(1, "100.00")]
        office.source.unreadable = [Unreadable(PaymentKey(3, 8), "amount", "x", "no number")]
        office.fetch()

        office.source.unreadable = []
        office.source.payments.append(paid(3, "5.00", audit=8))
        run = office.fetch()

        assert (run.hub_count, run.hub_amount) == (2, Decimal("105.00"))
        assert (run.control_count, run.control_amount) == (2, Decimal("105.00"))

    def test_counts_no_skipped_row_of_vouchers_that_are_not_asked_for_any_more(self, office):
        office.source.payments = [paid(1, "100.00")]
        office.source.left_out = [LeftOut(PaymentKey(3, 9), Decimal("12.50"), "compression")]
        office.fetch()

        office.source.left_out = []
        clients.save_client(
            organisation=office.organisation,
            client=office.fresh(),
            values={"voucher_types": [21, 22]},
            by=office.member.user,
        )
        run = office.fetch()

        assert (run.hub_count, run.hub_amount) == (1, Decimal("100.00"))
        assert (run.control_count, run.control_amount) == (1, Decimal("100.00"))

    def test_looks_at_all_again_when_the_totals_differ(self, office):
        office.source.payments = [paid(1, "100.00"), paid(2000, "1.00")]
        office.fetch()
        office.source.payments.append(paid(2, "50.00"))  # far below what is read again
        run = office.fetch()
        assert (run.is_full, run.control_count, run.hub_count) == (False, 3, 2)

        run = office.fetch()

        assert (run.is_full, run.control_count, run.hub_count) == (True, 3, 3)

    def test_forgets_no_setting_that_was_changed_while_it_went_on(self, office):
        office.source.payments = [paid(1, "100.00")]

        def change(cursor: str) -> None:
            clients.save_client(
                organisation=office.organisation,
                client=office.fresh(),
                values={"voucher_types": [21, 22]},
                by=office.member.user,
            )

        office.source.before_page = change
        office.fetch()

        office.source.before_page = lambda cursor: None
        assert office.fetch().is_full

    @pytest.mark.parametrize("mirrors", [False, True])
    def test_needs_no_credit_blocks(self, office, monkeypatch, mirrors):
        def hidden(*, changed_since):
            raise NoCreditBlock(vendor="Visma")
            yield

        monkeypatch.setattr(office.source, "read_customers", hidden)
        rows.activate(office.organisation, mirrors_blocks=mirrors)
        office.source.payments = [paid(1, "100.00")]

        run = office.fetch()

        assert (run.state, run.fetched) == (S.DONE, 1)
        # Where blocks are mirrored, the run says so; and nobody is said to have been looked at.
        assert run.failure_code == ("NoCreditBlock" if mirrors else "")
        assert office.fresh().blocks_seen_at is None

    def test_a_second_time_finds_all_of_it_known(self, office):
        months(office)
        office.fetch()

        run = office.fetch(full=True)

        assert (run.fetched, run.known) == (7, 7)
        assert (Payment.objects.count(), Settlement.objects.count()) == (7, 5)
        assert len(office.target.posts) == 5

    def test_afterwards_reads_only_what_is_new_with_an_overlap(self, office):
        months(office)
        office.source.payments.append(paid(400, "5.00"))
        office.fetch()
        # Booked with an old date, but in a new run of the ledger.
        office.source.payments.append(paid(401, "6.00", paid_on=date(2026, 1, 2)))

        run = office.fetch()

        assert run.after_journal == 400 - fetching.OVERLAP
        assert (run.fetched, run.known) == (2, 1)

    def test_makes_a_full_pass_now_and_then(self, office):
        months(office)
        office.fetch()
        office.now += timedelta(days=8)

        assert office.fetch().is_full

    def test_does_not_read_what_is_before_the_start_date(self, office):
        office.source.payments = [paid(1, "1.00", paid_on=date(2025, 12, 31)), paid(2, "2.00")]

        assert office.fetch().fetched == 1

    def test_tries_earlier_payments_again_when_their_invoice_has_come(self, office):
        office.source.payments = [paid(1, "1000.00", invoice_number="1001")]
        office.fetch()
        assert Payment.objects.get().left == "not_found"
        office.target.invoices = [billed("1001", "1000.00")]

        office.fetch()

        assert Payment.objects.get().left == ""
        assert Settlement.objects.get().outcome == "settled"

    def test_keeps_what_was_registered_when_the_source_shows_another_amount(self, office):
        office.source.payments = [paid(1, "1000.00")]
        office.fetch()
        office.source.payments = [paid(1, "1100.00")]

        run = office.fetch()

        assert Payment.objects.get().amount == Decimal("1000.00")
        assert SkippedRow.objects.get(run=run).reason == "amount_changed"

    def test_notes_what_a_full_pass_no_longer_finds(self, office):
        months(office)
        office.fetch()
        gone = office.source.payments.pop(4)

        run = office.fetch(full=True)

        assert run.vanished == 1
        vanished = Payment.objects.exclude(vanished_at=None).get()
        assert vanished.key == gone.key
        assert run.hub_count == run.control_count

    def test_sets_a_credit_note_off_against_its_invoice(self, office):
        office.target.invoices = [
            billed("1001", "1000.00"),
            billed("2001", "-400.00", is_credit_note=True, credits_number="1001"),
        ]
        office.source.payments = [paid(1, "600.00", invoice_number="1001")]

        office.fetch()
        office.fetch(full=True)

        made = Settlement.objects.order_by("pk")
        assert [(s.rule, str(s.amount), s.outcome) for s in made] == [
            ("credit", "400.00", ""),
            ("invoice_number", "600.00", "settled"),
        ]


class TestTheRightCompany:
    def test_nothing_of_another_company_lands_on_the_client(self, office):
        months(office)
        office.source.company = SourceCompany("4110101", "Another AS", "888888888", "NOK")

        run = office.fetch()

        assert (run.state, run.failure_code) == (S.FAILED, "WrongCompany")
        assert Payment.objects.count() == 0

    def test_a_company_without_a_number_is_refused(self, office):
        office.source.company = SourceCompany("4110101", "Nobody AS", "", "NOK")

        assert office.fetch().failure_code == "NoOrganisationNumber"


class TestTwoPresses:
    def test_make_one_run(self, office):
        first = fetching.request_fetch(client=office.fresh(), by=None, now=office.now)
        second = fetching.request_fetch(client=office.fresh(), by=None, now=office.now)

        assert first == second

    def test_the_database_lets_no_second_one_through(self, office):
        run = fetching.request_fetch(client=office.fresh(), by=None, now=office.now)

        with pytest.raises(Exception, match=r"client_id|one_run_at_a_time"):
            FetchRun.objects.create(organisation=run.organisation, client=run.client)


class TestAfterACrash:
    def test_goes_on_at_the_stored_page(self, office):
        months(office)

        def die_at_the_second_page(cursor: str) -> None:
            if cursor == "3":
                raise KeyboardInterrupt

        office.source.before_page = die_at_the_second_page
        with pytest.raises(KeyboardInterrupt):
            office.fetch()
        assert Payment.objects.count() == 3
        office.source.before_page = lambda cursor: None

        office.work(seconds=3600)

        assert FetchRun.objects.get().state == S.DONE
        assert office.source.pages_read == ["", "3", "6"]
        assert Payment.objects.count() == 7
        assert len(set(office.target.posts)) == len(office.target.posts) == 5

    def test_a_worker_that_lost_its_claim_writes_nothing(self, office):
        months(office)

        def take_it_away(cursor: str) -> None:
            FetchRun.objects.update(claim_owner="somebody else")

        office.source.before_page = take_it_away

        office.fetch()

        assert Payment.objects.count() == 0

    def test_an_outage_postpones_and_loses_nothing(self, office):
        months(office)
        failures = [Unavailable(vendor="Visma"), None, Unavailable(vendor="Visma"), None, None]

        def fail_now_and_then(cursor: str) -> None:
            if failures and (failure := failures.pop(0)):
                raise failure

        office.source.before_page = fail_now_and_then
        office.fetch()

        for _wait in range(3):
            office.work(seconds=60)

        run = FetchRun.objects.get()
        assert (run.state, run.fetched, run.failure_code) == (S.DONE, 7, "")

    def test_a_refused_sign_in_ends_the_run_with_words(self, office):
        def refuse(cursor: str) -> None:
            raise NotAuthorized(vendor="Visma")

        office.source.before_page = refuse

        run = office.fetch()

        assert (run.state, run.failure_code) == (S.FAILED, "NotAuthorized")


class TestCancelling:
    def test_stops_at_the_next_page_and_keeps_what_was_registered(self, office):
        months(office)

        def cancel(cursor: str) -> None:
            if cursor == "3":
                fetching.cancel(run=FetchRun.objects.get(), by=None, now=office.now)

        office.source.before_page = cancel

        run = office.fetch()

        assert (run.state, run.failure_code) == (S.CANCELLED, "Cancelled")
        assert Payment.objects.count() == 3
        office.source.before_page = lambda cursor: None
        assert office.fetch().known == 3

    def test_of_a_waiting_run_is_at_once(self, office):
        run = fetching.request_fetch(client=office.fresh(), by=None, now=office.now)

        assert fetching.cancel(run=run, by=None, now=office.now)

        run.refresh_from_db()
        assert run.state == S.CANCELLED
        assert not fetching.cancel(run=run, by=None, now=office.now)


class TestRegistering:
    def one(self, office: Office) -> None:
        office.target.invoices = [billed("1001", "1000.00")]
        office.source.payments = [paid(1, "1000.00", invoice_number="1001")]

    def test_after_a_lost_answer_the_target_is_asked_and_nothing_sent_again(self, office):
        self.one(office)
        office.target.fault = lambda payment: OutcomeUnknown(vendor="PowerOffice")
        office.fetch()
        assert Registration.objects.get().state == "unknown"
        assert office.source.marked == {}

        office.work(seconds=10)

        assert Registration.objects.get().state == "registered"
        assert len(office.target.posts) == 1
        assert len(office.source.marked) == 1

    def test_what_is_not_there_is_sent_again_only_after_two_look_ups(self, office):
        self.one(office)
        kept = office.target.registered

        def lose(payment):
            kept.pop(payment.reference, None)
            office.target.registered = {}
            return OutcomeUnknown(vendor="PowerOffice")

        office.target.fault = lose
        office.fetch()
        office.target.registered = {}
        office.target.fault = lambda payment: None

        office.work(seconds=10)
        assert (office.target.look_ups, len(office.target.posts)) == (1, 1)
        office.work(seconds=300)
        assert (office.target.look_ups, len(office.target.posts)) == (2, 1)
        office.work(seconds=300)

        assert (office.target.look_ups, len(office.target.posts)) == (3, 2)
        assert Registration.objects.get().state == "registered"

    def test_the_pause_between_two_look_ups_is_that_of_the_setting(self, office, settings):
        settings.HUB_LOOK_UP_INTERVAL_SECONDS = 500
        self.one(office)
        office.fetch()
        Registration.objects.update(state="unknown", target_id="", target_number="")
        office.target.registered = {}

        for seconds in (0, 499):
            office.work(seconds=seconds)
            assert (office.target.look_ups, len(office.target.posts)) == (1, 1)
        for seconds in (2, 499):
            office.work(seconds=seconds)
            assert (office.target.look_ups, len(office.target.posts)) == (2, 1)
        office.work(seconds=2)

        assert (office.target.look_ups, len(office.target.posts)) == (3, 2)

    def test_a_worker_that_died_while_sending_leaves_a_question(self, office):
        self.one(office)

        def die(payment):
            raise KeyboardInterrupt

        office.target.fault = die
        with pytest.raises(KeyboardInterrupt):
            office.fetch()
        assert Registration.objects.get().state == "sending"
        office.target.fault = lambda payment: None

        office.work(seconds=3600)
        assert Registration.objects.get().state == "unknown"
        office.work(seconds=300)

        assert Registration.objects.get().state == "registered"
        assert office.target.look_ups == 2

    def test_an_outage_postpones(self, office):
        self.one(office)
        office.target.fault = lambda payment: Unavailable(vendor="PowerOffice", retry_after=30)
        office.fetch()
        assert Registration.objects.get().state == "ready"
        office.target.fault = lambda payment: None

        office.work(seconds=5)
        assert len(office.target.posts) == 1
        office.work(seconds=30)

        assert Registration.objects.get().state == "registered"

    def test_a_refusal_waits_for_a_person(self, office):
        self.one(office)
        office.target.fault = lambda payment: Rejected(vendor="PowerOffice")

        office.fetch()

        assert Registration.objects.get().failure_code == "Rejected"
        assert office.source.marked == {}

    def test_nothing_is_sent_into_a_locked_period(self, office):
        self.one(office)
        office.target.locked = date(2026, 2, 28)

        office.fetch()

        refused = Registration.objects.get()
        assert (refused.state, refused.failure_code) == ("rejected", "DateLocked")
        assert office.target.posts == []

    def test_carries_what_the_target_needs(self, office):
        self.one(office)

        office.fetch()

        (there,) = office.target.registered.values()
        assert (there.customer_number, there.invoice_number) == ("10001", "1001")
        assert (there.account, there.voucher_number) == ("1940", 1001)


class TestMarking:
    def test_refused_harms_nothing_and_is_shown(self, office):
        office.target.invoices = [billed("1001", "1000.00")]
        office.source.payments = [paid(1, "1000.00", invoice_number="1001")]
        office.source.refuses_marks = True

        office.fetch()

        payment = Payment.objects.get()
        assert (payment.mark, payment.mark_reason) == ("refused", "no write access")
        assert Registration.objects.get().state == "registered"

    def test_is_off_without_a_marker(self, office):
        office.integration.marker = ""
        office.integration.save()
        office.target.invoices = [billed("1001", "1000.00")]
        office.source.payments = [paid(1, "1000.00", invoice_number="1001")]

        office.fetch()

        assert office.source.marked == {}
        assert Payment.objects.get().mark == ""


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"source": None}, refusals.NoSourceCompany),
            ({"voucher_types": []}, refusals.NoVoucherTypes),
            ({"organisation_number": ""}, refusals.NoOrganisationNumber),
        ],
    )
    def test_name_what_is_missing(self, office, changes, why):
        client = office.fresh()
        for name, value in changes.items():
            setattr(client, name, value)

        with pytest.raises(why):
            fetching.request_fetch(client=client, by=None, now=office.now)

    def test_are_asked_again_when_the_run_begins(self, office):
        run = fetching.request_fetch(client=office.fresh(), by=None, now=office.now)
        office.client.source.state = "sign_in_again"
        office.client.source.save()

        running.run_fetch(run_id=run.pk, clock=lambda: office.now)

        run.refresh_from_db()
        assert (run.state, run.failure_code) == (S.FAILED, "SourceNotConnected")


class TestStillGoing:
    def test_counts_payments_until_they_are_registered_and_marked(self, office):
        office.target.invoices = [billed("1001", "100.00")]
        office.source.payments = [paid(1, "100.00", invoice_number="1001"), paid(2, "5.00")]
        run = office.fetch()

        assert runs.still_going(run, now=office.now) == 0
        Registration.objects.update(state="ready")
        assert runs.still_going(run, now=office.now) == 1
        Registration.objects.update(state="registered")
        Payment.objects.filter(journal_number=1).update(mark="", mark_at=office.now)
        assert runs.still_going(run, now=office.now) == 1
        # A source that takes no marks leaves it due for good.
        assert runs.still_going(run, now=office.now + timedelta(hours=1)) == 0

    def test_a_page_that_follows_nothing_any_more_has_the_last_figures(self, office, monkeypatch):
        office.target.invoices = [billed("1001", "100.00")]
        office.source.payments = [paid(1, "100.00", invoice_number="1001")]
        run = office.fetch()
        Payment.objects.update(mark="")

        def none_after_that(*_args, **_more):
            Payment.objects.update(mark="marked")
            return 0

        monkeypatch.setattr(runs, "still_going", none_after_that)

        page = rows.signed_in(office.member).get(f"/invoices/runs/{run.pk}/")

        marked = next(one for one in page.context["figures"] if one.name == "marked")
        assert marked.figure == 1
        assert b"hx-trigger" not in page.content.split(b'id="run"')[1].split(b">")[0]
