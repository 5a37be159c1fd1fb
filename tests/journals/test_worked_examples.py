"""
Real months in numbers that an accountant can check with a pencil.

The run of March 2026 holds corrections for January and February. Cost centre is segment 1 of
the ledger, cost unit segment 2. Accounts 1000-2999 are the balance sheet.
"""

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connectors import base
from journals.rules.planning import DimensionRule, PostingSettings, Unbalanced, plan
from journals.rules.preflight import preflight
from sources.readers.lines import JournalLine
from sources.readers.reading import read
from sources.readers.settings import SourceSettings

# account, cost centre, cost unit, amount (debit positive), text
MARCH = [
    ("7010", "0100", "K10", "82000.00", "Månadslön"),
    ("7010", "0200", "K20", "41500.00", "Månadslön"),
    ("7210", "0300", "", "56000.00", "Månadslön tjänstemän"),
    ("7510", "0100", "K10", "25764.40", "Arbetsgivaravgift"),
    ("7510", "0200", "K20", "13039.30", "Arbetsgivaravgift"),
    ("7510", "0300", "", "17595.20", "Arbetsgivaravgift"),
    ("7090", "0100", "K10", "9840.00", "Semesterlöneskuld"),
    ("7090", "0200", "K20", "4980.00", "Semesterlöneskuld"),
    ("7090", "0300", "", "6720.00", "Semesterlöneskuld"),
    ("2710", "", "", "-53850.00", "Preliminär skatt"),
    ("2731", "", "", "-56398.90", "Arbetsgivaravgift"),
    ("2821", "", "", "-125650.00", "Nettolön"),
    ("2920", "", "", "-21540.00", "Semesterlöneskuld"),
]
# January: the work of one person moves from cost centre 0200 to 0100. No money moves.
JANUARY = [
    ("7010", "0200", "K20", "-3200.00", "Byte av kostnadsställe"),
    ("7510", "0200", "K20", "-1005.44", "Byte av kostnadsställe"),
    ("7010", "0100", "K10", "3200.00", "Byte av kostnadsställe"),
    ("7510", "0100", "K10", "1005.44", "Byte av kostnadsställe"),
]
# February: overtime that was missed, with its tax, contributions and holiday pay.
FEBRUARY = [
    ("7010", "0100", "K20", "1450.50", "Övertid"),
    ("7510", "0100", "K20", "455.75", "Arbetsgivaravgift övertid"),
    ("7090", "0100", "K20", "174.06", "Semesterlöneskuld övertid"),
    ("2710", "", "", "-435.00", "Preliminär skatt"),
    ("2731", "", "", "-455.75", "Arbetsgivaravgift"),
    ("2821", "", "", "-1015.50", "Nettolön"),
    ("2920", "", "", "-174.06", "Semesterlöneskuld"),
]
VOUCHERS = [
    ("20260325", "Lönekörning 3, mars 2026", MARCH),
    ("20260131", "Lönekörning 3, korrigering januari 2026", JANUARY),
    ("20260228", "Lönekörning 3, korrigering februari 2026", FEBRUARY),
]
KEYS = {"2026-01": "JAN0001", "2026-02": "FEB0001", "2026-03": "MAR0001"}
SETTINGS = PostingSettings(
    cost_centre=DimensionRule(1, "Kostnadsställe", 4),
    cost_unit=DimensionRule(2, "Kostnadsbärare", 3),
    balance_sheet_format="[1-2][0-9][0-9][0-9]",
    profit_and_loss_format="[3-8][0-9][0-9][0-9]",
)


def sie_file():
    lines = ["#FLAGGA 0", "#FORMAT PC8", "#SIETYP 4", "#ORGNR 555555-5555"]
    for day, text, rows in VOUCHERS:
        lines += [f'#VER "" "" {day} "{text}"', "{"]
        for account, centre, unit, amount, row_text in rows:
            objects = (f'1 "{centre}" ' if centre else "") + (f'2 "{unit}"' if unit else "")
            lines.append(f'   #TRANS {account} {{{objects}}} {amount} "" "{row_text}"')
        lines.append("}")
    return io.BytesIO("\r\n".join(lines).encode("cp437"))


def run_of_march():
    reading = read(sie_file(), settings=SourceSettings(format="sie"))
    assert reading.ok
    return reading.lines


def periods(*, closed=()):
    return tuple(
        base.Period(f"2026{month:02d}", date(2026, month, 1), month not in closed)
        for month in range(1, 13)
    )


def planned(lines, *, closed=(), **settings):
    return plan(
        lines,
        reference="Run 3",
        keys=KEYS,
        currency="SEK",
        settings=replace(SETTINGS, **settings),
        periods=periods(closed=closed),
    )


def summary(batches):
    return [(b.posting_period, b.posted_on.isoformat(), len(b.lines), b.total) for b in batches]


