"""Shapes of PowerOffice Go, read strictly: what is odd is named, never guessed."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import BadAnswer
from connectors.http.answers import Answer
from connectors.http.exact_json import from_json, to_json
from connectors.powerofficego import errors, payloads, strict
from tests.connectors.powerofficego.conftest import payment

INVOICE: dict[str, Any] = {
    "Id": "0a5e7a10-0000-4000-8000-000000000001",
    "InvoiceNo": 50001,
    "VoucherType": "OutgoingInvoice",
    "CustomerNo": 10001,
    "VoucherDate": "2026-08-03T00:00:00",
    "DueDate": None,
    "CurrencyCode": "NOK",
    "TotalAmount": Decimal("100.50"),
    "TotalPostedAmount": Decimal("100.50"),
    "Balance": None,
}
ENTRY: dict[str, Any] = {
    "Id": 7,
    "CustomerAccountNo": 10001,
    "PostingDate": "2026-08-15",
    "Amount": Decimal("-10.0"),
    "Balance": 0,
    "CurrencyAmount": -10,
    "CurrencyCode": "NOK",
    "VoucherId": "0a5e7a10-0000-4000-8000-000000000002",
    "VoucherNo": 1001,
    "VoucherType": "BankJournal",
}
PROJECT: dict[str, Any] = {
    "Id": 1,
    "Code": "P1",
    "Name": "One",
    "CustomerNo": 10001,
    "ParentProjectId": None,
    "DenyTimeTracking": None,
    "ProjectStatus": "Active",
}


def low(item: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return strict.an_object({**item, **changes}, where="test")


class TestBankJournal:
    def test_is_two_lines_that_net_to_nothing(self):
        body = payloads.bank_journal(payment(), ids=payloads.Ids(10, 20, 30))

        first, second = body["VoucherLines"]
        assert (first["AccountId"], first["CurrencyAmount"]) == (20, Decimal("3500.00"))
        assert (second["AccountId"], second["CurrencyAmount"]) == (10, Decimal("-3500.00"))
        assert second["InvoiceNo"] == "50002"
        assert "InvoiceNo" not in first

    def test_turns_a_returned_payment_round(self):
        body = payloads.bank_journal(payment(amount=Decimal("-1.00")), ids=payloads.Ids(10, 20, 30))

        assert [one["CurrencyAmount"] for one in body["VoucherLines"]] == [-1, 1]

    def test_gives_the_kid_only_without_an_invoice_number(self):
        with_number = payloads.bank_journal(payment(), ids=payloads.Ids(1, 2, 3))
        without = payloads.bank_journal(payment(invoice_number=""), ids=payloads.Ids(1, 2, 3))

        assert "Cid" not in with_number["VoucherLines"][1]
        assert without["VoucherLines"][1]["Cid"] == payment().kid

    def test_writes_amounts_digit_for_digit(self):
        body = payloads.bank_journal(payment(amount=Decimal("0.10")), ids=payloads.Ids(1, 2, 3))

        assert b'"CurrencyAmount":0.10' in to_json(body)


class TestInvoice:
    def test_leaves_open_what_is_not_said(self):
        invoice = payloads.invoice(low(INVOICE))

        assert invoice.balance is None
        assert invoice.due_on is None
        assert invoice.issued_on == date(2026, 8, 3)

    @pytest.mark.parametrize("amount", [Decimal("100.50"), Decimal("-100.50")])
    def test_a_credit_note_is_negative_whatever_its_sign_there(self, amount):
        invoice = payloads.invoice(
            low(
                INVOICE,
                VoucherType="OutgoingCreditNote",
                TotalAmount=amount,
                TotalPostedAmount=amount,
            )
        )

        assert (invoice.amount, invoice.posted_amount) == (Decimal("-100.50"), Decimal("-100.50"))

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"InvoiceNo": None}, "InvoiceNo"),
            ({"VoucherType": "Unknown"}, "VoucherType"),
            ({"VoucherDate": "soon"}, "VoucherDate"),
            ({"TotalAmount": None}, "TotalAmount"),
            ({"TotalAmount": "100.50"}, "TotalAmount"),
            ({"TotalAmount": True}, "TotalAmount"),
            ({"TotalAmount": Decimal("1.005")}, "TotalAmount"),
            ({"TotalAmount": Decimal("1e400")}, "TotalAmount"),
            ({"CurrencyCode": ""}, "CurrencyCode"),
            ({"IsReversed": "yes"}, "IsReversed"),
            ({"BalanceLastChangedDateTimeOffset": "yesterday"}, "BalanceLastChanged"),
        ],
    )
    def test_names_the_field_that_cannot_be_read(self, changes, field):
        with pytest.raises(BadAnswer) as caught:
            payloads.invoice(low(INVOICE, **changes))

        assert field in caught.value.detail

    def test_takes_the_rounding_of_a_double(self):
        noisy = from_json(b"[100.50000000000001]")[0]

        assert payloads.invoice(low(INVOICE, TotalAmount=noisy)).amount == Decimal("100.50")


class TestEntry:
    def test_turns_into_the_payment_that_it_is(self):
        found = payloads.found(payloads.entry(low(ENTRY)), invoice_number="50001")

        assert (found.amount, found.number, found.matched) == (Decimal("10.00"), "1001", False)

    @pytest.mark.parametrize("field", ["Id", "CustomerAccountNo", "VoucherId", "Balance"])
    def test_needs_its_fields(self, field):
        with pytest.raises(BadAnswer) as caught:
            payloads.entry(low(ENTRY, **{field: None}))

        assert field in caught.value.detail


class TestProjects:
    def projects(self, *changes: dict[str, Any]) -> list[payloads.Project]:
        return [payloads.project(low(PROJECT, **one)) for one in changes]

    def test_that_go_round_in_a_circle_belong_to_nobody(self):
        rows = self.projects(
            {"Id": 1, "CustomerNo": None, "ParentProjectId": 2},
            {"Id": 2, "CustomerNo": None, "ParentProjectId": 1},
        )

        assert payloads.projects_of("10001", rows) == []

    def test_below_an_archived_one_still_take_time(self):
        rows = self.projects(
            {"Id": 1, "ProjectStatus": "Archived"},
            {"Id": 2, "Code": "P1.1", "CustomerNo": None, "ParentProjectId": 1},
        )

        assert [one.code for one in payloads.projects_of("10001", rows)] == ["P1.1"]

    def test_of_another_customer_below_are_that_customers(self):
        rows = self.projects(
            {"Id": 1},
            {"Id": 2, "Code": "P1.1", "CustomerNo": 10002, "ParentProjectId": 1},
        )

        assert [one.code for one in payloads.projects_of("10001", rows)] == ["P1"]
        assert [one.code for one in payloads.projects_of("10002", rows)] == ["P1.1"]

    def test_without_the_field_do_not_deny_time(self):
        assert payloads.projects_of("10001", self.projects({}))[0].denies_time is False


class TestSettings:
    @pytest.mark.parametrize(
        ("answer", "locked"),
        [
            ({"LockDate": "2026-06-30"}, date(2026, 6, 30)),
            ({"lockDate": "2026-06-30T00:00:00"}, date(2026, 6, 30)),
            ({"LockDate": "0001-01-01"}, None),
            ({"LockDate": None}, None),
        ],
    )
    def test_the_lock_date(self, answer, locked):
        assert payloads.lock_date(answer) == locked

    def test_an_inactive_vat_code_is_none(self):
        rows = [low({"Id": 1, "Code": "0", "IsActive": False}), low({"Id": 2, "Code": "3"})]

        assert payloads.vat_code_0(rows) is None


class TestWhatTheVendorSays:
    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b'{"Detail": "In use", "Title": "Conflict"}', "In use"),
            (b'{"detail": "In use", "title": "Conflict"}', "In use"),
            (b'{"statusCode": "429", "message": "Rate limit"}', "Rate limit"),
            (b'{"error": "invalid_client", "error_description": "Not found"}', "Not found"),
            (b"<html>\n 502 </html>", "<html> 502 </html>"),
            (b"", ""),
            (b"[1]", "[1]"),
        ],
    )
    def test_is_read_in_any_shape(self, body, words):
        assert errors.said(Answer(400, {}, body)) == words

    @pytest.mark.parametrize("content", [None, [], "text", 1])
    def test_an_object_must_be_one(self, content):
        with pytest.raises(BadAnswer):
            strict.an_object(content, where="here")
