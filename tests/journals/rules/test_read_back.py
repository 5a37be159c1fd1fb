"""What was sent against what the ledger holds: worked examples, in numbers."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from msgspec import structs

from connectors.base import (
    BatchStatus,
    BatchToPost,
    LedgerBatch,
    LedgerLine,
    PostingLine,
    SegmentValue,
)
from journals.rules.read_back import (
    Known,
    Outcome,
    batch_as_json,
    batch_from_json,
    compare_batch,
    compare_period,
    comparison_as_json,
    pair_lines,
)

ZERO = Decimal("0.00")


def sent(account: str, amount: str, *segments: str, text: str = "Wages") -> PostingLine:
    value = Decimal(amount)
    return PostingLine(
        account=account,
        debit=max(value, ZERO),
        credit=max(-value, ZERO),
        text=text,
        reference="LON-3",
        segments=tuple(SegmentValue(i, s) for i, s in enumerate(segments, start=1)),
    )


def held(line: PostingLine, number: int = 1, **changes: object) -> LedgerLine:
    values: dict[str, object] = {
        name: getattr(line, name)
        for name in ("account", "debit", "credit", "text", "reference", "segments")
    }
    return LedgerLine(number=number, **(values | changes))


MARCH = (
    sent("7010", "82000.00", "0100", "K10"),
    sent("7010", "18000.00", "0200", "K20"),
    sent("2821", "-100000.00"),
)


def batch(lines: tuple[PostingLine, ...] = MARCH) -> BatchToPost:
    return BatchToPost(
        description="LON-3 2026-03 7F3K2AB",
        posted_on=date(2026, 3, 25),
        period="202603",
        currency="SEK",
        lines=lines,
    )


def there(lines: tuple[LedgerLine, ...] | None = None, **changes: object) -> LedgerBatch:
    if lines is None:
        lines = tuple(held(line, n) for n, line in enumerate(MARCH, start=1))
    made = LedgerBatch(
        number="000417",
        description="LON-3 2026-03 7F3K2AB",
        period="202603",
        status=BatchStatus.BALANCED,
        debit_total=sum((line.debit for line in lines), ZERO),
        credit_total=sum((line.credit for line in lines), ZERO),
        lines=lines,
    )
    return replace(made, **changes)


KNOWN = Known(id=1, number="000417", sent=batch())


class TestTheMarchRun:
    """82 000 and 18 000 of wages on 7010 against 100 000 on 2821, as batch 000417."""

    def test_is_equal_in_whatever_order_the_ledger_lists_it(self):
        found = compare_batch(KNOWN, there(tuple(reversed(there().lines))))

        assert (found.outcome, found.equal_lines, found.pairs) == (Outcome.EQUAL, 3, ())

    def test_is_equal_although_the_ledger_fills_in_dimensions_of_its_own(self):
        lines = (*there().lines[:2], held(MARCH[2], 3, segments=(SegmentValue(1, "0000"),)))

        assert compare_batch(KNOWN, there(lines)).outcome is Outcome.EQUAL

    def test_has_one_line_changed_when_somebody_corrects_an_amount(self):
        lines = (held(MARCH[0], 1, debit=Decimal("81000.00")), *there().lines[1:])

        found = compare_batch(KNOWN, there(lines))

        (pair,) = found.pairs
        assert (found.outcome, found.equal_lines) == (Outcome.CHANGED, 2)
        assert (pair.kind, pair.fields) == ("changed", ("amount",))
        assert [header.field for header in found.headers] == ["debit"]
        assert (found.headers[0].sent, found.headers[0].held) == ("100000.00", "99000.00")

    def test_has_one_line_changed_when_it_is_moved_to_another_account(self):
        lines = (held(MARCH[0], 1, account="7011"), *there().lines[1:])

        (pair,) = compare_batch(KNOWN, there(lines)).pairs

        assert (pair.kind, pair.fields) == ("changed", ("account",))
        assert (pair.sent.account, pair.held.account) == ("7010", "7011")

    def test_has_one_line_changed_when_it_gets_another_cost_centre(self):
        other = (SegmentValue(1, "0300"), SegmentValue(2, "K10"))
        lines = (held(MARCH[0], 1, segments=other), *there().lines[1:])

        (pair,) = compare_batch(KNOWN, there(lines)).pairs

        assert pair.fields == ("dimensions",)

    def test_has_a_line_added_and_one_changed_when_a_part_is_split_off(self):
        lines = (
            held(MARCH[0], 1, debit=Decimal("80000.00")),
            *there().lines[1:],
            held(MARCH[0], 4, account="7510", debit=Decimal("2000.00"), segments=()),
        )

        found = compare_batch(KNOWN, there(lines))

        assert [(pair.kind, pair.fields) for pair in found.pairs] == [
            ("changed", ("amount",)),
            ("added", ()),
        ]
        assert found.headers == ()

    def test_has_a_line_missing_when_it_was_taken_out(self):
        found = compare_batch(KNOWN, there(there().lines[:2]))

        assert [(pair.kind, pair.sent.account) for pair in found.pairs] == [("missing", "2821")]

    def test_is_moved_when_only_its_period_differs(self):
        found = compare_batch(KNOWN, there(period="202604"))

        assert found.outcome is Outcome.MOVED
        assert found.differs

    def test_is_deleted_when_it_is_not_there(self):
        assert compare_batch(KNOWN, None).outcome is Outcome.DELETED

    def test_is_voided_whatever_else_is_true(self):
        assert compare_batch(KNOWN, there(status=BatchStatus.VOIDED)).outcome is Outcome.VOIDED

    @pytest.mark.parametrize(("by_us", "outcome"), [(True, "equal"), (False, "released")])
    def test_is_equal_when_released_and_says_when_we_did_not(self, by_us, outcome):
        known = replace(KNOWN, released_by_us=by_us)

        found = compare_batch(known, there(status=BatchStatus.RELEASED))

        assert found.outcome == outcome
        assert not found.differs


class TestTwoLinesThatAreAlike:
    def test_are_two_lines(self):
        twice = (sent("7010", "10.00"), sent("7010", "10.00"))

        pairs = pair_lines(twice, (held(twice[0], 1),))

        assert [pair.kind for pair in pairs] == ["equal", "missing"]

    def test_leave_the_one_without_dimensions_what_is_left(self):
        lines = (sent("7010", "10.00"), sent("7010", "10.00", "0100"))
        ledger = (held(lines[1], 1), held(lines[0], 2))

        pairs = pair_lines(lines, ledger)

        assert [pair.kind for pair in pairs] == ["equal", "equal"]
        assert pairs[1].held.number == 1


class TestAPeriod:
    def compare(self, *listed: LedgerBatch, known=(KNOWN,), numbers=("000417",), alone=None):
        return compare_period(
            known,
            listed,
            read_alone=(alone or {}).get,
            numbers=set(numbers),
            references={"LON-3"},
            keys={"7F3K2AB": 1},
        )

    def test_finds_by_number_what_stands_in_another_period(self):
        moved = there(period="202604")

        found = self.compare(alone={"000417": moved})

        assert found.batches[1].outcome is Outcome.MOVED

    def test_lists_a_second_batch_with_our_key(self):
        found = self.compare(there(), there(number="000418"))

        assert found.batches[1].outcome is Outcome.EQUAL
        assert [batch.number for batch in found.strange] == ["000418"]

    def test_lists_a_batch_with_our_line_reference(self):
        found = self.compare(there(), there(number="000418", description="Copied by hand"))

        assert [batch.number for batch in found.strange] == ["000418"]

    def test_leaves_out_what_is_not_ours(self):
        rent = there((held(structs.replace(MARCH[0], reference="RENT")),), number="000419")

        assert self.compare(there(), replace(rent, description="Rent")).strange == ()

    def test_says_when_a_batch_that_the_hub_asks_about_is_there(self):
        asking = replace(KNOWN, number="")

        found = self.compare(there(), known=(asking,), numbers=())

        assert found.batches[1].outcome is Outcome.UNKNOWN_OUTCOME
        assert found.strange == ()


class TestStoredValues:
    def test_come_back_as_they_were(self):
        assert batch_from_json(json.loads(json.dumps(batch_as_json(there())))) == there()

    def test_hold_amounts_as_text_and_only_lines_that_differ(self):
        lines = (held(MARCH[0], 1, debit=Decimal("81000.00")), *there().lines[1:])

        stored = json.loads(json.dumps(comparison_as_json(compare_batch(KNOWN, there(lines)))))

        assert stored["pairs"][0]["sent"]["debit"] == "82000.00"
        assert stored["pairs"][0]["held"]["debit"] == "81000.00"
        assert (stored["differing_lines"], stored["equal_lines"]) == (1, 2)
