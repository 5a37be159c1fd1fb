"""
After a restore of the database: the target is asked before a payment is registered.

Between the backup and the restore the hub may have registered what this database has never
heard of. The same payment gets the same reference when it is fetched again, so while a
`Restore` is open, what waits to be sent is looked for under its reference first:

    found                                      -> registered, under the number it has there
    found never, twice                         -> it is sent
    not found, but a payment of ours of that   -> a person looks, and decides: it may have stood
        day and amount that nobody here knows     on another invoice before
"""

from collections import Counter
from datetime import datetime

from django.db.models import Min

from accounts.models import Restore
from background.failures import why
from connectors.receivables import PaymentTarget, PaymentToRegister, TargetEntry
from payments.domain import refusals
from payments.domain.states import RegistrationState
from payments.models import Registration

_S = RegistrationState
_MAY_BE_THERE = (_S.READY, _S.SENDING, _S.UNKNOWN, _S.REJECTED, _S.NEEDS_PERSON)


def count_unknown() -> dict[str, int]:
    """Return how many are in each state in which the target is asked before anything is sent."""
    states = Registration.objects.filter(state__in=_MAY_BE_THERE).values_list("state", flat=True)
    return dict(sorted(Counter(states.iterator()).items()))


def ask_again(*, now: datetime) -> int:
    """Let what was unknown already be asked about from the beginning; return how many are."""
    return Registration.objects.filter(state=_S.UNKNOWN).update(empty_look_ups=0, not_before=now)


def mark_unknown(registration: Registration, *, now: datetime) -> bool:
    """Turn what waits into a question if a restore makes it one; say whether it did."""
    backup = Restore.objects.open(now=now).aggregate(taken_at=Min("backup_taken_at"))
    if backup["taken_at"] is None:
        return False
    mine = Registration.objects.filter(pk=registration.pk)
    return bool(
        mine.unknown_outcome(now=now).update(
            state=_S.UNKNOWN,
            state_at=now,
            not_before=now,
            # What nobody here remembers may have been sent at any time since the backup.
            sent_at=registration.sent_at or backup["taken_at"],
            empty_look_ups=0,
            **why(refusals.TargetIsAsked(), now),
        )
    )


def find_unknown_vouchers(
    target: PaymentTarget, payment: PaymentToRegister, *, now: datetime
) -> list[TargetEntry]:
    """
    Return what the hub has put there with that day and amount, and no row here knows.

    Its own reference is among it where the voucher was taken back: that was decided after the
    backup, and is forgotten here.

    :raises ConnectorError: if the target cannot be asked
    """
    if not Restore.objects.open(now=now).exists():
        return []
    alike = [
        entry
        for entry in target.read_statement(first=payment.paid_on, last=payment.paid_on)
        if entry.is_ours and entry.reference and entry.amount == -payment.amount
    ]
    others = Registration.objects.exclude(reference=payment.reference)
    known = set(
        others.filter(reference__in=[entry.reference for entry in alike]).values_list(
            "reference", flat=True
        )
    )
    return [entry for entry in alike if entry.reference not in known]
