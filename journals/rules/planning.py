"""What will be posted: one batch per period, oldest first, with the target's dimensions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from connectors import base
from connectors.words import gettext_noop as _
from connectors.words import texts_of
from journals.rules.keys import batch_description
from journals.rules.posting_periods import HELD, MOVED, POST, REFUSE, choose_posting_period
from mappings.rules.account_patterns import carries_dimensions
from sources.readers.lines import ZERO, JournalLine
from sources.readers.periods import last_day, period_of

BALANCING_LINE = 0
"""`JournalLine.line_number` of a line that stands in no file: the balancing account's."""

SAME, PADDED, TABLE = "same", "padded", "table"
COST_CENTRE, COST_UNIT = "cost_centre", "cost_unit"


@dataclass(frozen=True, slots=True)
class PeriodBatch:
    """The lines of one period, before dimensions are applied."""

    period: str
    lines: tuple[JournalLine, ...]

    @property
    def balance(self) -> Decimal:
        """Return debit minus credit."""
        return sum((line.amount for line in self.lines), ZERO)

    @property
    def total(self) -> Decimal:
        """Return the sum of the debits."""
        return sum((line.amount for line in self.lines if line.amount > 0), ZERO)


class Unbalanced(Exception):
    """Debits and credits differ. `differences` holds every such period with its difference."""

    def __init__(self, differences: Mapping[str, Decimal]) -> None:
        self.differences = dict(differences)
        super().__init__(", ".join(f"{period}: {off}" for period, off in differences.items()))


@dataclass(frozen=True, slots=True)
class DimensionRule:
    """
    How codes of one payroll dimension become values of a segment.

    :param description: of the segment, as it was when the mapping was made
    :param length: of the segment; values are padded to it with leading zeros by rule `padded`
    :param table: payroll code -> segment value, for rule `table`
    """

    segment_id: int
    description: str = ""
    length: int = 0
    rule: str = SAME
    table: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PostingSettings:
    """What a mapping says about posting. A dimension that is None is not sent."""

    cost_centre: DimensionRule | None = None
    cost_unit: DimensionRule | None = None
    balance_sheet_format: str = ""
    profit_and_loss_format: str = ""
    branch: str = ""
    ledger: str = ""
    currency: str = ""
    closed_period_rule: str = REFUSE
    balancing_account: str = ""
    own_number_series: str = ""
    """Number series that our own batch numbers go into; empty = the target numbers."""


@dataclass(frozen=True, slots=True)
class UnmappedValue:
    """A payroll code that the mapping's table or length has no value for."""

    period: str
    dimension: str
    code: str
    lines: int


@dataclass(frozen=True, slots=True)
class Note:
    """Something to show beside a batch. Template and params, as for problems."""

    code: str
    message: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlannedBatch:
    """
    One batch as it would be posted.

    :param period: the period that payroll gave, ``YYYY-MM``
    :param posting_period: the target's period id; empty if it has none or is held back
    :param from_periods: periods of the journal whose money is in this batch
    :param held: waits until its period is opened again
    """

    period: str
    posting_period: str
    posted_on: date
    description: str
    key: str
    reference: str
    currency: str
    lines: tuple[base.PostingLine, ...]
    total: Decimal
    from_periods: tuple[str, ...]
    notes: tuple[Note, ...] = ()
    unmapped: tuple[UnmappedValue, ...] = ()
    held: bool = False

    @property
    def is_delayed(self) -> bool:
        """Return whether its own period is closed: it waits, or is posted in another one."""
        return self.held or any(note.code in {"moved", "held"} for note in self.notes)


_MOVED = _("Period {period} is closed; posted in {posting_period} instead.")
_HELD = _("Period {period} is closed; the batch waits until it is reopened.")
_BALANCED = _("{amount} was booked on {account} to balance a correction.")


def split_into_period_batches(lines: Iterable[JournalLine]) -> list[PeriodBatch]:
    """
    Return one balanced batch per accounting period, oldest first.

    :raises Unbalanced: if the debits and credits of any period differ; names all of them
    """
    by_period: dict[str, list[JournalLine]] = {}
    for line in lines:
        by_period.setdefault(line.period, []).append(line)
    batches = [PeriodBatch(period, tuple(by_period[period])) for period in sorted(by_period)]
    differences = {batch.period: batch.balance for batch in batches if batch.balance}
    if differences:
        raise Unbalanced(differences)
    return batches


def balance_with(
    lines: Sequence[JournalLine], *, account: str, text: str = "Balancing of corrections"
) -> tuple[JournalLine, ...]:
    """
    Return the lines with the differences of corrections booked on a balancing account.

    Each correction that does not balance gets one line in its own period, and the run's period
    (the newest) gets its mirror. Those lines have the line number 0. A file that does not
    balance as a whole still does not afterwards: that is an error of the file, not a
    correction that crosses periods.
    """
    balances: dict[str, Decimal] = {}
    dates: dict[str, date] = {}
    for line in lines:
        balances[line.period] = balances.get(line.period, ZERO) + line.amount
        dates[line.period] = max(dates.get(line.period, date.min), line.posted_on)
    if not balances:
        return ()
    run_period = max(balances)
    added: list[JournalLine] = []
    for period in sorted(balances):
        off = balances[period]
        if period == run_period or not off:
            continue
        wording = f"{text} {period}"
        added += [
            JournalLine(BALANCING_LINE, where, dates[where], account, "", "", amount, wording)
            for where, amount in ((period, -off), (run_period, off))
        ]
    return (*lines, *added)


