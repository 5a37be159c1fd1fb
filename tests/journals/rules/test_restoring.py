"""After a restore: what in the ledger is, or may be, a batch that is about to be sent first."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from connectors.base import BatchStatus, BatchToPost, LedgerBatch, LedgerLine, PostingLine
from journals.rules.restoring import NONE, ONE, SEVERAL, UnknownBatch, find_unknown

TEN, ZERO = Decimal("10.00"), Decimal("0.00")


def unknown(
    pk: int = 1, period: str = "2026-03", key: str = "AAAAAAA", **more: object
) -> UnknownBatch:
    lines = (
        PostingLine("7010", TEN, ZERO, "Pay", "RUN 3"),
        PostingLine("2821", ZERO, TEN, "Pay", "RUN 3"),
    )
    payload = BatchToPost(
        description=f"RUN 3 {period} {key}",
        posted_on=date(2026, 3, 25),
        period=period.replace("-", ""),
        currency="SEK",
        lines=lines,
    )
    return UnknownBatch(pk, period, replace(payload, **more))


def there(one: UnknownBatch, number: str = "000001", **more: object) -> LedgerBatch:
    lines = tuple(
        LedgerLine(at, line.account, line.debit, line.credit, line.text, line.reference)
        for at, line in enumerate(one.payload.lines, start=1)
    )
    held = LedgerBatch(
        number=number,
        description=one.payload.description,
        period=one.payload.period,
        status=BatchStatus.BALANCED,
        debit_total=TEN,
        credit_total=TEN,
        lines=lines,
    )
    return replace(held, **more)


def outcome(one: UnknownBatch, *ledger: LedgerBatch, known: tuple[str, ...] = ()) -> str:
    return find_unknown([one], ledger, known=known)[one.id].outcome


class TestFindUnknown:
    def test_finds_nothing_in_an_empty_ledger(self) -> None:
        assert outcome(unknown()) == NONE

    def test_takes_its_own_description_with_the_same_content_for_it(self) -> None:
        one = unknown()

        assert find_unknown([one], [there(one)], known=())[one.id].outcome == ONE

    def test_leaves_its_own_description_with_other_content_to_a_person(self) -> None:
        one = unknown()

        assert outcome(one, there(one, debit_total=Decimal("11.00"))) == SEVERAL
        assert outcome(one, there(one, status=BatchStatus.VOIDED)) == SEVERAL

    def test_leaves_another_batch_of_its_reference_and_period_to_a_person(self) -> None:
        one = unknown()

        assert outcome(one, there(unknown(key="BBBBBBB"))) == SEVERAL

    def test_looks_at_the_period_of_payroll_where_it_was_posted_in_a_later_one(self) -> None:
        one = unknown()
        moved = there(unknown(key="BBBBBBB"), period="202604")

        assert outcome(one, moved) == SEVERAL

    def test_leaves_out_the_other_periods_of_its_own_journal(self) -> None:
        march, january = unknown(), unknown(2, "2026-01", "CCCCCCC")

        found = find_unknown([march, january], [there(january)], known=())

        assert (found[1].outcome, found[2].outcome) == (NONE, ONE)

    def test_leaves_out_what_has_a_row_already(self) -> None:
        one = unknown()

        assert outcome(one, there(unknown(key="BBBBBBB")), known=("000001",)) == NONE

    def test_leaves_our_own_number_under_another_description_to_a_person(self) -> None:
        one = unknown(own_number="H1")

        assert outcome(one, there(one, number="H1", description="changed", lines=())) == SEVERAL

    def test_leaves_out_another_reference(self) -> None:
        one = unknown()
        other = LedgerLine(1, "7010", TEN, ZERO, "Pay", "RUN 4")

        assert outcome(one, there(one, description="RUN 4 2026-03 X", lines=(other,))) == NONE
