"""The frozen content of a batch: what is kept is what is posted, and any change of it shows."""

from datetime import date
from decimal import Decimal

import pytest

from connectors.base import PostingLine, SegmentValue
from journals.models import Batch
from journals.operations.contents import digest_of, read_lines, to_post, write_lines

LINES = (
    PostingLine(
        account="7010",
        debit=Decimal("82000.00"),
        credit=Decimal("0.00"),
        text="Lön",
        reference="PAYROLL 2026-03/3",
        segments=(SegmentValue(1, "0100"), SegmentValue(2, "K10")),
    ),
    PostingLine("2821", Decimal("0.00"), Decimal("82000.00"), "Lön", "PAYROLL 2026-03/3"),
)


def prepared(**changes: object) -> Batch:
    """Return a batch as the check before sending leaves it."""
    values: dict[str, object] = {
        "description": "PAYROLL 2026-03/3 2026-03 AAAAAAA",
        "posted_on": date(2026, 3, 25),
        "posting_period": "202603",
        "branch": "1",
        "ledger": "1",
        "own_number": "X1",
        "hold": True,
        "lines_json": write_lines(LINES),
    }
    return Batch(**values | changes)


def test_lines_are_read_as_they_were_written() -> None:
    assert read_lines(write_lines(LINES)) == LINES


def test_a_prepared_batch_is_what_a_connector_posts() -> None:
    post = to_post(prepared(), currency="SEK")

    assert (post.period, post.posted_on, post.currency) == ("202603", date(2026, 3, 25), "SEK")
    assert (post.branch, post.ledger, post.own_number, post.hold) == ("1", "1", "X1", True)
    assert (post.lines, post.total) == (LINES, Decimal("82000.00"))


def test_without_a_number_of_our_own_the_target_numbers() -> None:
    assert to_post(prepared(own_number=""), currency="SEK").own_number is None


@pytest.mark.parametrize("missing", [{"posted_on": None}, {"lines_json": ""}])
def test_a_batch_that_was_not_prepared_is_not_posted(missing: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="was not prepared"):
        to_post(prepared(**missing), currency="SEK")


@pytest.mark.parametrize(
    "change",
    [
        {"description": "PAYROLL 2026-03/3 2026-03 BBBBBBB"},
        {"posted_on": date(2026, 3, 1)},
        {"posting_period": "202604"},
        {"branch": "2"},
        {"ledger": "2"},
        {"own_number": "X2"},
        {"lines_json": write_lines(LINES[:1])},
    ],
)
def test_the_digest_is_of_all_that_is_posted(change: dict[str, object]) -> None:
    same = digest_of(batch=prepared(), currency="SEK")

    assert digest_of(batch=prepared(), currency="SEK") == same
    assert digest_of(batch=prepared(**change), currency="SEK") != same
    assert digest_of(batch=prepared(), currency="NOK") != same
