"""
Is a run like the one before? What differs is marked, for a person to look at before sending (B6).

Compared is the run's own period; corrections of earlier ones stand apart. Amounts are signed, debit
above zero. Nothing here says that anything is wrong.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from statistics import median

from journals.rules.account_kinds import AccountKind, kind_of

ZERO = Decimal(0)
MONTHS = 13
"""So far back a comparison looks."""
FEWEST_RUNS = 3
"""With fewer earlier runs there is too little to compare."""
MOST_MARKS = 10
"""More marks than these have one cause, more likely than one each."""
_LOOKS_BACK = 3
_HOLIDAY_MONTHS = ("06", "07", "12")
"""Holiday pay and a thirteenth month: last year tells more than last month."""
_RATIO_POINTS = Decimal("1.5")
_LINES_SHARE = Decimal("0.5")
_TOTAL_SHARE = Decimal("0.2")
_THRESHOLDS: dict[AccountKind, tuple[Decimal, Decimal]] = {
    AccountKind.WAGES: (Decimal(5_000), Decimal("0.10")),
    AccountKind.SOCIAL_COSTS: (Decimal(2_500), Decimal("0.10")),
    AccountKind.OWED: (Decimal(5_000), Decimal("0.10")),
    AccountKind.OTHER: (Decimal(2_500), Decimal("0.25")),
}
_SMALLER_UNITS = {"EUR": Decimal(10)}


class MarkKind(StrEnum):
    """What is unlike the run before."""

    MOVED = "moved"
    NEVER_USED = "never_used"
    MISSING = "missing"
    SIGN_TURNED = "sign_turned"
    CENTRE_NEW = "centre_new"
    CENTRE_GONE = "centre_gone"
    RATIO = "ratio"
    LINES = "lines"
    TOTAL = "total"
    SAME = "same"
    SENT_BEFORE = "sent_before"


@dataclass(frozen=True, slots=True)
class RunName:
    """What tells which runs of a company belong together."""

    key: int
    period: str
    name: str


@dataclass(frozen=True)
class Run:
    """
    The own period of one run.

    :param amounts: by account and cost centre, debit above zero
    """

    reference: str
    period: str
    amounts: Mapping[tuple[str, str], Decimal]
    lines: int
    is_sent: bool = False

    @cached_property
    def accounts(self) -> dict[str, Decimal]:
        """Return the amounts by account alone."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for (account, _centre), amount in self.amounts.items():
            found[account] += amount
        return dict(found)

    @cached_property
    def centres(self) -> set[str]:
        """Return the cost centres that it uses."""
        return {centre for _account, centre in self.amounts if centre}

    @cached_property
    def of_accounts(self) -> dict[tuple[str, str], Decimal]:
        """Return the same as `accounts`, named as `amounts` are."""
        return {(account, ""): amount for account, amount in self.accounts.items()}

    @cached_property
    def total(self) -> Decimal:
        """Return the sum of the debits of its accounts."""
        return sum((amount for amount in self.amounts.values() if amount > 0), ZERO)

    def sum_of(self, kind: AccountKind, *, currency: str) -> Decimal:
        """Return what stands on the accounts of a kind."""
        of_kind = (a for n, a in self.accounts.items() if kind_of(n, currency=currency) is kind)
        return sum(of_kind, ZERO)


@dataclass(frozen=True, slots=True)
class History:
    """
    What a run is compared with.

    :param before: comparable runs, the newest first, one a period
    :param last_year: of the same month of the year before
    :param sent: other runs of the company that were sent, of any kind
    :param known_accounts: every account that the company has used
    """

    before: Sequence[Run] = ()
    last_year: Run | None = None
    sent: Sequence[Run] = ()
    known_accounts: frozenset[str] = frozenset()

    @property
    def last(self) -> Run | None:
        """Return the previous comparable run."""
        return self.before[0] if self.before else None


