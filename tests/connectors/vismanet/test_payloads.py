"""Our shapes to Visma.net's and back; what is missing or odd is named and never guessed."""

import gc
from datetime import date
from decimal import Decimal

import pytest

from connectors.base import BatchStatus, LedgerLine, Period, PostingLine, SegmentValue
from connectors.errors import BadAnswer
from connectors.http.exact_json import from_json, to_json
from connectors.vismanet import payloads
from connectors.vismanet.errors import NotSendable
from tests.connectors.vismanet.shapes import batch, credit, debit, journal_answer, line_answer

D = Decimal


def body(**changes):
    """Return the body that is sent for a batch, read again."""
    return from_json(to_json(payloads.journal(batch(**changes))))


def read(*answers):
    """Return the batch that is read from answers of the ledger."""
    return payloads.ledger_batch([to_json(answer) for answer in answers])


def test_a_line_is_nothing_that_the_collector_of_garbage_looks_at():
    """Hundreds of them a batch would call for it, and it walks through all of Django."""
    there = read(journal_answer(journalTransactionLines=[line_answer(1)]))

    assert not gc.is_tracked(batch().lines[0])
    assert not gc.is_tracked(there.lines[0])


class TestJournal:
    def test_is_the_body_that_the_reference_shows(self):
        made = body(branch="1", ledger="GL")

        assert made == {
            "description": {"value": "PAYROLL 2026-03 HUB-7F3K2"},
            "transactionDate": {"value": "2026-03-25T00:00:00"},
            "financialPeriod": {"value": "202603"},
            "currencyId": {"value": "SEK"},
            "hold": {"value": True},
            "controlTotalInCurrency": {"value": D("1000.10")},
            "branch": {"value": "1"},
            "ledger": {"value": "GL"},
            "journalTransactionLines": [
                {
                    "operation": "Insert",
                    "accountNumber": {"value": "7010"},
                    "subaccount": [
                        {"segmentId": 1, "segmentValue": "0100"},
                        {"segmentId": 2, "segmentValue": "K10"},
                    ],
                    "debitAmountInCurrency": {"value": D("1000.10")},
                    "referenceNumber": {"value": "HUB-7F3K2"},
                    "transactionDescription": {"value": "Salary"},
                },
                {
                    "operation": "Insert",
                    "accountNumber": {"value": "2821"},
                    "creditAmountInCurrency": {"value": D("1000.10")},
                    "referenceNumber": {"value": "HUB-7F3K2"},
                    "transactionDescription": {"value": "Salary"},
                },
            ],
        }

    def test_takes_the_number_that_we_chose(self):
        made = body(own_number="HUB0001")

        assert made["overrideNumberSeries"] == {"value": True}
        assert made["batchNumber"] == {"value": "HUB0001"}

    def test_leaves_the_number_to_the_ledger_otherwise(self):
        made = body()

        assert not {"overrideNumberSeries", "batchNumber", "branch", "ledger"} & set(made)

    @pytest.mark.parametrize("text", ["0.10", "0.30", "1234567890123456.78", "5"])
    def test_writes_each_amount_with_two_decimals_exactly(self, text):
        lines = (debit("7010", text), credit("2821", text))

        sent = to_json(payloads.journal(batch(lines=lines))).decode()

        expected = text if "." in text else f"{text}.00"
        assert f'"debitAmountInCurrency":{{"value":{expected}}}' in sent
        assert f'"controlTotalInCurrency":{{"value":{expected}}}' in sent

    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"description": ""}, "description"),
            ({"description": "x" * 61}, "61 characters"),
            ({"period": "2026-03"}, "YYYYPP"),
            ({"own_number": ""}, "number is empty"),
            ({"lines": (debit("7010", "1.00"),)}, "at least two"),
            ({"lines": (debit("7010", "1.00"), credit("2821", "0.99"))}, "differ"),
            ({"lines": (debit("7010", "1.001"), credit("2821", "1.001"))}, "two decimals"),
            ({"lines": (debit("7010", "-1.00"), credit("2821", "-1.00"))}, "line 1"),
            ({"lines": (debit("7010", "0.00"), credit("2821", "0.00"))}, "line 1"),
            ({"lines": (debit("", "1.00"), credit("2821", "1.00"))}, "no account"),
            ({"lines": (debit("7010", "NaN"), credit("2821", "1.00"))}, "not a number"),
        ],
    )
    def test_refuses_what_must_not_be_sent(self, changes, problem):
        with pytest.raises(NotSendable) as caught:
            payloads.journal(batch(**changes))

        assert problem in caught.value.detail

    @pytest.mark.parametrize(("debit", "credit"), [("1.00", "1.00"), ("-1.00", "1.00")])
    def test_refuses_both_sides_on_one_line(self, debit, credit):
        both = PostingLine("7010", D(debit), D(credit), "", "")

        with pytest.raises(NotSendable, match="line 1 must have either a debit or a credit"):
            payloads.journal(batch(lines=(both, both)))


