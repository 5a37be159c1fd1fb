"""
One fetch, from the check of the company to the comparison of the totals.

    check       is it the right company?       nothing is read of another one
    invoices    customers and invoices of the target, credit notes set off
    customers   Visma's customers and credit blocks
    payments    page by page; each page with its matches and the next cursor is one transaction
    again       earlier payments that found no invoice
    totals      what Visma counts against what the hub has

A worker may die between any two lines: the next one goes on at the stored phase and cursor.
After its turn a run queues up behind the others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q

from accounts.operations.access import source_for, target_for
from accounts.operations.claims import writer_key
from background import claims
from background.crash_points import crash_point
from background.enqueueing import enqueue
from background.failures import NO_FAILURE, why
from background.faults import DATABASE_IS_AWAY, fault_number
from background.models import Lease
from connectors.base import ZERO
from connectors.bounds import LARGEST_SUM
from connectors.errors import ConnectorError, NoCreditBlock, Unavailable
from connectors.receivables.shared import Unreadable
from connectors.receivables.source import PaymentQuery, PaymentSource
from connectors.receivables.target import TargetCustomer, TargetInvoice
from payments.models import FetchRun, Integration, InvoiceClient, Payment, SkippedRow
from payments.models.money import total_of
from payments.operations import blocking, matching, storing, storing_invoices
from payments.operations.fetching import check_company, refusal_of
from payments.operations.rights import integration_of
from payments.operations.storing import ClaimLost, Stopped
from payments.rules import refusals

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
_S, _P = FetchRun.State, FetchRun.Phase
_TURN = timedelta(seconds=20)
_WAIT_FOR_THE_COMPANY = timedelta(seconds=3)
_MOST_FAILURES = 6
_SAFETY = timedelta(hours=24)
"""How far back changes are read again: clocks differ, and answers come from copies that lag."""
_PORTION = 400


def run_fetch(*, run_id: int, clock: Clock) -> FetchRun | None:
    """Go on with one run until it is over or its turn is; record what came of it."""
    owner = claims.new_owner()
    run = FetchRun.objects.claim(run_id, owner=owner, now=clock())
    if run is None:
        return None
    crash_point("fetch.after_claim")
    source = run.client.source
    key = writer_key(source) if source else f"client:{run.client_id}"
    if not Lease.objects.take(key=key, owner=owner, now=clock(), seconds=claims.lease_seconds()):
        run.put_back(until=clock() + _WAIT_FOR_THE_COMPANY, now=clock())
        return run
    try:
        _Fetch(run, owner=owner, lease_key=key, clock=clock).advance()
    except ClaimLost:
        log.info("fetch_claim_lost", run=run.pk)
    except Stopped:
        run.finish(_S.CANCELLED, now=clock(), failure=refusals.Cancelled())
    except Unavailable as failure:
        _try_again(run, failure, now=clock())
    except ConnectorError as failure:
        run.finish(_S.FAILED, now=clock(), failure=failure)
    except DATABASE_IS_AWAY:
        raise  # its claim expires, and it goes on where it was
    except Exception:
        # A defect of ours: the page must not wait for ever, and the log must have it.
        number = fault_number()
        log.exception("fetch_failed", run=run.pk, request_id=number)
        run.finish(_S.FAILED, now=clock(), failure=refusals.RunFault(request_id=number))
    finally:
        Lease.objects.give_back(key=key, owner=owner)
    return run


def _try_again(run: FetchRun, failure: Unavailable, *, now: datetime) -> None:
    """Nothing was lost: go on at the same page later, unless the vendor stays away for long."""
    if run.failures >= _MOST_FAILURES and not failure.retry_after:
        run.finish(_S.FAILED, now=now, failure=failure)
        return
    wait = timedelta(seconds=failure.retry_after or min(5 * 2**run.failures, 300))
    run.put_back(
        until=now + wait,
        now=now,
        failures=run.failures + 1,
        **why(failure, now),
    )


class _Fetch:
    """A worker's turn with one run."""

    def __init__(self, run: FetchRun, *, owner: str, lease_key: str, clock: Clock) -> None:
        self.run, self.owner, self.lease_key, self.clock = run, owner, lease_key, clock
        self.client = run.client
        self.client.organisation = run.organisation
        self.integration: Integration = integration_of(run.organisation)
        self.marker = self.client.marker_in(self.integration)
        self.started = clock()
        self.lease_seconds = claims.lease_seconds()

    def advance(self) -> None:
        refusal = refusal_of(self.client, self.integration)
        if refusal is not None:
            raise refusal
        assert self.client.source is not None  # noqa: S101 (refusal_of has looked)
        source = source_for(self.client.source)
        if self.run.phase == _P.CHECK:
            check_company(self.client, source.read_company())
            self._enter(_P.INVOICES)
        if self.run.phase == _P.INVOICES:
            self._invoices()
            self._enter(_P.CUSTOMERS)
        if self.run.phase == _P.CUSTOMERS:
            self._customers()
            self._enter(_P.PAYMENTS)
        while self.run.phase == _P.PAYMENTS:
            page = source.read_payments(self._query(), cursor=self.run.cursor)
            crash_point("fetch.read")
            storing.store_page(
                run=self.run,
                page=page,
                marks=bool(self.marker),
                now=self.clock(),
                lease_seconds=self.lease_seconds,
            )
            crash_point("fetch.stored")
            self._keep_lease()
            if self._turn_is_over():
                return
        if self.run.phase == _P.AGAIN:
            storing.match_again(
                run=self.run,
                marks=bool(self.marker),
                now=self.clock(),
                lease_seconds=self.lease_seconds,
            )
            self._enter(_P.TOTALS)
        self._totals(source)

    def _query(self, *, all_journals: bool = False) -> PaymentQuery:
        assert self.run.since is not None  # noqa: S101 (set when the run was made)
        return PaymentQuery(
            since=self.run.since,
            voucher_types=frozenset(self.run.voucher_types),
            after_journal=None if all_journals else self.run.after_journal,
            marker=self.marker,
        )

    def _invoices(self) -> None:
        client, began = self.client, self.clock()
        if client.target is None:
            return
        if not client.target.is_authorised:
            raise refusals.SourceNotConnected(account=client.target.name, client=client.name)
        target = target_for(client.target)
        if not target.capabilities.invoices:
            return
        since = None
        if not self.run.is_full and client.invoices_seen_at is not None:
            since = client.invoices_seen_at - _SAFETY
        for customers in matching.portions(
            target.read_customers(changed_since=since), at_once=_PORTION
        ):
            with self._held():
                found = storing.readable(self.run, customers, of=TargetCustomer)
                storing_invoices.store_target_customers(client, found)
        for invoices in matching.portions(
            target.read_invoices(changed_since=since), at_once=_PORTION
        ):
            with self._held():
                read = storing.readable(self.run, invoices, of=TargetInvoice)
                stored = storing_invoices.store_invoices(client, read, now=self.clock())
                storing.bump(self.run, invoices=stored)
        with self._held():
            matching.apply_credit_notes(client, run=self.run, now=self.clock())
        InvoiceClient.objects.filter(pk=client.pk).update(invoices_seen_at=began)

    def _customers(self) -> None:
        client, began = self.client, self.clock()
        since = None
        if not self.run.is_full and client.customers_seen_at is not None:
            since = client.customers_seen_at - _SAFETY
        with self._held():
            pass
        unread: list[Unreadable] = []
        try:
            blocking.read_credit(
                client,
                integration=self.integration,
                changed_since=since,
                now=self.clock(),
                unread=unread,
            )
            with self._held():
                storing.note_unreadable(self.run, unread)
        except NoCreditBlock as hidden:
            # Payments do not hang on it. Where blocks are mirrored, the run says so.
            if self.integration.mirrors_blocks:
                storing.note(self.run, **why(hidden, self.clock()))
            return
        InvoiceClient.objects.filter(pk=client.pk).update(
            customers_seen_at=began, blocks_seen_at=began
        )

    def _totals(self, source: PaymentSource) -> None:
        """Write down what Visma counts and adds up, and what the hub has of the same."""
        run, client = self.run, self.client
        total = source.control_total(self._query(all_journals=True))
        count, amount = hub_total(run)
        now = self.clock()
        done = run.finish(
            _S.DONE,
            now=now,
            control_count=total.count if total else None,
            control_amount=_storable(total.amount) if total else None,
            hub_count=count,
            hub_amount=amount,
            failures=0,
            **({} if run.failure_code == NoCreditBlock.code() else NO_FAILURE),
        )
        if not done:
            raise ClaimLost
        crash_point("fetch.ended")
        InvoiceClient.objects.filter(pk=client.pk).update(fetched_at=now)
        self._remember_how_far(now=now)
        crash_point("fetch.recorded")
        enqueue("payments.tasks.serve_client", client_id=client.pk)

    def _remember_how_far(self, *, now: datetime) -> None:
        """Let the next run begin where this one ended; at the beginning if something is missing."""
        run, client = self.run, InvoiceClient.objects.get(pk=self.client.pk)
        start = client.start_in(integration_of(run.organisation))
        if (start, client.voucher_types) != (run.since, run.voucher_types):
            return  # Set again meanwhile: what this run did not look for is still to be read.
        changes: dict[str, Any] = {}
        if run.agrees is False and not run.is_full:
            changes["full_pass_at"] = None
        if run.last_journal is not None:
            changes["journal_mark"] = max(run.last_journal, client.journal_mark or 0)
        elif client.journal_mark is None:
            changes["journal_mark"] = 0
        if run.is_full:
            changes["full_pass_at"] = now
        InvoiceClient.objects.filter(pk=client.pk).update(**changes)

    def _enter(self, phase: str) -> None:
        changes: dict[str, Any] = {"phase": phase, "state_at": self.clock()}
        if not self.run.mine().update(**changes):
            raise ClaimLost
        self.run.phase = phase
        self._keep_lease()

    def _keep_lease(self) -> None:
        Lease.objects.take(
            key=self.lease_key, owner=self.owner, now=self.clock(), seconds=self.lease_seconds
        )

    def _turn_is_over(self) -> bool:
        if self.run.phase != _P.PAYMENTS or self.clock() - self.started < _TURN:
            return False
        if not self.run.put_back(until=self.clock(), now=self.clock(), failures=0):
            raise ClaimLost
        enqueue("payments.tasks.fetch", run_id=self.run.pk)
        return True

    def _held(self) -> "_Held":
        return _Held(self)


