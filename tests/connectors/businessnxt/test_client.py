"""What the client promises as a source of payments, over HTTP against the sandbox."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.base import Exchange
from connectors.businessnxt import errors
from connectors.errors import (
    BadAnswer,
    FreshTokenRefused,
    NoCreditBlock,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)
from connectors.receivables.shared import PaymentKey
from connectors.receivables.source import PaymentQuery, PaymentSource
from sandbox import receivables_story as story
from sandbox.businessnxt import ledger
from tests.connectors.businessnxt.conftest import MARKER, Nxt

HAVGLOTT, STORSALG = str(story.HAVGLOTT.company_no), str(story.STORSALG.company_no)


class TestCompanies:
    def test_is_a_source_of_payments(self, nxt: Nxt) -> None:
        assert isinstance(nxt.make(), PaymentSource)

    def test_lists_the_companies_of_the_customer(self, nxt: Nxt) -> None:
        companies = nxt.make().list_companies()

        assert [one.number for one in companies] == [str(one.company_no) for one in story.CLIENTS]
        assert nxt.calls("ReadCompanies")[0].json()["variables"] == {
            "customer": story.VISMA_CUSTOMER_NO
        }

    def test_takes_the_customer_from_the_account_where_it_names_one(self, nxt: Nxt) -> None:
        assert nxt.make("7100999/4110101").list_companies() == []

    def test_reads_the_own_organisation_number(self, nxt: Nxt) -> None:
        company = nxt.make(HAVGLOTT).read_company()

        assert company.organisation_number == story.HAVGLOTT.organisation_number
        assert (company.name, company.currency) == (story.HAVGLOTT.name, "NOK")

    def test_refuses_what_is_no_company_number(self, nxt: Nxt) -> None:
        with pytest.raises(errors.NotACompanyNumber):
            nxt.make("nordvik")

    def test_says_that_a_company_is_not_opened_for_the_hub(self, nxt: Nxt) -> None:
        with pytest.raises(errors.CompanyNotOpened) as refused:
            nxt.make("4119999").read_company()

        assert refused.value.params["company"] == "4119999"
        assert len(refused.value.trace_id) == 32


class TestReadPayments:
    def test_turns_the_sign_and_reads_what_the_story_has(
        self, nxt: Nxt, query: PaymentQuery
    ) -> None:
        page = nxt.make().read_payments(query)

        described = [
            one
            for one in story.NORDVIK.payments
            if one.voucher_type in story.PAYMENT_TYPES and one.origin != 15
        ]
        assert [
            (one.key, one.customer_number, one.amount, one.invoice_number, one.kid)
            for one in page.payments
        ] == [
            (
                PaymentKey(one.journal, one.audit),
                one.customer_number,
                Decimal(one.amount),
                one.invoice_number,
                one.kid,
            )
            for one in described
        ]
        assert page.cursor == ""
        assert all(one.marked is None for one in page.payments)

    def test_keeps_a_returned_payment_as_a_negative_one(
        self, nxt: Nxt, query: PaymentQuery
    ) -> None:
        payments = nxt.make().read_payments(query).payments

        assert [one.amount for one in payments if one.amount < 0] == [Decimal("-4400.00")]

    def test_leaves_compressed_rows_out_with_their_reason(
        self, nxt: Nxt, query: PaymentQuery
    ) -> None:
        (left_out,) = nxt.make().read_payments(query).left_out

        assert (left_out.key, left_out.amount, left_out.reason) == (
            PaymentKey(533, 2),
            Decimal("250.00"),
            "compression",
        )

    def test_names_the_currency_and_the_amount_in_it(self, nxt: Nxt, query: PaymentQuery) -> None:
        payments = nxt.make(HAVGLOTT).read_payments(query).payments

        assert [(one.currency, one.amount, one.amount_in_currency) for one in payments] == [
            ("NOK", Decimal("18750.00"), Decimal("18750.00")),
            ("EUR", Decimal("11620.00"), Decimal("1000.00")),
            ("EUR", Decimal("2320.00"), Decimal("200.00")),
        ]

    def test_gives_the_number_of_a_currency_that_nobody_named(
        self, nxt: Nxt, query: PaymentQuery
    ) -> None:
        client = nxt.make(HAVGLOTT, settings={"BUSINESS_NXT_CURRENCIES": "0=NOK"})

        assert [one.currency for one in client.read_payments(query).payments][1] == "978"

    def test_reads_pages_that_join_without_gap_or_double(
        self, nxt: Nxt, query: PaymentQuery
    ) -> None:
        ledger.generate(nxt.store, int(STORSALG), payments=60)
        client = nxt.make(STORSALG, page_size=25)

        keys, cursor, sizes = [], "", []
        while True:
            page = client.read_payments(query, cursor=cursor)
            keys += [one.key for one in page.payments]
            sizes.append(len(page.payments))
            cursor = page.cursor
            if not cursor:
                break

        assert sizes == [25, 25, 10]
        assert keys == sorted(set(keys))
        assert len(keys) == 60

    def test_goes_on_from_a_stored_cursor_with_another_client(
        self, nxt: Nxt, query: PaymentQuery
    ) -> None:
        first = nxt.make(page_size=4).read_payments(query)

        second = nxt.make(page_size=4).read_payments(query, cursor=first.cursor)

        assert second.payments[0].key > first.payments[-1].key

    def test_reads_only_new_journals_and_with_them_a_back_dated_payment(
        self, nxt: Nxt, query: PaymentQuery
    ) -> None:
        page = nxt.make().read_payments(replace(query, after_journal=520))

        assert [one.key.journal_number for one in page.payments] == [530, 531]
        assert page.payments[0].paid_on == date(2026, 9, 20)

    def test_says_which_payments_are_marked(self, nxt: Nxt, query: PaymentQuery) -> None:
        client = nxt.make()
        client.mark([PaymentKey(510, 1)], marker=MARKER, value="2026-11-22")

        page = client.read_payments(replace(query, marker=MARKER))

        assert [one.key for one in page.payments if one.marked] == [PaymentKey(510, 1)]
        assert all(one.marked is not None for one in page.payments)

    def test_reads_on_without_a_marker_that_cannot_be_read(
        self, nxt: Nxt, query: PaymentQuery
    ) -> None:
        page = nxt.make().read_payments(replace(query, marker="NoSuchColumn"))

        assert len(page.payments) == 10
        assert {one.marked for one in page.payments} == {None}

    def test_works_where_no_column_has_kid_origin_or_currency(
        self, nxt: Nxt, query: PaymentQuery
    ) -> None:
        nxt.store.set(nxt_hidden_columns="cid origin currencyNo")

        page = nxt.make().read_payments(query)

        assert {one.kid for one in page.payments} == {""}
        assert {one.currency for one in page.payments} == {"NOK"}
        # Nothing tells that this row is a compression; its voucher type has to keep it out.
        assert PaymentKey(533, 2) in {one.key for one in page.payments}

    def test_shows_a_row_that_it_cannot_read(self, nxt: Nxt, query: PaymentQuery) -> None:
        ledger.add_rows(
            nxt.store,
            story.NORDVIK.company_no,
            [
                {
                    **ledger.transactions(nxt.store, story.NORDVIK.company_no, auditNo=1)[0],
                    "voucherJournalNo": 600,
                    "voucherType": 1,
                    "voucherDate": 20269999,
                    "extra": "{}",
                }
            ],
        )

        (unreadable,) = nxt.make().read_payments(query).unreadable

        assert unreadable.key == PaymentKey(600, 1)
        assert (unreadable.field, unreadable.value) == ("voucherDate", "20269999")

    def test_refuses_a_query_without_voucher_types(self, nxt: Nxt, query: PaymentQuery) -> None:
        with pytest.raises(ValueError, match="voucher types"):
            nxt.make().read_payments(replace(query, voucher_types=frozenset()))


class TestControlTotal:
    def test_is_the_sum_of_what_is_read_and_left_out(self, nxt: Nxt, query: PaymentQuery) -> None:
        client = nxt.make()
        page = client.read_payments(query)

        total = client.control_total(query)

        assert total is not None
        assert total.count == len(page.payments) + len(page.left_out)
        rows = [*page.payments, *page.left_out]
        assert total.amount == sum((one.amount for one in rows), Decimal(0))

    def test_only_counts_where_the_schema_adds_nothing_up(
        self, nxt: Nxt, query: PaymentQuery
    ) -> None:
        nxt.store.set(nxt_aggregates=False)

        total = nxt.make().control_total(query)

        assert total is not None
        assert (total.count, total.amount) == (11, None)


class TestCustomers:
    @pytest.mark.parametrize("kind", ["Int", "Boolean"])
    def test_reads_the_credit_block_in_either_form(self, nxt: Nxt, kind: str) -> None:
        nxt.store.set(nxt_credit_denied=kind)

        blocked = [one.number for one in nxt.make().read_customers() if one.credit_blocked]

        assert blocked == [10005]

    def test_takes_nobody_for_unblocked_where_the_column_is_missing(self, nxt: Nxt) -> None:
        nxt.store.set(nxt_credit_denied="")

        with pytest.raises(NoCreditBlock):
            list(nxt.make().read_customers())

    def test_reads_one_customer_now(self, nxt: Nxt) -> None:
        client = nxt.make()
        ledger.set_credit_block(nxt.store, story.NORDVIK.company_no, 10001, denied=True)

        customer = client.read_customer(10001)

        assert customer is not None
        assert customer.credit_blocked
        assert client.read_customer(99999) is None

    def test_reads_those_that_changed_since(self, nxt: Nxt) -> None:
        ledger.set_credit_block(nxt.store, story.NORDVIK.company_no, 10005, denied=False)
        since = datetime.now(UTC)

        changed = list(nxt.make().read_customers(changed_since=since))

        assert [(one.number, one.credit_blocked) for one in changed] == [(10005, False)]


class TestOpenItems:
    def test_has_the_ledgers_sign_and_tells_the_story(self, nxt: Nxt) -> None:
        items = {
            (one.customer_number, one.invoice_number): (one.amount, one.outstanding)
            for one in nxt.make().read_open_items()
        }

        assert items[10002, "50002"] == (Decimal("8000.00"), Decimal("4500.00"))
        assert items[10003, "50003"] == (Decimal("-3500.00"), Decimal("-300.50"))
        assert items[10006, ""] == (Decimal("-999.00"), Decimal("-999.00"))
        assert (10001, "50001") not in items


class TestWriteOffs:
    def test_are_read_of_the_invoices_that_are_asked_for(self, nxt: Nxt) -> None:
        found = list(nxt.make().read_write_offs(["50013", "50001"]))

        assert [(one.invoice_number, one.amount) for one in found] == [("50013", Decimal("1.00"))]

    def test_are_not_guessed_where_no_column_tells_the_origin(self, nxt: Nxt) -> None:
        nxt.store.set(nxt_hidden_columns="origin")

        assert list(nxt.make().read_write_offs(["50013"])) == []
        assert nxt.calls("ReadWriteOffs") == []


class TestEarlierPayments:
    TYPES = frozenset(story.PAYMENT_TYPES)

    def read(self, nxt: Nxt, *invoices: str, before: date = date(2027, 1, 1)) -> Any:
        found = nxt.make().read_earlier_payments(
            list(invoices), before=before, voucher_types=self.TYPES
        )
        return [(one.invoice_number, one.amount) for one in found]

    def test_are_read_of_the_invoices_that_are_asked_for(self, nxt: Nxt) -> None:
        assert self.read(nxt, "50001", "50002") == [
            ("50001", Decimal("12500.00")),
            ("50002", Decimal("3500.00")),
        ]

    def test_are_none_from_the_start_date_on(self, nxt: Nxt) -> None:
        assert self.read(nxt, "50001", before=date(2026, 1, 1)) == []

    def test_are_no_write_offs(self, nxt: Nxt) -> None:
        assert self.read(nxt, "50013") == [("50013", Decimal("999.00"))]


class TestMark:
    def test_marks_each_once_and_says_so(self, nxt: Nxt) -> None:
        client = nxt.make()
        keys = [PaymentKey(510, 1), PaymentKey(510, 2)]

        first = client.mark(keys, marker=MARKER, value="2026-11-22")
        again = client.mark(keys, marker=MARKER, value="2026-11-23")

        assert [one.marked for one in first + again] == [True] * 4
        assert len(nxt.calls("MarkPayments")) == 1
        row = ledger.transactions(nxt.store, story.NORDVIK.company_no, voucherJournalNo=510)[0]
        assert row["extra"] == {MARKER: "2026-11-22"}

    def test_marks_a_column_that_holds_numbers(self, nxt: Nxt, query: PaymentQuery) -> None:
        client, marker = nxt.make(), "IntegrationHub_ReadFlag:integer"

        (outcome,) = client.mark([PaymentKey(510, 1)], marker=marker, value="1")

        assert outcome.marked
        page = client.read_payments(replace(query, marker=marker))
        assert [one.key for one in page.payments if one.marked] == [PaymentKey(510, 1)]

    def test_says_of_each_payment_why_it_was_not_marked(self, nxt: Nxt) -> None:
        nxt.fault("marker_refused", on="MarkPayments", detail="2")
        keys = [PaymentKey(510, 1), PaymentKey(510, 2), PaymentKey(1, 1), PaymentKey(511, 1)]

        outcomes = nxt.make().mark(keys, marker=MARKER, value="x")

        assert [one.marked for one in outcomes] == [True, False, False, True]
        assert outcomes[1].reason == "The access group does not allow to change this table."
        assert outcomes[2].reason == "not_found"

    @pytest.mark.parametrize(
        ("marker", "reason"),
        [("additionalText", "marker_is_used_by_visma"), ("", "no_marker")],
    )
    def test_never_writes_a_column_that_visma_uses(
        self, nxt: Nxt, marker: str, reason: str
    ) -> None:
        (outcome,) = nxt.make().mark([PaymentKey(510, 1)], marker=marker, value="x")

        assert outcome.reason == reason
        assert nxt.calls() == []

    def test_is_refused_with_read_access_only(self, nxt: Nxt) -> None:
        client = nxt.make()
        nxt.store.put(
            "nxt_company",
            str(story.NORDVIK.company_no),
            {**nxt.store.get("nxt_company", str(story.NORDVIK.company_no)), "writes": False},
        )

        (outcome,) = client.mark([PaymentKey(510, 1)], marker=MARKER, value="x")

        assert not outcome.marked
        assert "access group" in outcome.reason

    def test_does_not_know_what_came_of_a_mark_whose_answer_was_lost(self, nxt: Nxt) -> None:
        nxt.fault("lose_answer", on="MarkPayments")
        client = nxt.make()

        with pytest.raises(OutcomeUnknown):
            client.mark([PaymentKey(510, 1)], marker=MARKER, value="x")

        assert len(nxt.calls("MarkPayments")) == 1
        assert client.mark([PaymentKey(510, 1)], marker=MARKER, value="y")[0].marked
        assert len(nxt.calls("MarkPayments")) == 1

    def test_sends_many_in_few_calls(self, nxt: Nxt) -> None:
        ledger.generate(nxt.store, int(STORSALG), payments=45)
        keys = [PaymentKey(100_000, at) for at in range(1, 46)]

        outcomes = nxt.make(STORSALG).mark(keys, marker=MARKER, value="x")

        assert all(one.marked for one in outcomes)
        assert len(nxt.calls("MarkPayments")) == 3


class TestTrouble:
    def test_the_observer_receives_the_vendors_id_of_each_request(self, nxt: Nxt) -> None:
        exchanges: list[Exchange] = []

        nxt.make(observer=exchanges.append).read_company()

        assert all(len(one.trace_id) == 32 for one in exchanges)
        assert exchanges

    def test_a_web_page_with_401_is_answered_with_one_refresh(
        self, nxt: Nxt, query: PaymentQuery
    ) -> None:
        client = nxt.make()
        client.read_company()
        nxt.store.setup.expire_access_tokens()

        page = client.read_payments(query)

        assert len(page.payments) == 10
        assert nxt.tokens.asked == 2

    def test_a_second_401_is_an_outage_and_its_page_is_not_read_as_json(self, nxt: Nxt) -> None:
        nxt.fault("unauthorized", on="any", times=2)

        with pytest.raises(FreshTokenRefused) as refused:
            nxt.make().read_company()

        assert refused.value.detail == "401 Authorization Required"
        assert refused.value.retry_after == 60

    def test_errors_beside_data_are_a_failure_and_the_data_is_not_used(
        self, nxt: Nxt, query: PaymentQuery
    ) -> None:
        nxt.fault("partial_errors", on="ReadPayments")
        client = nxt.make()

        with pytest.raises(errors.ReadFailed) as failure:
            client.read_payments(query)

        assert isinstance(failure.value, Unavailable)
        assert "items/10" in failure.value.detail
        assert len(failure.value.trace_id) == 32
        assert len(client.read_payments(query).payments) == 10

    @pytest.mark.parametrize("kind", ["outstanding_limit", "rate_limited"])
    def test_is_asked_to_wait(self, nxt: Nxt, query: PaymentQuery, kind: str) -> None:
        nxt.fault(kind, on="ReadPayments")

        with pytest.raises(RateLimited) as refused:
            nxt.make().read_payments(query)

        assert refused.value.retry_after

    def test_a_read_that_was_cut_is_made_once_more(self, nxt: Nxt, query: PaymentQuery) -> None:
        nxt.fault("cut_before", on="ReadPayments")

        assert len(nxt.make().read_payments(query).payments) == 10

    def test_a_read_that_is_cut_twice_waits_for_its_row(
        self, nxt: Nxt, query: PaymentQuery
    ) -> None:
        nxt.fault("cut_before", on="ReadPayments", times=2)

        with pytest.raises(Unavailable):
            nxt.make().read_payments(query)

        assert len(nxt.calls("ReadPayments")) == 2

    @pytest.mark.parametrize(
        ("kind", "failure"), [("bad_gateway", Unavailable), ("garbled", BadAnswer)]
    )
    def test_gateways_and_garbage_are_distinguished(
        self, nxt: Nxt, query: PaymentQuery, kind: str, failure: type[Exception]
    ) -> None:
        nxt.fault(kind, on="ReadPayments")

        with pytest.raises(failure):
            nxt.make().read_payments(query)

    def test_a_cursor_that_the_vendor_does_not_know_is_a_failure(
        self, nxt: Nxt, query: PaymentQuery
    ) -> None:
        with pytest.raises(errors.ReadFailed, match="cursor"):
            nxt.make().read_payments(query, cursor="nonsense")
