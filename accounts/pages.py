"""What the pages of accounts show: finished rows, a fixed number of queries each."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Connection
from accounts.operations import connecting
from connectors.registry import CONNECTORS, targets_of_journals
from organisations.models import (
    Errand,
    Organisation,
)
from organisations.pages import paged
from organisations.queries import FailureRow, failure_row


def disconnected_words(vendor: str) -> str:
    """Return what stays when an account at that vendor is disconnected."""
    if vendor in targets_of_journals():
        return _("The account is disconnected. Its mappings are kept.")
    return _("The account is disconnected. What was fetched and registered through it is kept.")


def in_use_words(vendor: str) -> str:
    """Return why an account at that vendor cannot be removed."""
    if vendor in targets_of_journals():
        return _("This account is in use. Disconnect it, and remove its mappings.")
    return _("This account is in use. Disconnect it, and choose another in the invoice client.")


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


def connection_rows(organisation: Organisation, *, page: str | None = None) -> Page[Any]:
    """Return the accounts that journals are posted through, by name."""
    found = Connection.objects.of(organisation).filter(vendor__in=targets_of_journals())
    here = paged(found.order_by("name", "pk"), page)
    here.object_list = [connection_row(connection) for connection in here.object_list]
    return here


def accounts_url(vendor: str) -> str:
    """Return the page that lists the accounts at that vendor."""
    of_journals = vendor in targets_of_journals()
    return reverse("accounts:connections") if of_journals else reverse("payments:settings")


def connection_row(connection: Connection) -> ConnectionRow:
    """Return one account with its red notice (S2)."""
    again = connection.state == Connection.State.SIGN_IN_AGAIN
    notice, of_journals = "", connection.vendor in targets_of_journals()
    if again:
        notice = (
            _("Sign in again: journals of this account wait until you have.")
            if of_journals
            else _("Sign in again: payments of this account wait until you have.")
        )
    elif not connection.is_authorised and of_journals:
        notice = _("Not authorised. Press the icon, sign in, press Allow and choose the company.")
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
        notice=notice,
        authorise_url=reverse("accounts:authorise", args=[pk]),
        disconnect_url=reverse("accounts:disconnect", args=[pk])
        if connection.is_authorised or again
        else "",
        remove_url=reverse("accounts:remove_connection", args=[pk]) if removable else "",
        sign_out_url=reverse("accounts:sign_out_of_vendor", args=[pk]),
    )


def waiting_words(errand: Errand) -> str:
    """Return what is going on, for the page that waits."""
    return {
        connecting.BEGIN: _("Opening the sign-in…"),
        connecting.SIGN_OUT: _("Opening the sign-out…"),
        connecting.DISCONNECT: _("Disconnecting…"),
    }.get(errand.kind, _("Fetching the company's name…"))
