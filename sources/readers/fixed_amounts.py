"""
Amounts of the formats that fix how they are written (SIE, GBAT10): a point, two decimals at most.

A comma, or a mark between thousands, is read with a warning where only one reading is possible.
Where there are two, or where the file uses one sign for both, the file is refused.
"""

import re
from dataclasses import dataclass

from sources.readers.amounts import AmountError, minor_from_text, to_decimal
from sources.readers.problems import ProblemLog

_STRICT = re.compile(r"[-+]?[0-9]+(?:\.[0-9]{1,2})?")
_MARKS = re.compile("[.,\u00a0\u202f\u2009 '\u2019]")
_NO_THOUSANDS = re.compile(r"0?|0.*|[0-9]{4,}")
"""What cannot stand before a thousands mark: nothing, a leading zero, four figures."""
_DECIMALS = 2
_AFTER_THOUSANDS = 3


@dataclass(frozen=True, slots=True)
class _Seen:
    line: int
    value: str


class FixedAmounts:
    """Reads the amounts of one file and remembers which signs it used for what."""

    def __init__(self, log: ProblemLog) -> None:
        self._log = log
        self._thousands: dict[str, _Seen] = {}
        self._decimals: dict[str, _Seen] = {}
        self._reported: set[str] = set()
        self.saw_point = False

    def read(self, number: int, text: str, *, column: str) -> int | None:
        """Return the amount in minor units; None if a problem was noted instead."""
        text = text.strip()
        minor: int | None = None
        try:
            if _STRICT.fullmatch(text):
                if "." in text and not self.saw_point:
                    self.note_point(number, text)
                return minor_from_text(text, decimal_mark=".")
            minor = self._read_odd(number, text, column)
        except AmountError as fault:
            self._log.add(fault.code, line=number, column=column, value=text)
        return minor

    def _read_odd(self, number: int, text: str, column: str) -> int | None:
        bare = text.strip("-+()\u2212\u2013 ")
        marks = _MARKS.findall(bare)
        if not marks:
            return minor_from_text(text, decimal_mark=".")
        last = marks[-1]
        whole, _, decimals = bare.rpartition(last)
        if last not in ".,":
            decimal_mark = "."  # blanks and apostrophes never stand before decimals
        elif len(set(marks)) == 1 and len(marks) > 1:
            decimal_mark = "," if last == "." else "."  # 1,234,567 can only be whole
        else:
            decimal_mark = last
        if decimal_mark == last and len(decimals) > _DECIMALS:
            if len(decimals) == _AFTER_THOUSANDS and not (
                len(marks) > 1 or _NO_THOUSANDS.fullmatch(whole)
            ):
                self._log.add(
                    "amount_ambiguous",
                    line=number,
                    column=column,
                    value=text,
                    as_whole=whole + decimals,
                    as_decimal=f"{whole}.{decimals}",
                )
                return None
            raise AmountError("amount_too_precise")
        minor = minor_from_text(text, decimal_mark=decimal_mark)
        thousands = marks[:-1] if decimal_mark == last else marks
        if decimal_mark == last:
            self._decimals.setdefault(last, _Seen(number, text))
        for mark in thousands:
            self._thousands.setdefault(mark, _Seen(number, text))
        if thousands:
            self._log.add(
                "thousands_mark", line=number, column=column, value=text, read_as=to_decimal(minor)
            )
        elif last == ",":
            self._log.add("decimal_comma", line=number, column=column, value=text)
        self._refuse_mixed_marks(column)
        return minor

    def note_point(self, number: int, text: str) -> None:
        """Remember that a point stands before decimals."""
        self.saw_point = True
        self._decimals.setdefault(".", _Seen(number, text))

    def finish(self, *, column: str) -> None:
        """Note what only the whole file tells."""
        self._refuse_mixed_marks(column)

    def _refuse_mixed_marks(self, column: str) -> None:
        for mark in self._thousands.keys() & self._decimals.keys() - self._reported:
            self._reported.add(mark)
            thousands, decimals = self._thousands[mark], self._decimals[mark]
            self._log.add(
                "amount_marks_mixed",
                line=thousands.line,
                column=column,
                value=decimals.value,
                thousands=thousands.value,
                decimal_line=decimals.line,
                mark=mark,
            )
