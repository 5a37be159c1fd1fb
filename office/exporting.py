"""The rows of the month board as a file."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from office.queries.rows import Row
from ui import sheets
from ui.sheets import Cell


def as_csv(period: str, rows: Iterable[Row]) -> bytes:
    """Return the rows as CSV."""
    return sheets.as_csv(_headings(), (_cells(period, row) for row in rows))


def as_xlsx(period: str, rows: Iterable[Row]) -> bytes:
    """Return the rows as a workbook."""
    return sheets.as_xlsx(period, _headings(), (_cells(period, row) for row in rows))


def _headings() -> list[str]:
    return [
        _("Period"),
        _("Number"),
        _("Company"),
        _("Debtor"),
        _("State"),
        _("Runs"),
        _("Proven"),
        _("Reference"),
        _("Expected"),
        _("Responsible"),
    ]


def _cells(period: str, row: Row) -> list[Cell]:
    return [
        period,
        row.number,
        row.name,
        row.debtor,
        row.label,
        str(len(row.runs)),
        str(row.proven),
        row.worst.reference if row.worst else "",
        row.expected or "",
        row.owner,
    ]
