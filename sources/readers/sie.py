"""
SIE 4 files with vouchers (4I), as payroll systems write them.

The rules, with their sources, are in docs (payroll files): only ``#TRANS`` is booked, the date
of the voucher gives the period, debit is positive, codes are text. Every deviation met in
genuine files is either read with a warning or refused with words; nothing is guessed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO

from sources.readers.adding_up import AddingUp
from sources.readers.amounts import MAX_DIGITS, minor_from_text
from sources.readers.detection import SIE_LABELS
from sources.readers.encoding import Survey, decoded, text_lines
from sources.readers.fixed_amounts import FixedAmounts
from sources.readers.lines import CODE_LENGTH, TEXT_LENGTH, FileHead, Limits, Reading
from sources.readers.organisation_numbers import organisation_number
from sources.readers.people import MASK, is_personal_number, without_personal_numbers
from sources.readers.periods import date_from_text, period_of
from sources.readers.problems import ProblemLog, Refused
from sources.readers.runs import RunFinder
from sources.readers.settings import EMPLOYEE_DIMENSION, SIE, YMD, SourceSettings
from sources.readers.sie_syntax import Checksum, Field, SieSyntaxError, tokenise

DEFAULT_CURRENCY = "SEK"
_TELL_EVERY = 2000
_REMEMBERED = 20_000
_NAMES_SHOWN = 5
_FIRST_LINES = 30
_DATE_LENGTH = 8
_NAME_LENGTH = 100

# The row that nearly every line is. Whatever deviates goes through `tokenise`.
_PLAIN_ROW = re.compile(
    r"[ \t]*+#TRANS[ \t]++([0-9]++)[ \t]++(\{[^{}]*+\})[ \t]++(-?+[0-9]++(?:\.[0-9]{1,2}+)?+)"
    r"(?:[ \t]++([^\r\n]*+))?[\r\n]*+"
)

_BALANCE_LABELS = frozenset(["#IB", "#UB", "#OIB", "#OUB", "#RES", "#PSALDO", "#PBUDGET"])
_TYPES_WITHOUT_VOUCHERS = ("1", "2", "3")
# A fault in one of these changes what is booked, or for whom; in any other record it does not.
_MUST_BE_READ = frozenset(
    ["#TRANS", "#VER", "#FLAGGA", "#SIETYP", "#ORGNR", "#FNR", "#VALUTA", "#KSUMMA"]
)
_FIGURES = re.compile(r"[-+0-9.,{}]{1,40}")
_LABEL = re.compile(r"#[A-Z]{1,20}")
_NAMES_NOBODY = frozenset(["#KONTO", "#DIM", "#UNDERDIM"])
# 1 234.50 without quotes: two fields, the second of which no date can be.
_AFTER_BLANK = re.compile(r"[0-9]{3}(?:[.,][0-9]{1,2})?")
_BEFORE_BLANK = re.compile(r"-?[0-9]{1,3}")


_RowKey = tuple[str, str, str]


@dataclass(slots=True)
class _Voucher:
    """The voucher that is being read. Without a period its rows cannot be used."""

    line: int
    dated: date | None
    text: str
    opened: bool = False
    rows: int = 0
    balance: int = 0
    complete: bool = True
    period: str = field(init=False)
    texts: dict[str | None, str] = field(default_factory=dict)
    """What stands behind the amount -> text of the line."""
    added: dict[_RowKey, list[int]] = field(default_factory=dict)
    """What ``#RTRANS`` added -> the lines whose ``#TRANS`` has not come yet."""

    def __post_init__(self) -> None:
        self.period = period_of(self.dated) if self.dated else ""


def read(
    stream: BinaryIO,
    *,
    survey: Survey,
    settings: SourceSettings,
    limits: Limits,
    on_progress: Callable[[int, int | None], None],
) -> Reading:
    """Return what stands in a SIE file; `reading.read` is the door to it."""
    return _SieReader(survey=survey, settings=settings, limits=limits).read(stream, on_progress)


def checksum_left_open(stream: BinaryIO) -> int | None:
    """Return the line of a checksum that is opened and never closed, for a file of garbage."""
    stream.seek(0)
    opened = None
    for number, line in enumerate(stream, 1):
        if line.strip().upper().startswith(b"#KSUMMA"):
            opened = number if opened is None else None
    stream.seek(0)
    return opened