@dataclass(frozen=True, slots=True)
class Mark:
    """
    One thing that is unlike the run before.

    :param words: values of its sentence, as text: amounts plain, percents with their sign
    """

    kind: MarkKind
    account: str = ""
    centre: str = ""
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account beside what it was; None where there was no such run."""

    account: str
    centre: str
    this: Decimal
    last: Decimal | None
    mean: Decimal | None
    last_year: Decimal | None
    difference: Decimal | None
    percent: int | None


# --- Which run is like which ----------------------------------------------------------------


def comparable(run: RunName, others: Iterable[RunName]) -> list[RunName]:
    """
    Return the earlier runs that are like this one, the newest first, one a period.

    A file names no type of run. Runs whose names differ in their figures alone are of one type;
    of several in one period, those at the same place belong together: the second week to the
    second week.
    """
    by_period: dict[str, list[RunName]] = defaultdict(list)
    for each in {run, *others}:
        if _type_of(each.name) == _type_of(run.name):
            by_period[each.period].append(each)
    for runs in by_period.values():
        runs.sort(key=_place)
    place = by_period[run.period].index(run)
    earlier = sorted((period for period in by_period if period < run.period), reverse=True)
    return [by_period[period][place] for period in earlier if len(by_period[period]) > place]


def _type_of(name: str) -> str:
    return re.sub(r"[\W\d_]+", "", name).casefold()


def _place(run: RunName) -> tuple[list[int], int]:
    return [int(figures) for figures in re.findall(r"\d+", run.name)], run.key


def year_before(period: str) -> str:
    """Return the same month of the year before."""
    return f"{int(period[:4]) - 1}{period[4:]}"


# --- Beside each other ----------------------------------------------------------------------


def base_of(run: Run, history: History) -> Run | None:
    """Return what the run is measured by: last month, or last year in months of holiday pay."""
    if run.period[5:] in _HOLIDAY_MONTHS and history.last_year is not None:
        return history.last_year
    return history.last


def rows(run: Run, history: History, *, by_centre: bool = False) -> list[AccountRow]:
    """Return every account that this run, the last one or its measure uses, in their order."""
    base, mean_of = base_of(run, history), history.before[:_LOOKS_BACK]
    amounts = [_amounts(each, by_centre) for each in (run, base, history.last) if each]
    keys = sorted({key for each in amounts for key in each})
    return [
        _row(key, run, base, history, mean_of if len(mean_of) == _LOOKS_BACK else (), by_centre)
        for key in keys
    ]


def _amounts(run: Run, by_centre: bool) -> Mapping[tuple[str, str], Decimal]:
    return run.amounts if by_centre else run.of_accounts


def _row(
    key: tuple[str, str],
    run: Run,
    base: Run | None,
    history: History,
    mean_of: Sequence[Run],
    by_centre: bool,
) -> AccountRow:
    def amount(of: Run) -> Decimal:
        return _amounts(of, by_centre).get(key, ZERO)

    this, measure = amount(run), None if base is None else amount(base)
    mean = sum((amount(each) for each in mean_of), ZERO) / len(mean_of) if mean_of else None
    return AccountRow(
        account=key[0],
        centre=key[1],
        this=this,
        last=None if history.last is None else amount(history.last),
        mean=None if mean is None else mean.quantize(Decimal("0.01")),
        last_year=None if history.last_year is None else amount(history.last_year),
        difference=None if measure is None else this - measure,
        percent=None if measure is None else _percent(this, measure),
    )


def _percent(this: Decimal, base: Decimal) -> int | None:
    """Return by how much it moved; an amount that grew away from zero moved upwards."""
    if not base:
        return None
    return int(((this - base) / base * 100).to_integral_value())


# --- Marks ----------------------------------------------------------------------------------


def marks(run: Run, history: History, *, currency: str) -> list[Mark]:
    """Return what is unlike the runs before; nothing while there are fewer than three."""
    base = base_of(run, history)
    if base is None or len(history.before) < FEWEST_RUNS:
        return []
    found = [
        *_repeated(run, history),
        *_of_accounts(run, base, history, currency=currency),
        *_of_centres(run, history),
        *_of_the_whole(run, base, currency=currency),
    ]
    return [_measured_by(base, mark) for mark in found]


def _measured_by(base: Run, mark: Mark) -> Mark:
    """Let a mark with an amount to measure by say of which period that is."""
    words = {**mark.words, "period": base.period} if "base" in mark.words else mark.words
    return replace(mark, words=words)


def _repeated(run: Run, history: History) -> list[Mark]:
    last = history.last
    if last is not None and dict(run.amounts) == dict(last.amounts):
        return [Mark(MarkKind.SAME, words={"reference": last.reference})]
    for each in history.sent:
        if each.total == run.total:
            words = {"reference": each.reference, "total": str(run.total)}
            return [Mark(MarkKind.SENT_BEFORE, words=words)]
    return []


def _of_accounts(run: Run, base: Run, history: History, *, currency: str) -> Iterable[Mark]:
    this, before = run.accounts, base.accounts
    lately = [each.accounts for each in history.before[:_LOOKS_BACK]]
    wages = _percent(
        run.sum_of(AccountKind.WAGES, currency=currency),
        base.sum_of(AccountKind.WAGES, currency=currency),
    )
    for account in sorted(this.keys() | before.keys() | lately[0].keys()):
        now, then = this.get(account, ZERO), before.get(account, ZERO)
        words = {"this": str(now), "base": str(then)}
        if now and account not in history.known_accounts:
            yield Mark(MarkKind.NEVER_USED, account, words=words)
        elif not now and all(each.get(account) for each in lately):
            yield Mark(MarkKind.MISSING, account, words={"last": str(lately[0][account])})
        elif now and then and (now < 0) != (then < 0):
            yield Mark(MarkKind.SIGN_TURNED, account, words=words)
        elif _has_moved(now, then, kind_of(account, currency=currency), currency=currency):
            percent = _percent(now, then)
            words |= {"percent": "" if percent is None else f"{percent:+d}"}
            if wages is not None and kind_of(account, currency=currency) in _FOLLOWS_WAGES:
                words |= {"wages": f"{wages:+d}"}
            yield Mark(MarkKind.MOVED, account, words=words)


_FOLLOWS_WAGES = (AccountKind.SOCIAL_COSTS, AccountKind.OWED)


def _has_moved(now: Decimal, then: Decimal, kind: AccountKind, *, currency: str) -> bool:
    value, share = _THRESHOLDS[kind]
    value /= _SMALLER_UNITS.get(currency, 1)
    difference = abs(now - then)
    return difference >= value and difference / max(abs(then), Decimal(1)) >= share


def _of_centres(run: Run, history: History) -> Iterable[Mark]:
    known = {centre for each in history.before for centre in each.centres}
    for centre in sorted(run.centres - known):
        yield Mark(MarkKind.CENTRE_NEW, centre=centre)
    last = history.last.centres if history.last else set()
    for centre in sorted(last - run.centres):
        yield Mark(MarkKind.CENTRE_GONE, centre=centre)


def _of_the_whole(run: Run, base: Run, *, currency: str) -> Iterable[Mark]:
    now, then = _ratio(run, currency=currency), _ratio(base, currency=currency)
    if now is not None and then is not None and abs(now - then) > _RATIO_POINTS:
        words = {"this": f"{now:.1f}", "base": f"{then:.1f}"}
        yield Mark(MarkKind.RATIO, words=words)
    if base.lines and abs(run.lines - base.lines) >= base.lines * _LINES_SHARE:
        yield Mark(MarkKind.LINES, words={"this": str(run.lines), "base": str(base.lines)})
    if base.total and abs(run.total - base.total) >= base.total * _TOTAL_SHARE:
        percent = _percent(run.total, base.total)
        words = {"this": str(run.total), "base": str(base.total), "percent": f"{percent:+d}"}
        yield Mark(MarkKind.TOTAL, words=words)


def _ratio(run: Run, *, currency: str) -> Decimal | None:
    """Return social costs in percent of wages."""
    wages = run.sum_of(AccountKind.WAGES, currency=currency)
    if not wages:
        return None
    return run.sum_of(AccountKind.SOCIAL_COSTS, currency=currency) / wages * 100


def common_percent(found: Sequence[Mark]) -> int | None:
    """
    Return by how many percent most of the marked accounts moved, where that is one figure.

    None unless more than ten are marked, and four of five moved within three points of it.
    """
    moved = [int(mark.words["percent"]) for mark in found if mark.words.get("percent")]
    if len(found) <= MOST_MARKS or not moved:
        return None
    middle = int(median(moved))
    near = [percent for percent in moved if abs(percent - middle) <= 3]
    return middle if len(near) * 5 >= len(found) * 4 else None
