"""The fields of one row of a table: account, amount, date, period, codes, text."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from connectors.bounds import FIRST_YEAR, LAST_YEAR
from sources.readers.amounts import AmountError, minor_from_number, minor_from_text
from sources.readers.cells import Cell, as_text
from sources.readers.evidence import Evidence
from sources.readers.fixed_amounts import FixedAmounts
from sources.readers.lines import CODE_LENGTH, TEXT_LENGTH
from sources.readers.people import is_personal_number, without_personal_numbers
from sources.readers.periods import (
    OutOfRange,
    date_from_text,
    date_of_cell,
    date_of_serial,
    may_have_lost_a_zero,
    period_from_text,
    period_from_year_and_month,
    period_of,
)
from sources.readers.problems import ProblemLog
from sources.readers.row_checks import RowChecks, Sides
from sources.readers.settings import (
    DEBIT_CREDIT,
    DEBIT_CREDIT_NEGATIVE,
    GBAT10,
    PERIOD_COLUMN,
    PERIOD_FROM_DATE,
    SIGN_COLUMN,
    SIGNED_CREDIT_POSITIVE,
    SourceSettings,
)

_ACCOUNT = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,19}")
_NUMBER_AS_ACCOUNT = re.compile(r"([0-9]+)\.0+")
_DASHES = frozenset(["-", "\u2013", "\u2014", "\u2212"])
"""What a spreadsheet shows for nothing in a column of amounts."""
_DEBIT_WORDS = frozenset(["d", "+", "s", "debit", "debet", "debett", "db", "dr"])
_CREDIT_WORDS = frozenset(["k", "c", "-", "h", "credit", "kredit", "krediet", "cr", "kr"])


class RowFields:
    """Reads the fields of a row by the settings of the source."""

    def __init__(
        self,
        *,
        places: Mapping[str, int],
        settings: SourceSettings,
        log: ProblemLog,
    ) -> None:
        self.settings, self.log = settings, log
        self._fixed: FixedAmounts | None = None
        self._field_names = settings.columns
        self.evidence = Evidence(settings)
        self._is_table = settings.format != GBAT10
        self._places = places
        self._account_at = places["account"]
        self._numeric_codes: dict[str, list[int]] = {}
        self._numeric_account: tuple[int, str, str] | None = None
        self._numeric_account_count = 0
        self._sides: Sides | None = None
        self._checks = RowChecks(log)

    def _amount_text(self, cells: Sequence[Cell], name: str) -> str:
        text = self._text(cells, name)
        return "" if text in _DASHES else text

    def _cell(self, cells: Sequence[Cell], name: str) -> Cell:
        place = self._places.get(name)
        return None if place is None else cells[place]

    def _text(self, cells: Sequence[Cell], name: str) -> str:
        place = self._places.get(name)
        if place is None:
            return ""
        cell = cells[place]
        return cell.strip() if type(cell) is str else as_text(cell).strip()

    def _heading(self, name: str) -> str:
        return self._field_names.get(name) or name

    def _account(self, number: int, text: str) -> str:
        if not text:
            self.log.add("account_missing", line=number, column=self._heading("account"))
            return ""
        account = text.removeprefix("'")
        if found := _NUMBER_AS_ACCOUNT.fullmatch(text):
            account = found[1]
            self._numeric_account = self._numeric_account or (number, text, account)
            self._numeric_account_count += 1
        if not is_account(account) or is_personal_number(account):
            self.log.add(
                "account_unreadable", line=number, column=self._heading("account"), value=text
            )
            return ""
        return account

    def _amount(self, number: int, cells: Sequence[Cell]) -> int | None:
        rule = self.settings.sign_rule
        self._sides = None
        if rule in (DEBIT_CREDIT, DEBIT_CREDIT_NEGATIVE):
            debit = self._minor(number, cells, "debit")
            credit = self._minor(number, cells, "credit")
            if debit is None and credit is None:
                self._amount_is_missing(number, cells, "debit", "credit")
                return None
            if rule == DEBIT_CREDIT_NEGATIVE:
                credit = -(credit or 0)
            self._sides = debit or 0, credit or 0
            return self._sides[0] - self._sides[1]
        minor = self._minor(number, cells, "amount")
        if minor is None:
            self._amount_is_missing(number, cells, "amount")
            return None
        if rule != SIGN_COLUMN:
            account = as_text(cells[self._account_at]).strip()
            shown = self._text(cells, "amount")
            self.evidence.signed(number, self._heading("amount"), account, shown, minor)
        if rule == SIGNED_CREDIT_POSITIVE:
            return -minor
        if rule == SIGN_COLUMN:
            side = self._text(cells, "side").casefold()
            if side in _CREDIT_WORDS:
                self._sides = 0, minor
                return -minor
            if side not in _DEBIT_WORDS:
                self.log.add(
                    "side_unreadable",
                    line=number,
                    column=self._heading("side"),
                    value=self._text(cells, "side"),
                )
                return None
            self._sides = minor, 0
        return minor

    def _amount_is_missing(self, number: int, cells: Sequence[Cell], *names: str) -> None:
        if any(self._amount_text(cells, name) for name in names):
            return  # there is one, which was found unreadable
        headings = ", ".join(self._heading(name) for name in names)
        self.log.add("amount_missing", line=number, column=headings)

    def _minor(self, number: int, cells: Sequence[Cell], name: str) -> int | None:
        cell = self._cell(cells, name)
        if cell is None or cell == "":
            return None
        try:
            if isinstance(cell, str):
                if not cell.strip():
                    return None
                if self._fixed is not None:
                    return self._fixed.read(number, cell, column=self._heading(name))
                if cell.strip() in _DASHES:
                    return None
                if self._is_table:
                    self.evidence.amount(number, self._heading(name), cell)
                return minor_from_text(cell, decimal_mark=self.settings.decimal_mark)
            if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
                raise AmountError("amount_unreadable")
            minor, rounded = minor_from_number(cell)
        except AmountError as fault:
            self.log.add(fault.code, line=number, column=self._heading(name), value=as_text(cell))
            return None
        if rounded:
            self.log.add("amount_rounded", line=number, column=self._heading(name), value=cell)
        return minor

    def _date(self, number: int, cells: Sequence[Cell]) -> date | None:
        cell = self._cell(cells, "date")
        text = as_text(cell).strip()
        if not text:
            if self.settings.period_rule == PERIOD_FROM_DATE:
                self.log.add("date_missing", line=number, column=self._heading("date"))
            return None
        try:
            day = date_of_cell(cell)
            if day is None:
                if self._is_table and (shown := date_of_serial(text)):
                    self.log.add(
                        "date_is_number",
                        line=number,
                        column=self._heading("date"),
                        value=text,
                        day=shown,
                    )
                    return None
                if self._is_table:
                    self.evidence.day(number, self._heading("date"), text)
                day = date_from_text(
                    text, date_format=self.settings.date_format, short_years=self._is_table
                )
        except OutOfRange as why:
            self.log.add(
                "date_out_of_range",
                line=number,
                column=self._heading("date"),
                value=why,
                first=FIRST_YEAR,
                last=LAST_YEAR,
            )
            return None
        except ValueError:
            self.log.add("date_unreadable", line=number, column=self._heading("date"), value=text)
            return None
        return day

    def _period(self, number: int, cells: Sequence[Cell], posted_on: date | None) -> str:
        rule = self.settings.period_rule
        if rule == PERIOD_FROM_DATE:
            return period_of(posted_on) if posted_on else ""
        names = ("period",) if rule == PERIOD_COLUMN else ("year", "month")
        key = tuple(self._cell(cells, name) for name in names)
        texts = [as_text(cell).strip() for cell in key]
        for name, text in zip(names, texts, strict=True):
            if not text:
                self.log.add("period_missing", line=number, column=self._heading(name))
                return ""
        if any(may_have_lost_a_zero(cell) for cell in key):
            self.log.add(
                "period_is_number",
                line=number,
                column=", ".join(map(self._heading, names)),
                value=" ".join(texts),
            )
            return ""
        try:
            if len(texts) == 1:
                day = date_of_cell(key[0])
                period = period_of(day) if day else period_from_text(texts[0])
            else:
                period = period_from_year_and_month(*texts)
        except ValueError:
            self.log.add(
                "period_unreadable",
                line=number,
                column=", ".join(map(self._heading, names)),
                value=" ".join(texts),
            )
            return ""
        return period

    def _code(self, number: int, cells: Sequence[Cell], name: str) -> str:
        cell = self._cell(cells, name)
        if cell is None:
            return ""
        if isinstance(cell, date):
            column = self._heading(name)
            self.log.add("code_is_date", line=number, column=column, value=as_text(cell)[:10])
            return ""
        if not isinstance(cell, str):
            seen = self._numeric_codes.setdefault(name, [number, 0])
            seen[1] += 1
        code = as_text(cell).strip().removeprefix("'")
        if is_personal_number(code):
            self._checks.person_as_code(number, self._heading(name))
            return ""
        if len(code) > CODE_LENGTH:
            self.log.add(
                "code_too_long",
                line=number,
                column=self._heading(name),
                value=code,
                limit=CODE_LENGTH,
            )
        return code

    def _line_text(self, number: int, cells: Sequence[Cell]) -> str:
        text, more = self._text(cells, "text"), self._text(cells, "text2")
        if more:
            text = f"{text}: {more}" if text else more
        if "\n" in text or "\r" in text:
            text = " ".join(text.split())
        masked = without_personal_numbers(text)
        if masked != text:
            self._checks.person_in_text(number)
            text = masked
        if len(text) > TEXT_LENGTH:
            self.log.add(
                "text_shortened",
                line=number,
                column=self._heading("text"),
                value=text,
                limit=TEXT_LENGTH,
            )
            text = text[:TEXT_LENGTH]
        return text


def is_account(text: str) -> bool:
    """Say whether the text may be the number of an account."""
    return bool(_ACCOUNT.fullmatch(text)) and any(map(str.isdigit, text))
