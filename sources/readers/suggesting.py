"""A proposal for the column map of a table, for a person to confirm; never used unseen."""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from typing import BinaryIO

from connectors.bounds import as_text
from sources.readers.cells import Cell
from sources.readers.columns import HEADING_ROWS, required_fields
from sources.readers.csv import unprotected
from sources.readers.detection import HEAD, detect
from sources.readers.encoding import find_encoding
from sources.readers.evidence import CERTAIN, GUESS, LIKELY
from sources.readers.gbat10 import SETTINGS as GBAT10_SETTINGS
from sources.readers.headings import (
    headings_fingerprint,
    is_about_people,
    looks_like_data,
    match_headings,
)
from sources.readers.lines import Limits
from sources.readers.people import without_personal_numbers
from sources.readers.periods import date_from_text, date_of_cell, period_from_text
from sources.readers.problems import Problem, ProblemLog, Refused
from sources.readers.settings import (
    CSV,
    DEBIT_CREDIT,
    DEBIT_CREDIT_NEGATIVE,
    DMY,
    GBAT10,
    MDY,
    PERIOD_COLUMN,
    PERIOD_FROM_DATE,
    SEPARATORS,
    SIGN_COLUMN,
    SIGNED,
    XLSX,
    YEAR_AND_MONTH,
    YMD,
    SourceSettings,
)
from sources.readers.workbook import Unusable
from sources.readers.xlsx import opened

MISSING = "missing"
_SAMPLE_ROWS = 300
_SHOWN_ROWS = 10
_SAMPLE_SHEETS = 20
_SHEETS_NAMED = 200

_Table = list[tuple[int, list[Cell]]]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """
    What the hub believes of a table.

    :param confidence: setting or field -> certain · likely · guess · missing
    :param headings: of the file, to choose from
    :param sample_rows: the first rows below them, as text; people's columns are left blank
    :param fingerprint: of the headings, to find the source's map again
    """

    settings: SourceSettings
    confidence: Mapping[str, str] = field(default_factory=dict)
    headings: tuple[str, ...] = ()
    sample_rows: tuple[tuple[str, ...], ...] = ()
    sheets: tuple[str, ...] = ()
    fingerprint: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def complete(self) -> bool:
        """Say whether every needed column was found."""
        return MISSING not in self.confidence.values()


def suggest_settings(
    stream: BinaryIO, *, name: str = "", limits: Limits | None = None, encoding: str = ""
) -> Suggestion:
    """
    Return settings for a file, by its headings and first rows. The stream is rewound.

    :param encoding: chosen by a person; empty = by the file itself
    """
    stream.seek(0)
    found = detect(stream.read(HEAD), name)
    stream.seek(0)
    if found == GBAT10:
        return Suggestion(
            GBAT10_SETTINGS, {"format": CERTAIN, "cost_centre": GUESS, "cost_unit": GUESS}
        )
    if found not in (CSV, XLSX):
        return Suggestion(SourceSettings(format=found), {"format": CERTAIN})
    log = ProblemLog()
    try:
        settings, table, sheets = (
            _csv_sample(stream, encoding)
            if found == CSV
            else _xlsx_sample(stream, limits=limits or Limits(), log=log)
        )
    except Refused:
        return Suggestion(SourceSettings(format=found), problems=log.shown())
    finally:
        stream.seek(0)
    return _suggest(settings, table, sheets)


def _csv_sample(stream: BinaryIO, chosen: str) -> tuple[SourceSettings, _Table, tuple[str, ...]]:
    encoding = find_encoding(stream, override=chosen)
    text = io.TextIOWrapper(stream, encoding=encoding, newline="", errors="replace")
    try:
        lines = list(islice(text, _SAMPLE_ROWS))
    except UnicodeError:
        lines = []  # named as a problem when the file is read
    finally:
        text.detach()
    separator = ""
    skipped = 0
    if lines and lines[0].lower().startswith("sep="):
        separator, skipped = lines[0][4:5], 1
        lines = lines[1:]
    if separator not in SEPARATORS:
        separator = max(SEPARATORS, key=lambda mark: _consistency(lines, mark))
    table: _Table = []
    reader = csv.reader(lines, delimiter=separator)
    try:
        for cells in reader:
            table.append((reader.line_num + skipped, [*unprotected(cells)]))
    except csv.Error:
        pass  # shown as a problem when the file is read; the rows before it are sample enough
    return SourceSettings(format=CSV, separator=separator, encoding=chosen), table, ()


