"""What waits for a worker: how much, and since when. Of the whole installation, for operators."""

from datetime import datetime
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet

from accounts.models import Connection
from background.queries import Waiting
from payments.models import Customer, FetchRun, Payment, Registration
from payments.rules.states import RegistrationState

_S = RegistrationState
ON_THEIR_WAY = (
    _S.READY,
    _S.SENDING,
    _S.UNKNOWN,
    _S.REJECTED,
    _S.NEEDS_PERSON,
    _S.TO_REVERSE,
    _S.REVERSING,
)
"""States that somebody or something still has to do with."""


def registrations_by_state() -> dict[str, Waiting]:
    """Return the registrations on their way, by state, with the age of the oldest."""
    rows = Registration.objects.filter(state__in=ON_THEIR_WAY).values_list("state")
    found = rows.annotate(n=Count("pk"), since=Min("state_at")).order_by("state")
    return {state: Waiting(count, since) for state, count, since in found}


def due_work(*, now: datetime) -> dict[str, Waiting]:
    """Return what could be done now, by kind; what waits for a sign-in or a vendor is not due."""
    at_target, at_source = _usable("client__target", now=now), _usable("client__source", now=now)
    due = Registration.objects.due(now=now).filter(at_target)
    unknown = Q(state=_S.UNKNOWN)
    marks = Payment.objects.filter(at_source, mark="", mark_at__lte=now)
    pushes = Customer.objects.filter(at_target, push_at__lte=now)
    return {
        "fetch": _oldest(FetchRun.objects.due(now=now), "not_before"),
        "register": _oldest(due.exclude(unknown), "not_before"),
        "look_up": _oldest(due.filter(unknown), "not_before"),
        "mark": _oldest(marks, "mark_at"),
        "push": _oldest(pushes, "push_at"),
    }


def oldest_due(*, now: datetime) -> datetime | None:
    """Return since when the oldest due work waits, or None if none does."""
    found = [waiting.since for waiting in due_work(now=now).values()]
    return min((since for since in found if since is not None), default=None)


def _usable(account: str, *, now: datetime) -> Q:
    return (
        Q(client__organisation__payment_integration__activated_at__isnull=False)
        & Q(**{f"{account}__state": Connection.State.AUTHORISED})
        & (
            Q(**{f"{account}__not_before__isnull": True})
            | Q(**{f"{account}__not_before__lte": now})
        )
    )


def _oldest(rows: "QuerySet[Any]", column: str) -> Waiting:
    found = rows.aggregate(n=Count("pk"), since=Min(F(column)))
    return Waiting(found["n"], found["since"])
