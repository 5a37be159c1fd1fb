"""
SIE 4 files with vouchers (4I), as payroll systems write them.

The dialect stands in docs/reference/file-formats.md: only ``#TRANS`` is booked, the date of the
voucher gives the period, debit is positive, codes are text. Every deviation met in genuine files
is either read with a warning or refused with words; nothing is guessed.
"""

import re
from collections.abc import Callable
from typing import BinaryIO

from sources.readers.adding_up import AddingUp
from sources.readers.detection import SIE_LABELS
from sources.readers.encoding import Survey, decoded, text_lines
from sources.readers.lines import Limits, Reading
from sources.readers.problems import ProblemLog, Refused
from sources.readers.settings import SourceSettings
from sources.readers.sie_fields import quotable, shown_label
from sources.readers.sie_head import SieHead
from sources.readers.sie_syntax import Checksum, Field, SieSyntaxError, tokenise
from sources.readers.sie_vouchers import SieVouchers, Voucher

_TELL_EVERY = 2000
_LABELS_SHOWN = 5
_FIRST_LINES = 30

# The row that nearly every line is. Whatever deviates goes through `tokenise`.
_PLAIN_ROW = re.compile(
    r"[ \t]*+#TRANS[ \t]++([0-9]++)[ \t]++(\{[^{}]*+\})[ \t]++(-?+[0-9]++(?:\.[0-9]{1,2}+)?+)"
    r"(?:[ \t]++([^\r\n]*+))?[\r\n]*+"
)

