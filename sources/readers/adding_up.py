"""Adds equal rows up while a file is being read, and closes the books on it."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from connectors.bounds import LARGEST_SUM, SUM_FIGURES
from sources.readers.amounts import to_decimal, to_minor
from sources.readers.lines import (
    ZERO,
    FileHead,
    JournalLine,
    Limits,
    PeriodTotal,
    Reading,
    totals_of,
)
from sources.readers.problems import ProblemLog, Refused

_Key = tuple[str, str, str, str, str, bool]


def content_digest(lines: Iterable[JournalLine]) -> str:
    """
    Return a digest of the content: equal for SIE, CSV and XLSX files that say the same.

    The order of lines does not matter, nor where in the file they stood.
    """
    return _digest_of(
        _canonical(
            line.period,
            line.posted_on,
            line.account,
            line.cost_centre,
            line.cost_unit,
            to_minor(line.amount),
            line.text,
        )
        for line in lines
    )


def _canonical(
    period: str,
    posted_on: date,
    account: str,
    cost_centre: str,
    cost_unit: str,
    minor: int,
    text: str,
) -> str:
    parts = (period, str(posted_on), account, cost_centre, cost_unit, str(minor), text)
    return "\x1f".join(parts)


def _digest_of(canonical: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for text in sorted(canonical):
        # A line ends with NUL, which no field holds, so that no two contents read the same.
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()


class AddingUp:
    """
    Holds one entry per line to be, never the rows: memory grows with the lines, not the file.

    Debits and credits of equal account, dimensions, period and text are kept apart, because a
    payroll system that writes both wants both seen.
    """

    def __init__(self, *, log: ProblemLog, limits: Limits) -> None:
        self.log, self.limits = log, limits
        self.rows_read = self.zero_rows = 0
        self._sums: dict[_Key, list[int]] = {}
        self._dates: dict[_Key, date] = {}
        self._balances: dict[str, int] = {}
        self._tainted: set[str] = set()
        self._all_tainted = False
        self.voucher_balances: list[tuple[int, str, str, int]] = []
        """(line, period, text, minor units) of each voucher that does not balance."""

    def count_row(self) -> None:
        """
        Count a booking row of the file.

        :raises Refused: at the limit
        """
        self.rows_read += 1
        if self.rows_read > self.limits.max_rows:
            self.log.add("too_many_rows", value=self.rows_read, limit=self.limits.max_rows)
            raise Refused

    def add(
        self,
        line: int,
        period: str,
        posted_on: date,
        account: str,
        cost_centre: str,
        cost_unit: str,
        minor: int,
        text: str,
    ) -> None:
        """Add a row to the line it belongs to. Rows of zero are only counted."""
        if not minor:
            self.zero_rows += 1
            return
        key = (period, account, cost_centre, cost_unit, text, minor > 0)
        found = self._sums.get(key)
        if found is None:
            self._sums[key] = [minor, line, 1]
            self._dates[key] = posted_on
        else:
            found[0] += minor
            found[2] += 1
            if posted_on > self._dates[key]:
                self._dates[key] = posted_on
        self._balances[period] = self._balances.get(period, 0) + minor

    def left_out(self, period: str = "") -> None:
        """Note that a row could not be read, so that its period is not called unbalanced too."""
        if not period:
            self._all_tainted = True
        else:
            self._tainted.add(period)

    def close(self, head: FileHead) -> Reading:
        """Return the reading: balances checked, lines in the order of the file."""
        lines: list[JournalLine] = []
        canonical: list[str] = []
        while self._sums:
            # Taken out one by one, last first, so that sums and lines are not held twice.
            key, (minor, number, merged) = self._sums.popitem()
            period, account, cost_centre, cost_unit, text, _ = key
            day = self._dates.pop(key)
            canonical.append(_canonical(period, day, account, cost_centre, cost_unit, minor, text))
            amount = to_decimal(minor)
            lines.append(
                JournalLine(
                    number, period, day, account, cost_centre, cost_unit, amount, text, merged
                )
            )
        lines.reverse()
        self._check_balances()
        totals = totals_of(lines)
        self._check_sums(lines, totals)
        log = self.log
        if self.zero_rows:
            log.add("zero_rows_left_out", count=self.zero_rows)
        if not lines and not log.counts["error"]:
            log.add("no_lines")
        reading = Reading(
            head=head,
            lines=tuple(lines),
            totals=totals,
            rows_read=self.rows_read,
            digest=_digest_of(canonical),
        )
        return replace(reading, problems=log.shown(), problem_counts=dict(log.counts))

    def _check_sums(self, lines: Iterable[JournalLine], totals: Iterable[PeriodTotal]) -> None:
        """Refuse what adds up to more than every database keeps exactly."""
        add, figures = self.log.add, SUM_FIGURES
        for line in lines:
            if abs(line.amount) > LARGEST_SUM:
                add("sum_too_large", line=line.line_number, value=line.amount, figures=figures)
        whole = ZERO
        for total in totals:
            largest = max(total.debit, total.credit)
            whole += largest
            if largest > LARGEST_SUM:
                add("sum_too_large", column=total.period, value=largest, figures=figures)
        if whole > LARGEST_SUM:
            add("sum_too_large", value=whole, figures=figures)

    def _check_balances(self) -> None:
        for period, minor in sorted(self._balances.items()):
            vouchers = [item for item in self.voucher_balances if item[1] == period]
            if self._all_tainted or period in self._tainted:
                if minor:
                    self.log.add("balance_not_checked", column="amount", period=period)
                continue
            if minor:
                # One guilty voucher is named by its line; several get a warning each.
                guilty = vouchers[0] if len(vouchers) == 1 else None
                self.log.add(
                    "period_unbalanced",
                    line=guilty[0] if guilty else None,
                    column="amount",
                    value=to_decimal(minor),
                    period=period,
                    difference=abs(to_decimal(minor)),
                )
                if guilty:
                    continue
            for line, _, text, off in vouchers:
                self.log.add(
                    "voucher_unbalanced",
                    line=line,
                    column="amount",
                    value=to_decimal(off),
                    voucher=text,
                    difference=abs(to_decimal(off)),
                )