def _consistency(lines: Sequence[str], separator: str) -> tuple[int, int]:
    """Return how many of the rows agree on their number of fields, then how many fields."""
    counts: Counter[int] = Counter()
    try:
        counts.update(len(row) for row in csv.reader(lines[:50], delimiter=separator) if row)
    except csv.Error:
        return 0, 0
    several = Counter({width: count for width, count in counts.items() if width > 2})
    if not several:
        return 0, 0
    width, count = several.most_common(1)[0]
    return count, width


def _xlsx_sample(
    stream: BinaryIO, *, limits: Limits, log: ProblemLog
) -> tuple[SourceSettings, _Table, tuple[str, ...]]:
    with opened(stream, limits=limits, log=log) as workbook:
        sheets = workbook.visible_sheets
        best: tuple[int, str, _Table] = (-1, "", [])
        for sheet in sheets[:_SAMPLE_SHEETS]:
            table: _Table = [
                (number, [None if isinstance(cell, Unusable) else cell for cell in cells])
                for number, cells in islice(workbook.rows(sheet), _SAMPLE_ROWS)
            ]
            score = max(
                (len(match_headings(_texts(row))) for _, row in table[:HEADING_ROWS]), default=0
            )
            if score > best[0]:
                best = (score, sheet.title, table)
    names = tuple(sheet.title for sheet in sheets[:_SHEETS_NAMED])
    return SourceSettings(format=XLSX, sheet=best[1]), best[2], names


def _suggest(settings: SourceSettings, table: _Table, sheets: tuple[str, ...]) -> Suggestion:
    candidates = [
        (place, match_headings(_texts(row))) for place, (_, row) in enumerate(table[:HEADING_ROWS])
    ]
    if not candidates:
        return Suggestion(settings, {"account": MISSING}, sheets=sheets)
    place, columns = max(candidates, key=lambda item: (len(item[1]), -item[0]))
    headings = tuple(_texts(table[place][1]))
    rows = [row for _, row in table[place + 1 :] if any(cell not in (None, "") for cell in row)]
    confidence: dict[str, str] = {"format": CERTAIN}

    def values(name: str) -> list[Cell]:
        heading = columns.get(name)
        if heading is None:
            return []
        at = [text.strip() for text in headings].index(heading)
        return [row[at] for row in rows if at < len(row) and row[at] not in (None, "")]

    settings = replace(
        settings, sign_rule=_sign_rule(columns, values("debit"), values("credit"), confidence)
    )
    settings = replace(
        settings,
        decimal_mark=_decimal_mark(
            [*values("amount"), *values("debit"), *values("credit")], confidence
        ),
    )
    settings = replace(settings, date_format=_date_format(values("date"), confidence))
    settings = replace(settings, period_rule=_period_rule(columns, values("period"), confidence))
    kept = {name: heading for name, heading in columns.items() if name not in _unused(settings)}
    settings = replace(settings, columns=kept)
    for name in kept:
        confidence[name] = CERTAIN
    for name in required_fields(settings):
        if name not in kept:
            confidence[name] = MISSING
    # Without headings nobody knows which column names people: nothing of the rows is shown.
    without_headings = not columns and looks_like_data(headings)
    return Suggestion(
        settings=settings,
        confidence=confidence,
        headings=() if without_headings else headings,
        sample_rows=()
        if without_headings
        else tuple(_shown(headings, row) for row in rows[:_SHOWN_ROWS]),
        sheets=sheets,
        fingerprint=headings_fingerprint(headings),
    )


