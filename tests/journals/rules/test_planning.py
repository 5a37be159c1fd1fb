from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from connectors import base
from journals.rules.keys import batch_description, batch_key, marked_key, own_key_in
from journals.rules.planning import (
    DimensionRule,
    PostingSettings,
    Unbalanced,
    balance_with,
    plan,
    posting_date,
    posting_lines,
    split_into_period_batches,
)
from journals.rules.posting_periods import choose_posting_period, find_period
from journals.rules.preflight import nearest, preflight
from journals.rules.preflight_problems import PREFLIGHT_PROBLEMS
from journals.rules.proving import (
    match_lost_batch,
    verify_read_back,
)
from mappings.rules.account_patterns import (
    BadPattern,
    carries_dimensions,
    compile_pattern,
    fits_both,
    matches,
)
from sources.readers.lines import JournalLine

KEYS = {f"2026-{month:02d}": f"KEY{month:04d}" for month in range(1, 13)}
SETTINGS = PostingSettings(
    cost_centre=DimensionRule(1, "Kostnadsställe", 4),
    cost_unit=DimensionRule(2, "Kostnadsbärare", 3),
    balance_sheet_format="[1-2][0-9][0-9][0-9]",
    branch="1",
    ledger="1",
    closed_period_rule="refuse",
)


def line(account, amount, *, period="2026-03", on=None, centre="", unit="", text="Lön", number=1):
    posted_on = on or date(int(period[:4]), int(period[5:]), 25)
    return JournalLine(number, period, posted_on, account, centre, unit, Decimal(amount), text)


MARCH = (line("7010", "100.00", centre="0100", unit="K10"), line("2821", "-100.00"))


def periods(*closed, year=2026, months=12):
    return tuple(
        base.Period(f"{year}{month:02d}", date(year, month, 1), month not in closed)
        for month in range(1, months + 1)
    )


def facts(**changes):
    given_facts = base.LedgerFacts(
        administration=base.Administration("1", "Åkeriet", currency="SEK"),
        accounts=(
            base.Account("2821", "Löneskulder"),
            base.Account("7010", "Löner"),
            base.Account("7210", "Löner tjänstemän"),
        ),
        periods=periods(),
        dimensions=(
            base.Dimension(1, "Kostnadsställe", 4, (base.DimensionValue("0100", "Södra"),)),
            base.Dimension(2, "Kostnadsbärare", 3, (base.DimensionValue("K10", "Fjärr"),)),
        ),
        branches=(base.Branch("1", "Main"),),
        ledgers=(base.Ledger("1", "Actual", currency="SEK"),),
        currencies=("SEK", "EUR"),
        number_series=(base.NumberSeries("GL", "Journals", manual=True),),
    )
    return replace(given_facts, **changes)


def planned(lines=MARCH, *, settings=SETTINGS, given_periods=None, currency="SEK"):
    return plan(
        lines,
        reference="Run 3",
        keys=KEYS,
        currency=currency,
        settings=settings,
        periods=periods() if given_periods is None else given_periods,
    )


def found(lines=MARCH, *, settings=SETTINGS, given_facts=None, currency="SEK"):
    given_facts = given_facts or facts()
    batches = planned(
        lines, settings=settings, given_periods=given_facts.periods, currency=currency
    )
    return preflight(batches, facts=given_facts, settings=settings)


class TestSplitIntoPeriodBatches:
    def test_gives_one_batch_per_period_oldest_first(self):
        january = [line("7010", "5.00", period="2026-01"), line("2821", "-5.00", period="2026-01")]

        batches = split_into_period_batches([*MARCH, *january])

        assert [(b.period, b.total, b.balance) for b in batches] == [
            ("2026-01", Decimal("5.00"), 0),
            ("2026-03", Decimal("100.00"), 0),
        ]

    def test_refuses_periods_that_do_not_balance_and_names_them_all(self):
        lines = [*MARCH, line("7010", "0.50"), line("7010", "2.00", period="2026-01")]

        with pytest.raises(Unbalanced) as caught:
            split_into_period_batches(lines)

        assert caught.value.differences == {"2026-01": Decimal("2.00"), "2026-03": Decimal("0.50")}


