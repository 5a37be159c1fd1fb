"""What stands in the cell of a table, whatever file the table came in."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from sources.readers.workbook import Unusable

Cell = str | int | float | Decimal | date | datetime | Unusable | None
Row = tuple[int, Sequence[Cell]]


AMOUNTS = ("amount", "debit", "credit")
"""The fields of which a row may have an amount."""
ONLY_SHOWN = ("account_name", "company_name")
"""Mapped columns that may be gone without harm: nothing that is booked stands in them."""


def as_text(cell: Cell) -> str:
    """Return what a person sees in the cell."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