def _sign_rule(
    columns: Mapping[str, str],
    debits: Sequence[Cell],
    credits: Sequence[Cell],
    confidence: dict[str, str],
) -> str:
    confidence["sign_rule"] = CERTAIN
    if "debit" in columns and "credit" in columns:
        # Where the debits are below zero as well, the run reverses an earlier one.
        if _all_below_zero(credits) and not _all_below_zero(debits):
            confidence["sign_rule"] = GUESS
            return DEBIT_CREDIT_NEGATIVE
        return DEBIT_CREDIT
    if "amount" in columns and "side" in columns:
        return SIGN_COLUMN
    confidence["sign_rule"] = GUESS
    return SIGNED if "amount" in columns else DEBIT_CREDIT


def _all_below_zero(cells: Sequence[Cell]) -> bool:
    filled = [text for cell in cells if (text := str(cell).strip()).strip("-0.,() ")]
    return bool(filled) and all(text[0] in "-(\u2212\u2013" or text[-1] == "-" for text in filled)


def _decimal_mark(values: Sequence[Cell], confidence: dict[str, str]) -> str:
    votes: Counter[str] = Counter()
    for value in values:
        if isinstance(value, str):
            last = max(value.rfind(","), value.rfind("."))
            if last >= 0 and len(value[last + 1 :].strip(" -)")) != 3:
                votes[value[last]] += 1
    confidence["decimal_mark"] = CERTAIN if len(votes) == 1 else GUESS
    if not votes and not any(isinstance(value, str) for value in values):
        confidence["decimal_mark"] = CERTAIN if values else GUESS
    return votes.most_common(1)[0][0] if votes else ","


def _date_format(values: Sequence[Cell], confidence: dict[str, str]) -> str:
    texts = [str(value) for value in values if not isinstance(value, date)]
    fitting = [form for form in (YMD, DMY, MDY) if texts and all(_is_date(t, form) for t in texts)]
    if not texts or fitting[:1] == [YMD]:
        confidence["date_format"] = CERTAIN
        return YMD
    confidence["date_format"] = LIKELY if len(fitting) == 1 else GUESS
    return fitting[0] if fitting else DMY


def _is_date(text: str, date_format: str) -> bool:
    try:
        date_from_text(text, date_format=date_format, short_years=True)
    except ValueError:
        return False
    return True


def _period_rule(
    columns: dict[str, str], periods: Sequence[Cell], confidence: dict[str, str]
) -> str:
    confidence["period_rule"] = CERTAIN
    if periods and all(_is_period(value) for value in periods):
        return PERIOD_COLUMN
    if "year" in columns and "month" not in columns and "period" in columns:
        columns["month"] = columns.pop("period")
    if "year" in columns and "month" in columns:
        return YEAR_AND_MONTH
    # With no column for a period, the date is the only thing that can tell it.
    only = not {"period", "year", "month"} & set(columns)
    dated = CERTAIN if only else LIKELY
    confidence["period_rule"] = dated if "date" in columns else GUESS
    return PERIOD_FROM_DATE if "date" in columns else PERIOD_COLUMN


def _is_period(value: Cell) -> bool:
    try:
        return bool(date_of_cell(value) or period_from_text(str(value)))
    except ValueError:
        return False


def _unused(settings: SourceSettings) -> set[str]:
    unused = {"amount", "debit", "credit", "side", "period", "year", "month"}
    return unused - set(required_fields(settings))


def _texts(row: Sequence[Cell]) -> list[str]:
    return ["" if cell is None else as_text(str(cell)) for cell in row]


def _shown(headings: Sequence[str], row: Sequence[Cell]) -> tuple[str, ...]:
    texts = _texts(row) + [""] * (len(headings) - len(row))
    return tuple(
        "" if is_about_people(heading) else without_personal_numbers(text)[:60]
        for heading, text in zip(headings, texts, strict=False)
    )
