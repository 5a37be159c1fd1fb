"""
What would stop a journal, found before any call that writes.

All problems of all batches at once; each says how many lines it concerns, whose job it is and
what is nearest to what was meant.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors import base
from connectors.errors import ADMINISTRATOR, PAYROLL
from connectors.words import gettext_noop as _
from connectors.words import texts_of
from journals.domain.planning import (
    COST_CENTRE,
    COST_UNIT,
    DimensionRule,
    PlannedBatch,
    PostingSettings,
)
from journals.domain.posting_periods import HELD as PERIOD_HELD
from journals.domain.posting_periods import NO_PERIOD, REFUSED, choose_posting_period
from mappings.domain.account_patterns import BadPattern, compile_pattern, fits_both
from mappings.domain.dimensions import Suggested, nearest, same_text


@dataclass(frozen=True, slots=True)
class PreflightKind:
    """One line of the catalogue: templates, filled after translation."""

    code: str
    summary: str
    remedy: str
    who: str
    stops: bool = True


PREFLIGHT_PROBLEMS: dict[str, PreflightKind] = {
    kind.code: kind
    for kind in (
        PreflightKind(
            "account_missing",
            _("Account {account} does not exist in {administration}."),
            _("Create it there, or change the account in payroll and import the journal again."),
            PAYROLL,
        ),
        PreflightKind(
            "looks_booked",
            _("This looks already booked: voucher {number}, {date}, {total}."),
            _("Check it in the ledger, then answer whether it is this run or another one."),
            PAYROLL,
        ),
        PreflightKind(
            "ledger_not_listed",
            _("The hub could not check whether this run is already in the ledger."),
            _("Check the ledger yourself, then answer whether this run is booked there."),
            PAYROLL,
        ),
        PreflightKind(
            "account_inactive",
            _("Account {account} {name} is not active in {administration}."),
            _("Activate it there, or change the account in payroll and import again."),
            PAYROLL,
        ),
        PreflightKind(
            "account_not_manual",
            _("Account {account} {name} cannot be posted to: it belongs to a sub-ledger."),
            _("Choose another account in payroll, or allow manual entries on it there."),
            PAYROLL,
        ),
        PreflightKind(
            "account_currency",
            _("Account {account} {name} is in {account_currency}, the journal in {currency}."),
            _("Choose an account in the journal's currency in payroll and import again."),
            PAYROLL,
        ),
        PreflightKind(
            "account_fits_both_formats",
            _("Account {account} matches both the balance-sheet and the profit-and-loss format."),
            _("Change the account formats of the mapping so that each account matches only one."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "account_pattern_bad",
            _("The account format {pattern} cannot be read at position {position}."),
            _("Write it with digits and sets, such as [0-3][0-9][0-9][0-9]."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "period_missing",
            _("{administration} has no period for {date}."),
            _("Create the financial year there, then check again."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "period_closed",
            _("Period {target_period} is closed in {administration}."),
            _("Open it there, or choose another rule for closed periods in the mapping."),
            PAYROLL,
        ),
        PreflightKind(
            "period_held",
            _(
                "Period {target_period} is closed in {administration}; the batch waits until "
                "it is reopened."
            ),
            _("No action needed: it is sent when the period is reopened."),
            PAYROLL,
            stops=False,
        ),
        PreflightKind(
            "dimension_missing",
            _("The dimension {description} of the mapping no longer exists in {administration}."),
            _("Open the mapping and choose the dimension again."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "dimension_renamed",
            _("The dimension {description} of the mapping is now called {found}."),
            _("Open the mapping and confirm that it is still the right one."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "value_missing",
            _("{dimension} {value} does not exist in {administration}."),
            _("Create it there, or map the code to another value in the mapping."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "value_inactive",
            _("{dimension} {value} {name} is not active in {administration}."),
            _("Activate it there, or map the code to another value in the mapping."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "value_too_long",
            _("{dimension} {value} is longer than the {length} characters that fit."),
            _("Map the code to a value of that length in the mapping."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "value_not_mapped",
            _("The payroll code {value} has no value for {dimension} in the mapping."),
            _("Open the mapping and choose a value for the code."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "branch_missing",
            _("Branch {branch} does not exist in {administration}."),
            _("Open the mapping and choose the branch again."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "branch_inactive",
            _("Branch {branch} {name} is not active in {administration}."),
            _("Activate it there, or choose another branch in the mapping."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "ledger_missing",
            _("Ledger {ledger} does not exist in {administration}."),
            _("Open the mapping and choose the ledger again."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "ledger_not_actual",
            _("Ledger {ledger} {name} is not of the type Actual and cannot be posted to."),
            _("Open the mapping and choose a ledger of the type Actual."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "currency_differs",
            _("The journal is in {currency}, but {place} is in {found}."),
            _("Check that the journal belongs to this company."),
            PAYROLL,
        ),
        PreflightKind(
            "currency_missing",
            _("The currency {currency} is not used in {administration}."),
            _("Check that the journal belongs to this company, or add the currency there."),
            PAYROLL,
        ),
        PreflightKind(
            "number_series_missing",
            _("The number series {series} does not exist in {administration}."),
            _(
                "Open the mapping and choose the number series again, or let the ledger assign "
                "the numbers."
            ),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "number_series_not_manual",
            _("The number series {series} {name} does not allow manual numbers."),
            _("Allow manual numbering there, or let the ledger assign the numbers."),
            ADMINISTRATOR,
        ),
        PreflightKind(
            "too_few_lines",
            _("The batch has {lines} line; a journal needs at least two."),
            _("Check the journal in payroll and import it again."),
            PAYROLL,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class PreflightProblem:
    """
    One thing that stops (or, with `stops` false, only delays) one batch.

    :param period: of the batch, ``YYYY-MM``; empty if it concerns the mapping as a whole
    :param lines: how many lines of the batch it concerns; 0 = all of it
    """

    code: str
    summary: str
    remedy: str
    who: str
    period: str = ""
    lines: int = 0
    params: Mapping[str, str] = field(default_factory=dict)
    suggestions: tuple[Suggested, ...] = ()
    stops: bool = True

    @property
    def text(self) -> str:
        """Return the summary in English, filled in."""
        return self.summary.format(**self.params)


GOING_LIVE = frozenset({"looks_booked", "ledger_not_listed"})
"""Asked before the first journal of a mapping is sent; a person answers (B17)."""


def looks_booked(*, number: str, day: object, total: object) -> PreflightProblem:
    """Say that the ledger holds a batch like one of ours; it stops the whole journal."""
    return _found("looks_booked", number=number, date=day, total=total)


def ledger_not_listed() -> PreflightProblem:
    """Say that nobody knows whether the ledger holds the journal; it stops all of it."""
    return _found("ledger_not_listed")


def _found(
    code: str,
    *,
    period: str = "",
    lines: int = 0,
    suggestions: tuple[Suggested, ...] = (),
    **params: object,
) -> PreflightProblem:
    kind = PREFLIGHT_PROBLEMS[code]
    return PreflightProblem(
        code=code,
        summary=kind.summary,
        remedy=kind.remedy,
        who=kind.who,
        period=period,
        lines=lines,
        params={"period": period, "lines": str(lines)} | texts_of(params),
        suggestions=suggestions,
        stops=kind.stops,
    )


def preflight(
    planned: Sequence[PlannedBatch], *, facts: base.LedgerFacts, settings: PostingSettings
) -> list[PreflightProblem]:
    """
    Return all that would stop the batches: of the mapping first, then batch by batch.

    :param facts: of the target, read just now; lists that are empty there are not checked
        where the target cannot tell (branches, ledgers, currencies, number series)
    """
    problems = check_patterns(settings)
    patterns_are_good = not problems
    problems += _check_mapping(facts, settings)
    for batch in planned:
        problems += _check_period(batch, facts, settings)
        problems += _check_accounts(batch, facts, settings, patterns_are_good)
        problems += _check_values(batch, facts, settings)
        problems += _check_currency(batch, facts, settings)
        if len(batch.lines) < 2:
            problems.append(_found("too_few_lines", period=batch.period, lines=len(batch.lines)))
    return problems


def check_patterns(settings: PostingSettings) -> list[PreflightProblem]:
    """Return what is wrong with the account formats of a mapping, as typed."""
    problems = []
    for pattern in (settings.balance_sheet_format, settings.profit_and_loss_format):
        if not pattern.strip():
            continue
        try:
            compile_pattern(pattern)
        except BadPattern as bad:
            problems.append(
                _found("account_pattern_bad", pattern=bad.pattern, position=bad.position)
            )
    return problems


def check_accounts_fit_one_format(
    accounts: Iterable[base.Account], settings: PostingSettings
) -> list[PreflightProblem]:
    """Return the accounts that contradict the mapping's two formats, for the mapping's check."""
    return [
        _found("account_fits_both_formats", account=account.number)
        for account in accounts
        if fits_both(
            account.number,
            balance_sheet_format=settings.balance_sheet_format,
            profit_and_loss_format=settings.profit_and_loss_format,
        )
    ]


def _check_mapping(facts: base.LedgerFacts, settings: PostingSettings) -> list[PreflightProblem]:
    problems: list[PreflightProblem] = []
    administration = facts.administration.name
    for rule in (settings.cost_centre, settings.cost_unit):
        if rule is None:
            continue
        dimension = _dimension(facts, rule)
        if dimension is None:
            near = nearest(rule.description, [(d.description, "") for d in facts.dimensions])
            problems.append(
                _found(
                    "dimension_missing",
                    description=rule.description,
                    administration=administration,
                    suggestions=near,
                )
            )
        elif rule.description and not same_text(dimension.description, rule.description):
            problems.append(
                _found(
                    "dimension_renamed", description=rule.description, found=dimension.description
                )
            )
    if settings.branch and facts.branches:
        branch = next((b for b in facts.branches if b.number == settings.branch), None)
        if branch is None:
            near = nearest(settings.branch, [(b.number, b.name) for b in facts.branches])
            problems.append(
                _found(
                    "branch_missing",
                    branch=settings.branch,
                    administration=administration,
                    suggestions=near,
                )
            )
        elif not branch.active:
            problems.append(
                _found(
                    "branch_inactive",
                    branch=branch.number,
                    name=branch.name,
                    administration=administration,
                )
            )
    if settings.ledger and facts.ledgers:
        ledger = next((item for item in facts.ledgers if item.number == settings.ledger), None)
        if ledger is None:
            near = nearest(settings.ledger, [(item.number, item.name) for item in facts.ledgers])
            problems.append(
                _found(
                    "ledger_missing",
                    ledger=settings.ledger,
                    administration=administration,
                    suggestions=near,
                )
            )
        elif not ledger.actual:
            problems.append(_found("ledger_not_actual", ledger=ledger.number, name=ledger.name))
    if settings.own_number_series:
        wanted = settings.own_number_series
        series = next((item for item in facts.number_series if item.number == wanted), None)
        if series is None:
            near = nearest(wanted, [(item.number, item.name) for item in facts.number_series])
            problems.append(
                _found(
                    "number_series_missing",
                    series=wanted,
                    administration=administration,
                    suggestions=near,
                )
            )
        elif not series.manual:
            problems.append(
                _found("number_series_not_manual", series=series.number, name=series.name)
            )
    return problems


def _check_period(
    batch: PlannedBatch, facts: base.LedgerFacts, settings: PostingSettings
) -> list[PreflightProblem]:
    # A batch that was moved lies in an open period already, and is checked like any other.
    chosen = choose_posting_period(
        batch.posted_on, periods=facts.periods, rule=settings.closed_period_rule
    )
    administration = facts.administration.name
    if chosen.outcome == NO_PERIOD:
        return [
            _found(
                "period_missing",
                period=batch.period,
                date=batch.posted_on,
                administration=administration,
            )
        ]
    target = chosen.period.id if chosen.period else ""
    if chosen.outcome == REFUSED:
        return [
            _found(
                "period_closed",
                period=batch.period,
                target_period=target,
                administration=administration,
            )
        ]
    if chosen.outcome == PERIOD_HELD:
        return [
            _found(
                "period_held",
                period=batch.period,
                target_period=target,
                administration=administration,
            )
        ]
    if target != batch.posting_period:
        # Planned on older facts: the period was closed or opened since. Plan again.
        return [
            _found(
                "period_closed",
                period=batch.period,
                target_period=batch.posting_period or target,
                administration=administration,
            )
        ]
    return []


def _check_accounts(
    batch: PlannedBatch, facts: base.LedgerFacts, settings: PostingSettings, patterns_are_good: bool
) -> list[PreflightProblem]:
    problems: list[PreflightProblem] = []
    accounts = {account.number: account for account in facts.accounts}
    counts: dict[str, int] = defaultdict(int)
    for line in batch.lines:
        counts[line.account] += 1
    for number in sorted(counts):
        account = accounts.get(number)
        name = account.name if account else ""
        administration = facts.administration.name
        if account is None:
            near = nearest(number, [(a.number, a.name) for a in facts.accounts if a.active])
            problems.append(
                _found(
                    "account_missing",
                    period=batch.period,
                    lines=counts[number],
                    account=number,
                    administration=administration,
                    suggestions=near,
                )
            )
        elif not account.active:
            problems.append(
                _found(
                    "account_inactive",
                    period=batch.period,
                    lines=counts[number],
                    account=number,
                    name=name,
                    administration=administration,
                )
            )
        else:
            if not account.takes_manual_entries:
                problems.append(
                    _found(
                        "account_not_manual",
                        period=batch.period,
                        lines=counts[number],
                        account=number,
                        name=name,
                    )
                )
            if account.currency and account.currency != batch.currency:
                problems.append(
                    _found(
                        "account_currency",
                        period=batch.period,
                        lines=counts[number],
                        account=number,
                        name=name,
                        account_currency=account.currency,
                        currency=batch.currency,
                    )
                )
        if patterns_are_good and fits_both(
            number,
            balance_sheet_format=settings.balance_sheet_format,
            profit_and_loss_format=settings.profit_and_loss_format,
        ):
            problems.append(
                _found(
                    "account_fits_both_formats",
                    period=batch.period,
                    lines=counts[number],
                    account=number,
                )
            )
    return problems


def _check_values(
    batch: PlannedBatch, facts: base.LedgerFacts, settings: PostingSettings
) -> list[PreflightProblem]:
    problems: list[PreflightProblem] = []
    administration = facts.administration.name
    rules = {COST_CENTRE: settings.cost_centre, COST_UNIT: settings.cost_unit}
    for missing in batch.unmapped:
        rule = rules[missing.dimension]
        dimension = _dimension(facts, rule) if rule else None
        problems.append(
            _found(
                "value_not_mapped",
                period=batch.period,
                lines=missing.lines,
                value=missing.code,
                dimension=dimension.description if dimension else missing.dimension,
                suggestions=_near_values(missing.code, dimension),
            )
        )
    counts: dict[tuple[int, str], int] = defaultdict(int)
    for line in batch.lines:
        for segment in line.segments:
            counts[segment.segment_id, segment.value] += 1
    dimensions = {dimension.segment_id: dimension for dimension in facts.dimensions}
    for (segment_id, value), lines in sorted(counts.items()):
        dimension = dimensions.get(segment_id)
        if dimension is None:
            continue  # said once for the mapping
        known = next((item for item in dimension.values if item.value == value), None)
        if known is None and dimension.length and len(value) > dimension.length:
            problems.append(
                _found(
                    "value_too_long",
                    period=batch.period,
                    lines=lines,
                    value=value,
                    dimension=dimension.description,
                    length=dimension.length,
                )
            )
        elif known is None and dimension.validated:
            problems.append(
                _found(
                    "value_missing",
                    period=batch.period,
                    lines=lines,
                    value=value,
                    dimension=dimension.description,
                    administration=administration,
                    suggestions=_near_values(value, dimension),
                )
            )
        elif known is not None and not known.active:
            problems.append(
                _found(
                    "value_inactive",
                    period=batch.period,
                    lines=lines,
                    value=value,
                    dimension=dimension.description,
                    name=known.name,
                    administration=administration,
                )
            )
    return problems


def _check_currency(
    batch: PlannedBatch, facts: base.LedgerFacts, settings: PostingSettings
) -> list[PreflightProblem]:
    problems: list[PreflightProblem] = []
    ledger = next((item for item in facts.ledgers if item.number == settings.ledger), None)
    own = (ledger.currency if ledger else "") or facts.administration.currency
    place = ledger.name if ledger and ledger.currency else facts.administration.name
    if own and batch.currency != own:
        problems.append(
            _found(
                "currency_differs",
                period=batch.period,
                currency=batch.currency,
                place=place,
                found=own,
            )
        )
    elif facts.currencies and batch.currency not in facts.currencies:
        problems.append(
            _found(
                "currency_missing",
                period=batch.period,
                currency=batch.currency,
                administration=facts.administration.name,
            )
        )
    return problems


def _dimension(facts: base.LedgerFacts, rule: DimensionRule) -> base.Dimension | None:
    return next((item for item in facts.dimensions if item.segment_id == rule.segment_id), None)


def _near_values(value: str, dimension: base.Dimension | None) -> tuple[Suggested, ...]:
    if dimension is None:
        return ()
    return nearest(value, [(item.value, item.name) for item in dimension.values if item.active])