class TestBalanceWith:
    def test_books_the_difference_in_the_corrections_period_and_back_in_the_runs(self):
        lines = [*MARCH, line("7010", "30.00", period="2026-01"), line("2821", "-30.00")]

        balanced = balance_with(lines, account="1799")

        added = [(ln.period, ln.account, ln.amount) for ln in balanced if ln.line_number == 0]
        assert added == [
            ("2026-01", "1799", Decimal("-30.00")),
            ("2026-03", "1799", Decimal("30.00")),
        ]
        assert [b.balance for b in split_into_period_batches(balanced)] == [0, 0]

    def test_does_not_hide_a_file_that_does_not_balance_as_a_whole(self):
        lines = [*MARCH, line("7010", "0.50")]

        with pytest.raises(Unbalanced):
            split_into_period_batches(balance_with(lines, account="1799"))

    def test_adds_nothing_where_all_balances(self):
        assert balance_with(MARCH, account="1799") == MARCH
        assert balance_with((), account="1799") == ()


class TestBatchDescription:
    def test_holds_reference_period_and_key(self):
        assert batch_description("Run 3", "2026-03", "7F3K2AB") == "Run 3 2026-03 7F3K2AB"

    @given(st.text(max_size=200))
    def test_fits_in_60_characters_and_never_cuts_the_key(self, reference):
        description = batch_description(reference, "2026-03", "7F3K2AB")

        assert len(description) <= 60
        assert description.endswith("2026-03 7F3K2AB")


class TestBatchKey:
    @given(st.binary(min_size=5, max_size=8))
    def test_has_seven_characters_that_are_not_mixed_up(self, random):
        key = batch_key(random)

        assert len(key) == 7
        assert not set(key) & set("ILOU")

    def test_differs_for_other_bytes_and_needs_enough_of_them(self):
        assert batch_key(b"abcde") != batch_key(b"abcdf")
        with pytest.raises(ValueError, match="five"):
            batch_key(b"abcd")


class TestMarkedKey:
    def test_is_recognised_by_its_own_installation_only(self):
        key = marked_key("7F3K2AB", installation="one")

        assert len(key) == 10
        assert own_key_in(f"Run 3 2026-03 {key}", installation="one") == key
        assert own_key_in(f"Run 3 2026-03 {key}", installation="other") == ""

    @pytest.mark.parametrize("text", ["", "Run 3", "Run 3 2026-03 7F3K2AB", "A" * 60])
    def test_is_not_seen_where_there_is_none(self, text):
        assert own_key_in(text, installation="one") == ""


class TestPostingDate:
    def test_is_the_latest_date_within_the_period(self):
        lines = [line("1", "1", on=date(2026, 3, 5)), line("1", "1", on=date(2026, 4, 2))]

        assert posting_date("2026-03", lines) == date(2026, 3, 5)

    def test_is_the_last_day_where_no_line_is_dated_within(self):
        assert posting_date("2026-02", [line("1", "1", on=date(2026, 3, 25))]) == date(2026, 2, 28)


