"""The classic database keeps the same promise as Business NXT, through a read-only login."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import NoCreditBlock, Unavailable
from connectors.receivables.shared import FindingLevel, PaymentKey
from connectors.receivables.source import PaymentQuery, PaymentSource
from connectors.visma_business_classic import errors
from sandbox import receivables_story as story
from tests.connectors.visma_business_classic.conftest import MARKER, Office


class TestTheCompany:
    def test_is_a_source_of_payments(self, office: Office) -> None:
        assert isinstance(office.client(), PaymentSource)

    def test_has_its_own_organisation_number_from_a_table_of_one_row(self, office: Office) -> None:
        company = office.client().read_company()

        assert company.organisation_number == story.NORDVIK.organisation_number
        assert company.name == "F0007"

    def test_has_none_where_the_tables_disagree(self, office: Office) -> None:
        office.run("""INSERT INTO "CompInf" VALUES ('999999999')""")

        assert office.client().read_company().organisation_number == ""

    def test_takes_the_table_that_the_operator_names(self, office: Office) -> None:
        office.run("""CREATE TABLE "Other" ("BsNo" VARCHAR(20), "Own" VARCHAR(20))""")
        office.run("""INSERT INTO "Other" VALUES ('1', '970001018')""")
        client = office.client(named={"organisation": "Other.Own"})

        assert client.read_company().organisation_number == "970001018"

    def test_proposes_voucher_types_by_the_flag_in_whatever_table_has_it(
        self, office: Office
    ) -> None:
        types = office.client().list_voucher_types()

        assert {one.number for one in types if not one.affects_turnover} == {
            one.number for one in story.VOUCHER_TYPES if not one.affects_turnover
        }


class TestReadPayments:
    def test_tells_the_same_story_as_business_nxt(
        self, office: Office, query: PaymentQuery
    ) -> None:
        page = office.client().read_payments(query)

        described = [
            one
            for one in story.NORDVIK.payments
            if one.voucher_type in story.PAYMENT_TYPES and one.origin != 15
        ]
        assert [(one.key, one.amount, one.kid, one.invoice_number) for one in page.payments] == [
            (PaymentKey(one.journal, one.audit), Decimal(one.amount), one.kid, one.invoice_number)
            for one in described
        ]
        assert [one.reason for one in page.left_out] == ["compression"]
        assert {one.currency for one in page.payments} == {"NOK"}

    def test_reads_amounts_without_a_sign_by_their_side(
        self, office: Office, query: PaymentQuery
    ) -> None:
        before = office.client().read_payments(query)
        for column in ("Am", "CurAm"):
            office.run(f'UPDATE "CustTr" SET "{column}" = abs("{column}")')

        after = office.client().read_payments(query)

        assert [one.amount for one in after.payments] == [one.amount for one in before.payments]
        total = office.client().control_total(query)
        assert total is not None
        assert total.amount == sum(
            (one.amount for one in [*after.payments, *after.left_out]), Decimal(0)
        )

    def test_refuses_to_guess_the_sign_where_the_rows_say_both(
        self, office: Office, query: PaymentQuery
    ) -> None:
        office.run("""UPDATE "CustTr" SET "Cr" = 1 - "Cr" WHERE "JNo" = 501""")

        with pytest.raises(errors.SignUnclear):
            office.client().read_payments(query)

        assert office.client(sign="signed").read_payments(query).payments

    def test_reads_pages_that_join_without_gap_or_double(
        self, office: Office, query: PaymentQuery
    ) -> None:
        keys, cursor = [], ""
        client = office.client(page_size=4)
        for _page in range(3):
            page = client.read_payments(query, cursor=cursor)
            keys += [one.key for one in [*page.payments, *page.left_out]]
            cursor = page.cursor

        assert cursor == ""
        assert len(keys) == len(set(keys)) == 11

    def test_reads_only_new_journals(self, office: Office, query: PaymentQuery) -> None:
        page = office.client().read_payments(replace(query, after_journal=520))

        assert [one.key.journal_number for one in page.payments] == [530, 531]

    def test_shows_a_row_that_it_cannot_read(self, office: Office, query: PaymentQuery) -> None:
        office.run("""UPDATE "CustTr" SET "VoDt" = 20269999 WHERE "JNo" = 514 AND "EntNo" = 1""")

        (unreadable,) = office.client().read_payments(query).unreadable

        assert (unreadable.key, unreadable.field) == (PaymentKey(514, 1), "voucherDate")

    def test_names_the_column_that_is_missing(self, office: Office, query: PaymentQuery) -> None:
        office.run("""ALTER TABLE "CustTr" RENAME COLUMN "VoTp" TO "VouTp" """)

        with pytest.raises(errors.ColumnsDiffer, match="voucherType"):
            office.client().read_payments(query)

        client = office.client(named={"voucherType": "VouTp"})
        assert len(client.read_payments(query).payments) == 10

    def test_asks_for_nothing_that_was_not_found(self, office: Office, query: PaymentQuery) -> None:
        for column in ("SrcTp", "Cid", "Cur", "ValDt", "Cr"):
            office.run(f'ALTER TABLE "CustTr" DROP COLUMN "{column}"')

        page = office.client().read_payments(query)

        assert {one.kid for one in page.payments} == {""}
        assert len(page.payments) == 11


class TestControlTotal:
    def test_is_what_was_read_and_left_out(self, office: Office, query: PaymentQuery) -> None:
        page = office.client().read_payments(query)

        total = office.client().control_total(query)

        assert total is not None
        rows = [*page.payments, *page.left_out]
        assert (total.count, total.amount) == (
            len(rows),
            sum((one.amount for one in rows), Decimal(0)),
        )

    def test_is_zero_of_nothing(self, office: Office, query: PaymentQuery) -> None:
        total = office.client().control_total(replace(query, after_journal=9999))

        assert total is not None
        assert (total.count, total.amount) == (0, Decimal(0))


class TestCustomersAndOpenItems:
    def test_reads_the_credit_block(self, office: Office) -> None:
        client = office.client()

        assert [one.number for one in client.read_customers() if one.credit_blocked] == [10005]
        assert client.read_customer(10001) is not None
        assert client.read_customer(1) is None

    def test_reads_those_that_changed_since(self, office: Office) -> None:
        office.run("""UPDATE "Actor" SET "ChDt" = 20261120 WHERE "CustNo" = 10002""")

        changed = office.client().read_customers(changed_since=datetime(2026, 11, 20, tzinfo=UTC))

        assert [one.number for one in changed] == [10002]

    def test_takes_nobody_for_unblocked_where_the_column_is_missing(self, office: Office) -> None:
        office.run("""ALTER TABLE "Actor" DROP COLUMN "CrSusp" """)

        with pytest.raises(NoCreditBlock):
            list(office.client().read_customers())

    def test_reads_what_is_open_in_the_ledgers_sign(self, office: Office) -> None:
        items = {
            (one.customer_number, one.invoice_number): one.outstanding
            for one in office.client().read_open_items()
        }

        assert items[10002, "50002"] == Decimal("4500.00")
        assert items[10006, ""] == Decimal("-999.00")

    def test_reads_what_was_written_off_on_invoices_that_are_asked_for(
        self, office: Office
    ) -> None:
        found = list(office.client().read_write_offs(["50013", "50001"]))

        assert [(one.invoice_number, one.amount) for one in found] == [("50013", Decimal("1.00"))]

    def test_says_nothing_of_write_offs_where_no_column_tells(self, office: Office) -> None:
        office.run("""ALTER TABLE "CustTr" DROP COLUMN "SrcTp" """)

        assert list(office.client().read_write_offs(["50013"])) == []

    def test_reads_earlier_payments_of_invoices_that_are_asked_for(self, office: Office) -> None:
        def read(before: date) -> list[tuple[str, Decimal]]:
            found = office.client().read_earlier_payments(
                ["50001", "50013"], before=before, voucher_types=frozenset(story.PAYMENT_TYPES)
            )
            return sorted((one.invoice_number, one.amount) for one in found)

        assert read(date(2027, 1, 1)) == [
            ("50001", Decimal("12500.00")),
            ("50013", Decimal("999.00")),
        ]
        assert read(date(2026, 1, 1)) == []


class TestMark:
    KEYS = (PaymentKey(510, 1), PaymentKey(1, 1))

    def test_is_off_unless_the_operator_switched_it_on(self, office: Office) -> None:
        client = office.client()

        outcomes = client.mark(self.KEYS, marker=MARKER, value="x")

        assert {one.reason for one in outcomes} == {"write_back_off"}
        assert not client.capabilities.marks

    def test_writes_one_row_by_its_full_key_and_says_so(
        self, office: Office, query: PaymentQuery
    ) -> None:
        client = office.client(writes=True)

        outcomes = client.mark(self.KEYS, marker=MARKER.lower(), value="2026-11-22")

        assert [(one.marked, one.reason) for one in outcomes] == [
            (True, ""),
            (False, "affected_rows_0"),
        ]
        page = client.read_payments(replace(query, marker=MARKER))
        assert [one.key for one in page.payments if one.marked] == [PaymentKey(510, 1)]

    @pytest.mark.parametrize(
        ("marker", "why"),
        [
            ("Am", "marker_is_used_by_visma"),
            ("Txt2", "marker_is_used_by_visma"),
            ("NoSuchColumn", "no_marker"),
            ("Txt; DROP TABLE Actor", "marker_is_no_column"),
        ],
    )
    def test_never_writes_a_column_of_the_ledger_itself(
        self, office: Office, marker: str, why: str
    ) -> None:
        (outcome,) = office.client(writes=True).mark(self.KEYS[:1], marker=marker, value="1")

        assert outcome.reason == why


class TestCheckSetup:
    def test_finds_no_trouble_where_everything_is_there(self, office: Office) -> None:
        report = office.client().check_setup(marker="")

        assert {one.level for one in report.findings} == {FindingLevel.OK}
        assert MARKER in report.marker_columns

    def test_says_what_is_missing_and_that_nothing_is_written(self, office: Office) -> None:
        office.run("""DROP TABLE "CompInf" """)
        office.run("""DROP TABLE "Tp" """)
        office.run("""ALTER TABLE "CustTr" DROP COLUMN "Cid" """)

        report = office.client().check_setup(marker=MARKER)

        assert {one.code for one in report.findings} >= {
            "organisation_number_missing",
            "voucher_types_missing",
            "kid_missing",
            "write_back_off",
        }
        assert (report.marker_readable, report.marker_writable) == (True, False)

    @pytest.mark.parametrize(
        ("marker", "value", "code"),
        [
            ("Txt2", "1", "marker_is_used_by_visma"),
            (MARKER, "x" * 31, "marker_value_too_long"),
            (f"{MARKER}:integer", "1", "marker_holds_text"),
        ],
    )
    def test_says_that_a_marker_cannot_hold_the_mark(
        self, office: Office, marker: str, value: str, code: str
    ) -> None:
        report = office.client(writes=True).check_setup(marker=marker, value=value)

        assert code in {one.code for one in report.findings if one.level is FindingLevel.PROBLEM}
        assert report.marker_writable is False


class TestTrouble:
    def test_a_database_that_cannot_be_reached_is_asked_again_later(self, office: Office) -> None:
        driver: Any = office.dialect.driver

        def fail() -> Iterator[None]:
            raise driver.OperationalError("no route")

        object.__setattr__(office.dialect, "open", fail)

        with pytest.raises(Unavailable):
            office.client().read_company()
