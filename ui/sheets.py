"""Rows as CSV and as a workbook in which no spreadsheet finds a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from connectors.bounds import neutralised

Cell = str | Decimal | date

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def as_csv(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return the rows as CSV: UTF-8 with a mark, semicolons, a decimal point."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerow(map(neutralised, headings))
    for row in rows:
        writer.writerow([_plain(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(title: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return the rows as a workbook; texts stay texts, whatever they begin with."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(title)
    for row in chain([headings], rows):
        cells = []
        for value in row:
            if isinstance(value, str):
                cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", value))
                # Else openpyxl takes a text that begins with "=" for a formula.
                cell.data_type = "s"
            else:
                # openpyxl takes these kinds; its published types know fewer.
                cell = WriteOnlyCell(sheet, value=value)  # type: ignore[arg-type]
                if isinstance(value, Decimal):
                    cell.number_format = "0.00"
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def _plain(cell: Cell) -> str:
    if isinstance(cell, Decimal):
        return f"{cell:.2f}"
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    return cell.isoformat() if isinstance(cell, date) else neutralised(cell)