class TestAccountPatterns:
    @pytest.mark.parametrize(
        ("pattern", "account", "fits"),
        [
            ("[0-3][0-9][0-9][0-9]", "2821", True),
            ("[0-3][0-9][0-9][0-9]", "28210", False),
            ("[0-3][0-9][0-9][0-9]", "7010", False),
            ("7*", "7010", True),
            ("70.0", "7010", True),
            ("70?0", "7990", False),
            ("[47]...", "4010", True),
            ("", "7010", False),
        ],
    )
    def test_match_whole_accounts(self, pattern, account, fits):
        assert matches(pattern, account) is fits

    @pytest.mark.parametrize(
        ("pattern", "position"),
        [
            ("7(0|1)", 2),
            ("[0-9", 1),
            ("[]", 2),
            ("[9-0]", 4),
            ("*7", 1),
            ("7+", 2),
            ("[^0]", 2),
            ("\\d", 1),
            ("[0-z]", 4),
            ("70 10", 3),
            ("", 1),
        ],
    )
    def test_refuse_what_is_not_of_the_notation_and_name_the_place(self, pattern, position):
        with pytest.raises(BadPattern) as caught:
            compile_pattern(pattern)

        assert caught.value.position == position

    @pytest.mark.parametrize(
        ("balance", "profit", "account", "carries"),
        [
            ("", "", "2821", True),
            ("[1-2]*", "", "2821", False),
            ("[1-2]*", "", "7010", True),
            ("", "[4-8]*", "7010", True),
            ("", "[4-8]*", "2821", False),
            ("[1-2]*", "[4-7]*", "8010", False),
            ("[1-9]*", "[4-7]*", "7010", False),
        ],
    )
    def test_decide_which_accounts_carry_dimensions(self, balance, profit, account, carries):
        formats = {"balance_sheet_format": balance, "profit_and_loss_format": profit}

        assert carries_dimensions(account, **formats) is carries

    def test_know_accounts_that_fit_both(self):
        formats = {"balance_sheet_format": "[1-7]*", "profit_and_loss_format": "7*"}

        assert fits_both("7010", **formats)
        assert not fits_both("2821", **formats)


class TestPostingLines:
    def test_takes_dimensions_from_balance_sheet_accounts_and_adds_up_what_became_equal(self):
        lines = [
            line("2821", "-60.00", centre="0100"),
            line("2821", "-40.00", centre="0200"),
            line("2821", "10.00", centre="0200"),
        ]

        posted, unmapped = posting_lines(lines, reference="R", settings=SETTINGS)

        assert [(p.debit, p.credit, p.segments) for p in posted] == [
            (Decimal("0.00"), Decimal("100.00"), ()),
            (Decimal("10.00"), Decimal("0.00"), ()),
        ]
        assert unmapped == ()

    @pytest.mark.parametrize(
        ("rule", "code", "value"),
        [
            (DimensionRule(1, length=4), "100", "100"),
            (DimensionRule(1, length=4, rule="padded"), "100", "0100"),
            (DimensionRule(1, rule="table", table={"100": "D7"}), "100", "D7"),
        ],
    )
    def test_translates_codes_by_the_mappings_rule(self, rule, code, value):
        settings = PostingSettings(cost_centre=rule)

        posted, _ = posting_lines(
            [line("7010", "5.00", centre=code, unit="K1")], reference="R", settings=settings
        )

        assert posted[0].segments == (base.SegmentValue(1, value),)
        assert posted[0].reference == "R"

    def test_lists_codes_that_the_table_does_not_know(self):
        settings = PostingSettings(cost_centre=DimensionRule(1, rule="table", table={}))

        _, unmapped = posting_lines(
            [line("7010", "5.00", centre="9"), line("7210", "5.00", centre="9")],
            reference="R",
            settings=settings,
        )

        assert [(u.period, u.dimension, u.code, u.lines) for u in unmapped] == [
            ("2026-03", "cost_centre", "9", 2)
        ]

    amounts = st.integers(min_value=-10_000, max_value=10_000).filter(bool)

    @given(
        st.lists(
            st.tuples(st.sampled_from(["7010", "2821"]), amounts, st.sampled_from(["", "1", "2"])),
            min_size=1,
        )
    )
    def test_never_changes_what_stands_on_an_account(self, rows):
        lines = [line(a, Decimal(m).scaleb(-2), centre=c) for a, m, c in rows]

        posted, _ = posting_lines(lines, reference="R", settings=SETTINGS)

        for account in ("7010", "2821"):
            before = sum(ln.amount for ln in lines if ln.account == account)
            after = sum(p.debit - p.credit for p in posted if p.account == account)
            assert before == after
        assert all((p.debit > 0) != (p.credit > 0) for p in posted)


