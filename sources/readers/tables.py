"""Rows of a table into journal lines: the same for text files and workbooks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from operator import itemgetter
from typing import TypeVar

from connectors.organisation_numbers import digits_of
from sources.readers.adding_up import AddingUp
from sources.readers.cells import AMOUNTS, ONLY_SHOWN, Cell, Row, as_text
from sources.readers.fixed_amounts import FixedAmounts
from sources.readers.headings import normalised
from sources.readers.lines import TEXT_LENGTH, FileHead, Limits, Reading
from sources.readers.people import without_personal_numbers
from sources.readers.periods import (
    last_day,
    period_of,
)
from sources.readers.problems import ProblemLog, Refused
from sources.readers.row_checks import names_a_total
from sources.readers.row_fields import RowFields, is_account
from sources.readers.settings import (
    NO_HEADINGS,
    XLSX,
    SourceSettings,
)
from sources.readers.workbook import Unusable

_REMEMBERED = 20_000
_NAMES_SHOWN = 5
_NAME_LENGTH = 100


class TableReader(RowFields):
    """
    Turns rows into lines by the settings of the source.

    :param amounts: reads amounts where the format fixes how they are written
    :param names: what problems call the fields, where there are no headings
    """

    def __init__(
        self,
        *,
        places: Mapping[str, int],
        settings: SourceSettings,
        limits: Limits,
        log: ProblemLog,
        amounts: FixedAmounts | None = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(places=places, settings=settings, log=log)
        self._fixed, self._field_names = amounts, names or settings.columns
        self.sums = AddingUp(log=log, limits=limits)
        self._width = max(places.values(), default=0) + 1
        self._from_workbook = settings.format == XLSX
        self._headings = {
            place: normalised(settings.columns[name])
            for name, place in places.items()
            if settings.header_row != NO_HEADINGS and settings.columns.get(name)
        }
        self._when_cells = _getter(places, "date", "period", "year", "month")
        self._code_cells = _getter(places, "cost_centre", "cost_unit")
        self._about_cells = _getter(places, "company", "company_name", "run", "currency")
        self._accounts: dict[object, str] = {}
        self._whens: dict[object, tuple[str, date]] = {}
        self._codes: dict[object, tuple[str, str]] = {}
        self._abouts: dict[object, bool] = {}
        self._outside: tuple[int, date] | None = None
        self._outside_count = 0
        self._companies: dict[str, None] = {}
        self._runs: dict[str, None] = {}
        self._currencies: dict[str, None] = {}
        self.company_name = ""
        self.account_names: dict[str, str] = {}
        self.names: list[str] = []

    def read(self, rows: Iterable[Row]) -> None:
        """
        Take all rows below the headings.

        :raises Refused: at a limit
        """
        for number, cells in rows:
            if len(cells) < self._width:
                cells = [*cells, *[None] * (self._width - len(cells))]
            if self._from_workbook and self._is_unusable(number, cells):
                continue
            self._row(number, cells)

    def reading(self, *, file_format: str, encoding: str) -> Reading:
        """Return what came of it."""
        self._report_leftovers()
        company = next(iter(self._companies), "")
        digits = digits_of(company)
        by_number = len(digits) >= 8
        reading = self.sums.close(
            FileHead(
                format=file_format,
                encoding=encoding,
                organisation_number=digits if by_number else "",
                company_number="" if by_number else company,
                company_name=self.company_name,
                run=next(iter(self._runs), ""),
                currency=next(iter(self._currencies), self.settings.currency),
                first_names=tuple(self.names),
                account_names=self.account_names,
            )
        )
        return replace(reading, evidence=self.evidence.findings() if self._is_table else ())

    # --- One row ----------------------------------------------------------------------------

    def _row(self, number: int, cells: Sequence[Cell]) -> None:
        # What repeats from row to row (account, dates, codes, company) is read once; a row of
        # known parts only has its amount and text to read.
        account = self._accounts.get(cells[self._account_at])
        when = self._whens.get(self._when_cells(cells))
        codes = self._codes.get(self._code_cells(cells))
        if (
            account is None
            or when is None
            or codes is None
            or self._about_cells(cells) not in self._abouts
        ):
            self._new_row(number, cells)
            return
        self.sums.count_row()
        minor = self._amount(number, cells)
        if minor is None:
            self.sums.left_out(when[0])
            return
        text = self._line_text(number, cells)
        self._checks.see(number, account, when[0], minor, self._sides, text)
        self.sums.add(number, *when, account, *codes, minor, text)

    def _is_unusable(self, number: int, cells: Sequence[Cell]) -> bool:
        """Name the cells of a booking row whose value nobody knows, and say if there are any."""
        found = {
            name: cell
            for name, place in self._places.items()
            if name not in ONLY_SHOWN and isinstance(cell := cells[place], Unusable)
        }
        if not found or self._is_no_booking(cells, self._text(cells, "account")):
            return False
        for name, cell in found.items():
            code = "cell_is_error" if cell.is_error else "formula_not_calculated"
            self.log.add(code, line=number, column=self._heading(name), value=cell)
        self.sums.count_row()
        self.sums.left_out()
        return True

    def _is_no_booking(self, cells: Sequence[Cell], account_text: str) -> bool:
        """Say whether a row is one of totals, or a heading or note between the rows."""
        if (not account_text or not account_text[0].isdigit()) and self._is_total(
            cells, account_text
        ):
            return True
        return not self._has_amount(cells) and (
            not account_text or self._is_note(cells, account_text)
        )

    def _is_note(self, cells: Sequence[Cell], account_text: str) -> bool:
        """Say whether words stand in the place of the account, and nothing that could be booked."""
        filled = (place for name, place in self._places.items() if name not in ("account", "text"))
        return not is_account(account_text) and all(cells[place] in (None, "") for place in filled)

    def _is_row_of_headings(self, number: int, cells: Sequence[Cell]) -> bool:
        """Take the headings of a next page or table; in another order nothing below can be read."""
        if len(self._headings) < 2:
            return False
        texts = [normalised(as_text(cell)) for cell in cells]
        if all(texts[place] == heading for place, heading in self._headings.items()):
            self._checks.headings_again(number)
            return True
        strange = (
            texts[self._account_at] in self._headings.values()
            or self._headings.get(self._account_at) in texts
        )
        if strange and sum(heading in texts for heading in self._headings.values()) > 2:
            self.log.add("headings_differ", line=number)
            raise Refused
        return False

    def _new_row(self, number: int, cells: Sequence[Cell]) -> None:
        if not any(cell is not None and cell != "" for cell in cells):
            return
        account_text = self._text(cells, "account")
        if not account_text[:1].isdigit() and self._is_row_of_headings(number, cells):
            return
        if self._is_no_booking(cells, account_text):
            if self._is_total(cells, account_text):
                self._leave_out_total(number, cells)
            else:
                self._checks.note(number)
            return
        self.sums.count_row()
        faults = self.log.counts["error"]
        account = self._account(number, account_text)
        minor = self._amount(number, cells)
        posted_on = self._date(number, cells)
        period = self._period(number, cells, posted_on)
        codes = (self._code(number, cells, "cost_centre"), self._code(number, cells, "cost_unit"))
        text = self._line_text(number, cells)
        self._company_run_currency(number, cells)
        if self.log.counts["error"] > faults or minor is None or not period:
            self.sums.left_out(period)
            return
        self._checks.see(number, account, period, minor, self._sides, text)
        agrees = posted_on is None or period == period_of(posted_on)
        if posted_on is None:
            posted_on = last_day(period)
        elif not agrees:
            self._outside = self._outside or (number, posted_on)
            self._outside_count += 1
        self.sums.add(number, period, posted_on, account, *codes, minor, text)
        if "account_name" in self._places and account not in self.account_names:
            self._name_account(account, self._text(cells, "account_name"))
        self._remember(cells, account, (period, posted_on) if agrees else None, codes)

    def _remember(
        self,
        cells: Sequence[Cell],
        account: str,
        when: tuple[str, date] | None,
        codes: tuple[str, str],
    ) -> None:
        """Keep what was read without fault; what must be counted in every row is not kept."""
        if cells[self._account_at] == account:
            _keep(self._accounts, account, account)
        if when is not None:
            _keep(self._whens, self._when_cells(cells), when)
        raw = self._cell(cells, "cost_centre"), self._cell(cells, "cost_unit")
        if all(cell is None or isinstance(cell, str) for cell in raw) and any(codes) == any(raw):
            _keep(self._codes, self._code_cells(cells), codes)
        _keep(self._abouts, self._about_cells(cells), True)

    def _is_total(self, cells: Sequence[Cell], account_text: str) -> bool:
        if account_text:
            return names_a_total(account_text)
        return any(isinstance(cell, str) and names_a_total(cell) for cell in cells)

    def _leave_out_total(self, number: int, cells: Sequence[Cell]) -> None:
        quiet = ProblemLog()
        log, self.log = self.log, quiet
        values = {
            name: minor
            for name in AMOUNTS
            if not isinstance(self._cell(cells, name), Unusable)
            and (minor := self._minor(number, cells, name)) is not None
        }
        self.log = log
        shown = "; ".join(text for name in AMOUNTS if (text := self._text(cells, name))) or "–"
        self._checks.total(number, values, shown, readable=not quiet.counts["error"])

    def _has_amount(self, cells: Sequence[Cell]) -> bool:
        return any(self._amount_text(cells, name) for name in AMOUNTS)

    def _company_run_currency(self, number: int, cells: Sequence[Cell]) -> None:
        if (company := self._text(cells, "company")) and company not in self._companies:
            self._companies[company] = None
        run = without_personal_numbers(self._text(cells, "run"))
        if run and run not in self._runs:
            self._runs[run[:TEXT_LENGTH]] = None
        if not self.company_name and "company_name" in self._places:
            name = without_personal_numbers(self._text(cells, "company_name"))
            self.company_name = name[:_NAME_LENGTH]
            self._show_name(self.company_name)
        currency = self._text(cells, "currency").upper()
        if currency:
            self._currencies[currency] = None
            if self.settings.currency and currency != self.settings.currency:
                self.log.add(
                    "currency_differs",
                    line=number,
                    column=self._heading("currency"),
                    value=currency,
                    currency=self.settings.currency,
                )

    # --- What is said once ------------------------------------------------------------------

    def _name_account(self, account: str, name: str) -> None:
        name = without_personal_numbers(name)
        if name and len(self.account_names) < _REMEMBERED:
            self.account_names[account] = name[:_NAME_LENGTH]
            self._show_name(name)

    def _show_name(self, name: str) -> None:
        if len(self.names) < _NAMES_SHOWN and not name.isascii() and name not in self.names:
            self.names.append(name)

    def _report_leftovers(self) -> None:
        log = self.log
        self._checks.finish(self._heading("credit"), self._heading("amount"))
        for name, (first, count) in self._numeric_codes.items():
            log.add("code_is_number", line=first, column=self._heading(name), count=count)
        if self._numeric_account:
            first, value, account = self._numeric_account
            log.add(
                "account_was_number",
                line=first,
                column=self._heading("account"),
                value=value,
                account=account,
                count=self._numeric_account_count,
            )
        if self._outside:
            first, day = self._outside
            log.add(
                "date_outside_period",
                line=first,
                column=self._heading("date"),
                value=day,
                count=self._outside_count,
            )
        for code, values, name in (
            ("several_companies", self._companies, "company"),
            ("several_runs", self._runs, "run"),
            ("several_currencies", self._currencies, "currency"),
        ):
            if len(values) > 1:
                log.add(code, column=self._heading(name), value=", ".join(values))


def _getter(places: Mapping[str, int], *names: str) -> Callable[[Sequence[Cell]], object]:
    """Return what takes those cells of a row that are mapped."""
    wanted = [places[name] for name in names if name in places]
    return itemgetter(*wanted) if wanted else _no_cells


def _no_cells(cells: Sequence[Cell]) -> object:
    return ()


_Value = TypeVar("_Value")


def _keep(memory: dict[object, _Value], key: object, value: _Value) -> None:
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[key] = value
