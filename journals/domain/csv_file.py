"""Text tables: CSV in its many dialects, and GBAT10, which is one without headings."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO

from journals.domain.encoding import Survey
from journals.domain.lines import FileHead, Limits, Reading
from journals.domain.problems import ProblemLog, Refused
from journals.domain.settings import (
    CSV,
    GBAT10,
    NO_HEADINGS,
    SIGNED,
    YEAR_AND_MONTH,
    YMD,
    SourceSettings,
)
from journals.domain.tables import Row, TableReader, find_columns

_TELL_EVERY = 2000
_SEPARATOR_LINE = "sep="

GBAT10_SETTINGS = SourceSettings(
    format=GBAT10,
    separator=";",
    decimal_mark=".",
    date_format=YMD,
    sign_rule=SIGNED,
    period_rule=YEAR_AND_MONTH,
    header_row=NO_HEADINGS,
    columns={
        "date": "#3",
        "month": "#5",
        "year": "#6",
        "account": "#7",
        "amount": "#9",
        "text": "#21",
        "cost_unit": "#24",
        "cost_centre": "#25",
    },
)
"""
GBAT10 (Mamut, Tripletex): no headings, fields by place; the first holds the word GBAT10.
Project is read as cost unit and department as cost centre.
"""


def read(
    stream: BinaryIO,
    *,
    survey: Survey,
    settings: SourceSettings,
    limits: Limits,
    on_progress: Callable[[int, int | None], None],
) -> Reading:
    """Return what stands in a text table; `reading.read` is the door to it."""
    log = ProblemLog()
    encoding = settings.encoding or survey.encoding
    if settings.format == GBAT10 and not settings.columns:
        settings = replace(GBAT10_SETTINGS, encoding=settings.encoding, currency=settings.currency)
    table: TableReader | None = None
    text = io.TextIOWrapper(_rewound(stream), encoding=encoding, newline="")
    try:
        rows = _rows(text, stream, survey, settings, limits, log, on_progress)
        places, _ = find_columns(rows, settings=settings, log=log)
        table = TableReader(places=places, settings=settings, limits=limits, log=log)
        table.read(rows)
    except Refused:
        rows_read = table.sums.rows_read if table else 0
        return Reading(
            FileHead(format=settings.format or CSV, encoding=encoding),
            problems=log.shown(),
            problem_counts=dict(log.counts),
            rows_read=rows_read,
        )
    finally:
        text.detach()
    on_progress(survey.size, survey.size)
    return table.reading(file_format=settings.format or CSV, encoding=encoding)


def _rewound(stream: BinaryIO) -> BinaryIO:
    stream.seek(0)
    return stream


def _rows(
    text: io.TextIOWrapper,
    stream: BinaryIO,
    survey: Survey,
    settings: SourceSettings,
    limits: Limits,
    log: ProblemLog,
    on_progress: Callable[[int, int | None], None],
) -> Iterator[Row]:
    lines = _WithoutSeparatorLine(text)
    reader = csv.reader(lines, delimiter=settings.separator or ";", strict=True)
    number = 1
    told = 0
    try:
        for cells in reader:
            if len(cells) > limits.max_columns:
                log.add("too_many_columns", line=number, value=len(cells), limit=limits.max_columns)
                raise Refused
            yield number + lines.skipped, cells
            number = reader.line_num + 1
            told += 1
            if told % _TELL_EVERY == 0:
                on_progress(min(stream.tell(), survey.size), survey.size)
    except UnicodeDecodeError as exc:
        log.add(
            "encoding_wrong",
            line=number,
            value=f"0x{exc.object[exc.start]:02X}",
            encoding=settings.encoding or survey.encoding,
        )
        raise Refused from exc
    except csv.Error as exc:
        log.add("row_unreadable", line=number + lines.skipped, detail=exc)
        raise Refused from exc


class _WithoutSeparatorLine:
    """The lines of the file but for a first line ``sep=;``, which only Excel understands."""

    def __init__(self, lines: io.TextIOWrapper) -> None:
        self._lines = lines
        self.skipped = 0
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
        return line
