"""The exact content of a batch as CSV and as a workbook; never a file for a vendor (S12)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from connectors.base import PostingLine
from ui import sheets
from ui.sheets import Cell

_FIXED = (
    "description",
    "period",
    "posting_period",
    "posted_on",
    "currency",
    "branch",
    "ledger",
    "account",
)
_LAST = ("debit", "credit", "text", "reference")


@dataclass(frozen=True, slots=True)
class Exported:
    """What stands on every row of an export, and the lines."""

    description: str
    period: str
    posting_period: str
    posted_on: date | None
    currency: str
    branch: str
    ledger: str
    lines: Sequence[PostingLine]


def headings(lines: Sequence[PostingLine]) -> list[str]:
    """Return the headings: names that do not change with the language, for other programs."""
    return [*_FIXED, *(f"segment_{number}" for number in _segment_ids(lines)), *_LAST]


def rows(exported: Exported) -> Iterator[list[Cell]]:
    """Yield one row per line, exactly as it is posted."""
    ids = _segment_ids(exported.lines)
    head: list[Cell] = [
        exported.description,
        exported.period,
        exported.posting_period,
        exported.posted_on or "",
        exported.currency,
        exported.branch,
        exported.ledger,
    ]
    for line in exported.lines:
        values = {segment.segment_id: segment.value for segment in line.segments}
        yield [
            *head,
            line.account,
            *(values.get(number, "") for number in ids),
            line.debit,
            line.credit,
            line.text,
            line.reference,
        ]


def as_csv(exported: Exported) -> bytes:
    """Return the batch as CSV."""
    return sheets.as_csv(headings(exported.lines), rows(exported))


def as_xlsx(exported: Exported) -> bytes:
    """Return the batch as a workbook."""
    return sheets.as_xlsx(exported.period or "batch", headings(exported.lines), rows(exported))


def _segment_ids(lines: Sequence[PostingLine]) -> list[int]:
    return sorted({segment.segment_id for line in lines for segment in line.segments})
