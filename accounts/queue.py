"""
One way through all accounts that need a sign-in: one after another, and at the end what came of it.

Which accounts it is about is kept in the person's session; what became of each is read from its
row, so that a sign-in of somebody else counts too and nothing can go stale.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from accounts.models import Connection
from connectors.registry import targets_of_journals
from organisations.models import Organisation

SESSION_KEY = "sign_in_queue"
MOST = 1_000
_S = Connection.State


def needs_sign_in() -> Q:
    """Return the condition that somebody must sign in: again, or for the first time."""
    return Q(state=_S.SIGN_IN_AGAIN) | Q(state=_S.NOT_AUTHORISED, administration_name="")


def broken_first(rows: "QuerySet[Connection]") -> "QuerySet[Connection]":
    """Order accounts for a list: what is broken first, then by company and account."""
    worst = Case(
        When(state=_S.SIGN_IN_AGAIN, then=Value(0)),
        When(state=_S.NOT_AUTHORISED, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    return rows.order_by(worst, "administration_name", "name", "pk")


def accounts_of(organisation: Organisation) -> "QuerySet[Connection]":
    """Return the accounts that journals are posted through."""
    mine: QuerySet[Connection] = Connection.objects.of(organisation)
    return mine.filter(vendor__in=targets_of_journals())


def begin(organisation: Organisation) -> dict[str, Any]:
    """Return what is kept of a new queue: the accounts that need a sign-in now, in their order."""
    rows = broken_first(accounts_of(organisation).filter(needs_sign_in()))
    return {"accounts": list(rows.values_list("pk", flat=True)[:MOST]), "skipped": []}


@dataclass(frozen=True, slots=True)
class Queue:
    """How far a person has come."""

    current: Connection | None
    signed_in: list[Connection]
    skipped: list[Connection]
    left: list[Connection]

    @property
    def total(self) -> int:
        """Return how many accounts there are."""
        return len(self.signed_in) + len(self.skipped) + len(self.left)

    @property
    def place(self) -> int:
        """Return which of them it is now, from one."""
        return len(self.signed_in) + len(self.skipped) + 1


def look(organisation: Organisation, kept: dict[str, Any] | None) -> Queue | None:
    """Return how far a kept queue is; None where there is none of this organisation. One query."""
    pks = list(kept["accounts"]) if kept else []
    found = {row.pk: row for row in accounts_of(organisation).filter(pk__in=pks)}
    rows = [found[pk] for pk in pks if pk in found]
    if kept is None or not rows:
        return None
    skipped = set(kept["skipped"])
    waiting = [row for row in rows if not row.is_authorised]
    left = [row for row in waiting if row.pk not in skipped]
    return Queue(
        current=left[0] if left else None,
        signed_in=[row for row in rows if row.is_authorised],
        skipped=[row for row in waiting if row.pk in skipped],
        left=left,
    )
