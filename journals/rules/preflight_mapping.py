"""What is wrong with a mapping beside the ledger that it names: once, not batch by batch."""

from connectors import base
from journals.rules.planning import (
    DimensionRule,
    PostingSettings,
)
from journals.rules.preflight_problems import PreflightProblem, found
from mappings.rules.account_patterns import bad_patterns
from mappings.rules.dimensions import nearest, same_text


def check_patterns(settings: PostingSettings) -> list[PreflightProblem]:
    """Return what is wrong with the account formats of a mapping, as typed."""
    return [
        found("account_pattern_bad", pattern=bad.pattern, position=bad.position)
        for bad in bad_patterns(settings.balance_sheet_format, settings.profit_and_loss_format)
    ]


def check_mapping(facts: base.LedgerFacts, settings: PostingSettings) -> list[PreflightProblem]:
    """Return what of the mapping the ledger does not have, or not as the mapping has it."""
    return [
        *_check_dimensions(facts, settings),
        *_check_branch(facts, settings),
        *_check_ledger(facts, settings),
        *_check_number_series(facts, settings),
    ]


def _check_dimensions(facts: base.LedgerFacts, settings: PostingSettings) -> list[PreflightProblem]:
    problems: list[PreflightProblem] = []
    administration = facts.administration.name
    for rule in (settings.cost_centre, settings.cost_unit):
        if rule is None:
            continue
        dimension = dimension_of(facts, rule)
        if dimension is None:
            near = nearest(rule.description, [(d.description, "") for d in facts.dimensions])
            problems.append(
                found(
                    "dimension_missing",
                    description=rule.description,
                    administration=administration,
                    suggestions=near,
                )
            )
        elif rule.description and not same_text(dimension.description, rule.description):
            problems.append(
                found(
                    "dimension_renamed", description=rule.description, found=dimension.description
                )
            )
    return problems


def _check_branch(facts: base.LedgerFacts, settings: PostingSettings) -> list[PreflightProblem]:
    problems: list[PreflightProblem] = []
    administration = facts.administration.name
    if settings.branch and facts.branches:
        branch = next((b for b in facts.branches if b.number == settings.branch), None)
        if branch is None:
            near = nearest(settings.branch, [(b.number, b.name) for b in facts.branches])
            problems.append(
                found(
                    "branch_missing",
                    branch=settings.branch,
                    administration=administration,
                    suggestions=near,
                )
            )
        elif not branch.active:
            problems.append(
                found(
                    "branch_inactive",
                    branch=branch.number,
                    name=branch.name,
                    administration=administration,
                )
            )
    return problems


def _check_ledger(facts: base.LedgerFacts, settings: PostingSettings) -> list[PreflightProblem]:
    problems: list[PreflightProblem] = []
    administration = facts.administration.name
    if settings.ledger and facts.ledgers:
        ledger = next((item for item in facts.ledgers if item.number == settings.ledger), None)
        if ledger is None:
            near = nearest(settings.ledger, [(item.number, item.name) for item in facts.ledgers])
            problems.append(
                found(
                    "ledger_missing",
                    ledger=settings.ledger,
                    administration=administration,
                    suggestions=near,
                )
            )
        elif not ledger.actual:
            problems.append(found("ledger_not_actual", ledger=ledger.number, name=ledger.name))
    return problems


def _check_number_series(
    facts: base.LedgerFacts, settings: PostingSettings
) -> list[PreflightProblem]:
    problems: list[PreflightProblem] = []
    administration = facts.administration.name
    if settings.own_number_series:
        wanted = settings.own_number_series
        series = next((item for item in facts.number_series if item.number == wanted), None)
        if series is None:
            near = nearest(wanted, [(item.number, item.name) for item in facts.number_series])
            problems.append(
                found(
                    "number_series_missing",
                    series=wanted,
                    administration=administration,
                    suggestions=near,
                )
            )
        elif not series.manual:
            problems.append(
                found("number_series_not_manual", series=series.number, name=series.name)
            )
    return problems


def dimension_of(facts: base.LedgerFacts, rule: DimensionRule) -> base.Dimension | None:
    """Return the dimension of the ledger that a rule means."""
    return next((item for item in facts.dimensions if item.segment_id == rule.segment_id), None)