class TestFindPeriod:
    def test_goes_by_the_latest_start_not_after_the_day(self):
        broken_year = (
            base.Period("202601", date(2026, 5, 1), True),
            base.Period("202602", date(2026, 6, 1), True),
        )

        assert find_period(date(2026, 5, 31), broken_year).id == "202601"
        assert find_period(date(2026, 4, 30), broken_year) is None

    def test_knows_no_period_beyond_the_last_year(self):
        assert find_period(date(2026, 12, 31), periods()).id == "202612"
        assert find_period(date(2027, 1, 25), periods()) is None
        assert find_period(date(2027, 1, 1), periods()) is None

    def test_does_not_stretch_an_adjustment_period_into_the_next_year(self):
        with_adjustment = (*periods(), base.Period("202613", date(2026, 12, 31), True))

        assert find_period(date(2027, 1, 25), with_adjustment) is None


class TestChoosePostingPeriod:
    def choose(self, rule, *closed, on=date(2026, 1, 31)):
        chosen = choose_posting_period(on, periods=periods(*closed), rule=rule)
        return chosen.outcome, chosen.period and chosen.period.id, chosen.posted_on

    @pytest.mark.parametrize("rule", ["refuse", "hold", "next_open"])
    def test_posts_in_an_open_period_whatever_the_rule(self, rule):
        assert self.choose(rule) == ("post", "202601", date(2026, 1, 31))

    def test_follows_the_rule_in_a_closed_one(self):
        assert self.choose("refuse", 1) == ("refused", "202601", date(2026, 1, 31))
        assert self.choose("hold", 1) == ("held", "202601", date(2026, 1, 31))
        assert self.choose("next_open", 1, 2) == ("moved", "202603", date(2026, 3, 1))

    def test_refuses_where_no_later_period_is_open(self):
        assert self.choose("next_open", *range(1, 13))[0] == "refused"

    def test_never_moves_back(self):
        assert self.choose("next_open", 12, on=date(2026, 12, 5))[0] == "refused"

    def test_needs_a_rule(self):
        with pytest.raises(ValueError, match="rule"):
            self.choose("")


class TestPlan:
    def test_says_where_and_when_it_is_posted_and_how_much(self):
        (batch,) = planned()

        assert (batch.posting_period, batch.posted_on) == ("202603", date(2026, 3, 25))
        assert (batch.currency, batch.total) == ("SEK", Decimal("100.00"))