def posting_date(period: str, lines: Iterable[JournalLine]) -> date:
    """Return the latest date of the lines that lies in the period, else the period's last day."""
    within = [line.posted_on for line in lines if period_of(line.posted_on) == period]
    return max(within, default=last_day(period))


def posting_lines(
    lines: Iterable[JournalLine],
    *,
    reference: str,
    settings: PostingSettings,
    true_period: str = "",
) -> tuple[tuple[base.PostingLine, ...], tuple[UnmappedValue, ...]]:
    """
    Return the lines as the target takes them, and the codes that have no value there.

    Accounts that carry no dimensions lose them, and what has become equal by that is added up
    again, debit and credit apart. A line without a code sends no segment for it.

    :param true_period: put behind each text, for a batch that is posted in a later period
    """
    sums: dict[tuple[str, tuple[base.SegmentValue, ...], str, bool], Decimal] = {}
    unmapped: dict[tuple[str, str, str], int] = {}
    carries: dict[str, bool] = {}
    for line in lines:
        account = line.account
        if account not in carries:
            carries[account] = carries_dimensions(
                account,
                balance_sheet_format=settings.balance_sheet_format,
                profit_and_loss_format=settings.profit_and_loss_format,
            )
        segments: list[base.SegmentValue] = []
        if carries[account]:
            for name, rule, code in (
                (COST_CENTRE, settings.cost_centre, line.cost_centre),
                (COST_UNIT, settings.cost_unit, line.cost_unit),
            ):
                if rule is None or not code:
                    continue
                value = segment_value(rule, code)
                if value is None:
                    place = (line.period, name, code)
                    unmapped[place] = unmapped.get(place, 0) + 1
                else:
                    segments.append(base.SegmentValue(rule.segment_id, value))
        segments.sort(key=lambda segment: segment.segment_id)
        text = f"{line.text} ({true_period})" if true_period else line.text
        key = (account, tuple(segments), text, line.amount > 0)
        sums[key] = sums.get(key, ZERO) + line.amount
    posted = tuple(
        base.PostingLine(
            account=account,
            debit=amount if is_debit else ZERO,
            credit=ZERO if is_debit else -amount,
            text=text,
            reference=reference,
            segments=segments,
        )
        for (account, segments, text, is_debit), amount in sums.items()
    )
    missing = tuple(UnmappedValue(*place, count) for place, count in unmapped.items())
    return posted, missing


def segment_value(rule: DimensionRule, code: str) -> str | None:
    """Return the segment's value of a payroll code, or None if the table has none."""
    if rule.rule == TABLE:
        return rule.table.get(code) or None
    if rule.rule == PADDED:
        return code.rjust(rule.length, "0")
    return code


def plan(
    lines: Sequence[JournalLine],
    *,
    reference: str,
    keys: Mapping[str, str],
    currency: str,
    settings: PostingSettings,
    periods: Sequence[base.Period] = (),
) -> list[PlannedBatch]:
    """
    Return what would be posted, oldest period first.

    :param keys: period -> key of its batch (`batch_key`), made once and stored by the caller
    :param periods: of the target; without them batches are planned but have no posting period
    :raises Unbalanced: if a period does not balance and no balancing account is set
    """
    if settings.balancing_account:
        lines = balance_with(lines, account=settings.balancing_account)
    batches = split_into_period_batches(lines)
    return [
        _planned(
            batch,
            reference=reference,
            key=keys[batch.period],
            currency=currency,
            settings=settings,
            periods=periods,
            all_batches=batches,
        )
        for batch in batches
    ]


def _planned(
    batch: PeriodBatch,
    *,
    reference: str,
    key: str,
    currency: str,
    settings: PostingSettings,
    periods: Sequence[base.Period],
    all_batches: Sequence[PeriodBatch],
) -> PlannedBatch:
    period = batch.period
    own_date = posting_date(period, batch.lines)
    chosen = choose_posting_period(own_date, periods=periods, rule=settings.closed_period_rule)
    balancing = [line for line in batch.lines if line.line_number == BALANCING_LINE]
    notes = [
        Note("balanced", _BALANCED, texts_of({"amount": line.amount, "account": line.account}))
        for line in balancing
    ]
    target = ""
    if chosen.outcome in (POST, MOVED) and chosen.period:
        target = chosen.period.id
    if chosen.outcome == MOVED:
        notes.append(Note("moved", _MOVED, {"period": period, "posting_period": target}))
    if chosen.outcome == HELD:
        notes.append(Note("held", _HELD, {"period": period}))
    posted, unmapped = posting_lines(
        batch.lines,
        reference=reference,
        settings=settings,
        true_period=period if chosen.outcome == MOVED else "",
    )
    from_periods = {period}
    if balancing and batch is all_batches[-1]:
        from_periods |= {
            other.period
            for other in all_batches
            if any(line.line_number == BALANCING_LINE for line in other.lines)
        }
    planned = PlannedBatch(
        period=period,
        posting_period=target,
        posted_on=chosen.posted_on,
        description=batch_description(reference, period, key),
        key=key,
        reference=reference,
        currency=currency,
        lines=posted,
        total=sum((line.debit for line in posted), ZERO),
        from_periods=tuple(sorted(from_periods)),
        notes=tuple(notes),
        unmapped=unmapped,
        held=chosen.outcome == HELD,
    )
    credit = sum((line.credit for line in posted), ZERO)
    if planned.total != credit or planned.total != batch.total:
        # Cannot happen while the code above is right; money is checked before it leaves.
        raise Unbalanced({period: planned.total - credit})
    return planned
