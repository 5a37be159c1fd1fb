"""
From a journal's lines to batches that may be sent: plan, check against the ledger, freeze.

The plan and the checks are pure (`journals.rules`); here the rows and the ledger's facts are
brought to them. Nothing here writes to a vendor.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from accounts.operations import installation
from background import claims
from background.crash_points import crash_point
from background.enqueueing import enqueue
from background.faults import DATABASE_IS_AWAY, fault_number
from background.models import Lease
from connectors.base import LedgerFacts
from connectors.errors import ConnectorError, NotAuthorized, Unavailable
from journals.models import Batch, Journal
from journals.operations import first_look, going_live, queues
from journals.operations.contents import digest_of, write_lines
from journals.operations.faults import stop_check
from journals.operations.previewing import planned_for, posting_settings, stored_problem
from journals.operations.reversing import prepare_mirrors
from journals.operations.sending import check_may_be_sent, mapping_of
from journals.rules import refusals
from journals.rules.planning import PlannedBatch
from journals.rules.preflight import preflight
from journals.rules.preflight_problems import GOING_LIVE, PreflightProblem
from journals.rules.states import BatchState
from mappings.models import Mapping
from mappings.operations.ledger import facts_for, remembered_facts
from mappings.operations.versions import digest_of_mapping

log = structlog.get_logger(__name__)

_S = BatchState
_ASK_AGAIN = timedelta(minutes=10)
"""A period that nobody is seen to open is asked for so often."""


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
        journal.remember("refused", now=now, failure=failure)
        if mapping is not None:
            going_live.mark(journal, mapping, now=now)


def _refuse_all(journal: Journal, failure: ConnectorError, *, now: datetime) -> None:
    with transaction.atomic():
        for batch in _queued(journal):
            batch.mark_rejected(failure, now=now)
        journal.remember("refused", now=now, failure=failure)
        journal.refresh_state(now=now)


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
            elif stops and not journal.send_valid_only:
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
        journal.remember("checked", now=now, problems=str(len(stops)), batches=str(frozen))
        journal.refresh_state(now=now)
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
