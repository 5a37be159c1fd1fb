"""How many payments are not (yet) in the target, of a client, a run or an organisation."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse

from accounts.models import Connection
from payments.models import FetchRun, InvoiceClient, Registration
from payments.queries.wording import STANDINGS
from payments.rules.standing import STATES, Standing, standing_of
from payments.rules.states import RegistrationState
from payments.rules.trying import SAYS_LESS

_ALL = tuple(state for states in STATES.values() for state in states)


@dataclass(frozen=True, slots=True)
class StandingRow:
    """How many registrations stand so, in words, and the list of their payments."""

    standing: Standing
    word: str
    look: str
    figure: int
    url: str


Counts = dict[Standing, int]


def _counted(rows: Any, by: str = "") -> dict[int, Counts]:
    found: dict[int, Counts] = {}
    columns = (*((by,) if by else ()), "state", "client__target__state")
    counted = rows.filter(state__in=_ALL).order_by().values_list(*columns).annotate(n=Count("pk"))
    for *key, state, access, number in counted:
        standing = standing_of(RegistrationState(state))
        if state in SAYS_LESS and access not in (None, Connection.State.AUTHORISED):
            standing = Standing.SIGN_IN
        if standing is not None:
            counts = found.setdefault(key[0] if key else 0, {})
            counts[standing] = counts.get(standing, 0) + number
    return found


def of_clients(client_ids: Iterable[int]) -> dict[int, Counts]:
    """Return the counts of each client that has any; one statement."""
    return _counted(Registration.objects.filter(client__in=list(client_ids)), "client_id")


def registrations_of(run: FetchRun) -> Any:
    """Return the registrations of what a run brought, or placed."""
    return Registration.objects.filter(Q(payment__first_run=run) | Q(settlement__run=run))


def of_run(run: FetchRun) -> Counts:
    """Return the counts of what a run brought, or placed, as they are now."""
    return _counted(registrations_of(run)).get(0, {})


def rows(counts: Counts, *, client: InvoiceClient | None = None) -> list[StandingRow]:
    """Return the counts above zero, those that wait for a person first."""
    query = f"&client={client.pk}" if client else ""
    return [
        StandingRow(
            standing=standing,
            word=str(STANDINGS[standing][0]),
            look=STANDINGS[standing][1],
            figure=counts[standing],
            url=f"{reverse('payments:not_there')}?standing={standing.value}{query}",
        )
        for standing in Standing
        if counts.get(standing)
    ]


def condition(standing: Standing) -> Q:
    """Return the condition that a registration stands so."""
    let_in = Q(client__target=None) | Q(client__target__state=Connection.State.AUTHORISED)
    stuck = Q(state__in=SAYS_LESS) & ~let_in
    if standing is Standing.SIGN_IN:
        return stuck
    return Q(state__in=STATES[standing]) & ~stuck


def unknown_and_locked_out() -> Any:
    """Return the unknown outcomes of a payment that nobody can ask about before a sign-in."""
    rows = Registration.objects.filter(payment=OuterRef("pk"), state=RegistrationState.UNKNOWN)
    locked_out = rows.filter(client__target__isnull=False)
    return locked_out.exclude(client__target__state=Connection.State.AUTHORISED)


def payments_that_stand(payments: Any, standing: Standing | None) -> Any:
    """Return those of which a registration stands so; None: in any of these ways."""
    wanted = condition(standing) if standing else Q(state__in=_ALL)
    mine = Registration.objects.filter(wanted, payment=OuterRef("pk"))
    return payments.filter(Exists(mine))
