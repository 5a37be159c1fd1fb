"""
What would stop a journal, found before any call that writes.

All problems of all batches at once; each says how many lines it concerns, whose job it is and
what is nearest to what was meant.
"""

from collections import defaultdict
from collections.abc import Sequence

from connectors import base
from journals.rules.planning import (
    COST_CENTRE,
    COST_UNIT,
    PlannedBatch,
    PostingSettings,
)
from journals.rules.posting_periods import HELD as PERIOD_HELD
from journals.rules.posting_periods import NO_PERIOD, REFUSED, choose_posting_period
from journals.rules.preflight_mapping import check_mapping, check_patterns, dimension_of
from journals.rules.preflight_problems import PreflightProblem, found
from mappings.rules.account_patterns import fits_both
from mappings.rules.dimensions import Suggested, nearest


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
    problems += check_mapping(facts, settings)
    for batch in planned:
        problems += _check_period(batch, facts, settings)
        problems += _check_accounts(batch, facts, settings, patterns_are_good)
        problems += _check_values(batch, facts, settings)
        problems += _check_currency(batch, facts, settings)
        if len(batch.lines) < 2:
            problems.append(found("too_few_lines", period=batch.period, lines=len(batch.lines)))
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
            found(
                "period_missing",
                period=batch.period,
                date=batch.posted_on,
                administration=administration,
            )
        ]
    target = chosen.period.id if chosen.period else ""
    if chosen.outcome == REFUSED:
        return [
            found(
                "period_closed",
                period=batch.period,
                target_period=target,
                administration=administration,
            )
        ]
    if chosen.outcome == PERIOD_HELD:
        return [
            found(
                "period_held",
                period=batch.period,
                target_period=target,
                administration=administration,
            )
        ]
    if target != batch.posting_period:
        # Planned on older facts: the period was closed or opened since. Plan again.
        return [
            found(
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
        problems += _check_account(number, accounts.get(number), counts[number], batch, facts)
        if patterns_are_good and fits_both(
            number,
            balance_sheet_format=settings.balance_sheet_format,
            profit_and_loss_format=settings.profit_and_loss_format,
        ):
            problems.append(
                found(
                    "account_fits_both_formats",
                    period=batch.period,
                    lines=counts[number],
                    account=number,
                )
            )
    return problems


def _check_account(
    number: str,
    account: base.Account | None,
    lines: int,
    batch: PlannedBatch,
    facts: base.LedgerFacts,
) -> list[PreflightProblem]:
    problems: list[PreflightProblem] = []
    name = account.name if account else ""
    administration = facts.administration.name
    if account is None:
        near = nearest(number, [(a.number, a.name) for a in facts.accounts if a.active])
        problems.append(
            found(
                "account_missing",
                period=batch.period,
                lines=lines,
                account=number,
                administration=administration,
                suggestions=near,
            )
        )
    elif not account.active:
        problems.append(
            found(
                "account_inactive",
                period=batch.period,
                lines=lines,
                account=number,
                name=name,
                administration=administration,
            )
        )
    else:
        if not account.takes_manual_entries:
            problems.append(
                found(
                    "account_not_manual",
                    period=batch.period,
                    lines=lines,
                    account=number,
                    name=name,
                )
            )
        if account.currency and account.currency != batch.currency:
            problems.append(
                found(
                    "account_currency",
                    period=batch.period,
                    lines=lines,
                    account=number,
                    name=name,
                    account_currency=account.currency,
                    currency=batch.currency,
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
        dimension = dimension_of(facts, rule) if rule else None
        problems.append(
            found(
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
        problems += _check_value(value, known, dimension, lines, batch, administration)
    return problems


def _check_value(
    value: str,
    known: base.DimensionValue | None,
    dimension: base.Dimension,
    lines: int,
    batch: PlannedBatch,
    administration: str,
) -> list[PreflightProblem]:
    problems: list[PreflightProblem] = []
    if known is None and dimension.length and len(value) > dimension.length:
        problems.append(
            found(
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
            found(
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
            found(
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
            found(
                "currency_differs",
                period=batch.period,
                currency=batch.currency,
                place=place,
                found=own,
            )
        )
    elif facts.currencies and batch.currency not in facts.currencies:
        problems.append(
            found(
                "currency_missing",
                period=batch.period,
                currency=batch.currency,
                administration=facts.administration.name,
            )
        )
    return problems


def _near_values(value: str, dimension: base.Dimension | None) -> tuple[Suggested, ...]:
    if dimension is None:
        return ()
    return nearest(value, [(item.value, item.name) for item in dimension.values if item.active])