class TestLedgerBatch:
    def test_reads_a_batch(self):
        found = read(journal_answer())

        assert found.number == "000001"
        assert found.period == "202603"
        assert found.status is BatchStatus.BALANCED
        assert found.debit_total == D("1000.10")
        assert found.lines == (
            LedgerLine(
                1,
                "7010",
                D("1000.10"),
                D("0.00"),
                "Salary",
                "HUB-7F3K2",
                (SegmentValue(1, "0002"),),
            ),
        )

    def test_joins_the_pieces_of_a_batch_in_line_order_without_repeats(self):
        pieces = [
            journal_answer(journalTransactionLines=[line_answer(3), line_answer(2)]),
            journal_answer(journalTransactionLines=[line_answer(2), line_answer(1)]),
        ]

        assert [line.number for line in read(*pieces).lines] == [1, 2, 3]

    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [
            ("Hold", BatchStatus.HOLD),
            ("Balanced", BatchStatus.BALANCED),
            ("Unposted", BatchStatus.RELEASED),
            ("Posted", BatchStatus.RELEASED),
            ("Completed", BatchStatus.RELEASED),
            ("Released", BatchStatus.RELEASED),
            ("PartiallyReleased", BatchStatus.RELEASED),
            ("Voided", BatchStatus.VOIDED),
            ("Scheduled", BatchStatus.OTHER),
        ],
    )
    def test_reads_each_status_of_the_contract(self, theirs, ours):
        assert read(journal_answer(status=theirs)).status is ours

    @pytest.mark.parametrize(
        ("said", "kept"),
        [
            ("0", "0.00"),
            ("1000", "1000.00"),
            ("1000.1", "1000.10"),
            ("1000.1000", "1000.10"),
            ("1000.125", "1000.125"),
            ("0.0001", "0.0001"),
            ("1000.1000000000001", "1000.1000000000001"),
        ],
    )
    def test_keeps_all_decimals_that_an_amount_has_and_at_least_two(self, said, kept):
        """A journal of ours has two; what others booked may have more."""
        batch = read(journal_answer(debitTotalInCurrency=D(said)))

        assert str(batch.debit_total) == kept

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("batchNumber", None),
            ("batchNumber", 1),
            ("status", "Exploded"),
            ("financialPeriod", "2026"),
            ("debitTotalInCurrency", "1000.10"),
            ("debitTotalInCurrency", True),
            ("debitTotalInCurrency", D("1E+30")),
            ("debitTotalInCurrency", D("1E-29")),
            ("debitTotalInCurrency", D("1." + "1" * 28)),
            ("creditTotalInCurrency", None),
            ("description", 5),
            ("errorInfo", "broken"),
            ("journalTransactionLines", None),
            ("journalTransactionLines", [1]),
        ],
    )
    def test_names_the_field_that_it_cannot_read(self, field, value):
        answer = journal_answer(**{field: value})

        with pytest.raises(BadAnswer) as caught:
            read(answer)

        assert field in caught.value.detail

    @pytest.mark.parametrize(
        "field",
        [
            "batchNumber",
            "status",
            "financialPeriod",
            "debitTotalInCurrency",
            "creditTotalInCurrency",
            "journalTransactionLines",
        ],
    )
    def test_has_no_default_for_a_missing_field(self, field):
        answer = journal_answer()
        del answer[field]

        with pytest.raises(BadAnswer, match=field):
            read(answer)

    @pytest.mark.parametrize(
        "field",
        ["lineNumber", "accountNumber", "debitAmountInCurrency", "creditAmountInCurrency"],
    )
    def test_has_no_default_for_a_missing_field_of_a_line(self, field):
        line = line_answer()
        del line[field]

        with pytest.raises(BadAnswer, match=field):
            read(journal_answer(journalTransactionLines=[line]))

    @pytest.mark.parametrize("subaccount", [None, {}, {"segments": None}, {"segments": []}])
    def test_takes_a_line_without_dimensions(self, subaccount):
        answer = journal_answer(journalTransactionLines=[line_answer(subaccount=subaccount)])

        assert read(answer).lines[0].segments == ()

    def test_keeps_a_dimension_value_as_the_text_it_is(self):
        segments = {"segments": [{"segmentId": 1, "segmentValue": " 2"}]}
        answer = journal_answer(journalTransactionLines=[line_answer(subaccount=segments)])

        assert read(answer).lines[0].segments == (SegmentValue(1, " 2"),)

    @pytest.mark.parametrize(
        ("subaccount", "words"),
        [
            ({"segments": [{"segmentValue": "K10"}]}, "segmentId"),
            ({"segments": [{"segmentId": 1, "segmentValue": 10}]}, "segmentValue"),
            ({"segments": [{"errorInfo": "no such segment"}]}, "no such segment"),
            ({"errorInfo": "no such subaccount"}, "no such subaccount"),
            ("0002-K10", "subaccount"),
        ],
    )
    def test_says_of_which_line_a_dimension_cannot_be_read(self, subaccount, words):
        lines = [line_answer(), line_answer(lineNumber=7, subaccount=subaccount)]

        for _again in range(2):
            with pytest.raises(BadAnswer, match=f"line 7.*{words}"):
                read(journal_answer(journalTransactionLines=lines))

    def test_does_not_put_a_large_value_into_the_failure(self):
        with pytest.raises(BadAnswer) as caught:
            read(journal_answer(status="x" * 500))

        assert len(caught.value.detail) < 150