class TestARunInMarchWithCorrectionsForJanuaryAndFebruary:
    def test_is_posted_in_the_three_months_that_it_concerns(self):
        batches = planned(run_of_march())

        assert summary(batches) == [
            ("202601", "2026-01-31", 4, Decimal("4205.44")),
            ("202602", "2026-02-28", 7, Decimal("2080.31")),
            ("202603", "2026-03-25", 13, Decimal("257438.90")),
        ]

    def test_carries_one_reference_on_every_line_and_a_text_of_its_own_per_batch(self):
        batches = planned(run_of_march())

        assert {line.reference for batch in batches for line in batch.lines} == {"Run 3"}
        assert [batch.description for batch in batches] == [
            "Run 3 2026-01 JAN0001",
            "Run 3 2026-02 FEB0001",
            "Run 3 2026-03 MAR0001",
        ]

    def test_balances_in_every_month(self):
        for batch in planned(run_of_march()):
            debit = sum(line.debit for line in batch.lines)
            credit = sum(line.credit for line in batch.lines)

            assert debit == credit == batch.total

    def test_moves_january_between_cost_centres_and_touches_no_cash(self):
        january = planned(run_of_march())[0]

        lines = [
            (line.account, line.debit - line.credit, [s.value for s in line.segments])
            for line in january.lines
        ]

        assert lines == [
            ("7010", Decimal("-3200.00"), ["0200", "K20"]),
            ("7510", Decimal("-1005.44"), ["0200", "K20"]),
            ("7010", Decimal("3200.00"), ["0100", "K10"]),
            ("7510", Decimal("1005.44"), ["0100", "K10"]),
        ]


class TestBalanceSheetAccounts:
    def test_carry_no_dimensions_and_are_added_up_after_losing_them(self):
        day = date(2026, 3, 25)
        lines = [
            JournalLine(1, "2026-03", day, "7010", "0100", "", Decimal("600.00"), "Lön"),
            JournalLine(2, "2026-03", day, "7010", "0200", "", Decimal("400.00"), "Lön"),
            JournalLine(3, "2026-03", day, "2821", "0100", "", Decimal("-600.00"), "Nettolön"),
            JournalLine(4, "2026-03", day, "2821", "0200", "", Decimal("-400.00"), "Nettolön"),
        ]

        (batch,) = planned(lines)

        assert [(ln.account, ln.debit, ln.credit, len(ln.segments)) for ln in batch.lines] == [
            ("7010", Decimal("600.00"), Decimal("0.00"), 1),
            ("7010", Decimal("400.00"), Decimal("0.00"), 1),
            ("2821", Decimal("0.00"), Decimal("1000.00"), 0),
        ]

    def test_carry_none_in_the_run_of_march(self):
        for batch in planned(run_of_march()):
            for line in batch.lines:
                assert bool(line.segments) is line.account.startswith("7")


class TestACorrectionThatDoesNotBalanceByItself:
    """February's overtime of 1 000.00 is a cost of February, but is paid out in March."""

    LINES = (
        JournalLine(
            1, "2026-02", date(2026, 2, 28), "7010", "0100", "", Decimal("1000.00"), "Övertid"
        ),
        JournalLine(
            2, "2026-03", date(2026, 3, 25), "7010", "0100", "", Decimal("30000.00"), "Lön"
        ),
        JournalLine(
            3, "2026-03", date(2026, 3, 25), "2821", "", "", Decimal("-31000.00"), "Nettolön"
        ),
    )

    def test_stops_the_whole_journal_and_names_both_months(self):
        with pytest.raises(Unbalanced) as caught:
            planned(self.LINES)

        assert caught.value.differences == {
            "2026-02": Decimal("1000.00"),
            "2026-03": Decimal("-1000.00"),
        }

    def test_is_carried_over_by_the_balancing_account_if_the_mapping_names_one(self):
        february, march = planned(self.LINES, balancing_account="2890")

        assert [(ln.account, ln.debit - ln.credit) for ln in february.lines] == [
            ("7010", Decimal("1000.00")),
            ("2890", Decimal("-1000.00")),
        ]
        assert [(ln.account, ln.debit - ln.credit) for ln in march.lines] == [
            ("7010", Decimal("30000.00")),
            ("2821", Decimal("-31000.00")),
            ("2890", Decimal("1000.00")),
        ]
        assert march.from_periods == ("2026-02", "2026-03")
        assert [note.code for note in (*february.notes, *march.notes)] == ["balanced", "balanced"]


class TestJanuaryIsClosed:
    FACTS = base.LedgerFacts(
        administration=base.Administration("1", "Åkeriet", currency="SEK"),
        accounts=tuple(
            base.Account(number, "")
            for number in ("2710", "2731", "2821", "2920", "7010", "7090", "7210", "7510")
        ),
        periods=periods(closed=(1,)),
        dimensions=(
            base.Dimension(1, "Kostnadsställe", 4, validated=False),
            base.Dimension(2, "Kostnadsbärare", 3, validated=False),
        ),
    )

    def checked(self, rule):
        settings = replace(SETTINGS, closed_period_rule=rule)
        batches = planned(run_of_march(), closed=(1,), closed_period_rule=rule)
        return batches, preflight(batches, facts=self.FACTS, settings=settings)

    def test_refuse_stops_january_and_says_so_before_anything_is_sent(self):
        batches, problems = self.checked("refuse")

        assert [(p.code, p.period, p.stops) for p in problems] == [
            ("period_closed", "2026-01", True)
        ]
        assert [b.posting_period for b in batches] == ["", "202602", "202603"]

    def test_hold_keeps_january_waiting_and_lets_the_others_go(self):
        batches, problems = self.checked("hold")

        assert [(p.code, p.period, p.stops) for p in problems] == [
            ("period_held", "2026-01", False)
        ]
        assert [b.held for b in batches] == [True, False, False]

    def test_next_open_posts_january_on_1_february_with_its_true_period_in_the_text(self):
        batches, problems = self.checked("next_open")

        january = batches[0]

        assert problems == []
        assert summary(batches)[0] == ("202602", "2026-02-01", 4, Decimal("4205.44"))
        assert january.period == "2026-01"
        assert january.description == "Run 3 2026-01 JAN0001"
        assert all(line.text.endswith("(2026-01)") for line in january.lines)
        assert [note.code for note in january.notes] == ["moved"]