class _Held:
    """A transaction in which the run is ours and its lease is lengthened."""

    def __init__(self, fetch: _Fetch) -> None:
        self.fetch = fetch
        self.atomic = transaction.atomic()

    def __enter__(self) -> None:
        self.atomic.__enter__()
        try:
            storing.hold(self.fetch.run, now=self.fetch.clock(), seconds=self.fetch.lease_seconds)
        except BaseException as failure:
            self.atomic.__exit__(type(failure), failure, failure.__traceback__)
            raise

    def __exit__(self, *failure: Any) -> None:
        self.atomic.__exit__(*failure)


def _storable(amount: Decimal | None) -> Decimal | None:
    """Return a sum if it can be stored exactly; else it is as if the source had given none."""
    if amount is None or abs(amount) > LARGEST_SUM:
        return None
    rounded = amount.quantize(Decimal("0.0001"))
    return rounded if rounded == amount else None


def hub_total(run: FetchRun) -> tuple[int, Decimal | None]:
    """
    Return count and sum of what the hub has of the run's query, rows left out included.

    The source counts those too, so that both sides must agree. No sum where a row is among
    them whose amount cannot be read.
    """
    mine = Payment.objects.filter(
        client_id=run.client_id,
        paid_on__gte=run.since,
        voucher_type__in=run.voucher_types,
        vanished_at=None,
    )
    found = mine.aggregate(count=Count("pk"), amount=total_of("amount"))
    left_out = left_out_of(run)
    count: int = found["count"] + left_out.count
    return count, None if left_out.unknown else (found["amount"] or ZERO) + left_out.amount


