"""Rows of a table into journal lines: the same for text files and workbooks."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from operator import itemgetter
from typing import TypeVar

from connectors.bounds import FIRST_YEAR, LAST_YEAR
from sources.readers.adding_up import AddingUp
from sources.readers.amounts import AmountError, minor_from_number, minor_from_text
from sources.readers.evidence import Evidence
from sources.readers.fixed_amounts import FixedAmounts
from sources.readers.headings import is_about_people, looks_like_data, normalised
from sources.readers.lines import CODE_LENGTH, TEXT_LENGTH, FileHead, Limits, Reading
from sources.readers.organisation_numbers import organisation_number
from sources.readers.people import is_personal_number, without_personal_numbers
from sources.readers.periods import (
    OutOfRange,
    date_from_text,
    date_of_cell,
    date_of_serial,
    last_day,
    may_have_lost_a_zero,
    period_from_text,
    period_from_year_and_month,
    period_of,
)
from sources.readers.problems import ProblemLog, Refused
from sources.readers.row_checks import RowChecks, Sides, names_a_total
from sources.readers.settings import (
    DEBIT_CREDIT,
    DEBIT_CREDIT_NEGATIVE,
    GBAT10,
    NO_HEADINGS,
    PERIOD_COLUMN,
    PERIOD_FROM_DATE,
    SIGN_COLUMN,
    SIGNED_CREDIT_POSITIVE,
    XLSX,
    YEAR_AND_MONTH,
    SourceSettings,
)
from sources.readers.workbook import Unusable

Cell = str | int | float | Decimal | date | datetime | Unusable | None
Row = tuple[int, Sequence[Cell]]

HEADING_ROWS = 50
"""How far down the headings may stand, below a title."""
_REMEMBERED = 20_000
_ONLY_SHOWN = ("account_name", "company_name")
"""Mapped columns that may be gone without harm: nothing that is booked stands in them."""
_NAMES_SHOWN = 5
_NAME_LENGTH = 100

_ACCOUNT = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,19}")
_NUMBER_AS_ACCOUNT = re.compile(r"([0-9]+)\.0+")
_AMOUNTS = ("amount", "debit", "credit")
_DASHES = frozenset(["-", "\u2013", "\u2014", "\u2212"])
"""What a spreadsheet shows for nothing in a column of amounts."""
_DEBIT_WORDS = frozenset(["d", "+", "s", "debit", "debet", "debett", "db", "dr"])
_CREDIT_WORDS = frozenset(["k", "c", "-", "h", "credit", "kredit", "krediet", "cr", "kr"])


def required_fields(settings: SourceSettings) -> list[str]:
    """Return the fields without which no row can be read, by the rules chosen."""
    both = ["debit", "credit"]
    amounts = {
        DEBIT_CREDIT: both,
        DEBIT_CREDIT_NEGATIVE: both,
        SIGN_COLUMN: ["amount", "side"],
    }
    periods = {
        PERIOD_COLUMN: ["period"],
        PERIOD_FROM_DATE: ["date"],
        YEAR_AND_MONTH: ["year", "month"],
    }
    return ["account", *amounts.get(settings.sign_rule, ["amount"]), *periods[settings.period_rule]]


def find_columns(
    rows: Iterator[Row], *, settings: SourceSettings, log: ProblemLog
) -> tuple[dict[str, int], int]:
    """
    Return the place of each mapped column and the row of the headings; takes the rows up to it.

    :raises Refused: if a needed column is not there; each one is named with the headings found
    """
    faults = log.counts["error"]
    for name, heading in settings.columns.items():
        if is_about_people(heading):
            log.add("employee_column", column=name, value=heading)
    if log.counts["error"] > faults:
        raise Refused
    if settings.header_row == NO_HEADINGS:
        return _columns_by_place(settings, log), 0
    wanted = {name: normalised(heading) for name, heading in settings.columns.items() if heading}
    above: list[Row] = []
    best: list[str] = []
    names: list[str] = []
    best_row, best_score = 0, -1
    for number, cells in rows:
        headings = [normalised(_as_text(cell)) for cell in cells]
        above.append((number, cells))
        if settings.header_row and number < settings.header_row:
            continue
        score = sum(heading in headings for heading in wanted.values())
        filled = sum(bool(heading) for heading in headings)
        if score > best_score or (score == best_score == 0 and filled > len(best)):
            best, best_row, best_score = headings, number, score
            names = [_as_text(cell).strip() for cell in cells]
        needed = [wanted.get(field, "") for field in required_fields(settings)]
        if settings.header_row or all(heading and heading in headings for heading in needed):
            break
        if number >= HEADING_ROWS:
            break
    if best_score < 0:
        log.add("no_lines")
        raise Refused
    log.names_people = any(map(is_about_people, names))
    found = (
        "–"
        if not best_score and looks_like_data(names)
        else ", ".join(name[:CODE_LENGTH] for name in names if name)
    )
    places: dict[str, int] = {}
    required = required_fields(settings)
    for wanted_field in dict.fromkeys([*required, *wanted]):
        wanted_heading = wanted.get(wanted_field, "")
        shown = settings.columns.get(wanted_field, "")
        if wanted_heading and best.count(wanted_heading) == 1:
            places[wanted_field] = best.index(wanted_heading)
        elif wanted_heading and wanted_heading in best:
            log.add("column_twice", line=best_row, column=wanted_field, value=shown)
        elif wanted_field not in _ONLY_SHOWN:
            log.add(
                "missing_column", line=best_row, column=wanted_field, value=shown, headings=found
            )
    _refuse_rows_above(above, best_row, places, settings=settings, log=log)
    if log.counts["error"] > faults:
        raise Refused
    return places, best_row


def _refuse_rows_above(
    above: Sequence[Row],
    headings: int,
    places: Mapping[str, int],
    *,
    settings: SourceSettings,
    log: ProblemLog,
) -> None:
    """Name what stands above the headings and would be a booking row below them."""
    needed = [places[name] for name in required_fields(settings) if name in places]
    one_of = [places[name] for name in _AMOUNTS if name in places]
    needed = [place for place in needed if place not in one_of]
    for number, cells in above:
        texts = [_as_text(cell).strip() for cell in cells]
        width = len(texts)
        if (
            number < headings
            and all(place < width and texts[place] for place in needed)
            and places.get("account", width) < width
            and texts[places["account"]][:1].isdigit()
            and any(place < width and texts[place][-1:].isdigit() for place in one_of)
        ):
            booked = [texts[place] for place in (places["account"], *one_of) if place < width]
            log.add("row_above_headings", line=number, value="; ".join(filter(None, booked)))


def _columns_by_place(settings: SourceSettings, log: ProblemLog) -> dict[str, int]:
    places = {
        name: int(heading[1:]) - 1
        for name, heading in settings.columns.items()
        if heading[:1] == "#"
        and heading[1:].isascii()
        and heading[1:].isdigit()
        and heading != "#0"
    }
    missing = [name for name in required_fields(settings) if name not in places]
    for name in missing:
        log.add(
            "missing_column", column=name, value=settings.columns.get(name, ""), headings="#1, #2 …"
        )
    if missing:
        raise Refused
    return places


class TableReader:
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
        self.settings, self.log = settings, log
        self._fixed, self._field_names = amounts, names or settings.columns
        self.sums = AddingUp(log=log, limits=limits)
        self.evidence = Evidence(settings)
        self._is_table = settings.format != GBAT10
        self._places = places
        self._width = max(places.values(), default=0) + 1
        self._from_workbook = settings.format == XLSX
        self._account_at = places["account"]
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
        self._numeric_codes: dict[str, list[int]] = {}
        self._numeric_account: tuple[int, str, str] | None = None
        self._numeric_account_count = 0
        self._outside: tuple[int, date] | None = None
        self._outside_count = 0
        self._sides: Sides | None = None
        self._checks = RowChecks(log)
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
        digits = organisation_number(company)
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
            if name not in _ONLY_SHOWN and isinstance(cell := cells[place], Unusable)
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
        return not _is_account(account_text) and all(cells[place] in (None, "") for place in filled)

    def _is_row_of_headings(self, number: int, cells: Sequence[Cell]) -> bool:
        """Take the headings of a next page or table; in another order nothing below can be read."""
        if len(self._headings) < 2:
            return False
        texts = [normalised(_as_text(cell)) for cell in cells]
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
            for name in _AMOUNTS
            if not isinstance(self._cell(cells, name), Unusable)
            and (minor := self._minor(number, cells, name)) is not None
        }
        self.log = log
        shown = "; ".join(text for name in _AMOUNTS if (text := self._text(cells, name))) or "–"
        self._checks.total(number, values, shown, readable=not quiet.counts["error"])

    def _has_amount(self, cells: Sequence[Cell]) -> bool:
        return any(self._amount_text(cells, name) for name in _AMOUNTS)

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
        return cell.strip() if type(cell) is str else _as_text(cell).strip()

    def _heading(self, name: str) -> str:
        return self._field_names.get(name) or name

    # --- Its fields -------------------------------------------------------------------------

    def _account(self, number: int, text: str) -> str:
        if not text:
            self.log.add("account_missing", line=number, column=self._heading("account"))
            return ""
        account = text.removeprefix("'")
        if found := _NUMBER_AS_ACCOUNT.fullmatch(text):
            account = found[1]
            self._numeric_account = self._numeric_account or (number, text, account)
            self._numeric_account_count += 1
        if not _is_account(account) or is_personal_number(account):
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
            account = _as_text(cells[self._account_at]).strip()
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
            return  # it stands there and was found unreadable
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
            self.log.add(fault.code, line=number, column=self._heading(name), value=_as_text(cell))
            return None
        if rounded:
            self.log.add("amount_rounded", line=number, column=self._heading(name), value=cell)
        return minor

    def _date(self, number: int, cells: Sequence[Cell]) -> date | None:
        cell = self._cell(cells, "date")
        text = _as_text(cell).strip()
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
        texts = [_as_text(cell).strip() for cell in key]
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
            self.log.add("code_is_date", line=number, column=column, value=_as_text(cell)[:10])
            return ""
        if not isinstance(cell, str):
            seen = self._numeric_codes.setdefault(name, [number, 0])
            seen[1] += 1
        code = _as_text(cell).strip().removeprefix("'")
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


def _is_account(text: str) -> bool:
    return bool(_ACCOUNT.fullmatch(text)) and any(map(str.isdigit, text))


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


def _as_text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
