"""Workbooks (.xlsx) into journal lines; formulas are never evaluated."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from sources.readers.cells import Row
from sources.readers.columns import HEADING_ROWS, find_columns, required_fields
from sources.readers.headings import normalised
from sources.readers.lines import FileHead, Limits, Reading
from sources.readers.problems import ProblemLog, Refused
from sources.readers.settings import XLSX, SourceSettings
from sources.readers.tables import TableReader
from sources.readers.workbook import Sheet, Workbook
from sources.readers.workbook_parts import WorkbookRefused

_TELL_EVERY = 1000


def read(
    stream: BinaryIO,
    *,
    settings: SourceSettings,
    limits: Limits,
    on_progress: Callable[[int, int | None], None],
) -> Reading:
    """Return what stands in a workbook; `reading.read` is the door to it."""
    log = ProblemLog()
    table: TableReader | None = None
    try:
        with opened(stream, limits=limits, log=log) as workbook:
            sheet = _choose_sheet(workbook, settings=settings, log=log)
            rows = _rows(workbook, sheet, on_progress=on_progress)
            places, headings = find_columns(rows, settings=settings, log=log)
            table = TableReader(places=places, settings=settings, limits=limits, log=log)
            table.read(rows)
            hidden = [number for number in workbook.hidden_rows if number > headings]
            if hidden:
                log.add("hidden_rows_read", line=hidden[0], count=len(hidden))
            _name_other_sheets(workbook, sheet, settings=settings, log=log)
    except Refused:
        return Reading(
            FileHead(format=XLSX),
            problems=log.shown(),
            problem_counts=dict(log.counts),
            rows_read=table.sums.rows_read if table else 0,
        )
    on_progress(table.sums.rows_read, table.sums.rows_read)
    return table.reading(file_format=XLSX, encoding="")


@contextmanager
def opened(stream: BinaryIO, *, limits: Limits, log: ProblemLog) -> Iterator[Workbook]:
    """
    Open a workbook for a while.

    :raises Refused: then or while it is read, if it is damaged, unsafe or too large; see `log`
    """
    try:
        workbook = Workbook(stream, limits=limits)
        try:
            yield workbook
        finally:
            workbook.close()
    except WorkbookRefused as why:
        log.add(why.code, line=why.line, value=why.value, limit=why.limit)
        raise Refused from why


def _choose_sheet(workbook: Workbook, *, settings: SourceSettings, log: ProblemLog) -> Sheet:
    sheets = workbook.visible_sheets
    if settings.sheet:
        for sheet in sheets:
            if sheet.title.strip().casefold() == settings.sheet.strip().casefold():
                return sheet
    elif sheets:
        if len(sheets) > 1:
            for sheet in sheets:
                if _has_headings(workbook, sheet, settings=settings):
                    return sheet
        return sheets[0]
    log.add(
        "sheet_missing",
        column="sheet",
        value=settings.sheet,
        sheets=", ".join(sheet.title for sheet in sheets),
    )
    raise Refused


def _has_headings(
    workbook: Workbook, sheet: Sheet, *, settings: SourceSettings, with_rows: bool = False
) -> bool:
    """Say whether the needed headings stand in one row (`with_rows`: with any row below it)."""
    wanted = {normalised(settings.columns.get(name, "")) for name in required_fields(settings)}
    found = False
    for number, cells in workbook.rows(sheet):
        if found:
            return True
        if number > HEADING_ROWS:
            return False
        found = wanted <= {normalised(str(cell)) for cell in cells if cell is not None}
        if found and not with_rows:
            return True
    return False


def _name_other_sheets(
    workbook: Workbook, read_sheet: Sheet, *, settings: SourceSettings, log: ProblemLog
) -> None:
    """Say which other sheets look like a part of the journal: they are not read."""
    if not any(settings.columns.get(name) for name in required_fields(settings)):
        return
    for sheet in workbook.visible_sheets:
        if sheet is read_sheet:
            continue
        if _has_headings(workbook, sheet, settings=settings, with_rows=True):
            log.add(
                "sheet_not_read", column="sheet", value=sheet.title, read_sheet=read_sheet.title
            )


def _rows(
    workbook: Workbook, sheet: Sheet, *, on_progress: Callable[[int, int | None], None]
) -> Iterator[Row]:
    reported = 0
    for number, cells in workbook.rows(sheet):
        if number >= reported + _TELL_EVERY:
            reported = number
            on_progress(number, None)
        yield number, cells
