"""What was read becomes rows: a fixed number of statements for a page of any size."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import F

from connectors.receivables.shared import PaymentKey, Unreadable
from connectors.receivables.source import PaymentPage, SourcePayment
from payments.models import FetchRun, InvoiceClient, Payment, SkippedRow
from payments.operations import matching
from payments.rules import kid as kids
from payments.rules.matching import Incoming, Match
from payments.rules.prefixes import numbers_behind

T = TypeVar("T")
Key = tuple[int, int]
TWICE = "key_is_there_twice"
"""The source shows another row under the key of this one: the first was taken, a person looks."""
_INVOICE_NUMBER, _KID = 60, 40
"""How much of these texts is kept."""


class ClaimLost(Exception):
    """Another worker has the run now: what we read is not written."""


class Stopped(Exception):
    """A person wants the run to stop."""


def hold(run: FetchRun, *, now: datetime, seconds: float) -> None:
    """
    Lock the run for the rest of the transaction and lengthen its lease.

    :raises ClaimLost: if it is no longer ours
    :raises Stopped: if a person wants it to stop
    """
    going_on = run.mine().filter(cancel_wanted=False)
    if not going_on.update(lease_until=now + timedelta(seconds=seconds), state_at=now):
        raise Stopped if run.mine().exists() else ClaimLost


def store_page(
    *, run: FetchRun, page: PaymentPage, marks: bool, now: datetime, lease_seconds: float
) -> None:
    """
    Register one page of payments, match them, and remember where the next page begins.

    All of it is one transaction: whoever dies leaves the page done or not begun.

    :param marks: the client has a marker, so that what is registered is to be marked
    """
    client = run.client
    with transaction.atomic():
        hold(run, now=now, seconds=lease_seconds)
        matching.hold(client.pk)
        keys = [one.key for one in page.payments]
        known = _known(run, page, keys)
        fresh, skipped = [], []
        seen: set[PaymentKey] = set()
        for one in page.payments:
            if one.key in seen:
                skipped.append(_twice(run, one))
                continue
            seen.add(one.key)
            before = known.get(one.key)
            if before is None:
                fresh.append(one)
            elif before != one.amount:
                skipped.append(_changed(run, one, before=before))
        matches = list(matching.match(client, _incoming(client, fresh)))
        stored = _insert(run, fresh, matches, marks=marks, now=now)
        matching.store_matches(client, stored, matches, run=run, now=now)
        skipped += _skipped(run, page)
        SkippedRow.objects.bulk_create(skipped)
        vanished = _note_vanished(run, page, known, now=now) if known and run.is_full else 0
        _remember(run, page, keys, fresh=len(fresh), vanished=vanished)


def _known(run: FetchRun, page: PaymentPage, keys: Sequence[PaymentKey]) -> dict[Key, Decimal]:
    """Return what the hub has of this page, and in a full pass since the end of the last page."""
    first = min(keys).journal_number if keys else None
    last = max(keys).journal_number if keys else None
    if first is None and (page.cursor or not run.is_full):
        return {}
    if run.is_full:
        # From the end of the last page on: what the hub knows there and the page lacks is gone.
        first = run.last_journal if run.last_journal is not None else 0
        last = last if page.cursor else None
    rows = Payment.objects.filter(client=run.client)
    if first is not None:
        rows = rows.filter(journal_number__gte=first)
    if last is not None:
        rows = rows.filter(journal_number__lte=last)
    found = rows.values_list("journal_number", "audit_number", "amount")
    return {(journal, audit): amount for journal, audit, amount in found.iterator()}


def _note_vanished(
    run: FetchRun, page: PaymentPage, known: dict[Key, Decimal], *, now: datetime
) -> int:
    """Note what a full pass no longer finds: the source compressed its rows."""
    there: set[Key] = {one.key for one in page.payments}
    there |= {bad.key for bad in page.unreadable if bad.key}
    begin: Key = (run.last_journal or 0, run.last_audit or 0)
    end = max(there, default=begin) if page.cursor else None
    gone = [
        key for key in known if key not in there and key > begin and (end is None or key <= end)
    ]
    noted = 0
    mine = Payment.objects.filter(
        client=run.client, paid_on__gte=run.since, voucher_type__in=run.voucher_types
    )
    for journal, audit in gone:
        noted += mine.filter(
            journal_number=journal, audit_number=audit, vanished_at__isnull=True
        ).update(vanished_at=now)
    return noted


def _remember(
    run: FetchRun, page: PaymentPage, keys: Sequence[PaymentKey], *, fresh: int, vanished: int
) -> None:
    if keys and run.first_journal is None:
        run.first_journal = min(keys).journal_number
    if keys:
        run.last_journal, run.last_audit = max(keys)
    run.cursor = page.cursor
    run.pages += 1
    run.fetched += len(page.payments)
    run.known += len(page.payments) - fresh
    run.vanished += vanished
    run.failures = 0
    if not page.cursor:
        run.phase = FetchRun.Phase.AGAIN
    run.save(
        update_fields=[
            "first_journal",
            "last_journal",
            "last_audit",
            "cursor",
            "pages",
            "fetched",
            "known",
            "vanished",
            "failures",
            "phase",
        ]
    )


def _incoming(client: InvoiceClient, fresh: Sequence[SourcePayment]) -> list[Incoming]:
    prefixes = matching.prefixes_of(client) if fresh else []
    return [
        Incoming(
            id=place,
            customer=str(one.customer_number),
            amount=one.amount,
            kid=kids.tidy(one.kid)[:_KID],
            invoice_number=one.invoice_number[:_INVOICE_NUMBER],
            foreign=matching.foreign_of(one, home=client.currency),
            unknown_outcome=one.unknown_outcome,
            behind=numbers_behind(
                prefixes, reference=one.invoice_number[:_INVOICE_NUMBER], text=one.text[:200]
            ),
        )
        for place, one in enumerate(fresh)
    ]


def _insert(
    run: FetchRun,
    fresh: Sequence[SourcePayment],
    matches: Iterable[Match],
    *,
    marks: bool,
    now: datetime,
) -> list[tuple[int, PaymentKey]]:
    """Write new payments, each with what came of its matching; return their keys here and there."""
    marks = marks and run.client.target_id is None
    rows = Payment.objects.bulk_create(
        Payment(
            organisation_id=run.organisation_id,
            client_id=run.client_id,
            first_run_id=run.pk,
            created_at=now,
            journal_number=one.key.journal_number,
            audit_number=one.key.audit_number,
            customer_number=str(one.customer_number),
            voucher_number=one.voucher_number,
            voucher_type=one.voucher_type,
            paid_on=one.paid_on,
            value_on=one.value_on,
            amount=one.amount,
            amount_in_currency=one.amount_in_currency,
            currency=one.currency[:12],
            invoice_number=one.invoice_number[:_INVOICE_NUMBER],
            kid=kids.tidy(one.kid)[:_KID],
            text=one.text[:200],
            unknown_outcome=one.unknown_outcome,
            left=result.left.value if result.left else "",
            mark_at=now if marks and result.parts else None,
        )
        for one, result in zip(fresh, matches, strict=True)
    )
    return [(row.pk, row.key) for row in rows]


def _skipped_row(run: FetchRun, key: PaymentKey | None, **columns: Any) -> SkippedRow:
    return SkippedRow(
        organisation_id=run.organisation_id,
        client=run.client,
        run=run,
        journal_number=key.journal_number if key else None,
        audit_number=key.audit_number if key else None,
        **columns,
    )


def _changed(run: FetchRun, one: SourcePayment, *, before: Decimal) -> SkippedRow:
    value = f"{before} → {one.amount}"
    return _skipped_row(run, one.key, field="amount", value=value, reason="amount_changed")


def _twice(run: FetchRun, one: SourcePayment) -> SkippedRow:
    value = str(one.key.audit_number)
    return _skipped_row(run, one.key, field="auditNo", value=value, reason=TWICE, amount=one.amount)


def _unread(run: FetchRun, rows: Iterable[Unreadable]) -> list[SkippedRow]:
    return [
        _skipped_row(
            run,
            bad.key,
            field=bad.field[:60],
            value=bad.value.replace("\x00", "")[:200],
            reason=bad.reason[:200],
            amount=bad.amount,
        )
        for bad in rows
    ]


def note_unreadable(run: FetchRun, rows: Iterable[Unreadable]) -> None:
    """Name what cannot be read; the rest of the run goes on."""
    SkippedRow.objects.bulk_create(_unread(run, rows))


def readable(run: FetchRun, rows: Iterable[Any], *, of: type[T]) -> list[T]:
    """Return those that could be read, and name the others on the run."""
    found = list(rows)
    note_unreadable(run, [one for one in found if isinstance(one, Unreadable)])
    return [one for one in found if isinstance(one, of)]


def _skipped(run: FetchRun, page: PaymentPage) -> list[SkippedRow]:
    left_out = [
        _skipped_row(run, out.key, reason=out.reason[:200], amount=out.amount)
        for out in page.left_out
    ]
    return _unread(run, page.unreadable) + left_out


def match_again(*, run: FetchRun, marks: bool, now: datetime, lease_seconds: float) -> int:
    """
    Try earlier payments without any event again: their invoice may have come since.

    What a person has undone has events, so it is left alone.
    """
    done, last = 0, 0
    prefixes = matching.prefixes_of(run.client)
    while True:
        with transaction.atomic():
            hold(run, now=now, seconds=lease_seconds)
            matching.hold(run.client_id)
            some = list(
                Payment.objects.select_for_update(of=("self",))
                .filter(client=run.client, settlements__isnull=True, pk__gt=last)
                .exclude(left="")
                .order_by("pk")[:500]
            )
            if not some:
                return done
            last = some[-1].pk
            home = run.client.currency
            arrived = [
                matching.incoming_of(p, id=i, home=home, prefixes=prefixes)
                for i, p in enumerate(some)
            ]
            matches = list(matching.match(run.client, arrived))
            changed = []
            for payment, result in zip(some, matches, strict=True):
                left = result.left or ""
                if left != payment.left:
                    payment.left = left
                    if marks and result.parts and run.client.target_id is None:
                        payment.mark_at = now
                    changed.append(payment)
            Payment.objects.bulk_update(changed, ["left", "mark_at"], batch_size=200)
            stored = [(payment.pk, payment.key) for payment in some]
            done += matching.store_matches(run.client, stored, matches, run=run, now=now)


def note(run: FetchRun, **changes: Any) -> None:
    """Write columns of a run that is ours, and stays so."""
    if not run.mine().update(**changes):
        raise ClaimLost
    for name, value in changes.items():
        setattr(run, name, value)


def bump(run: FetchRun, **changes: int) -> None:
    """Add to counters of a run that is held."""
    FetchRun.objects.filter(pk=run.pk).update(
        **{name: F(name) + value for name, value in changes.items()}
    )