class TestPreflight:
    def test_finds_nothing_where_all_is_there(self):
        assert found() == []

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"accounts": (base.Account("2821", ""),)}, "account_missing"),
            (
                {"accounts": (base.Account("2821", ""), base.Account("7010", "", active=False))},
                "account_inactive",
            ),
            (
                {
                    "accounts": (
                        base.Account("2821", "", takes_manual_entries=False),
                        base.Account("7010", ""),
                    )
                },
                "account_not_manual",
            ),
            (
                {"accounts": (base.Account("2821", "", currency="EUR"), base.Account("7010", ""))},
                "account_currency",
            ),
            ({"periods": periods(3)}, "period_closed"),
            ({"periods": periods(months=2)}, "period_missing"),
            ({"dimensions": facts().dimensions[:1]}, "dimension_missing"),
            (
                {
                    "dimensions": (
                        replace(facts().dimensions[0], description="X"),
                        facts().dimensions[1],
                    )
                },
                "dimension_renamed",
            ),
            (
                {"dimensions": (replace(facts().dimensions[0], values=()), facts().dimensions[1])},
                "value_missing",
            ),
            (
                {
                    "dimensions": (
                        replace(
                            facts().dimensions[0],
                            values=(base.DimensionValue("0100", "S", active=False),),
                        ),
                        facts().dimensions[1],
                    )
                },
                "value_inactive",
            ),
            (
                {
                    "dimensions": (
                        replace(facts().dimensions[0], values=(), length=3),
                        facts().dimensions[1],
                    )
                },
                "value_too_long",
            ),
            ({"branches": (base.Branch("2", "Other"),)}, "branch_missing"),
            ({"branches": (base.Branch("1", "Main", active=False),)}, "branch_inactive"),
            ({"ledgers": (base.Ledger("2", "Other"),)}, "ledger_missing"),
            ({"ledgers": (base.Ledger("1", "Budget", actual=False),)}, "ledger_not_actual"),
            ({"currencies": ("EUR",)}, "currency_missing"),
            (
                {"administration": base.Administration("1", "A", currency="NOK"), "ledgers": ()},
                "currency_differs",
            ),
        ],
    )
    def test_finds_what_would_stop_the_batch(self, change, code):
        (problem,) = found(given_facts=facts(**change))

        assert problem.code == code
        assert problem.stops
        assert problem.text
        assert problem.remedy

    def test_accepts_values_not_listed_where_the_dimension_is_not_validated(self):
        first, second = facts().dimensions
        open_dimension = replace(first, values=(), validated=False)

        assert found(given_facts=facts(dimensions=(open_dimension, second))) == []

    def test_compares_descriptions_without_case_and_outer_blanks(self):
        first, second = facts().dimensions
        renamed = replace(first, description=" KOSTNADSSTÄLLE ")

        assert found(given_facts=facts(dimensions=(renamed, second))) == []

    def test_checks_own_numbers(self):
        wanted = replace(SETTINGS, own_number_series="GL")
        automatic = (base.NumberSeries("GL", "Journals", manual=False),)

        assert found(settings=wanted) == []
        (missing,) = found(settings=wanted, given_facts=facts(number_series=()))
        (not_manual,) = found(settings=wanted, given_facts=facts(number_series=automatic))
        assert missing.code == "number_series_missing"
        assert not_manual.code == "number_series_not_manual"

    def test_counts_lines_and_suggests_what_is_near(self):
        lines = [line("7011", "50.00"), line("7011", "50.00", text="Mer"), line("2821", "-100.00")]

        (problem,) = found(lines)

        assert problem.lines == 2
        assert problem.suggestions[0].value == "7010"
        assert problem.who == "payroll"

    def test_lists_codes_without_a_value_in_the_mapping(self):
        settings = replace(SETTINGS, cost_centre=DimensionRule(1, "Kostnadsställe", 4, "table", {}))

        (problem,) = found(settings=settings)

        assert (problem.code, problem.who) == ("value_not_mapped", "administrator")
        assert problem.suggestions[0].value == "0100"

    def test_refuses_formats_that_contradict_each_other_or_cannot_be_read(self):
        both = replace(SETTINGS, profit_and_loss_format="[1-7]*")
        bad = replace(SETTINGS, profit_and_loss_format="7(")

        (problem,) = found(settings=both)

        assert (problem.code, problem.params["account"]) == ("account_fits_both_formats", "2821")
        batches = planned()
        assert preflight(batches, facts=facts(), settings=bad)[0].params["position"] == "2"

    def test_lists_all_problems_of_all_batches_at_once(self):
        lines = [
            *MARCH,
            line("9", "1.00", period="2026-01"),
            line("8", "-1.00", period="2026-01"),
        ]

        problems = found(lines, given_facts=facts(periods=periods(1, 3)))

        assert [(p.period, p.code) for p in problems] == [
            ("2026-01", "period_closed"),
            ("2026-01", "account_missing"),
            ("2026-01", "account_missing"),
            ("2026-03", "period_closed"),
        ]

    def test_only_delays_a_batch_that_is_held(self):
        settings = replace(SETTINGS, closed_period_rule="hold")

        (problem,) = found(settings=settings, given_facts=facts(periods=periods(3)))

        assert (problem.code, problem.stops) == ("period_held", False)

    def test_notices_a_period_that_was_closed_since_the_plan_was_made(self):
        settings = replace(SETTINGS, closed_period_rule="next_open")
        batches = planned(settings=settings)

        problems = preflight(batches, facts=facts(periods=periods(3)), settings=settings)

        assert [p.code for p in problems] == ["period_closed"]

    def test_has_words_for_every_code(self):
        for code, kind in PREFLIGHT_PROBLEMS.items():
            assert kind.code == code
            assert kind.summary.endswith(".")
            assert kind.remedy.endswith(".")


