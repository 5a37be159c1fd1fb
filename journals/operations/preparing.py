"""
From a journal's lines to batches that may be sent: plan, check against the ledger, freeze.

The plan and the checks are pure (`journals.domain`); here the rows and the ledger's facts are
brought to them. Nothing here writes to a vendor.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from accounts.operations import installation
from background import claims
from background.crash_points import crash_point
from background.enqueueing import enqueue
from background.faults import DATABASE_IS_AWAY, fault_number
from background.models import BackgroundRequest, Lease
from background.operations import handles
from connectors.base import LedgerFacts
from connectors.errors import ConnectorError, NotAuthorized, Unavailable
from journals.domain import refusals
from journals.domain.planning import (
    DimensionRule,
    PlannedBatch,
    PostingSettings,
    Unbalanced,
    plan,
)
from journals.domain.preflight import preflight
from journals.domain.preflight_problems import GOING_LIVE, PreflightProblem
from journals.domain.states import BatchState
from journals.models import Batch, Journal
from journals.operations import first_look, going_live, queues
from journals.operations.contents import digest_of, write_lines
from journals.operations.faults import stop_check
from journals.operations.reversing import prepare_mirrors
from journals.operations.sending import (
    check_may_be_sent,
    mapping_of,
    refresh_state,
    refusal_of,
    remember,
)
from mappings.models import MappedValue, Mapping
from mappings.operations.ledger import facts_for, remembered_facts, stored_facts
from mappings.operations.versions import digest_of_mapping
from mappings.sources import CodeSeen
from organisations.models import Company
from sources.models import JournalLine
from sources.operations.storing import lines_of

log = structlog.get_logger(__name__)

_S = BatchState
_ASK_AGAIN = timedelta(minutes=10)
"""A period that nobody is seen to open is asked for so often."""


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


def prepare(*, journal_id: int, clock: Callable[[], datetime]) -> bool:
    """
    Check the queued batches of a journal against the ledger and freeze what will be posted.

    :returns: whether batches may be sent now
    """
    now = clock()
    if installation.leaves_it_to_others(now=now):
        queues.JOURNALS.enqueue_soon(journal_id, now=now)
        return False
    owner, key = claims.new_owner(), f"prepare:{journal_id}"
    if not Lease.objects.take(key=key, owner=owner, now=now, seconds=claims.lease_seconds()):
        return False
    crash_point("prepare.after_lease")
    try:
        journal = Journal.objects.get(pk=journal_id)
        reversals = prepare_mirrors(journal, clock=clock)
        return _prepare(journal, clock=clock) or reversals
    except DATABASE_IS_AWAY:
        raise
    except Exception:
        # A defect of ours: without this the check would be begun again for ever.
        number = fault_number()
        log.exception("check_stopped", journal=journal_id, request_id=number)
        stop_check(journal_id, number=number, now=clock())
        return False
    finally:
        Journal.objects.filter(pk=journal_id).update(enqueued_at=None)
        Lease.objects.give_back(key=key, owner=owner)


def _queued(journal: Journal) -> list[Batch]:
    return list(
        Batch.objects.filter(
            journal=journal, state=_S.READY, prepared_at__isnull=True, reverses__isnull=True
        ).order_by("period")
    )


def _prepare(journal: Journal, *, clock: Callable[[], datetime]) -> bool:
    queued = _queued(journal)
    if not queued:
        return False
    try:
        mapping = check_may_be_sent(journal)
        if any(batch.connection_id != mapping.connection_id for batch in queued):
            # It was shown, and asked for, for another administration.
            raise refusals.MappingChanged(company=mapping.company.name)
        planned, problems = _checked(journal, mapping, queued, clock=clock)
        problems += first_look.questions(journal, mapping, planned, now=clock())
    except (Unavailable, NotAuthorized, refusals.NotConnected) as failure:
        # Without a sign-in the queue waits; the journal does not fail by it.
        _try_later(journal, failure, now=clock())
        return False
    except refusals.BookedBefore as failure:
        _keep_out(journal, failure, now=clock())
        return False
    except ConnectorError as failure:
        _refuse_all(journal, failure, now=clock())
        return False
    crash_point("prepare.asked")
    return _freeze(journal, mapping, planned, problems, now=clock())


def _checked(
    journal: Journal, mapping: Mapping, queued: Sequence[Batch], *, clock: Callable[[], datetime]
) -> tuple[list[PlannedBatch], list[PreflightProblem]]:
    """
    Return what would be posted for the queued batches, and what stops or delays them.

    What is remembered of the ledger may let them pass. Before they are refused, held or moved
    to another period, the ledger has been read since they were queued: somebody may just have
    opened the period, or the account, that was missing.
    """
    wanted = {batch.period for batch in queued}

    def check(facts: LedgerFacts) -> tuple[list[PlannedBatch], list[PreflightProblem]]:
        settings = posting_settings(mapping, facts, currency=journal.currency)
        # What is in the ledger, or was booked by hand, must not stop what is left.
        planned = [what for what in planned_for(journal, settings, facts) if what.period in wanted]
        return planned, preflight(planned, facts=facts, settings=settings)

    remembered = remembered_facts(mapping.connection, now=clock())
    if remembered is not None:
        planned, problems = check(remembered)
        if not problems and not any(what.is_delayed for what in planned):
            return planned, problems
    since = max(batch.not_before for batch in queued)
    recent = remembered_facts(mapping.connection, now=clock(), since=since)
    return check(recent or facts_for(mapping.connection, now=clock(), max_age=timedelta(0)))


def _try_later(journal: Journal, failure: ConnectorError, *, now: datetime) -> None:
    for batch in _queued(journal):
        batch.try_later(failure, now=now)


def _keep_out(journal: Journal, failure: refusals.BookedBefore, *, now: datetime) -> None:
    """The first period was changed after the press: what waits counts as booked before the hub."""
    mapping = mapping_of(journal.company)
    with transaction.atomic():
        remember(journal, "refused", now=now, failure=failure)
        if mapping is not None:
            going_live.mark(journal, mapping, now=now)


def _refuse_all(journal: Journal, failure: ConnectorError, *, now: datetime) -> None:
    with transaction.atomic():
        for batch in _queued(journal):
            batch.mark_rejected(failure, now=now)
        remember(journal, "refused", now=now, failure=failure)
        refresh_state(journal.pk, now=now)


def _freeze(
    journal: Journal,
    mapping: Mapping,
    planned: Sequence[PlannedBatch],
    problems: Sequence[PreflightProblem],
    *,
    now: datetime,
) -> bool:
    """Record the outcome of the check in one transaction: all batches go, or none does."""
    stops = [problem for problem in problems if problem.stops]
    everywhere = [problem for problem in stops if not problem.period]
    content = {batch.period: batch for batch in planned}
    frozen = 0
    with transaction.atomic():
        queued = _queued(journal)
        for batch in queued:
            its_own = everywhere + [p for p in stops if p.period == batch.period]
            Batch.objects.filter(pk=batch.pk).update(
                problems=[stored_problem(p) for p in problems if p.period in ("", batch.period)]
            )
            what = content[batch.period]
            if its_own:
                batch.mark_rejected(_why(its_own), now=now)
            elif stops and not journal.send_what_can_go:
                batch.mark_rejected(refusals.StoppedWithTheOthers(), now=now)
            elif what.held:
                batch.mark_held(
                    refusals.PeriodNotOpen(period=batch.period), now=now, until=now + _ASK_AGAIN
                )
            else:
                _fill(batch, what, mapping, currency=journal.currency, now=now)
                frozen += 1
        Journal.objects.filter(pk=journal.pk).update(
            preflight_at=now, preflight_problems=[stored_problem(p) for p in problems]
        )
        remember(journal, "checked", now=now, problems=str(len(stops)), batches=str(frozen))
        refresh_state(journal.pk, now=now)
    crash_point("prepare.frozen")
    if frozen:
        enqueue("journals.tasks.serve_connection", connection_id=mapping.connection_id)
    return bool(frozen)


def _why(problems: Sequence[PreflightProblem]) -> ConnectorError:
    """Return what stops a batch: a question alone is asked in words of its own."""
    if all(problem.code in GOING_LIVE for problem in problems):
        return refusals.LooksBooked()
    return refusals.PreflightFailed(count=str(len(problems)))


def _fill(
    batch: Batch, what: PlannedBatch, mapping: Mapping, *, currency: str, now: datetime
) -> None:
    batch.description = what.description
    batch.posting_period = what.posting_period
    batch.posted_on = what.posted_on
    batch.branch, batch.ledger = mapping.branch, mapping.ledger
    batch.hold, batch.release_wanted = mapping.hold, mapping.release
    batch.own_number = f"H{what.key}" if mapping.own_numbers else ""
    batch.total, batch.line_count = what.total, len(what.lines)
    batch.lines_json = write_lines(what.lines)
    batch.digest = digest_of(batch=batch, currency=currency)
    batch.mapping_digest = digest_of_mapping(mapping)
    batch.connection = mapping.connection
    batch.keep(
        until=now,
        prepared_at=now,
        failures=0,
        description=batch.description,
        posting_period=batch.posting_period,
        posted_on=batch.posted_on,
        branch=batch.branch,
        ledger=batch.ledger,
        hold=batch.hold,
        release_wanted=batch.release_wanted,
        own_number=batch.own_number,
        total=batch.total,
        line_count=batch.line_count,
        lines_json=batch.lines_json,
        digest=batch.digest,
        mapping_digest=batch.mapping_digest,
        connection=batch.connection,
    )
