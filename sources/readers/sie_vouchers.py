"""The vouchers of a SIE file and their rows."""

import re
from dataclasses import dataclass, field
from datetime import date

from sources.readers.adding_up import AddingUp
from sources.readers.amounts import MAX_DIGITS, minor_from_text
from sources.readers.fixed_amounts import FixedAmounts
from sources.readers.lines import CODE_LENGTH, TEXT_LENGTH
from sources.readers.people import without_personal_numbers
from sources.readers.periods import period_of
from sources.readers.problems import ProblemLog
from sources.readers.sie_fields import DATE_LENGTH, eight_figures, quotable, text_at
from sources.readers.sie_head import REMEMBERED, SieHead
from sources.readers.sie_objects import SieObjects
from sources.readers.sie_syntax import Field, SieSyntaxError, tokenise

# 1 234.50 without quotes: two fields, the second of which no date can be.
_AFTER_BLANK = re.compile(r"[0-9]{3}(?:[.,][0-9]{1,2})?")
_BEFORE_BLANK = re.compile(r"-?[0-9]{1,3}")

_RowKey = tuple[str, str, str]


@dataclass(slots=True)
class Voucher:
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


class SieVouchers:
    """Takes vouchers and their rows, and adds up what is booked."""

    def __init__(self, *, about: SieHead, sums: AddingUp, log: ProblemLog) -> None:
        self.about, self.sums, self.log = about, sums, log
        self.amounts = FixedAmounts(log)
        self.objects = SieObjects(about=about, log=log)
        self.voucher: Voucher | None = None
        self.not_booked = 0
        self.personal: list[int] = []

    def begin(self, number: int, fields: list[Field]) -> None:
        """Take a ``#VER``."""
        if self.voucher is not None and self.voucher.opened:
            self.log.add("voucher_not_closed", line=self.voucher.line, column="#VER")
            self.sums.left_out(self.voucher.period)
        self.end()
        self.about.runs.number(text_at(fields, 1), text_at(fields, 2))
        dated_text, text = text_at(fields, 3), text_at(fields, 4).strip()
        dated = None
        if not dated_text:
            self.log.add("field_missing", line=number, column="date", value="#VER")
        else:
            dated = self._date(number, "#VER date", dated_text)
        if dated and self.about.years and not any(a <= dated <= b for a, b in self.about.years):
            self.log.add("date_outside_year", line=number, column="#VER date", value=dated)
        if dated is None:
            self.sums.left_out()
        else:
            self.about.runs.see(dated, text)
        text = self._without_people(number, text)
        self.about.show_name(text)
        self.voucher = Voucher(number, dated, text)

    def open(self, number: int) -> None:
        """Take the brace before the rows of a voucher."""
        if self.voucher is None or self.voucher.opened:
            self.log.add("brace_unexpected", line=number, value="{")
            return
        self.voucher.opened = True

    def close(self, number: int) -> None:
        """Take the brace behind the rows of a voucher."""
        if self.voucher is None or not self.voucher.opened:
            self.log.add("brace_unexpected", line=number, value="}")
            return
        self.end()

    def end(self) -> None:
        """Note what only the whole voucher tells."""
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

    def plain_row(
        self, number: int, account: str, objects: str, amount: str, rest: str | None
    ) -> bool:
        """
        Take the shape that nearly every row has, with what repeats remembered.

        Return whether it was taken; what deviates is read field by field.
        """
        voucher = self.voucher
        if voucher is None or not voucher.opened or voucher.added or len(account) > CODE_LENGTH:
            return False
        dimensions = self.objects.known(objects)
        if dimensions is None:
            dimensions = self.objects.remembered(number, objects)
        if dimensions is None or len(amount) > MAX_DIGITS:
            return False
        text = voucher.texts.get(rest)
        if text is None:
            try:
                fields = tokenise(rest) if rest else []
            except SieSyntaxError:
                return False
            row_date = text_at(fields, 0)
            if row_date and len(row_date) != DATE_LENGTH:
                return False
            agrees = not row_date or self._row_date_agrees(number, voucher, row_date)
            text = self._joined_text(number, voucher.text, text_at(fields, 1))
            if agrees and len(voucher.texts) < REMEMBERED:
                voucher.texts[rest] = text
        if not self.amounts.saw_point and "." in amount:
            self.amounts.note_point(number, amount)
        minor = minor_from_text(amount, decimal_mark=".")
        self.sums.count_row()
        voucher.rows += 1
        voucher.balance += minor
        if voucher.dated is not None:
            self.sums.add(number, voucher.period, voucher.dated, account, *dimensions, minor, text)
        return True

    def row(self, number: int, fields: list[Field]) -> None:
        """Take a ``#TRANS``."""
        self.sums.count_row()
        voucher = self.voucher
        if voucher is None or not voucher.opened:
            shown = quotable("#TRANS", " ".join(part for part in fields if isinstance(part, str)))
            self.log.add("row_outside_voucher", line=number, column="#TRANS", value=shown)
            self.sums.left_out(voucher.period if voucher else "")
            return
        voucher.rows += 1
        faults = self.log.counts["error"]
        account = text_at(fields, 1).strip()
        if not account:
            self.log.add("field_missing", line=number, column="account", value="#TRANS")
        elif not (account.isascii() and account.isdigit() and len(account) <= CODE_LENGTH):
            self.log.add("account_unreadable", line=number, column="account", value=account)
        rest = fields[2:]
        dimensions: tuple[str, str] | None = ("", "")
        if rest and isinstance(rest[0], list):
            dimensions = self.objects.read(number, rest[0])
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
        self._book(number, voucher, account, dimensions, minor, text_at(rest, 1), text_at(rest, 2))

    def _book(
        self,
        number: int,
        voucher: Voucher,
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

    def _row_date_agrees(self, number: int, voucher: Voucher, row_date: str) -> bool:
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
        text = text_at(rest, 0)
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

    def count_not_booked(self, number: int, fields: list[Field]) -> None:
        """Count a row that is never booked."""
        self.not_booked += 1

    def added(self, number: int, fields: list[Field]) -> None:
        """Count a row that was added later; the format repeats each as ``#TRANS``."""
        self.not_booked += 1
        if self.voucher is not None:
            self.voucher.added.setdefault(_row_key(fields), []).append(number)

    def _repeated(self, voucher: Voucher, fields: list[Field]) -> None:
        key = _row_key(fields)
        if lines := voucher.added.get(key):
            lines.pop(0)
            if not lines:
                del voucher.added[key]

    def _date(self, number: int, column: str, text: str) -> date | None:
        try:
            return eight_figures(text)
        except ValueError:
            self.log.add("date_unreadable", line=number, column=column, value=text)
            return None

    def _without_people(self, number: int, text: str) -> str:
        masked = without_personal_numbers(text)
        if masked != text:
            self.personal.append(number)
        return masked


def _row_key(fields: list[Field]) -> _RowKey:
    """Return account, objects and amount; date and sign of an added row often differ."""
    account, rest = text_at(fields, 1), fields[2:]
    objects = " ".join(rest.pop(0)) if rest and isinstance(rest[0], list) else ""
    amount = text_at(rest, 0)
    if "." in amount:
        amount = amount.rstrip("0").rstrip(".")
    return account, objects, amount
