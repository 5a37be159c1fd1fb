"""What the cell formats of a workbook make of a number: a date, a percentage, leading zeros."""

import re
from collections.abc import Mapping

from sources.readers.workbook_parts import Elements, WorkbookRefused

MOST_STYLES = 100_000
_BUILT_IN_DATES = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_LITERALS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_DATE_LETTERS = re.compile(r"[dmyhs]", re.IGNORECASE)
_BUILT_IN_PERCENTS = frozenset([9, 10])
_ZEROS = re.compile(r"0{2,20}")
_LONGEST_FORMAT = 300

DATE, PERCENT = "date", "percent"
Shown = str | int
"""What a cell format makes of a number: a date, a percentage, or so many figures; else nothing."""


class Styles(Elements):
    """What the cell formats show."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[Shown] = []
        self._formats: dict[str, Shown] = {}
        self._in_cell_formats = False

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "numFmt":
            code = attributes.get("formatCode", "")
            self._formats[attributes.get("numFmtId", "")] = _shown_by(code)
            if len(self._formats) > MOST_STYLES:
                raise WorkbookRefused("too_many_styles", limit=MOST_STYLES)
        elif name == "cellXfs":
            self._in_cell_formats = True
        elif name == "xf" and self._in_cell_formats:
            number = attributes.get("numFmtId", "0")
            self.shown.append(self._formats.get(number, _shown_by_built_in(number)))
            if len(self.shown) > MOST_STYLES:
                raise WorkbookRefused("too_many_styles", limit=MOST_STYLES)

    def finish(self, name: str) -> None:
        if name == "cellXfs":
            self._in_cell_formats = False


def _shown_by_built_in(number: str) -> Shown:
    if len(number) > 2 or not number.isdecimal():
        return ""
    if int(number) in _BUILT_IN_DATES:
        return DATE
    return PERCENT if int(number) in _BUILT_IN_PERCENTS else ""


def _shown_by(code: str) -> Shown:
    """Return what a number format shows: a day or a time by its letters outside of literals."""
    if len(code) > _LONGEST_FORMAT:
        return ""
    first = _LITERALS.sub("", code).split(";")[0]
    if "general" in first.lower():
        return ""
    if _DATE_LETTERS.search(first):
        return DATE
    if "%" in first:
        return PERCENT
    return len(first) if _ZEROS.fullmatch(first) else ""
