"""Text tables: CSV in its many dialects, and GBAT10, which is one without headings."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from sources.readers.cells import Cell, Row
from sources.readers.columns import find_columns, required_fields
from sources.readers.encoding import Survey, decoded, text_lines
from sources.readers.gbat10 import NAMES, Gbat10Rows, settings_for
from sources.readers.lines import FileHead, Limits, Reading
from sources.readers.people import MASK
from sources.readers.problems import ProblemLog, Refused
from sources.readers.settings import CSV, GBAT10, NO_HEADINGS, SourceSettings
from sources.readers.tables import TableReader

_TELL_EVERY = 2000
_SEPARATOR_LINE = "sep="
_FIGURES = re.compile(r"[-+0-9., ]{1,30}")
"""What may be quoted of a field that no heading names: a text could name a person."""
_CTRL_Z = "\x1a"


def read(
    stream: BinaryIO,
    *,
    survey: Survey,
    settings: SourceSettings,
    limits: Limits,
    on_progress: Callable[[int, int | None], None],
) -> Reading:
    """Return what stands in a text table; `reading.read` is the door to it."""
    encoding = settings.encoding or survey.encoding
    gbat10 = settings.format == GBAT10
    if gbat10:
        settings = settings_for(settings)
    log = ProblemLog(fixed_fields=gbat10)
    table: TableReader | None = None
    try:
        with decoded(stream, encoding, newline="", log=log) as text:
            rows = _rows(text, stream, survey, settings, limits, log, on_progress)
            if gbat10:
                table = _read_gbat10(rows, settings=settings, limits=limits, log=log)
            else:
                fields = _Fields(rows, log)
                places, _ = find_columns(fields, settings=settings, log=log)
                needed = max(places[name] for name in required_fields(settings)) + 1
                fields.headings_end(needed, without=settings.header_row == NO_HEADINGS)
                table = TableReader(places=places, settings=settings, limits=limits, log=log)
                table.read(fields)
                fields.finish()
    except Refused:
        return Reading(
            FileHead(format=settings.format or CSV, encoding=encoding),
            problems=log.shown(),
            problem_counts=dict(log.counts),
            rows_read=table.sums.rows_read if table else 0,
        )
    on_progress(survey.size, survey.size)
    return table.reading(file_format=settings.format or CSV, encoding=encoding)


def _read_gbat10(
    rows: Iterator[Row], *, settings: SourceSettings, limits: Limits, log: ProblemLog
) -> TableReader:
    places, _ = find_columns(rows, settings=settings, log=log)
    gbat10 = Gbat10Rows(log)
    table = TableReader(
        places=places,
        settings=settings,
        limits=limits,
        log=log,
        amounts=gbat10.amounts,
        names=NAMES,
    )
    table.read(gbat10.prepared(rows))
    gbat10.finish()
    if gbat10.left_out:
        table.sums.left_out()
    return table


class _Fields:
    """
    The rows of a file, whose fields must be as many as there are headings.

    An amount with a decimal comma between commas is two fields; the last one of its row then
    stands under no heading. Where a separator is missing, fields stand under the wrong one.
    """

    def __init__(self, rows: Iterator[Row], log: ProblemLog) -> None:
        self._rows, self._log = rows, log
        self._newest: Sequence[Cell] = ()
        self._width: int | None = None
        self._first_row_counts = False
        self._needed = 0
        self._narrow_rows = 0
        self._first_narrow: tuple[int, int] | None = None

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        number, cells = next(self._rows)
        self._newest = cells
        if self._first_row_counts:
            self._width, self._first_row_counts = len(cells), False
        if self._width is not None and len(cells) > self._width:
            beyond = [str(cell) for cell in cells[self._width :] if cell]
            if beyond:
                self._log.add(
                    "row_too_wide",
                    line=number,
                    value=", ".join(cell if _FIGURES.fullmatch(cell) else MASK for cell in beyond),
                    fields=len(cells),
                    headings=self._width,
                )
        elif self._width is not None and self._needed <= len(cells) < self._width:
            self._narrow(number, len(cells))
        return number, cells

    def _narrow(self, number: int, fields: int) -> None:
        if self._log.names_people:
            # At once: a name that stands in another column must not even be shown.
            self._log.add("row_shifted", line=number, value=fields, headings=self._width)
            raise Refused
        self._first_narrow = self._first_narrow or (number, fields)
        self._narrow_rows += 1

    def finish(self) -> None:
        """Note what only the whole file tells."""
        if self._first_narrow:
            number, fields = self._first_narrow
            self._log.add(
                "row_too_narrow",
                line=number,
                value=fields,
                headings=self._width,
                count=self._narrow_rows,
            )

    def headings_end(self, needed: int, *, without: bool) -> None:
        """
        Take the row read last as that of the headings; without headings, the next one.

        :param needed: so many fields a row must have to be a booking row at all
        """
        self._first_row_counts, self._needed = without, needed
        if not without:
            named = [place for place, cell in enumerate(self._newest, 1) if str(cell).strip()]
            self._width = max(named, default=0)


def _rows(
    text: io.TextIOWrapper,
    stream: BinaryIO,
    survey: Survey,
    settings: SourceSettings,
    limits: Limits,
    log: ProblemLog,
    on_progress: Callable[[int, int | None], None],
) -> Iterator[Row]:
    lines = _WithoutSeparatorLine(text_lines(text, settings.encoding or survey.encoding, log))
    reader = csv.reader(lines, delimiter=settings.separator or ";", strict=True)
    number = 1
    rows = 0
    try:
        for cells in reader:
            if len(cells) > limits.max_columns:
                log.add("too_many_columns", line=number, value=len(cells), limit=limits.max_columns)
                raise Refused
            yield number + lines.skipped, unprotected(cells) if lines.protects else cells
            number = reader.line_num + 1
            rows += 1
            if rows % _TELL_EVERY == 0:
                on_progress(min(stream.tell(), survey.size), survey.size)
    except csv.Error as exc:
        log.add("row_unreadable", line=number + lines.skipped, detail=exc)
        raise Refused from exc


def unprotected(cells: list[str]) -> list[str]:
    """Return the fields as a spreadsheet shows them: ="0100" is the text 0100."""
    return [
        cell[2:-1]
        if cell[:2] == '="' and cell[-1:] == '"' and len(cell) > 2 and '"' not in cell[2:-1]
        else cell
        for cell in cells
    ]


class _WithoutSeparatorLine:
    """
    The lines of the file but for a first line ``sep=;``, which only Excel understands, and the
    Ctrl-Z with which DOS programs end a file.
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.skipped = 0
        self.protects = False
        """Whether a field was seen that is kept from a spreadsheet, such as ="0100"."""
        self._first = True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if self._first:
            self._first = False
            if line.lower().startswith(_SEPARATOR_LINE):
                self.skipped = 1
                line = next(self._lines)
        if '="' in line:
            self.protects = True
        return line[:-1] if line.endswith(_CTRL_Z) else line
