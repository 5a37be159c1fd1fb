"""Workbooks (.xlsx), read row by row; formulas are never evaluated."""

import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from journals.domain.headings import normalised
from journals.domain.lines import FileHead, Limits, Reading
from journals.domain.problems import ProblemLog, Refused
from journals.domain.settings import XLSX, SourceSettings
from journals.domain.tables import HEADING_ROWS, Row, TableReader, find_columns, required_fields

_TELL_EVERY = 1000
_PEEK = 4096
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_BLANK_ROWS = 10_000
"""After so many empty rows in a row the sheet is over; some programs format a million."""


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
    workbook = None
    try:
        workbook = open_workbook(stream, limits=limits, log=log)
        sheet = _choose_sheet(workbook, settings=settings, log=log)
        rows = _rows(sheet, limits=limits, log=log, on_progress=on_progress)
        places, _ = find_columns(rows, settings=settings, log=log)
        table = TableReader(places=places, settings=settings, limits=limits, log=log)
        table.read(rows)
    except Refused:
        return Reading(
            FileHead(format=XLSX),
            problems=log.shown(),
            problem_counts=dict(log.counts),
            rows_read=table.sums.rows_read if table else 0,
        )
    finally:
        if workbook is not None:
            workbook.close()
    on_progress(table.sums.rows_read, table.sums.rows_read)
    return table.reading(file_format=XLSX, encoding="")


def open_workbook(stream: BinaryIO, *, limits: Limits, log: ProblemLog) -> Any:
    """
    Return the workbook, opened for streaming, after looking at its parts without unpacking.

    :raises Refused: if it is damaged, too large when unpacked, or declares entities
    """
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
            if unpacked > limits.max_unzipped_bytes:
                log.add("unzipped_too_large", value=unpacked, limit=limits.max_unzipped_bytes)
                raise Refused
            for part in parts.infolist():
                if part.filename.endswith((".xml", ".rels")):
                    with parts.open(part) as content:
                        if _DECLARATION.search(content.read(_PEEK)):
                            log.add("workbook_unsafe")
                            raise Refused
        stream.seek(0)
        return openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        KeyError,
        ValueError,
        SyntaxError,
        OSError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        TypeError,
        AttributeError,
        IndexError,
    ) as exc:
        # A damaged workbook surfaces as any of these, from zipfile, the XML parser or openpyxl.
        log.add("workbook_unreadable", value=type(exc).__name__)
        raise Refused from exc


def visible_sheets(workbook: Any) -> list[Any]:
    """Return the sheets that a person sees; hidden ones are never read."""
    return [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]


def _choose_sheet(workbook: Any, *, settings: SourceSettings, log: ProblemLog) -> Any:
    sheets = visible_sheets(workbook)
    if settings.sheet:
        for sheet in sheets:
            if sheet.title.strip().casefold() == settings.sheet.strip().casefold():
                return sheet
    elif len(sheets) == 1:
        return sheets[0]
    elif sheets:
        wanted = {normalised(settings.columns.get(name, "")) for name in required_fields(settings)}
        for sheet in sheets:
            if any(wanted <= headings for headings in _first_headings(sheet)):
                return sheet
        return sheets[0]
    log.add(
        "sheet_missing",
        column="sheet",
        value=settings.sheet,
        sheets=", ".join(sheet.title for sheet in sheets),
    )
    raise Refused


def _first_headings(sheet: Any) -> Iterator[set[str]]:
    sheet.reset_dimensions()
    for row in sheet.iter_rows(max_row=HEADING_ROWS, values_only=True):
        yield {normalised(str(cell)) for cell in row if cell is not None}


def _rows(
    sheet: Any,
    *,
    limits: Limits,
    log: ProblemLog,
    on_progress: Callable[[int, int | None], None],
) -> Iterator[Row]:
    # The size that a sheet declares is often wrong; without it rows end where their cells do.
    declared = sheet.max_row
    total = declared if declared and declared <= limits.max_rows + HEADING_ROWS else None
    sheet.reset_dimensions()
    blank = 0
    try:
        for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            if len(cells) > limits.max_columns:
                used = max((i for i, cell in enumerate(cells, 1) if cell is not None), default=0)
                if used > limits.max_columns:
                    log.add("too_many_columns", line=number, value=used, limit=limits.max_columns)
                    raise Refused
                cells = cells[:used]
            if number % _TELL_EVERY == 0:
                on_progress(number, total)
            if any(cell is not None for cell in cells):
                blank = 0
                yield number, cells
                continue
            blank += 1
            if blank > _BLANK_ROWS:
                return
    except (
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        SyntaxError,
        OSError,
        EOFError,
        TypeError,
        AttributeError,
        IndexError,
    ) as exc:
        log.add("workbook_unreadable", value=type(exc).__name__)
        raise Refused from exc