_BALANCE_LABELS = frozenset(["#IB", "#UB", "#OIB", "#OUB", "#RES", "#PSALDO", "#PBUDGET"])
# A fault in one of these changes what is booked, or for whom; in any other record it does not.
_MUST_BE_READ = frozenset(
    ["#TRANS", "#VER", "#FLAGGA", "#SIETYP", "#ORGNR", "#FNR", "#VALUTA", "#KSUMMA"]
)


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
        self.sums = AddingUp(log=self.log, limits=limits)
        self.about = SieHead(settings=settings, log=self.log)
        self.vouchers = SieVouchers(about=self.about, sums=self.sums, log=self.log)
        self.checksum = Checksum(self.encoding)
        self.unknown_labels: dict[str, int] = {}
        self.known_label = False
        self._records: dict[str, Callable[[int, list[Field]], None]] = {
            "#TRANS": self.vouchers.row,
            "#VER": self.vouchers.begin,
            "#RTRANS": self.vouchers.added,
            "#BTRANS": self.vouchers.count_not_booked,
            **self.about.records(),
        }

    # --- The file ---------------------------------------------------------------------------

    def read(self, stream: BinaryIO, on_progress: Callable[[int, int | None], None]) -> Reading:
        try:
            self._read_lines(stream, on_progress)
        except Refused:
            return Reading(
                head=self.about.head(encoding=self.encoding),
                rows_read=self.sums.rows_read,
                problems=self.log.shown(),
                problem_counts=dict(self.log.counts),
            )
        self._report_leftovers()
        return self.sums.close(self.about.head(encoding=self.encoding))

    def _read_lines(self, stream: BinaryIO, on_progress: Callable[[int, int | None], None]) -> None:
        size = self.survey.size
        plain, read_line = _PLAIN_ROW.fullmatch, self._line
        vouchers, plain_row = self.vouchers, self.vouchers.plain_row
        # newline=None: bare LF, CRLF and bare CR may stand mixed in one file.
        with decoded(stream, self.encoding, newline=None, log=self.log) as text:
            for number, line in enumerate(text_lines(text, self.encoding, self.log), 1):
                if self.checksum.opened_in is not None:
                    self._add_to_checksum(line)
                found = None if vouchers.voucher is None else plain(line)
                if found is None or not plain_row(number, *found.groups()):
                    read_line(number, line)
                if number % _TELL_EVERY == 0:
                    on_progress(min(stream.tell(), size), size)
        self._require_known_label()
        if self.vouchers.voucher is not None and (
            self.vouchers.voucher.opened or self.vouchers.voucher.rows
        ):
            self.log.add("voucher_not_closed", line=self.vouchers.voucher.line, column="#VER")
            self.sums.left_out(self.vouchers.voucher.period)
        else:
            self.vouchers.end()
        if self.checksum.opened_in is not None:
            self.log.add("cut_off", line=self.checksum.opened_in, column="#KSUMMA")
            raise Refused
        self.vouchers.amounts.finish(column="amount")
        on_progress(size, size)

    def _require_known_label(self) -> None:
        if not self.known_label:
            self.log.add("not_sie", line=1)
            raise Refused

    def _report_leftovers(self) -> None:
        log = self.log
        if self.vouchers.not_booked:
            log.add("rows_not_booked", count=self.vouchers.not_booked)
        if self.unknown_labels:
            log.add(
                "labels_ignored",
                value=", ".join(list(self.unknown_labels)[:_LABELS_SHOWN]),
                count=sum(self.unknown_labels.values()),
            )
        if self.vouchers.objects.employees_seen:
            log.add("employee_left_out")
        if self.vouchers.personal:
            log.add(
                "personal_number_left_out",
                line=self.vouchers.personal[0],
                count=len(self.vouchers.personal),
            )
        if self.vouchers.objects.people_as_codes:
            log.add(
                "person_as_code",
                line=self.vouchers.objects.people_as_codes[0],
                column="objects",
                count=len(self.vouchers.objects.people_as_codes),
            )
        for found in (self.about.organisations, self.about.companies):
            if len(found) > 1:
                log.add("several_companies", column="#ORGNR", value=", ".join(found))
        for number, line in self.vouchers.objects.left_out_dimensions.items():
            log.add(
                "dimension_left_out",
                line=line,
                column="objects",
                value=number,
                name=self.about.dimensions.get(number, ""),
            )
        if len(self.about.currencies) > 1:
            log.add("several_currencies", column="#VALUTA", value=", ".join(self.about.currencies))
        elif self.settings.currency and self.about.currency_code() != self.settings.currency:
            log.add(
                "currency_differs",
                column="#VALUTA",
                value=self.about.currency_code(),
                currency=self.settings.currency,
            )

    # --- The lines --------------------------------------------------------------------------

    def _line(self, number: int, line: str) -> None:
        line = line.strip()
        if not line or line == "\x1a":
            return
        if line == "{":
            self.vouchers.open(number)
            return
        if line == "}":
            self.vouchers.close(number)
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
                shown = quotable(label, line)
                self.log.add("record_unreadable", line=number, column=label, value=shown)
                return
            self.log.add(fault.code, line=number, column=label, value=quotable(label, line))
            if label in ("#TRANS", "#VER"):
                self.sums.left_out(self.vouchers.voucher.period if self.vouchers.voucher else "")
            if label == "#VER":
                self.vouchers.end()
                self.vouchers.voucher = Voucher(number, None, "", complete=False)
            elif label == "#TRANS" and self.vouchers.voucher:
                self.vouchers.voucher.complete = False
            return
        record(number, fields)
        if opens:
            self.vouchers.open(number)

    def _unknown_label(self, number: int, label: str, line: str) -> None:
        # The format asks to ignore what it does not know; in a voucher that could be a row.
        if self.vouchers.voucher is not None and self.vouchers.voucher.opened:
            shown = quotable(label, line)
            self.log.add("label_unknown", line=number, column=shown_label(label), value=shown)
        elif label.encode("ascii", "replace") not in SIE_LABELS:
            label = shown_label(label)
            self.unknown_labels[label] = self.unknown_labels.get(label, 0) + 1

    def _without_label(self, number: int, line: str) -> None:
        if number > _FIRST_LINES or self.vouchers.voucher:
            self._require_known_label()
        if self.vouchers.voucher is not None and self.vouchers.voucher.opened:
            self.log.add("line_not_understood", line=number, value=quotable("", line))
            self.sums.left_out(self.vouchers.voucher.period)
            self.vouchers.voucher.complete = False
        else:
            self.log.add("line_ignored", line=number, value=quotable("", line))

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