class TestNearest:
    def test_finds_by_leading_zeros_then_number_then_name(self):
        choices = [("0100", "Södra"), ("1000", "Norra"), ("0200", "Lager Väst")]

        assert nearest("100", choices)[0].value == "0100"
        assert nearest("Lager väst", choices)[0].value == "0200"
        assert nearest("zzz", choices) == ()


def sent():
    """Return the batch of the plan as a connector posts it."""
    (batch,) = planned()
    return base.BatchToPost(
        description=batch.description,
        posted_on=batch.posted_on,
        period=batch.posting_period,
        currency=batch.currency,
        lines=batch.lines,
    )


def ledger_batch(batch, **changes):
    lines = tuple(
        base.LedgerLine(n, p.account, p.debit, p.credit, p.text, p.reference, p.segments)
        for n, p in enumerate(batch.lines, 1)
    )
    held = base.LedgerBatch(
        "GL1",
        batch.description,
        batch.period,
        base.BatchStatus.HOLD,
        batch.total,
        batch.total,
        lines,
    )
    return replace(held, **changes)


class TestVerifyReadBack:
    def differences(self, **changes):
        batch = sent()
        return [d.code for d in verify_read_back(batch, ledger_batch(batch, **changes))]

    def test_finds_nothing_when_it_is_what_was_sent_in_any_order(self):
        batch = sent()
        lines = ledger_batch(batch).lines[::-1]

        assert self.differences(lines=lines) == []

    def test_finds_another_total_period_status_and_number_of_lines(self):
        batch = sent()

        assert self.differences(debit_total=Decimal("1.00")) == ["total"]
        assert self.differences(credit_total=Decimal("1.00")) == ["total"]
        assert self.differences(period="202604") == ["period"]
        assert self.differences(status=base.BatchStatus.VOIDED) == ["voided"]
        assert self.differences(lines=ledger_batch(batch).lines[:1]) == [
            "line_count",
            "line_missing",
        ]

    def test_finds_what_a_person_changed_in_a_line(self):
        batch = sent()
        first, second = ledger_batch(batch).lines
        changed = structs.replace(first, segments=(base.SegmentValue(1, "0200"),))
        other = structs.replace(second, account="2920")

        (difference,) = verify_read_back(batch, ledger_batch(batch, lines=(changed, second)))

        assert (difference.code, difference.line) == ("line_changed", 1)
        assert "0100" in difference.text
        assert self.differences(lines=(first, other)) == ["line_missing", "line_added"]

    def test_lets_the_target_fill_in_segments_that_were_not_sent(self):
        batch = sent()
        first, second = ledger_batch(batch).lines
        filled = structs.replace(second, segments=(base.SegmentValue(1, "0000"),))

        assert self.differences(lines=(first, filled)) == []

    def test_counts_equal_lines(self):
        batch = sent()
        first, second = ledger_batch(batch).lines

        assert self.differences(lines=(first, second, second)) == ["line_count", "line_added"]


class TestMatchLostBatch:
    def test_finds_ours_by_description_total_period_and_references(self):
        batch = sent()
        ours = ledger_batch(batch)
        others = [replace(ours, description="Run 3"), replace(ours, description="x")]

        match = match_lost_batch(batch, [*others, ours])

        assert (match.outcome, match.batch) == ("one", ours)

    def test_finds_none_where_no_description_is_ours(self):
        batch = sent()

        assert match_lost_batch(batch, [ledger_batch(batch, description="x")]).outcome == "none"

    @pytest.mark.parametrize(
        "change",
        [
            {"debit_total": Decimal("1.00")},
            {"period": "202604"},
            {"lines": ()},
            {"status": base.BatchStatus.VOIDED},
        ],
    )
    def test_asks_a_person_where_only_the_description_is_ours(self, change):
        batch = sent()

        match = match_lost_batch(batch, [ledger_batch(batch, **change)])

        assert (match.outcome, match.batch) == ("several", None)

    def test_asks_a_person_where_there_are_two(self):
        batch = sent()
        ours = ledger_batch(batch)

        assert match_lost_batch(batch, [ours, replace(ours, number="GL2")]).outcome == "several"
