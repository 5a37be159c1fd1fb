"""
The ends of waiting: when a cause is over, what waited for it is due, in one UPDATE.

`Batch.waits_for` names the cause. Without this each row would keep the wait that it had
reached, and some would stand for minutes after everything works again.
"""

from datetime import datetime

from django.db.models import Q

from accounts.models import Connection
from journals.models import Batch, Journal
from journals.rules.states import BatchState
from journals.rules.waiting import NEEDS_ACCESS, can_be_hurried
from outbox.waiting import Cause

_S = BatchState
_QUEUED = (_S.READY, _S.POSTPONED)


def signed_in(connection: Connection, now: datetime) -> int:
    """Make due what waited for a sign-in, or for a vendor that let nobody in."""
    waiting = Batch.objects.filter(
        connection=connection,
        state__in=[*_QUEUED, _S.UNKNOWN, _S.ACCEPTED],
        waits_for__in=[Cause.SIGN_IN, Cause.VENDOR],
    )
    return waiting.filter(not_before__gt=now).update(not_before=now, failures=0)


def vendor_took_a_batch(connection: Connection, now: datetime) -> int:
    """Make due what waited for the vendor to answer: it takes batches again."""
    waiting = Batch.objects.filter(
        connection=connection, state__in=_QUEUED, waits_for=Cause.VENDOR, not_before__gt=now
    )
    return waiting.update(not_before=now)


def ledger_was_read(connection: Connection, periods_changed: bool, now: datetime) -> int:
    """
    Make due what waits to be checked: the ledger gives its accounts and periods again.

    What waits for a period too, if one was opened or closed.
    """
    waiting = Q(state=_S.READY, prepared_at__isnull=True, waits_for=Cause.VENDOR)
    if periods_changed:
        waiting |= Q(state=_S.HELD)
    of_this = Batch.objects.filter(waiting, connection=connection, not_before__gt=now)
    return of_this.update(not_before=now)


def hurry(journal: Journal, *, now: datetime) -> int:
    """Make due what waits of one journal, where no rule asks for the wait: a person wants it."""
    waiting = Batch.objects.filter(journal=journal, not_before__gt=now).exclude(waits_for="")
    found = [
        pk
        for pk, state, cause, empty in waiting.filter(state__in=NEEDS_ACCESS).values_list(
            "pk", "state", "waits_for", "empty_look_ups"
        )
        if can_be_hurried(_S(state), Cause(cause), empty_look_ups=empty)
    ]
    free = waiting.filter(pk__in=found).filter(Q(claim_owner="") | Q(lease_until__lt=now))
    return free.update(not_before=now)


def clock_was_set_back(now: datetime) -> None:
    """Let batches that wait for a time of the old clock be due."""
    waiting = Batch.objects.filter(state__in=[_S.READY, _S.POSTPONED, _S.HELD])
    waiting.filter(not_before__gt=now).update(not_before=now)
