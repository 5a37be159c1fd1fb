"""A workbook's sheets, row by row: what stands in the cells, formulas never evaluated."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from posixpath import join, normpath
from typing import BinaryIO

from sources.readers.lines import Limits
from sources.readers.workbook_formats import PERCENT, Shown, Styles
from sources.readers.workbook_parts import Elements, Parts, WorkbookRefused, damaged

MOST_STRINGS = 1_000_000
MOST_CHARACTERS = 40_000_000
"""Of all shared strings together."""
LONGEST_TEXT = 100_000
"""Three times what Excel lets a person type into a cell."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LONGEST_NUMBER = 40
_EPOCH_1900 = datetime.fromisoformat("1899-12-30")
_EPOCH_1904 = datetime.fromisoformat("1904-01-01")
_DAYS = 2_900_000
"""Where the calendar of a spreadsheet is taken to end: about the year 9840."""
_DIGITS = "0123456789"
_COLUMNS = 16_384
_LINE_BREAKS = re.compile(r"_x000(?:[9AD]|[9ad])_")


@dataclass(frozen=True, slots=True)
class Unusable:
    """
    A cell whose value nobody knows: a formula that was never calculated, or an error value.

    :param text: the formula, or the error such as #N/A
    """

    text: str
    is_error: bool = False

    def __str__(self) -> str:
        return self.text


WorkbookCell = str | int | float | bool | datetime | Unusable | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One worksheet: its name, and the part in which its cells stand."""

    title: str
    part: str
    visible: bool


class Workbook:
    """
    A workbook that is read as a stream.

    :raises WorkbookRefused: here and while rows are taken, if it is damaged, unsafe or too large
    """

    def __init__(self, stream: BinaryIO, *, limits: Limits) -> None:
        self._limits = limits
        self._parts = Parts(stream, limits=limits)
        book = _target(self._parts, "", "/officeDocument") or "xl/workbook.xml"
        sheets = _Sheets()
        self._parts.read(book, sheets)
        links = _links(self._parts, book)
        self.sheets = [
            Sheet(title, links[key][1], state == "visible")
            for title, key, state in sheets.found
            if key in links and links[key][0].endswith("/worksheet")
        ]
        self._epoch = _EPOCH_1904 if sheets.from_1904 else _EPOCH_1900
        self._strings_at = _target(self._parts, book, "/sharedStrings")
        self._styles_at = _target(self._parts, book, "/styles")
        self._strings: list[str] | None = None
        self._shown: list[Shown] | None = None
        self.hidden_rows: list[int] = []
        """Rows of the sheet read last that hold something and that a person does not see."""

    def close(self) -> None:
        """Let go of the file."""
        self._parts.close()

    @property
    def visible_sheets(self) -> list[Sheet]:
        """Return the sheets that a person sees; hidden ones are never read."""
        return [sheet for sheet in self.sheets if sheet.visible]

    def rows(self, sheet: Sheet) -> Iterator[tuple[int, list[WorkbookCell]]]:
        """Yield the rows that hold anything, each with its number."""
        if self._strings is None or self._shown is None:
            strings, styles = _Strings(), Styles()
            if self._strings_at:
                self._parts.read(self._strings_at, strings)
            if self._styles_at:
                self._parts.read(self._styles_at, styles)
            self._strings, self._shown = strings.found, styles.shown
        cells = _Cells(
            strings=self._strings, shown=self._shown, epoch=self._epoch, limits=self._limits
        )
        self.hidden_rows = cells.hidden
        for _ in self._parts.parse(sheet.part, cells):
            yield from cells.take()


def _links(parts: Parts, part: str) -> dict[str, tuple[str, str]]:
    """Return the relationships of a part: id -> (type, part)."""
    folder, _, name = part.rpartition("/")
    at = join(folder, "_rels", f"{name}.rels")
    if at not in parts:
        return {}
    links = _Links(folder)
    parts.read(at, links)
    return links.found


def _target(parts: Parts, part: str, kind: str) -> str:
    """Return the part of that kind which belongs to `part`; empty if there is none."""
    found = (target for type_, target in _links(parts, part).values() if type_.endswith(kind))
    return next(found, "")


class _Links(Elements):
    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = folder
        self.found: dict[str, tuple[str, str]] = {}

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if name != "Relationship" or attributes.get("TargetMode") == "External":
            return
        target = attributes.get("Target", "")
        where = target.lstrip("/") if target.startswith("/") else join(self._folder, target)
        self.found[attributes.get("Id", "")] = (attributes.get("Type", ""), normpath(where))


class _Sheets(Elements):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self.from_1904 = False

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "workbookPr":
            self.from_1904 = attributes.get("date1904", "") in ("1", "true", "on")
        elif name == "sheet":
            keys = [value for key, value in attributes.items() if key.endswith(":id")]
            state = attributes.get("state", "visible")
            self.found.append((attributes.get("name", ""), keys[0] if keys else "", state))


class _Strings(Elements):
    """The shared strings, without the readings that East Asian texts carry beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._pieces: list[str] = []
        self._characters = 0
        self._in_text = self._in_reading = False

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "t":
            self._in_text = not self._in_reading
        elif name == "rPh":
            self._in_reading = True

    def text(self, data: str) -> None:
        if self._in_text:
            self._pieces.append(data)
            self._characters += len(data)

    def finish(self, name: str) -> None:
        if name == "t":
            self._in_text = False
        elif name == "rPh":
            self._in_reading = False
        elif name == "si":
            self.found.append(_text_of(self._pieces))
            self._pieces = []
            if len(self.found) > MOST_STRINGS or self._characters > MOST_CHARACTERS:
                raise WorkbookRefused("too_many_texts", limit=MOST_CHARACTERS)