class _SieReader:
    def __init__(self, *, survey: Survey, settings: SourceSettings, limits: Limits) -> None:
        self.survey, self.settings = survey, settings
        self.encoding = settings.encoding or survey.encoding
        self.log = ProblemLog(fixed_fields=True)
        self.amounts = FixedAmounts(self.log)
        self.sums = AddingUp(log=self.log, limits=limits)
        self.runs = RunFinder(settings.run_pattern)
        self.voucher: _Voucher | None = None
        self.checksum = Checksum(self.encoding)
        self.not_booked = 0
        self.unknown_labels: dict[str, int] = {}
        self.personal: list[int] = []
        self.people_as_codes: list[int] = []
        self.known_label = False
        self.years: list[tuple[date, date]] = []
        self.currencies: list[str] = []
        self.names: list[str] = []
        self.dimensions: dict[str, str] = {}
        self.employee_dimensions = {EMPLOYEE_DIMENSION}
        self.left_out_dimensions: dict[str, int] = {}
        self.employees_seen = False
        self.account_names: dict[str, str] = {}
        self.object_names: dict[str, dict[str, str]] = {}
        self.organisations: list[str] = []
        self.companies: list[str] = []
        self.company_name = self.program = ""
        self.generated_on: date | None = None
        self.already_read = False
        self._objects: dict[str, tuple[str, str]] = {}
        self._records: dict[str, Callable[[int, list[Field]], None]] = {
            "#TRANS": self._row,
            "#VER": self._begin_voucher,
            "#RTRANS": self._added,
            "#BTRANS": self._not_booked,
            "#FLAGGA": self._flag,
            "#SIETYP": self._type,
            "#PROGRAM": self._program,
            "#GEN": self._generated,
            "#ORGNR": self._organisation,
            "#FNR": self._company,
            "#FNAMN": self._company_name,
            "#RAR": self._year,
            "#VALUTA": self._currency,
            "#KONTO": self._account,
            "#DIM": self._dimension,
            "#UNDERDIM": self._dimension,
            "#OBJEKT": self._object,
        }

    # --- The file ---------------------------------------------------------------------------

    def read(self, stream: BinaryIO, on_progress: Callable[[int, int | None], None]) -> Reading:
        try:
            self._read_lines(stream, on_progress)
        except Refused:
            return Reading(
                head=self._head(),
                rows_read=self.sums.rows_read,
                problems=self.log.shown(),
                problem_counts=dict(self.log.counts),
            )
        self._report_leftovers()
        return self.sums.close(self._head())

    def _read_lines(self, stream: BinaryIO, on_progress: Callable[[int, int | None], None]) -> None:
        size = self.survey.size
        plain, split_row, read_line = _PLAIN_ROW.fullmatch, self._plain_row, self._line
        # newline=None: bare LF, CRLF and bare CR may stand mixed in one file.
        with decoded(stream, self.encoding, newline=None, log=self.log) as text:
            for number, line in enumerate(text_lines(text, self.encoding, self.log), 1):
                if self.checksum.opened_in is not None:
                    self._add_to_checksum(line)
                if self.voucher is not None and (found := plain(line)):
                    split_row(number, *found.groups())
                else:
                    read_line(number, line)
                if number % _TELL_EVERY == 0:
                    on_progress(min(stream.tell(), size), size)
        self._require_known_label()
        if self.voucher is not None and (self.voucher.opened or self.voucher.rows):
            self.log.add("voucher_not_closed", line=self.voucher.line, column="#VER")
            self.sums.left_out(self.voucher.period)
        else:
            self._end_voucher()
        if self.checksum.opened_in is not None:
            self.log.add("cut_off", line=self.checksum.opened_in, column="#KSUMMA")
            raise Refused
        self.amounts.finish(column="amount")
        on_progress(size, size)

    def _require_known_label(self) -> None:
        if not self.known_label:
            self.log.add("not_sie", line=1)
            raise Refused

    def _report_leftovers(self) -> None:
        log = self.log
        if self.not_booked:
            log.add("rows_not_booked", count=self.not_booked)
        if self.unknown_labels:
            log.add(
                "labels_ignored",
                value=", ".join(list(self.unknown_labels)[:_NAMES_SHOWN]),
                count=sum(self.unknown_labels.values()),
            )
        if self.employees_seen:
            log.add("employee_left_out")
        if self.personal:
            log.add("personal_number_left_out", line=self.personal[0], count=len(self.personal))
        if self.people_as_codes:
            log.add(
                "person_as_code",
                line=self.people_as_codes[0],
                column="objects",
                count=len(self.people_as_codes),
            )
        for found in (self.organisations, self.companies):
            if len(found) > 1:
                log.add("several_companies", column="#ORGNR", value=", ".join(found))
        for number, line in self.left_out_dimensions.items():
            log.add(
                "dimension_left_out",
                line=line,
                column="objects",
                value=number,
                name=self.dimensions.get(number, ""),
            )
        if len(self.currencies) > 1:
            log.add("several_currencies", column="#VALUTA", value=", ".join(self.currencies))
        elif self.settings.currency and self._currency_code() != self.settings.currency:
            log.add(
                "currency_differs",
                column="#VALUTA",
                value=self._currency_code(),
                currency=self.settings.currency,
            )

    def _currency_code(self) -> str:
        return self.currencies[0] if self.currencies else DEFAULT_CURRENCY

    def _head(self) -> FileHead:
        settings = self.settings
        return FileHead(
            format=SIE,
            encoding=self.encoding,
            organisation_number=self.organisations[0] if self.organisations else "",
            company_number=self.companies[0] if self.companies else "",
            company_name=self.company_name,
            run="" if is_personal_number(self.runs.run) else self.runs.run,
            vouchers=tuple(map(without_personal_numbers, self.runs.vouchers)),
            currency=self._currency_code(),
            program=self.program,
            generated_on=self.generated_on,
            already_read=self.already_read,
            first_names=tuple(self.names),
            declared_dimensions=self.dimensions,
            account_names=self.account_names,
            cost_centre_names=self.object_names.get(settings.cost_centre_dimension, {}),
            cost_unit_names=self.object_names.get(settings.cost_unit_dimension, {}),
        )

    # --- The lines --------------------------------------------------------------------------

    def _line(self, number: int, line: str) -> None:
        line = line.strip()
        if not line or line == "\x1a":
            return
        if line == "{":
            self._open(number)
            return
        if line == "}":
            self._close(number)
            return
        if not line.startswith("#"):
            self._without_label(number, line)
            return
        label = line.split(maxsplit=1)[0].upper()
        if not self.known_label:
            self.known_label = label.encode("ascii", "replace") in SIE_LABELS
        if number > _FIRST_LINES:
            self._require_known_label()
        if label in _BALANCE_LABELS:
            self.log.add("sie_full_export", line=number, column=label, value=label)
            raise Refused
        if label == "#KSUMMA":
            self._checksum_record(number, line)
            return
        record = self._records.get(label)
        if record is None:
            self._unknown_label(number, label, line)
            return
        opens = label == "#VER" and line.endswith("{")
        try:
            fields = tokenise(line[:-1] if opens else line)
        except SieSyntaxError as fault:
            if label not in _MUST_BE_READ:
                shown = _quotable(label, line)
                self.log.add("record_unreadable", line=number, column=label, value=shown)
                return
            self.log.add(fault.code, line=number, column=label, value=_quotable(label, line))
            if label in ("#TRANS", "#VER"):
                self.sums.left_out(self.voucher.period if self.voucher else "")
            if label == "#VER":
                self._end_voucher()
                self.voucher = _Voucher(number, None, "", complete=False)
            elif label == "#TRANS" and self.voucher:
                self.voucher.complete = False
            return
        record(number, fields)
        if opens:
            self._open(number)

    def _unknown_label(self, number: int, label: str, line: str) -> None:
        # The format asks to ignore what it does not know; in a voucher that could be a row.
        if self.voucher is not None and self.voucher.opened:
            shown = _quotable(label, line)
            self.log.add("label_unknown", line=number, column=_shown_label(label), value=shown)
        elif label.encode("ascii", "replace") not in SIE_LABELS:
            label = _shown_label(label)
            self.unknown_labels[label] = self.unknown_labels.get(label, 0) + 1

    def _without_label(self, number: int, line: str) -> None:
        if number > _FIRST_LINES or self.voucher:
            self._require_known_label()
        if self.voucher is not None and self.voucher.opened:
            self.log.add("line_not_understood", line=number, value=_quotable("", line))
            self.sums.left_out(self.voucher.period)
            self.voucher.complete = False
        else:
            self.log.add("line_ignored", line=number, value=_quotable("", line))

    def _checksum_record(self, number: int, line: str) -> None:
        value = line[len("#KSUMMA") :].strip().strip('"')
        if not value:
            self.checksum.open(number)
            return
        if self.checksum.opened_in is None:
            return  # a closing one without opening says nothing
        computed = self.checksum.close(value)
        if value != computed:
            self.log.add(
                "checksum_differs", line=number, column="#KSUMMA", value=value, computed=computed
            )

    def _add_to_checksum(self, line: str) -> None:
        if not line.lstrip().upper().startswith("#KSUMMA"):
            self.checksum.add(line)

    # --- Vouchers ---------------------------------------------------------------------------

    def _begin_voucher(self, number: int, fields: list[Field]) -> None:
        if self.voucher is not None and self.voucher.opened:
            self.log.add("voucher_not_closed", line=self.voucher.line, column="#VER")
            self.sums.left_out(self.voucher.period)
        self._end_voucher()
        self.runs.number(_text(fields, 1), _text(fields, 2))
        dated_text, text = _text(fields, 3), _text(fields, 4).strip()
        dated = None
        if not dated_text:
            self.log.add("field_missing", line=number, column="date", value="#VER")
        else:
            dated = self._date(number, "#VER date", dated_text)
        if dated and self.years and not any(a <= dated <= b for a, b in self.years):
            self.log.add("date_outside_year", line=number, column="#VER date", value=dated)
        if dated is None:
            self.sums.left_out()
        else:
            self.runs.see(dated, text)
        text = self._without_people(number, text)
        self._show_name(text)
        self.voucher = _Voucher(number, dated, text)

    def _open(self, number: int) -> None:
        if self.voucher is None or self.voucher.opened:
            self.log.add("brace_unexpected", line=number, value="{")
            return
        self.voucher.opened = True

    def _close(self, number: int) -> None:
        if self.voucher is None or not self.voucher.opened:
            self.log.add("brace_unexpected", line=number, value="}")
            return
        self._end_voucher()

    def _end_voucher(self) -> None:
        voucher, self.voucher = self.voucher, None
        if voucher is None:
            return
        if not voucher.rows:
            self.log.add("voucher_empty", line=voucher.line, column="#VER")
        for lines in voucher.added.values():
            for line in lines:
                self.log.add("added_row_not_repeated", line=line, column="#RTRANS")
        if voucher.balance and voucher.complete and voucher.period:
            self.sums.voucher_balances.append(
                (voucher.line, voucher.period, voucher.text, voucher.balance)
            )

    # --- Rows -------------------------------------------------------------------------------

    def _plain_row(
        self, number: int, account: str, objects: str, amount: str, rest: str | None
    ) -> None:
        """Take the shape that nearly every row has, with what repeats remembered."""
        voucher = self.voucher
        if voucher is None or not voucher.opened or voucher.added or len(account) > CODE_LENGTH:
            self._line(number, f"#TRANS {account} {objects} {amount} {rest or ''}")
            return
        dimensions = self._objects.get(objects)
        if dimensions is None:
            dimensions = self._remembered_dimensions(number, objects)
        if dimensions is None or len(amount) > MAX_DIGITS:
            self._line(number, f"#TRANS {account} {objects} {amount} {rest or ''}")
            return
        text = voucher.texts.get(rest)
        if text is None:
            try:
                fields = tokenise(rest) if rest else []
            except SieSyntaxError:
                self._line(number, f"#TRANS {account} {objects} {amount} {rest}")
                return
            row_date = _text(fields, 0)
            if row_date and len(row_date) != _DATE_LENGTH:
                self._line(number, f"#TRANS {account} {objects} {amount} {rest}")
                return
            agrees = not row_date or self._row_date_agrees(number, voucher, row_date)
            text = self._joined_text(number, voucher.text, _text(fields, 1))
            if agrees and len(voucher.texts) < _REMEMBERED:
                voucher.texts[rest] = text
        if not self.amounts.saw_point and "." in amount:
            self.amounts.note_point(number, amount)
        minor = minor_from_text(amount, decimal_mark=".")
        self.sums.count_row()
        voucher.rows += 1
        voucher.balance += minor
        if voucher.dated is not None:
            self.sums.add(number, voucher.period, voucher.dated, account, *dimensions, minor, text)

    def _remembered_dimensions(self, number: int, objects: str) -> tuple[str, str] | None:
        """Return the dimensions of an object list without fault, else None."""
        try:
            (parts,) = tokenise(objects)
        except SieSyntaxError:
            return None
        if not isinstance(parts, list) or _faulty(parts):
            return None
        dimensions = self._dimensions(number, parts)
        if dimensions is not None:
            if len(self._objects) > _REMEMBERED:
                self._objects.clear()
            self._objects[objects] = dimensions
        return dimensions

    def _row(self, number: int, fields: list[Field]) -> None:
        self.sums.count_row()
        voucher = self.voucher
        if voucher is None or not voucher.opened:
            shown = _quotable("#TRANS", " ".join(part for part in fields if isinstance(part, str)))
            self.log.add("row_outside_voucher", line=number, column="#TRANS", value=shown)
            self.sums.left_out(voucher.period if voucher else "")
            return
        voucher.rows += 1
        faults = self.log.counts["error"]
        account = _text(fields, 1).strip()
        if not account:
            self.log.add("field_missing", line=number, column="account", value="#TRANS")
        elif not (account.isascii() and account.isdigit() and len(account) <= CODE_LENGTH):
            self.log.add("account_unreadable", line=number, column="account", value=account)
        rest = fields[2:]
        dimensions: tuple[str, str] | None = ("", "")
        if rest and isinstance(rest[0], list):
            dimensions = self._dimensions(number, rest[0])
            rest = rest[1:]
        elif rest:
            self.log.add("object_list_missing", line=number, column="objects", value=rest[0])
        minor = self._amount(number, rest)
        if voucher.added:
            self._repeated(voucher, fields)
        if self.log.counts["error"] > faults or minor is None or dimensions is None:
            voucher.complete = False
            self.sums.left_out(voucher.period)
            return
        self._book(number, voucher, account, dimensions, minor, _text(rest, 1), _text(rest, 2))

    def _book(
        self,
        number: int,
        voucher: _Voucher,
        account: str,
        dimensions: tuple[str, str],
        minor: int,
        row_date: str,
        text: str,
    ) -> None:
        if row_date:
            self._row_date_agrees(number, voucher, row_date)
        voucher.balance += minor
        if voucher.dated is not None:
            joined = self._joined_text(number, voucher.text, text)
            self.sums.add(
                number, voucher.period, voucher.dated, account, *dimensions, minor, joined
            )

    def _joined_text(self, number: int, voucher_text: str, row_text: str) -> str:
        row_text = self._without_people(number, row_text.strip())
        joined = ": ".join(part for part in (voucher_text, row_text) if part)
        if len(joined) > TEXT_LENGTH:
            self.log.add(
                "text_shortened", line=number, column="text", value=joined, limit=TEXT_LENGTH
            )
            joined = joined[:TEXT_LENGTH]
        return joined

    def _row_date_agrees(self, number: int, voucher: _Voucher, row_date: str) -> bool:
        dated = self._date(number, "#TRANS date", row_date)
        if dated is None:
            return False
        if voucher.period == period_of(dated):
            return True
        self.log.add(
            "row_date_other_month",
            line=number,
            column="#TRANS date",
            value=dated,
            voucher_date=voucher.dated,
        )
        return False

    def _amount(self, number: int, rest: list[Field]) -> int | None:
        text = _text(rest, 0)
        if not text.strip():
            self.log.add("field_missing", line=number, column="amount", value="#TRANS")
            return None
        parts = [text]
        if _BEFORE_BLANK.fullmatch(text):
            for part in rest[1:]:
                if not (isinstance(part, str) and _AFTER_BLANK.fullmatch(part)):
                    break
                parts.append(part)
        if len(parts) > 1:
            self.log.add("amount_has_blank", line=number, column="amount", value=" ".join(parts))
            return None
        return self.amounts.read(number, text, column="amount")

    def _dimensions(self, number: int, objects: list[str]) -> tuple[str, str] | None:
        shown = self._objects_without_people(objects)
        if len(objects) % 2:
            self.log.add("object_count_odd", line=number, column="objects", value=shown)
            return None
        found: dict[str, str] = {}
        for dimension, code in zip(objects[::2], objects[1::2], strict=True):
            dimension = dimension.strip()
            if not (dimension.isascii() and dimension.isdigit()):
                self.log.add("dimension_unreadable", line=number, column="objects", value=dimension)
                return None
            if dimension in found:
                self.log.add(
                    "object_twice", line=number, column="objects", value=shown, dimension=dimension
                )
                return None
            found[dimension] = code.strip()
        chosen = (self.settings.cost_centre_dimension, self.settings.cost_unit_dimension)
        for dimension, code in found.items():
            if dimension in self.employee_dimensions:
                self.employees_seen = True
            elif dimension not in chosen:
                self.left_out_dimensions.setdefault(dimension, number)
            elif is_personal_number(code):
                self.people_as_codes.append(number)
                found[dimension] = ""
        codes = [
            found.get(dimension, "") if dimension not in self.employee_dimensions else ""
            for dimension in chosen
        ]
        for code in codes:
            if len(code) > CODE_LENGTH:
                self.log.add(
                    "code_too_long", line=number, column="objects", value=code, limit=CODE_LENGTH
                )
                return None
        return codes[0], codes[1]

    def _objects_without_people(self, objects: list[str]) -> str:
        before = ["", *objects]
        shown = (
            MASK if dimension.strip() in self.employee_dimensions else part
            for dimension, part in zip(before, objects, strict=False)
        )
        return "{" + " ".join(f'"{part}"' for part in shown) + "}"

    def _not_booked(self, number: int, fields: list[Field]) -> None:
        self.not_booked += 1

    def _added(self, number: int, fields: list[Field]) -> None:
        """Count a row that was added later; the format repeats each as ``#TRANS``."""
        self.not_booked += 1
        if self.voucher is not None:
            self.voucher.added.setdefault(_row_key(fields), []).append(number)

    def _repeated(self, voucher: _Voucher, fields: list[Field]) -> None:
        key = _row_key(fields)
        if lines := voucher.added.get(key):
            lines.pop(0)
            if not lines:
                del voucher.added[key]

    # --- What the file says about itself ----------------------------------------------------

    def _flag(self, number: int, fields: list[Field]) -> None:
        if _text(fields, 1) == "1":
            self.already_read = True
            self.log.add("already_read", line=number, column="#FLAGGA", value="1")

    def _type(self, number: int, fields: list[Field]) -> None:
        if _text(fields, 1) in _TYPES_WITHOUT_VOUCHERS:
            self.log.add(
                "sie_without_vouchers", line=number, column="#SIETYP", value=_text(fields, 1)
            )
            raise Refused

    def _program(self, number: int, fields: list[Field]) -> None:
        self.program = _name(" ".join(_text(fields, place) for place in (1, 2)))

    def _generated(self, number: int, fields: list[Field]) -> None:
        try:
            self.generated_on = date_from_text(_text(fields, 1), date_format=YMD)
        except ValueError:
            self.generated_on = None  # only shown; the sign beside it is a person's and is not kept

    def _organisation(self, number: int, fields: list[Field]) -> None:
        number_found = organisation_number(_text(fields, 1))
        if number_found and number_found not in self.organisations:
            self.organisations.append(number_found)

    def _company(self, number: int, fields: list[Field]) -> None:
        company = without_personal_numbers(_text(fields, 1).strip())[:CODE_LENGTH]
        if company and company not in self.companies:
            self.companies.append(company)

    def _company_name(self, number: int, fields: list[Field]) -> None:
        self.company_name = _name(_text(fields, 1))
        self._show_name(self.company_name)

    def _year(self, number: int, fields: list[Field]) -> None:
        begins, ends = _text(fields, 2), _text(fields, 3)
        if not (begins and ends):
            return  # genuine files write an empty "#RAR 0"
        try:
            first, last = _eight_figures(begins), _eight_figures(ends)
        except ValueError:
            shown = f"{begins} {ends}"
            self.log.add("record_unreadable", line=number, column="#RAR", value=shown)
            return
        self.years.append((first, last))

    def _currency(self, number: int, fields: list[Field]) -> None:
        code = _text(fields, 1).strip().upper()
        if code and code not in self.currencies:
            self.currencies.append(code)

    def _account(self, number: int, fields: list[Field]) -> None:
        account, name = _text(fields, 1), _name(_text(fields, 2))
        if account and name and len(self.account_names) < _REMEMBERED:
            self.account_names[account] = name
            self._show_name(name)

    def _dimension(self, number: int, fields: list[Field]) -> None:
        dimension = _text(fields, 1).strip()
        if dimension.isdigit() and len(self.dimensions) < 100:
            self.dimensions[dimension] = _name(_text(fields, 2))
        if _text(fields, 0).upper() == "#UNDERDIM" and _text(fields, 3) in self.employee_dimensions:
            self.employee_dimensions.add(dimension)

    def _object(self, number: int, fields: list[Field]) -> None:
        dimension, code = _text(fields, 1).strip(), _text(fields, 2).strip()
        name = _name(_text(fields, 3))
        if dimension in self.employee_dimensions or not code or is_personal_number(code):
            return
        names = self.object_names.setdefault(dimension, {})
        if len(names) < _REMEMBERED:
            names[code] = name
            self._show_name(name)

    def _date(self, number: int, column: str, text: str) -> date | None:
        try:
            return _eight_figures(text)
        except ValueError:
            self.log.add("date_unreadable", line=number, column=column, value=text)
            return None

    def _without_people(self, number: int, text: str) -> str:
        masked = without_personal_numbers(text)
        if masked != text:
            self.personal.append(number)
        return masked

    def _show_name(self, name: str) -> None:
        if len(self.names) < _NAMES_SHOWN and not name.isascii() and name not in self.names:
            self.names.append(name)