class TestPeriods:
    def answer(self, **changes):
        return {
            "year": 2026,
            "period": "03-2026",
            "startDate": "2026-03-01T00:00:00",
            "description": "March",
            "active": True,
            "closedInGeneralLedger": False,
        } | changes

    @pytest.mark.parametrize("text", ["03-2026", "032026", "202603", "2026-03", "3", "03"])
    def test_finds_the_number_whatever_the_order(self, text):
        assert payloads.periods([self.answer(period=text)]) == (
            Period(id="202603", starts_on=date(2026, 3, 1), open=True, name="March"),
        )

    def test_tells_year_and_number_apart_where_they_look_alike(self):
        found = payloads.periods([self.answer(year=2012, period="122012")])

        assert found[0].id == "201212"

    @pytest.mark.parametrize(
        ("active", "closed", "is_open"),
        [(True, False, True), (True, True, False), (False, False, False)],
    )
    def test_is_open_when_active_and_not_closed(self, active, closed, is_open):
        found = payloads.periods([self.answer(active=active, closedInGeneralLedger=closed)])

        assert found[0].open is is_open

    def test_does_not_mind_that_other_ledgers_are_closed(self):
        found = payloads.periods([self.answer(closedInSupplierLedger=True)])

        assert found[0].open

    def test_puts_the_oldest_first(self):
        later = self.answer(period="04-2026", startDate="2026-04-01T00:00:00")

        found = payloads.periods([later, self.answer()])

        assert [one.id for one in found] == ["202603", "202604"]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("period", "Q1"),
            ("period", "032025"),
            ("year", "2026"),
            ("startDate", "soon"),
            ("active", "true"),
            ("closedInGeneralLedger", None),
        ],
    )
    def test_names_what_it_cannot_read(self, field, value):
        with pytest.raises(BadAnswer, match=field):
            payloads.periods([self.answer(**{field: value})])


