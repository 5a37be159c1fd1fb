"""What is unlike the run before, in words, and a run beside those before it (B6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils import formats, timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from connectors.words import gettext_noop as _
from journals.models import Journal, JournalMark, MarkRule, MutedAccount
from journals.operations import last_month
from journals.operations.sending import mapping_of
from journals.rules import last_month as rules
from journals.rules.last_month import AccountRow, Mark, MarkKind
from mappings.operations.ledger import stored_facts
from organisations.models import Company
from ui import dates
from ui.amounts import MINUS, NO_VALUE
from ui.charts import Bar, bars


@dataclass(frozen=True, slots=True)
class MarkRow:
    """
    One mark as it is shown.

    :param before: how the same was explained the last time
    """

    pk: int
    kind: str
    account: str
    words: str
    more: str
    is_explained: bool
    reason: str
    explanation: str
    by: str
    at: datetime | None
    before: str


@dataclass(frozen=True, slots=True)
class Marks:
    """
    The marks of a journal.

    :param one_cause: one sentence for many marks, which are folded below it
    :param must_be_explained: nothing is sent before
    """

    rows: list[MarkRow]
    left: int
    one_cause: str
    is_folded: bool
    must_be_explained: bool
    reasons: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Row:
    """One account of the table, with its cost centres below it."""

    account: str
    name: str
    figures: AccountRow
    percent: str
    is_marked: bool
    centres: list[AccountRow]


@dataclass(frozen=True, slots=True)
class Beside:
    """A run beside those before it."""

    rows: list[Row]
    corrections: last_month.Corrections
    measure: str
    """Of which run the difference is, in words."""
    too_little: bool


@dataclass(frozen=True, slots=True)
class AccountMonths:
    """One account over thirteen months."""

    account: str
    name: str
    months: list[tuple[str, str]]
    """Month and amount, as people write them."""
    chart: SafeString


# --- Marks ----------------------------------------------------------------------------------


def marks_of(journal: Journal) -> Marks:
    """Return the stored marks of a journal in words."""
    stored = list(
        JournalMark.objects.filter(journal=journal)
        .select_related("explained_by")
        .order_by("number")
    )
    names = names_of(journal) if stored else {}
    before = _explained_before(journal) if stored else {}
    rows = [_mark_row(mark, names, before) for mark in stored]
    percent = rules.common_percent([_as_rule(mark) for mark in stored])
    one_cause = ""
    if percent is not None:
        one_cause = gettext("Most accounts moved by about {percent} %: one cause?").format(
            percent=signed(percent)
        )
    return Marks(
        rows=rows,
        left=sum(not row.is_explained for row in rows),
        one_cause=one_cause,
        is_folded=len(rows) > rules.MOST_MARKS,
        must_be_explained=last_month.gate_of(journal.company_id) == MarkRule.Gate.EXPLAIN,
        reasons=[(value, str(label)) for value, label in JournalMark.Reason.choices],
    )


def _as_rule(mark: JournalMark) -> Mark:
    return Mark(MarkKind(mark.kind), mark.account, mark.centre, mark.words)


def _mark_row(
    mark: JournalMark, names: Mapping[str, str], before: Mapping[tuple[str, ...], str]
) -> MarkRow:
    account = f"{mark.account} {names.get(mark.account, '')}".strip()
    return MarkRow(
        pk=mark.pk,
        kind=mark.kind,
        account=mark.account,
        words=sentence(_as_rule(mark), account=account),
        more=_wages(mark.words),
        is_explained=bool(mark.reason),
        reason=mark.get_reason_display() if mark.reason else "",
        explanation=mark.explanation,
        by=str(mark.explained_by or ""),
        at=mark.explained_at,
        before=before.get((mark.kind, mark.account, mark.centre), ""),
    )


def _explained_before(journal: Journal) -> dict[tuple[str, ...], str]:
    """Return how the newest earlier run with the same mark explained it."""
    earlier = JournalMark.objects.filter(
        journal__company=journal.company_id, journal__run_period__lt=journal.run_period
    ).exclude(reason="")
    found: dict[tuple[str, ...], str] = {}
    for mark in earlier.select_related("journal").order_by("journal__run_period", "journal_id"):
        reason = f"{mark.get_reason_display()}: {mark.explanation}".rstrip(": ")
        month = dates.month(mark.journal.run_period)
        found[mark.kind, mark.account, mark.centre] = f"{month}: {reason}"
    return found


def sentence(mark: Mark, *, account: str) -> str:
    """Return a mark as a sentence: what it is now, and what it was."""
    return gettext(_SENTENCES[mark.kind]).format(
        account=account,
        centre=mark.centre,
        this=whole(mark.words.get("this")),
        base=whole(mark.words.get("base")),
        last=whole(mark.words.get("last")),
        total=whole(mark.words.get("total")),
        reference=mark.words.get("reference", ""),
        change=_change(mark.words.get("percent", "")),
        month=dates.month(mark.words["period"]) if "period" in mark.words else "",
        ratio=_points(mark.words.get("this")),
        ratio_base=_points(mark.words.get("base")),
    )


_SENTENCES: dict[MarkKind, str] = {
    MarkKind.MOVED: _("{account}: {this}, {month} {base}{change}."),
    MarkKind.NEVER_USED: _("{account}: {this}. This company has never used the account before."),
    MarkKind.MISSING: _(
        "{account}: missing, used in each of the last 3 months. The run before: {last}."
    ),
    MarkKind.SIGN_TURNED: _(
        "{account}: {this}, {month} {base}. Debit and credit have changed places."
    ),
    MarkKind.CENTRE_NEW: _("Cost centre {centre} is new."),
    MarkKind.CENTRE_GONE: _("Cost centre {centre} is gone; the run before used it."),
    MarkKind.RATIO: _("Social costs are {ratio} % of wages, {month} {ratio_base} %."),
    MarkKind.LINES: _("{this} lines, {month} {base}."),
    MarkKind.TOTAL: _("The whole journal: {this}, {month} {base}{change}."),
    MarkKind.SAME: _("Every account has the same amount as {reference}. Is it the same run?"),
    MarkKind.SENT_BEFORE: _(
        "The total {total} is that of {reference}, which was sent. Is it the same file?"
    ),
}


def _wages(words: Mapping[str, str]) -> str:
    if "wages" not in words:
        return ""
    return gettext("Wages moved {percent} %.").format(percent=signed(int(words["wages"])))


def _change(percent: str) -> str:
    return f" ({signed(int(percent))} %)" if percent else ""


def _points(value: str | None) -> str:
    return formats.number_format(Decimal(value), decimal_pos=1) if value else ""


def whole(value: str | Decimal | None) -> str:
    """Write an amount in whole units, as one reads a difference."""
    if value is None:
        return NO_VALUE
    number = Decimal(value).quantize(Decimal(1))
    text = formats.number_format(abs(number), decimal_pos=0, use_l10n=True, force_grouping=True)
    return f"{MINUS}{text}" if number < 0 else text


def signed(number: int) -> str:
    """Write a percentage with its sign; zero has none."""
    sign = MINUS if number < 0 else "+"
    return f"{sign}{abs(number)}" if number else "0"


def names_of(journal: Journal) -> dict[str, str]:
    """Return the names of the accounts at the target, as it was read last."""
    mapping = mapping_of(journal.company)
    stored = stored_facts(mapping.connection) if mapping else None
    return {account.number: account.name for account in stored[0].accounts} if stored else {}


# --- Tables ---------------------------------------------------------------------------------


def beside(journal: Journal) -> Beside:
    """Return every account of a journal beside what it was."""
    found = last_month.compare(journal, today=timezone.localdate())
    centres = rules.rows(found.run, found.history, by_centre=True)
    marked = {mark.account for mark in found.marks if mark.account}
    names = names_of(journal)
    base = rules.base_of(found.run, found.history)
    return Beside(
        rows=[
            Row(
                account=each.account,
                name=names.get(each.account, ""),
                figures=each,
                percent=NO_VALUE if each.percent is None else f"{signed(each.percent)} %",
                is_marked=each.account in marked,
                centres=_centres_of(each.account, centres),
            )
            for each in rules.rows(found.run, found.history)
        ],
        corrections=found.corrections,
        measure=dates.month(base.period) if base else "",
        too_little=len(found.history.before) < rules.FEWEST_RUNS,
    )


def _centres_of(account: str, rows: Sequence[AccountRow]) -> list[AccountRow]:
    mine = [row for row in rows if row.account == account]
    return mine if len(mine) > 1 else []


def account_months(journal: Journal, account: str) -> AccountMonths | None:
    """Return what stood on the account in this run and those before it; None if nothing did."""
    found = last_month.compare(journal, today=timezone.localdate())
    by_period = {run.period: run.accounts.get(account) for run in found.history.before}
    by_period[found.run.period] = found.run.accounts.get(account)
    if not any(by_period.values()):
        return None
    name = names_of(journal).get(account, "")
    periods = _periods_up_to(found.run.period)
    of = [
        Bar(
            label=dates.short_month(period),
            value=by_period[period] or Decimal(0) if period in by_period else None,
            text=whole(by_period[period] or Decimal(0)) if period in by_period else NO_VALUE,
            is_now=period == found.run.period,
        )
        for period in periods
    ]
    title = pgettext("chart", "{account}, thirteen months").format(
        account=f"{account} {name}".strip()
    )
    months = [(dates.month(period), bar.text) for period, bar in zip(periods, of, strict=True)]
    return AccountMonths(account=account, name=name, months=months, chart=bars(title, of))


def _periods_up_to(period: str) -> list[str]:
    last = int(period[:4]) * 12 + int(period[5:]) - 1
    months = range(last - rules.MONTHS + 1, last + 1)
    return [f"{month // 12}-{month % 12 + 1:02}" for month in months]


# --- What a company's marks stop ------------------------------------------------------------


def muted_of(company: Company, *, today: date) -> list[MutedAccount]:
    """Return the accounts of a company that are not marked now."""
    mine = MutedAccount.objects.filter(company=company, until__gte=today)
    return list(mine.select_related("by").order_by("account"))