def _eight_figures(text: str) -> date:
    if len(text.strip()) != _DATE_LENGTH or any(map(str.isalpha, text)):
        raise ValueError(text)
    return date_from_text(text, date_format=YMD)


def _row_key(fields: list[Field]) -> _RowKey:
    """Return account, objects and amount; date and sign of an added row often differ."""
    account, rest = _text(fields, 1), fields[2:]
    objects = " ".join(rest.pop(0)) if rest and isinstance(rest[0], list) else ""
    amount = _text(rest, 0)
    if "." in amount:
        amount = amount.rstrip("0").rstrip(".")
    return account, objects, amount


def _faulty(objects: list[str]) -> bool:
    dimensions = [part.strip() for part in objects[::2]]
    strange = any(len(code) > CODE_LENGTH or is_personal_number(code) for code in objects)
    strange = strange or not all(part.isascii() and part.isdigit() for part in dimensions)
    return bool(len(objects) % 2 or len(set(dimensions)) != len(dimensions) or strange)


def _text(fields: list[Field], place: int) -> str:
    if place >= len(fields):
        return ""
    value = fields[place]
    return value if isinstance(value, str) else ""


def _shown_label(label: str) -> str:
    return label if _LABEL.fullmatch(label) else f"#{MASK}"


def _quotable(label: str, line: str) -> str:
    """Return what a problem may quote of a line: of most records their rest may name people."""
    if label in _NAMES_NOBODY and "#" not in line[1:]:
        return line
    words = line.split()[:2] if label else line.split()[:4]
    if label:
        words[0] = _shown_label(label)
    return " ".join(
        word if word.startswith("#") or _FIGURES.fullmatch(word) else MASK for word in words
    )


def _name(text: str) -> str:
    return without_personal_numbers(text.strip())[:_NAME_LENGTH]