def _text_of(pieces: list[str]) -> str:
    text = pieces[0] if len(pieces) == 1 else "".join(pieces)
    return _LINE_BREAKS.sub(" ", text) if "_x000" in text else text


class _Cells(Elements):
    """The rows of a sheet. Written flat, for it is called five times for each cell."""

    def __init__(
        self, *, strings: list[str], shown: list[Shown], epoch: datetime, limits: Limits
    ) -> None:
        super().__init__()
        self._strings, self._shown, self._epoch = strings, shown, epoch
        self._limits = limits
        self._rows: list[tuple[int, list[WorkbookCell]]] = []
        self._row, self._cells = 0, list[WorkbookCell]()
        self.hidden: list[int] = []
        self._used = self._is_hidden = False
        self._place = -1
        self._places: dict[str, int] = {}
        self._kind, self._style = "n", ""
        self._value: str | None = None
        self._formula: str | None = None
        self._pieces: list[str] = []
        self._size = 0
        self._collects = self._in_cell = self._in_data = self._in_reading = False

    def take(self) -> list[tuple[int, list[WorkbookCell]]]:
        """Return the rows that ended since it was asked last."""
        rows, self._rows = self._rows, []
        return rows

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "c":
            if not self._in_data:
                return
            if self._in_cell:
                raise damaged(f"row {self._row}")
            self._in_cell = True
            reference = attributes.get("r")
            self._place = self._place + 1 if reference is None else self._place_of(reference)
            self._kind = attributes.get("t", "n")
            self._style = attributes.get("s", "")
            self._value = self._formula = None
            self._size = 0
        elif not self._in_cell:
            if name == "row" and self._in_data:
                self._begin_row(attributes.get("r"))
                self._is_hidden = attributes.get("hidden", "0") in ("1", "true")
            elif name == "sheetData":
                self._in_data = True
        elif name in ("v", "t", "f"):
            self._pieces = []
            self._collects = not self._in_reading
        elif name == "rPh":
            self._in_reading = True

    def text(self, data: str) -> None:
        if self._collects:
            self._pieces.append(data)
            self._size += len(data)
            if self._size > LONGEST_TEXT:
                raise WorkbookRefused("too_many_texts", limit=LONGEST_TEXT)

    def finish(self, name: str) -> None:
        if self._in_cell:
            if name == "c":
                self._in_cell = False
                self._finish_cell()
            elif name in ("v", "f"):
                self._collects = False
                if name == "v":
                    if self._value is not None:
                        raise damaged(f"row {self._row}")
                    self._value = _text_of(self._pieces)
                else:
                    self._formula = "".join(self._pieces)
            elif name == "t" and self._collects:
                self._collects = False
                self._value = (self._value or "") + _text_of(self._pieces)
            elif name == "rPh":
                self._in_reading = False
        elif name == "row" and self._in_data:
            if self._used:
                self._rows.append((self._row, self._cells))
                if self._is_hidden:
                    self.hidden.append(self._row)
        elif name == "sheetData":
            self._in_data = False

    def _begin_row(self, number: str | None) -> None:
        row = self._row + 1
        if number is not None:
            if not (number.isascii() and number.isdigit() and len(number) <= 7):
                raise damaged(f"row {number[:20]}")
            row = int(number)
            if row <= self._row:
                raise damaged(f"row {row}")
        self._row, self._cells, self._used, self._place = row, [], False, -1

    def _place_of(self, reference: str) -> int:
        letters = reference.rstrip(_DIGITS)
        place = self._places.get(letters)
        if place is None:
            place = 0
            if not (1 <= len(letters) <= 3 and letters.isascii() and letters.isalpha()):
                raise damaged(reference[:20])
            for letter in letters.upper():
                place = place * 26 + ord(letter) - 64
            if place > _COLUMNS:
                raise damaged(reference[:20])
            place = self._places[letters] = place - 1
        return place

    def _finish_cell(self) -> None:
        value = self._cell()
        if value is None:
            return
        place, cells = self._place, self._cells
        if place >= self._limits.max_columns:
            raise WorkbookRefused(
                "too_many_columns",
                value=place + 1,
                limit=self._limits.max_columns,
                line=self._row,
            )
        if place < len(cells):
            if cells[place] is not None:
                raise damaged(f"row {self._row}")
            cells[place] = value
        else:
            cells.extend([None] * (place - len(cells)))
            cells.append(value)
        self._used = True

    def _cell(self) -> WorkbookCell:
        kind, value = self._kind, self._value
        if not value:
            if self._formula is not None and not (kind == "str" and value is not None):
                return Unusable(f"={self._formula}")
            return None
        if kind == "s":
            if not (value.isascii() and value.isdigit() and len(value) < 9):
                raise damaged(f"row {self._row}")
            if int(value) >= len(self._strings):
                raise damaged(f"row {self._row}")
            return self._strings[int(value)] or None
        if kind == "n":
            return self._number(value)
        if kind in ("str", "inlineStr"):
            return value
        if kind == "b":
            return value.strip() in ("1", "true")
        if kind == "e":
            return Unusable(value, is_error=True)
        if kind == "d":
            try:
                return datetime.fromisoformat(value).replace(tzinfo=None)
            except ValueError as exc:
                raise damaged(f"row {self._row}: {value[:40]}") from exc
        raise damaged(f"row {self._row}")

    def _number(self, text: str) -> int | float | datetime | str:
        text = text.strip()
        if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
            raise damaged(f"row {self._row}: {text[:40]}")
        number = int(text) if text.lstrip("+-").isdigit() else float(text)
        if not self._style or self._style == "0" or not (shown := self._shown_as()):
            return number
        if shown == PERCENT:
            return f"{Decimal(text) * 100:f} %"
        if isinstance(shown, int):
            # 100 that is shown as 0100 is the code 0100.
            return f"{number:0{shown}d}" if isinstance(number, int) and number >= 0 else number
        if 0 <= number < _DAYS:
            # Spreadsheets believe that there was a 29 February 1900.
            early = self._epoch is _EPOCH_1900 and number < 60
            # To the second: 46105.9999999999 is noise of the next day, not a night before it.
            return self._epoch + timedelta(seconds=round((number + early) * 86_400))
        return number

    def _shown_as(self) -> Shown:
        style = self._style
        if style.isdecimal() and len(style) < 7 and int(style) < len(self._shown):
            return self._shown[int(style)]
        return ""
