"""The shapes that come out of a payroll file, whatever its format."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sources.readers.catalogue.kinds import ERROR
from sources.readers.evidence import Finding
from sources.readers.problems import Problem

ZERO = Decimal("0.00")
TEXT_LENGTH = 255
CODE_LENGTH = 40


@dataclass(frozen=True, slots=True)
class JournalLine:
    """
    One line of a journal, without any trace of a person.

    :param line_number: line (or spreadsheet row) of the first row that was added up in it
    :param period: the period that the line belongs to, ``YYYY-MM``
    :param amount: debit positive, credit negative, never zero
    :param merged: how many rows of the file were added up in it
    """

    line_number: int
    period: str
    posted_on: date
    account: str
    cost_centre: str
    cost_unit: str
    amount: Decimal
    text: str
    merged: int = 1

    @property
    def debit(self) -> Decimal:
        """Return the amount if it is a debit, else zero."""
        return self.amount if self.amount > 0 else ZERO

    @property
    def credit(self) -> Decimal:
        """Return the amount without its sign if it is a credit, else zero."""
        return -self.amount if self.amount < 0 else ZERO


@dataclass(frozen=True, slots=True)
class FileHead:
    """
    What a file says about itself.

    :param organisation_number: digits only, without the leading century digits ``16``
    :param run: number of the payroll run; empty if the file does not tell it
    :param vouchers: series and number of the first vouchers, as payroll wrote them
    :param currency: empty if the file does not tell it
    :param already_read: the file says that another program has read it (``#FLAGGA 1``)
    :param first_names: the first texts with letters beyond ASCII, to check the encoding by eye
    :param declared_dimensions: number of a dimension -> its name
    """

    format: str = ""
    encoding: str = ""
    organisation_number: str = ""
    company_number: str = ""
    company_name: str = ""
    run: str = ""
    vouchers: tuple[str, ...] = ()
    currency: str = ""
    program: str = ""
    generated_on: date | None = None
    already_read: bool = False
    first_names: tuple[str, ...] = ()
    declared_dimensions: Mapping[str, str] = field(default_factory=dict)
    account_names: Mapping[str, str] = field(default_factory=dict)
    cost_centre_names: Mapping[str, str] = field(default_factory=dict)
    cost_unit_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PeriodTotal:
    """The sums of one period."""

    period: str
    lines: int
    debit: Decimal
    credit: Decimal

    @property
    def difference(self) -> Decimal:
        """Return debit minus credit; zero in a period that balances."""
        return self.debit - self.credit


@dataclass(frozen=True, slots=True)
class Reading:
    """
    What was read of a file. Holds lines and totals also when there are errors, to be shown.

    :param problems: at most 500, errors first, in the order of the file
    :param problem_counts: severity -> true number, also of those not kept
    :param rows_read: booking rows in the file, before they were added up
    :param digest: of the content; the same content in another format has the same digest
    :param evidence: of a table: what its values say about how they are to be read
    """

    head: FileHead
    lines: tuple[JournalLine, ...] = ()
    totals: tuple[PeriodTotal, ...] = ()
    problems: tuple[Problem, ...] = ()
    problem_counts: Mapping[str, int] = field(default_factory=dict)
    rows_read: int = 0
    digest: str = ""
    evidence: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Say whether the file may be imported: it holds lines and no errors."""
        return not self.problem_counts.get(ERROR) and bool(self.lines)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Return the errors that were kept."""
        return tuple(problem for problem in self.problems if problem.severity == ERROR)

    @property
    def to_confirm(self) -> tuple[Problem, ...]:
        """Return the warnings that a person must confirm before the file is imported."""
        return tuple(problem for problem in self.problems if problem.needs_confirmation)


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be. Each limit that is passed is a problem with the limit in words."""

    max_bytes: int = 50_000_000
    max_rows: int = 250_000
    max_unzipped_bytes: int = 400_000_000
    max_columns: int = 200

    @property
    def max_cells(self) -> int:
        """Return how many cells of a workbook are looked at: twenty for each row that may be."""
        return max(100_000, 20 * self.max_rows)


def totals_of(lines: Iterable[JournalLine]) -> tuple[PeriodTotal, ...]:
    """Return the sums per period, oldest first."""
    debit: dict[str, Decimal] = {}
    credit: dict[str, Decimal] = {}
    count: dict[str, int] = {}
    for line in lines:
        period = line.period
        count[period] = count.get(period, 0) + 1
        if line.amount > 0:
            debit[period] = debit.get(period, ZERO) + line.amount
        else:
            credit[period] = credit.get(period, ZERO) - line.amount
    return tuple(
        PeriodTotal(period, count[period], debit.get(period, ZERO), credit.get(period, ZERO))
        for period in sorted(count)
    )
