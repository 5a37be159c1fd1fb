"""What would be posted of a journal, and what stops it: nothing is frozen, nothing is sent."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from background.models import BackgroundRequest
from background.operations import handles
from connectors.base import LedgerFacts
from connectors.errors import ConnectorError
from journals.models import Batch, Journal
from journals.operations import first_look
from journals.operations.sending import check_may_be_sent, mapping_of, refusal_of
from journals.rules import refusals
from journals.rules.planning import DimensionRule, PlannedBatch, PostingSettings, Unbalanced, plan
from journals.rules.preflight import preflight
from journals.rules.preflight_problems import PreflightProblem
from mappings.models import MappedValue, Mapping
from mappings.operations.ledger import facts_for, stored_facts
from mappings.sources import CodeSeen
from organisations.models import Company
from sources.models import JournalLine
from sources.operations.storing import lines_of


@dataclass(frozen=True, slots=True)
class Preview:
    """
    What would be posted, as far as the hub knows without asking.

    :param facts_read_at: how old the knowledge of the ledger is; None if there is none
    :param refusal: why the journal cannot be sent at all, or why it cannot be planned
    """

    batches: list[PlannedBatch]
    problems: list[PreflightProblem]
    facts_read_at: datetime | None
    refusal: ConnectorError | None


def posting_settings(
    mapping: Mapping, facts: LedgerFacts | None, *, currency: str
) -> PostingSettings:
    """Return what a mapping says about posting, as the rules take it."""
    return PostingSettings(
        cost_centre=_rule(mapping, "cost_centre", facts),
        cost_unit=_rule(mapping, "cost_unit", facts),
        balance_sheet_format=mapping.balance_sheet_format,
        profit_and_loss_format=mapping.profit_and_loss_format,
        branch=mapping.branch,
        ledger=mapping.ledger,
        currency=currency,
        closed_period_rule=mapping.closed_period_rule,
        balancing_account=mapping.balancing_account,
    )


def _rule(mapping: Mapping, dimension: str, facts: LedgerFacts | None) -> DimensionRule | None:
    segment = getattr(mapping, f"{dimension}_segment")
    if not getattr(mapping, f"use_{dimension}") or segment is None:
        return None
    known = facts.dimensions if facts else ()
    length = next((d.length for d in known if d.segment_id == segment), 0)
    table = dict(
        MappedValue.objects.filter(mapping=mapping, dimension=dimension).values_list(
            "payroll_code", "target_value"
        )
    )
    return DimensionRule(
        segment_id=segment,
        description=getattr(mapping, f"{dimension}_description"),
        length=length,
        rule=getattr(mapping, f"{dimension}_rule"),
        table=table,
    )


def codes_seen(mapping: Mapping) -> Iterator[CodeSeen]:
    """Yield the payroll codes that the company's journals have brought, for the mapping's table."""
    lines = JournalLine.objects.filter(content__journals__company_id=mapping.company_id)
    for dimension in ("cost_centre", "cost_unit"):
        codes = lines.exclude(**{dimension: ""}).values_list(dimension, flat=True).distinct()
        for code in codes.order_by(dimension)[:500]:
            yield CodeSeen(dimension=dimension, code=code)


def planned_for(
    journal: Journal, settings: PostingSettings, facts: LedgerFacts | None
) -> list[PlannedBatch]:
    """
    Return what would be posted for every batch of the journal, oldest first.

    :raises PeriodUnbalanced: naming every period that does not balance
    """
    batches = Batch.objects.filter(journal=journal, reverses__isnull=True)
    keys = dict(batches.values_list("period", "key"))
    try:
        return plan(
            list(lines_of(journal.content)),
            reference=journal.reference,
            keys=keys,
            currency=journal.currency,
            settings=settings,
            periods=facts.periods if facts else (),
        )
    except Unbalanced as off:
        raise refusals.PeriodUnbalanced(
            periods=", ".join(off.differences),
            differences=", ".join(str(amount) for amount in off.differences.values()),
        ) from off


def preview(*, journal: Journal, now: datetime, facts: LedgerFacts | None = None) -> Preview:
    """Return what would be posted, from what is stored of the ledger; no call is made."""
    company = Company.objects.select_related("debtor").get(pk=journal.company_id)
    refusal = refusal_of(company)
    mapping = mapping_of(company)
    read_at: datetime | None = now if facts else None
    if mapping is None:
        refusal = refusal or refusals.NoMapping(company=company.name)
        settings = PostingSettings(currency=journal.currency)
    else:
        if facts is None and (stored := stored_facts(mapping.connection)):
            facts, read_at = stored
        if refusal is None and not mapping.connection.is_authorised:
            refusal = refusals.NotConnected(account=mapping.connection.name)
        settings = posting_settings(mapping, facts, currency=journal.currency)
    try:
        batches = planned_for(journal, settings, facts)
    except refusals.PeriodUnbalanced as unbalanced:
        return Preview([], [], read_at, unbalanced)
    problems = preflight(batches, facts=facts, settings=settings) if facts and mapping else []
    return Preview(batches, problems, read_at, refusal)


def stored_problem(problem: PreflightProblem) -> dict[str, Any]:
    """Return a problem as plain values, its words still to be translated."""
    stored: dict[str, Any] = json.loads(json.dumps(asdict(problem), default=str))
    return stored


@handles("journals.check")
def check(background_request: BackgroundRequest, now: datetime) -> dict[str, Any]:
    """Check a journal against the live ledger and write nothing there (B2)."""
    journal = Journal.objects.get(
        pk=background_request.params["journal_id"], organisation=background_request.organisation
    )
    return dry_run(journal=journal, now=now)


def dry_run(*, journal: Journal, now: datetime) -> dict[str, Any]:
    """
    Return what would stop the journal, by what the ledger says now.

    :raises ConnectorError: if the ledger cannot be asked, or the journal may not be sent at all
    """
    mapping = check_may_be_sent(journal)
    facts = facts_for(mapping.connection, now=now, max_age=timedelta(0))
    seen = preview(journal=journal, now=now, facts=facts)
    if seen.refusal is not None:
        raise seen.refusal
    asked = first_look.questions(journal, mapping, seen.batches, now=now)
    return {
        "problems": [stored_problem(problem) for problem in [*seen.problems, *asked]],
        "batches": [
            {
                "period": batch.period,
                "posting_period": batch.posting_period,
                "total": str(batch.total),
                "lines": len(batch.lines),
                "description": batch.description,
            }
            for batch in seen.batches
        ],
        "checked_at": now.isoformat(),
    }
