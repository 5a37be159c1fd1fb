"""
Taking posted batches back by their mirrors (design 4.8).

The press writes the mirror down as a batch of its own; a worker asks the ledger before it lets
it go; then it is claimed, sent and proven as every other batch. No call is made at the press.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction

from accounts.operations import installation
from accounts.operations.access import connector_for
from audit import trail
from background.enqueueing import enqueue
from connectors.base import AccountingConnector, BatchStatus, LedgerFacts, PostingLine
from connectors.errors import ConflictingWrite, ConnectorError, NotAuthorized, Unavailable
from connectors.registry import CONNECTORS
from journals.models import Batch, Journal
from journals.operations.closing import clean_reason
from journals.operations.contents import digest_of, read_lines, to_post, write_lines
from journals.operations.sending import refusal_of
from journals.rules import refusals, reversing
from journals.rules.keys import marked_key
from journals.rules.proving import verify_read_back
from journals.rules.states import MAY_BE_REVERSED, BatchState
from mappings.operations.ledger import facts_for, stored_facts
from organisations.models import Company, User

_S = BatchState
_CAN_BE_PRESSED_AGAIN = (_S.DRAFT, _S.REJECTED)
_NEWEST = timedelta(0)
Stored = tuple[LedgerFacts, datetime]


@dataclass(frozen=True, slots=True)
class Mirror:
    """
    What would be posted to take one batch back.

    :param closed: the batch's own period takes no journals, as far as is known
    :param moved: it is posted in the first open period instead
    :param facts_read_at: how old the knowledge of the periods is; None if there is none
    """

    batch: Batch
    description: str
    key: str
    period: str
    posted_on: date
    lines: tuple[PostingLine, ...]
    closed: bool
    moved: bool
    facts_read_at: datetime | None

    @property
    def total(self) -> Decimal:
        """Return the sum of the debits."""
        return sum((line.debit for line in self.lines), Decimal("0.00"))


def reversible(journal: Journal) -> list[Batch]:
    """Return the batches of the journal that can be reversed now, oldest first."""
    batches = Batch.objects.filter(
        journal=journal, state__in=MAY_BE_REVERSED, reverses__isnull=True
    ).exclude(mirror__state__in=[s for s in _S if s not in _CAN_BE_PRESSED_AGAIN])
    return list(
        batches.select_related("connection", "journal__organisation").order_by("period", "round")
    )


def mirrors_to_be(batches: Iterable[Batch], *, in_open_period: bool = False) -> list[Mirror]:
    """Return what would be posted to reverse the batches, by what is stored of the ledger."""
    own, stored = installation.identity(), dict[int, Stored | None]()
    mirrors = []
    for batch in batches:
        if batch.connection is None:
            raise ValueError(f"batch {batch.pk} was never posted")
        if batch.connection.pk not in stored:
            stored[batch.connection.pk] = stored_facts(batch.connection)
        facts = stored[batch.connection.pk]
        mirrors.append(_mirror(batch, facts, own=own, in_open_period=in_open_period))
    return mirrors


def _mirror(batch: Batch, stored: Stored | None, *, own: str, in_open_period: bool) -> Mirror:
    if batch.posted_on is None:
        raise ValueError(f"batch {batch.pk} was never posted")
    where = reversing.where_to_post(
        period=batch.posting_period,
        posted_on=batch.posted_on,
        periods=stored[0].periods if stored else (),
        in_open_period=in_open_period,
    )
    key = marked_key(reversing.mirror_key(batch.key, where.period), installation=own)
    return Mirror(
        batch=batch,
        description=reversing.mirror_description(
            number=batch.vendor_number,
            reference=batch.journal.reference,
            period=batch.period,
            key=key,
        ),
        key=key,
        period=where.period,
        posted_on=where.posted_on,
        lines=reversing.mirrored(read_lines(batch.lines_json)),
        closed=where.closed,
        moved=where.moved,
        facts_read_at=stored[1] if stored else None,
    )


def request_reversal(
    *,
    batches: Sequence[Batch],
    reason: str,
    by: User | None,
    now: datetime,
    in_open_period: bool = False,
) -> list[Batch]:
    """
    Queue the mirrors of these batches of one journal: all of them, or none.

    :returns: the mirrors
    :raises ReasonMissing: without a reason
    :raises ConnectorError: if one of them cannot be reversed, or nothing may be sent (S10, S11)
    """
    reason = clean_reason(reason)
    if not batches:
        raise ValueError("no batch was given")
    journal = batches[0].journal
    company = Company.objects.select_related("debtor").get(pk=journal.company_id)
    refusal = refusal_of(company)
    if refusal is not None:
        raise refusal
    mirrors: list[Batch] = []
    with transaction.atomic():
        for batch in batches:
            mirrors.append(
                _queue_mirror(batch, reason=reason, by=by, now=now, in_open_period=in_open_period)
            )
            journal.remember(
                "reversal_pressed",
                now=now,
                user=by,
                period=batch.period,
                number=batch.vendor_number,
                reason=reason,
            )
            trail.record(
                organisation=journal.organisation,
                action="batch.reverse",
                subject=batch,
                user=by,
                details={"reason": reason, "number": batch.vendor_number},
            )
        journal.refresh_state(now=now)
    enqueue("journals.tasks.prepare_journal", journal_id=journal.pk)
    return mirrors


def _queue_mirror(
    batch: Batch, *, reason: str, by: User | None, now: datetime, in_open_period: bool
) -> Batch:
    refused = refusals.NotReversible(period=batch.period, reference=batch.journal.reference)
    fresh = Batch.objects.select_related("connection", "journal").get(pk=batch.pk)
    if fresh.state not in MAY_BE_REVERSED or fresh.reverses_id is not None:
        raise refused
    if fresh.connection is None or not fresh.connection.is_authorised:
        raise refusals.NotConnected(account=fresh.connection.name if fresh.connection else "")
    mirror = _filled(Batch(reverses=fresh), fresh, in_open_period=in_open_period)
    mirror.reason, mirror.reason_by, mirror.reason_at = reason, by, now
    mirror.state, mirror.state_at, mirror.not_before = _S.READY, now, now
    there = Batch.objects.filter(reverses=fresh).first()
    if there is not None:
        # Rejected or withdrawn before it was stored: the same row is sent again.
        mirror.pk = there.pk
        won = Batch.objects.filter(
            pk=there.pk, state__in=_CAN_BE_PRESSED_AGAIN, claim_owner=""
        ).update(state=_S.READY, state_at=now)
        if not won:
            raise refused
        mirror.save()
        return mirror
    try:
        with transaction.atomic():
            mirror.save(force_insert=True)
    except IntegrityError as twice:
        raise refused from twice
    return mirror


def _filled(mirror: Batch, batch: Batch, *, in_open_period: bool) -> Batch:
    (what,) = mirrors_to_be([batch], in_open_period=in_open_period)
    mirror.organisation_id, mirror.journal = batch.organisation_id, batch.journal
    mirror.connection, mirror.period = batch.connection, batch.period
    mirror.round = batch.round + 1
    mirror.key, mirror.description = what.key, what.description
    mirror.posting_period, mirror.posted_on = what.period, what.posted_on
    mirror.branch, mirror.ledger, mirror.hold = batch.branch, batch.ledger, batch.hold
    mirror.release_wanted = not batch.hold and batch.released_at is not None
    mirror.own_number = f"H{what.key}" if batch.own_number else ""
    mirror.total, mirror.line_count = what.total, len(what.lines)
    mirror.lines_json = write_lines(what.lines)
    mirror.digest = digest_of(batch=mirror, currency=batch.journal.currency)
    return mirror


# --- In a worker: the ledger is asked before a mirror may go -------------------------------


def prepare_mirrors(journal: Journal, *, clock: Callable[[], datetime]) -> bool:
    """
    Ask the ledger about every queued mirror of the journal, and let those go that may.

    What is to be reversed must be there, unchanged; its mirror must not be there yet; and
    the period must be open. Only reads.

    :returns: whether mirrors may be sent now
    """
    queued = Batch.objects.filter(
        journal=journal, state=_S.READY, prepared_at__isnull=True, reverses__isnull=False
    ).select_related("connection", "reverses", "journal")
    ready = False
    for mirror in queued.filter(not_before__lte=clock()).order_by("period"):
        ready = _prepare_one(mirror, clock=clock) or ready
    return ready


def _prepare_one(mirror: Batch, *, clock: Callable[[], datetime]) -> bool:
    journal, connection = mirror.journal, mirror.connection
    company = Company.objects.select_related("debtor").get(pk=journal.company_id)
    try:
        refusal = refusal_of(company)
        if refusal is not None:
            raise refusal
        if connection is None or not connection.is_authorised:
            raise refusals.NotConnected(account=connection.name if connection else "")
        connector = connector_for(connection)
        there_already = _mirror_is_there(mirror, connector)
        if not there_already:
            _check_original(mirror, connector)
            facts = facts_for(connection, now=clock(), max_age=_NEWEST, connector=connector)
            where = reversing.where_to_post(
                period=mirror.posting_period,
                posted_on=mirror.posted_on or date.min,
                periods=facts.periods,
                in_open_period=False,
            )
            if where.closed:
                raise refusals.ReversalPeriodClosed(period=mirror.posting_period)
    except (Unavailable, NotAuthorized, refusals.NotConnected) as failure:
        mirror.try_later(failure, now=clock())
        return False
    except ConnectorError as failure:
        _refuse(mirror, failure, now=clock())
        return False
    _let_go(mirror, now=clock(), there_already=there_already)
    enqueue("journals.tasks.serve_connection", connection_id=connection.pk)
    return True


def _mirror_is_there(mirror: Batch, connector: AccountingConnector) -> bool:
    """
    Say whether the ledger holds the mirror, or something with its description, already.

    It may: the hub may stand as an older backup had it, and people press again.
    """
    if mirror.own_number and connector.read_journal(mirror.own_number) is not None:
        return True
    if not connector.capabilities.search:
        return False
    listed = connector.list_journals(period=mirror.posting_period)
    return any(held.description.strip() == mirror.description for held in listed)


def _check_original(mirror: Batch, connector: AccountingConnector) -> None:
    original = mirror.reverses
    if original is None:
        raise ValueError(f"batch {mirror.pk} takes nothing back")
    held = connector.read_journal(original.vendor_number)
    if held is None or held.status is BatchStatus.VOIDED:
        raise refusals.OriginalGone(number=original.vendor_number)
    differences = verify_read_back(to_post(original, currency=mirror.journal.currency), held)
    if differences:
        detail = "; ".join(difference.text for difference in differences[:20])
        raise refusals.OriginalChanged(number=original.vendor_number, detail=detail)


def _refuse(mirror: Batch, failure: ConnectorError, *, now: datetime) -> None:
    with transaction.atomic():
        if mirror.mark_rejected(failure, now=now):
            mirror.journal.remember("reversal_refused", now=now, failure=failure, of=mirror.period)
        Journal.objects.refresh_state(mirror.journal_id, now=now)


def _let_go(mirror: Batch, *, now: datetime, there_already: bool) -> None:
    since = mirror.reverses.proven_at if mirror.reverses else None
    with transaction.atomic():
        mirror.keep(
            until=now,
            prepared_at=now,
            failures=0,
            sent_at=since if there_already else None,
        )
        if there_already:
            # Never sent: the look-up says whether what is there is ours.
            vendor = CONNECTORS[mirror.connection.vendor].name if mirror.connection else ""
            mirror.mark_unknown(ConflictingWrite(vendor=vendor), now=now, look_up_at=now)
        Journal.objects.refresh_state(mirror.journal_id, now=now)


# --- Reversed in the ledger by a person ----------------------------------------------------


def mark_reversed_by_hand(
    *,
    batch: Batch,
    reason: str,
    by: User | None,
    now: datetime,
) -> None:
    """
    Record that a person deleted or reversed the batch in the ledger: no mirror is posted.

    :raises ReasonMissing: without a reason
    :raises NotReversible: if it is not posted, or its mirror is on its way
    """
    reason = clean_reason(reason)
    refused = refusals.NotReversible(period=batch.period, reference=batch.journal.reference)
    with transaction.atomic():
        if not any(one.pk == batch.pk for one in reversible(batch.journal)):
            raise refused
        if not batch.mark_reversed_by_hand(reason=reason, by=by, now=now):
            raise refused
        Batch.objects.filter(reverses=batch, state=_S.REJECTED).update(state=_S.DRAFT, state_at=now)
        batch.journal.remember(
            "reversed_by_hand",
            now=now,
            user=by,
            period=batch.period,
            number=batch.vendor_number,
            reason=reason,
        )
        trail.record(
            organisation=batch.organisation,
            action="batch.reversed_by_hand",
            subject=batch,
            user=by,
            details={"reason": reason, "number": batch.vendor_number},
        )
        Journal.objects.refresh_state(batch.journal_id, now=now)


# --- Sending again --------------------------------------------------------------------------


def mirrors_of(batches: Iterable[Batch]) -> dict[int, Batch]:
    """Return the mirror of each of those batches that has one, by the batch's id."""
    found = Batch.objects.filter(reverses__in=list(batches)).defer("lines_json")
    return {mirror.reverses_id: mirror for mirror in found if mirror.reverses_id is not None}
