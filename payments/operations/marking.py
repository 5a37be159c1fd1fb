"""
The marker in Visma: a courtesy, written last and retried alone (S15).

The hub's own rows are the truth. A refused marker stops nothing and is shown.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import Exists, OuterRef, Q, QuerySet

from audit import trail
from background.crash_points import crash_point
from background.enqueueing import enqueue
from background.faults import DATABASE_IS_AWAY, fault_number
from connectors.errors import (
    ConnectorError,
    Forbidden,
    NotAuthorized,
    OutcomeUnknown,
    Unavailable,
)
from connectors.receivables.source import PaymentSource
from organisations.models import User
from payments.models import InvoiceClient, Payment, Registration, Settlement
from payments.operations.rights import check_right, integration_of
from payments.rules.states import RegistrationState

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
_M = Payment.Mark
_AT_ONCE = 50
_TURN = timedelta(seconds=5)
_ALL_THERE = (RegistrationState.REGISTERED, RegistrationState.REVERSED, RegistrationState.WITHDRAWN)


def due(client: InvoiceClient, *, now: datetime) -> Any:
    """Return the payments of the client that are to be marked now."""
    return Payment.objects.filter(client=client, mark=_M.NONE, mark_at__lte=now)


def note_registered(registration: Registration, *, now: datetime) -> None:
    """Let the payment be marked if nothing of it is left to be registered."""
    client = InvoiceClient.objects.select_related("organisation").get(pk=registration.client_id)
    if not client.marker_in(integration_of(client.organisation)):
        return
    left = Registration.objects.filter(payment_id=registration.payment_id).exclude(
        state__in=_ALL_THERE
    )
    if not left.exists():
        Payment.objects.filter(pk=registration.payment_id, mark=_M.NONE, mark_at=None).update(
            mark_at=now
        )


def mark_earlier_ones(client: InvoiceClient, *, now: datetime) -> int:
    """Let what was registered before a marker was chosen be marked too; return how many."""
    waiting = Registration.objects.filter(payment=OuterRef("pk")).exclude(state__in=_ALL_THERE)
    placed = Settlement.objects.filter(payment=OuterRef("pk"))
    return Payment.objects.filter(
        Exists(placed) & ~Exists(waiting), client=client, mark=_M.NONE, mark_at=None
    ).update(mark_at=now)


def mark_refused_again(
    client: InvoiceClient, *, now: datetime, among: "QuerySet[Payment] | None" = None
) -> int:
    """
    Let refused marks be tried once more, for something may be right now; return how many.

    :param among: only those of these payments
    """
    refused = Payment.objects.filter(client=client, mark=_M.REFUSED)
    if among is not None:
        refused = refused.filter(pk__in=among.values("pk"))
    return refused.update(mark=_M.NONE, mark_at=now, mark_reason="")


def try_again(
    *,
    client: InvoiceClient,
    by: User | None,
    now: datetime,
    among: "QuerySet[Payment] | None" = None,
) -> int:
    """
    Try the refused marks of a client again, because a person asks for it; return how many.

    :param among: only those of these payments
    """
    check_right(client.organisation, by)
    count = mark_refused_again(client, now=now, among=among)
    if count:
        trail.record(
            organisation=client.organisation,
            action="payments.marks_tried_again",
            subject=client,
            user=by,
            details={"payments": count},
        )
        enqueue("payments.tasks.serve_client", client_id=client.pk)
    return count


def mark_some(client: InvoiceClient, *, source: PaymentSource, clock: Clock) -> tuple[int, bool]:
    """Mark what is due, in portions, for one turn; say how many were, and whether more wait."""
    integration = integration_of(client.organisation)
    marker = client.marker_in(integration)
    if not marker or not source.capabilities.marks:
        return 0, False
    started, marked = clock(), 0
    while clock() - started < _TURN:
        some = list(due(client, now=clock()).order_by("mark_at", "pk")[:_AT_ONCE])
        if not some:
            return marked, False
        try:
            outcomes = source.mark(
                [payment.key for payment in some], marker=marker, value=integration.marker_value
            )
        except Unavailable as failure:
            _later(some, clock() + timedelta(seconds=failure.retry_after or 60))
            return marked, False
        except OutcomeUnknown:
            # Harmless to repeat: the connector reads before it writes.
            _later(some, clock() + timedelta(seconds=30))
            return marked, False
        except NotAuthorized as failure:
            if not isinstance(failure, Forbidden):
                # They go on after the sign-in; where the account stands it is a fault over there.
                _later(some, clock() + timedelta(seconds=60))
                return marked, False
            _refuse([payment.pk for payment in some], failure.code(), now=clock())
            return marked, False
        except ConnectorError as failure:
            _refuse([payment.pk for payment in some], failure.code(), now=clock())
            return marked, False
        except DATABASE_IS_AWAY:
            raise
        except Exception:
            # A defect of ours: the marks are shown as refused, and can be tried again.
            log.exception("marks_failed", client=client.pk, request_id=fault_number())
            _refuse([payment.pk for payment in some], "fault_of_the_hub", now=clock())
            return marked, True
        crash_point("mark.after_call")
        marked += _record(some, outcomes, now=clock())
        crash_point("mark.stored")
    return marked, True


def _record(some: list[Payment], outcomes: list[Any], *, now: datetime) -> int:
    by_key = {outcome.key: outcome for outcome in outcomes}
    done = [p.pk for p in some if p.key in by_key and by_key[p.key].marked]
    # A row that somebody marked or unmarked meanwhile is not ours to write again.
    Payment.objects.filter(pk__in=done, mark=_M.NONE).update(
        mark=_M.MARKED, mark_at=now, mark_reason=""
    )
    for payment in some:
        outcome = by_key.get(payment.key)
        if outcome is None or not outcome.marked:
            _refuse([payment.pk], outcome.reason if outcome else "no_answer", now=now)
    return len(done)


def _later(some: list[Payment], until: datetime) -> None:
    Payment.objects.filter(Q(pk__in=[p.pk for p in some]), mark=_M.NONE).update(mark_at=until)


def _refuse(ids: list[int], reason: str, *, now: datetime) -> None:
    Payment.objects.filter(pk__in=ids, mark=_M.NONE).update(
        mark=_M.REFUSED, mark_at=now, mark_reason=reason[:200]
    )