class TestAccounts:
    def answer(self, **changes):
        return {
            "accountCD": "7010",
            "description": "Salaries",
            "active": True,
            "allowManualEntry": True,
            "useDefaultSub": False,
            "type": "Expense",
        } | changes

    def test_reads_an_account(self):
        found = payloads.accounts([self.answer(currency="SEK")])[0]

        assert (found.number, found.name, found.kind) == ("7010", "Salaries", "Expense")
        assert found.currency == "SEK"
        assert found.active
        assert found.takes_manual_entries

    @pytest.mark.parametrize(
        ("changes", "takes"),
        [
            ({"allowManualEntry": False}, False),
            ({"controlAccountModule": "AP"}, False),
            ({"controlAccountModule": ""}, True),
            ({"controlAccountModule": None}, True),
        ],
    )
    def test_refuses_journals_on_control_accounts(self, changes, takes):
        assert payloads.accounts([self.answer(**changes)])[0].takes_manual_entries is takes

    @pytest.mark.parametrize("field", ["accountCD", "active", "allowManualEntry", "type"])
    def test_has_no_default_for_a_missing_field(self, field):
        answer = self.answer()
        del answer[field]

        with pytest.raises(BadAnswer, match=field):
            payloads.accounts([answer])

    @pytest.mark.parametrize("content", ["text", {}, None, [1], [[]]])
    def test_refuses_what_is_no_list_of_objects(self, content):
        with pytest.raises(BadAnswer):
            payloads.accounts(content)


class TestTheOtherReads:
    def test_reads_dimensions_with_their_exact_values(self):
        content = {
            "id": "SUBACCOUNT",
            "segments": [
                {
                    "segmentId": 1,
                    "description": "Kostnadsställe",
                    "length": 4,
                    "validate": True,
                    "segmentValues": [{"valueId": "0002", "description": "A", "active": False}],
                }
            ],
        }

        found = payloads.dimensions(content)[0]

        assert (found.segment_id, found.description, found.length) == (1, "Kostnadsställe", 4)
        assert found.validated
        assert found.values[0].value == "0002"
        assert not found.values[0].active

    def test_reads_the_first_legal_unit(self):
        content = [
            {
                "organizationCd": "1",
                "name": "Åkeriet AB",
                "corporateId": "555555-5555",
                "baseCurrency": "SEK",
                "currency": {"id": "SEK", "decimalPrecision": 2},
            },
            {"organizationCd": "2", "name": "Other"},
        ]

        found = payloads.administration(content)

        assert (found.number, found.name, found.currency) == ("1", "Åkeriet AB", "SEK")

    def test_says_when_there_is_no_legal_unit(self):
        with pytest.raises(BadAnswer, match="empty list"):
            payloads.administration([])

    def test_reads_branches_ledgers_currencies_and_series(self):
        branch = {"number": "1", "name": "Main", "isActive": False, "ledger": {"id": "GL"}}
        ledger = {"number": "GL", "balanceType": "Budget"}
        currency = {"id": "SEK", "isUsedForAccounting": True}
        unused = {"id": "USD", "isUsedForAccounting": False}
        series = {"numberingId": "BATCH", "manualNumbering": True}

        assert payloads.branches([branch])[0].ledger == "GL"
        assert not payloads.branches([branch])[0].active
        assert not payloads.ledgers([ledger])[0].actual
        assert payloads.currencies([currency, unused]) == ("SEK",)
        assert payloads.number_series([series])[0].manual

    @pytest.mark.parametrize(
        ("features", "off"),
        [
            ([{"name": "SubAccount", "isEnabled": False}], True),
            ([{"name": "SubAccount", "isEnabled": True}], False),
            ([{"name": "Other", "isEnabled": False}], False),
            ([], False),
        ],
    )
    def test_knows_when_subaccounts_are_off(self, features, off):
        assert payloads.subaccounts_are_off({"features": features}) is off
