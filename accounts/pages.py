"""What the pages of accounts show: finished rows, a fixed number of queries each."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import queue
from accounts.models import Connection
from accounts.operations import connecting, signing_in
from accounts.uses import use_of
from background.models import BackgroundRequest
from connectors.organisation_numbers import digits_of
from connectors.registry import CONNECTORS
from organisations.models import Organisation
from ui.failures import FailureRow, failure_row


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One line of the accounts page."""

    pk: int
    name: str
    vendor: str
    kind: str
    is_service: bool
    is_interactive: bool
    authorised: bool
    sign_in_again: bool
    company: str
    organisation_number: str
    currency: str
    state_at: Any
    failure: FailureRow | None
    notice: str
    authorise_url: str
    disconnect_url: str
    remove_url: str
    sign_out_url: str


ROWS_ON_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """The accounts page: one page of rows, and what all accounts together come to."""

    rows: "Page[Any]"
    broken: int
    """How many need a sign-in, shown or not."""
    waits: bool
    """An account may become authorised, by whomever, while the page is open."""
    states: list[tuple[str, str, int]]
    seen: str
    """Marks what is shown: an open page that asks again is answered nothing while that stays."""


def list_connections(
    organisation: Organisation, *, search: str = "", state: str = "", page: str | None = None
) -> Listed:
    """Return the accounts that journals are posted through, broken first; three statements."""
    mine = queue.accounts_of(organisation)
    counted = (
        mine.order_by()
        .values_list("state")
        .annotate(n=Count("pk"), broken=Count("pk", filter=queue.needs_sign_in()))
    )
    counts = {value: (number, broken) for value, number, broken in counted}
    found = queue.broken_first(mine)
    if search:
        words = Q(administration_name__icontains=search) | Q(name__icontains=search)
        if digits := digits_of(search):
            words |= Q(administration_organisation_number__contains=digits)
        found = found.filter(words)
    if state in Connection.State.values:
        found = found.filter(state=state)
    here: Page[Any] = Paginator(found, ROWS_ON_A_PAGE).get_page(page)
    shown = list(here.object_list)
    here.object_list = [connection_row(connection) for connection in shown]
    marks = [(one.pk, one.version, one.state, one.failure_at) for one in shown]
    return Listed(
        rows=here,
        broken=sum(broken for _number, broken in counts.values()),
        waits=any(value != Connection.State.AUTHORISED for value in counts),
        states=[
            (value, str(label), counts.get(value, (0, 0))[0])
            for value, label in Connection.State.choices
        ],
        seen=sha256(repr((marks, sorted(counts.items()))).encode()).hexdigest()[:16],
    )


def connection_row(connection: Connection) -> ConnectionRow:
    """Return one account with its red notice (S2)."""
    again = connection.state == Connection.State.SIGN_IN_AGAIN
    notice, use = "", use_of(connection.vendor)
    if again:
        notice = use.sign_in_again
    elif not connection.is_authorised:
        notice = use.not_authorised
    pk = connection.pk
    removable = not connection.is_authorised and not connection.refresh_token
    return ConnectionRow(
        pk=pk,
        name=connection.name,
        vendor=CONNECTORS[connection.vendor].name,
        kind=connection.get_kind_display(),
        is_service=connection.kind == Connection.Kind.SERVICE,
        is_interactive=connection.kind == Connection.Kind.INTERACTIVE,
        authorised=connection.is_authorised,
        sign_in_again=again,
        company=connection.administration_name,
        organisation_number=connection.administration_organisation_number,
        currency=connection.administration_currency,
        state_at=connection.state_at,
        failure=failure_row(
            code=connection.failure_code,
            params=connection.failure_params,
            detail=connection.failure_detail,
            at=connection.failure_at,
        ),
        notice=_(notice) if notice else "",
        authorise_url=reverse("accounts:authorise", args=[pk]),
        disconnect_url=reverse("accounts:disconnect", args=[pk])
        if connection.is_authorised or again
        else "",
        remove_url=reverse("accounts:remove_connection", args=[pk]) if removable else "",
        sign_out_url=reverse("accounts:sign_out_of_vendor", args=[pk]),
    )


def waiting_words(background_request: BackgroundRequest) -> str:
    """Return what is going on, for the page that waits."""
    return {
        signing_in.BEGIN: _("Opening the sign-in…"),
        connecting.SIGN_OUT: _("Opening the sign-out…"),
        connecting.DISCONNECT: _("Disconnecting…"),
    }.get(background_request.kind, _("Fetching the company's name…"))
