"""
Before the first registration after a gap the target is asked what of ours it holds (B18).

    ours there, under no reference of this database, or      -> an older database, or a copy:
    under one that it never sent                                the installation stops
    the same, where nothing was ever registered from here    -> each is looked up, or a person
                                                                is asked; nothing else stops
    nothing of that kind                                     -> registering begins

It is one statement for each company with something to register. Marks, reversals and time blocks
are not asked about: each does nothing when it is repeated.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta

from django.db.models import Max, Min
from django.utils import timezone

from accounts.models import Connection, LedgerProof, Restore
from accounts.operations import continuity, installation, restoring
from background.crash_points import crash_point
from background.failures import NO_FAILURE, why
from connectors.errors import ConnectorError
from connectors.receivables import PaymentTarget, TargetEntry
from payments.domain import refusals
from payments.domain.states import RegistrationState
from payments.models import InvoiceClient, Registration, RegistrationAttempt
from payments.models.registrations import RegistrationQuerySet

Clock = Callable[[], datetime]
_S = RegistrationState
_ASK_AGAIN = timedelta(seconds=30)


def may_register(connection: Connection, target: PaymentTarget, *, clock: Clock) -> bool:
    """Return whether payments may be registered; the target is asked first where needed."""
    started = clock()
    question = continuity.question(connection, work=LedgerProof.Work.PAYMENTS, now=started)
    if question is None:
        return True
    if started < question.not_before:
        _wait(connection, refusals.TargetAskedFirst(), now=started, until=question.not_before)
        return False
    try:
        there = _ours(connection, target, since=question.since, now=started)
    except ConnectorError as failure:
        retry_after = getattr(failure, "retry_after", None)
        pause = timedelta(seconds=retry_after) if retry_after else _ASK_AGAIN
        _wait(connection, failure, now=clock(), until=clock() + pause)
        return False
    crash_point("proof.statement")
    _look_up_again(connection, there, now=clock())
    strange = {
        entry.reference: entry
        for entry in _never_sent_here(there)
        if entry.reference not in question.strange
    }
    has_registered = Registration.objects.filter(client__target=connection).exclude(target_id="")
    if strange and not question.explained and has_registered.exists():
        vouchers = sorted({entry.voucher_number for entry in strange.values()})
        installation.stop_for_what_a_ledger_holds(
            connection, vouchers, since=question.since, now=clock()
        )
        notify_stopped(connection, now=clock())
        return False
    if strange and not question.explained:
        _ask_about(connection, strange.values(), now=clock())
    continuity.settle(question, strange=list(strange), asked_at=started)
    return True


def _waiting(connection: Connection) -> RegistrationQuerySet:
    return Registration.objects.filter(client__target=connection, state=_S.READY)


def _ours(
    connection: Connection, target: PaymentTarget, *, since: datetime, now: datetime
) -> list[TargetEntry]:
    """Return the hub's own entries of the days that what waits is of, and of those since then."""
    days = _waiting(connection).aggregate(
        first=Min("payment__paid_on"), last=Max("payment__paid_on")
    )
    begins, today = timezone.localdate(since), timezone.localdate(now)
    first, last = min(days["first"] or begins, begins), max(days["last"] or today, today)
    entries = target.read_statement(first=first, last=last)
    return [entry for entry in entries if entry.is_ours and entry.reference]


def _never_sent_here(there: Iterable[TargetEntry]) -> list[TargetEntry]:
    entries = list(there)
    references = {entry.reference for entry in entries}
    rows = Registration.objects.filter(reference__in=references)
    tried = RegistrationAttempt.objects.filter(registration__in=rows).values("registration")
    known = set(rows.exclude(state=_S.READY).values_list("reference", flat=True))
    known |= set(rows.filter(pk__in=tried).values_list("reference", flat=True))
    return [entry for entry in entries if entry.reference not in known]


def _look_up_again(connection: Connection, there: Iterable[TargetEntry], *, now: datetime) -> None:
    """Let what was tried, waits again and stands there after all be looked up, not sent."""
    references = {entry.reference for entry in there}
    tried = RegistrationAttempt.objects.values("registration")
    for one in _waiting(connection).filter(reference__in=references, pk__in=tried):
        _look_up(one, now=now)


def _look_up(one: Registration, *, now: datetime) -> None:
    words = why(refusals.TargetAskedFirst(), now)
    one.become(_S.UNKNOWN, now=now, not_before=now, empty_look_ups=0, **words)


def _ask_about(connection: Connection, strange: Collection[TargetEntry], *, now: datetime) -> None:
    """Let what stands there already be looked up, and a person decide about what is like it."""
    by_reference = {entry.reference for entry in strange}
    for one in _waiting(connection).select_related("payment"):
        alike = [
            entry.voucher_number
            for entry in strange
            if entry.posted_on == one.payment.paid_on and entry.amount == -one.amount
        ]
        if one.reference in by_reference:
            _look_up(one, now=now)
        elif alike:
            other = refusals.OtherSinceTheBackup(vouchers=", ".join(sorted(set(alike))))
            one.become(_S.NEEDS_PERSON, now=now, **why(other, now))


def notify_stopped_client(client: InvoiceClient, *, now: datetime) -> None:
    """Say on every payment of the client that waits why it is not registered."""
    if client.target is not None:
        notify_stopped(client.target, now=now)


def notify_stopped(connection: Connection, *, now: datetime) -> None:
    """
    Say on every payment that waits for the connection why it is not registered.

    Where another machine registers, there is nothing to say: it is enqueued again soon.
    """
    if installation.leaves_it_to_others(now=now):
        return
    failure = installation.why_stopped(now=now)
    if failure is not None:
        _tell(connection, failure, now=now)


def resume(*, now: datetime) -> None:
    """Say on what waited for an operator what it waits for now, and let it be due."""
    stopped = Registration.objects.filter(failure_code__in=restoring.STOPS, state=_S.READY)
    for pk in stopped.order_by().values_list("client__target_id", flat=True).distinct():
        connection = Connection.objects.get(pk=pk)
        failure = restoring.what_now(connection, now=now)
        if failure is None and Restore.objects.open(now=now).exists():
            failure = refusals.TargetIsAsked()
        words = why(failure, now) if failure else NO_FAILURE
        mine = stopped.filter(client__target=connection)
        mine.filter(not_before__gt=now).update(not_before=now)
        mine.update(**words)
        InvoiceClient.objects.filter(target_id=pk).update(enqueued_at=None)


def _wait(
    connection: Connection, failure: ConnectorError, *, now: datetime, until: datetime
) -> None:
    _tell(connection, failure, now=now)
    _waiting(connection).filter(not_before__lt=until).update(not_before=until)


def _tell(connection: Connection, failure: ConnectorError, *, now: datetime) -> None:
    _waiting(connection).exclude(failure_code=failure.code()).update(**why(failure, now))