@dataclass(frozen=True, slots=True)
class RowsLeftOut:
    """
    The rows that the source counts and that are no payments of ours.

    :param unknown: how many of them have no amount that can be read
    """

    count: int
    amount: Decimal
    unknown: int


def left_out_of(run: FetchRun) -> RowsLeftOut:
    """Return what the source counts of the run's query and the hub has not registered."""
    # What the last full pass skipped, and whoever came after it: an older one may have asked for
    # other vouchers, or the source may have mended the row since.
    runs = FetchRun.objects.filter(client_id=run.client_id, pk__lte=run.pk)
    full = runs.filter(Q(pk=run.pk) | Q(state=_S.DONE), is_full=True).order_by("-pk").first()
    stored = Payment.objects.filter(
        client_id=run.client_id,
        journal_number=OuterRef("journal_number"),
        audit_number=OuterRef("audit_number"),
    )
    first = full.pk if full else 0
    since = SkippedRow.objects.filter(client_id=run.client_id, run_id__gte=first)
    keyed = since.exclude(journal_number=None).exclude(reason="amount_changed")
    twice = Q(reason=storing.TWICE)
    amounts: list[Decimal | None] = list(
        {
            (journal, audit, place if reason == storing.TWICE else 0): amount
            for place, (journal, audit, reason, amount) in enumerate(
                keyed.filter(~Exists(stored) | twice & Q(run_id=first or run.pk)).values_list(
                    "journal_number", "audit_number", "reason", "amount"
                )
            )
        }.values()
    )
    # A row without a key cannot be recognised again: it is counted in the pass that read all.
    amounts += (
        since.filter(journal_number=None, run_id=first or run.pk)
        .exclude(reason__contains=":")
        .values_list("amount", flat=True)
    )
    known = [amount for amount in amounts if amount is not None]
    return RowsLeftOut(
        count=len(amounts), amount=sum(known, ZERO), unknown=len(amounts) - len(known)
    )
