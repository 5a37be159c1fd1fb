"""What the pages of accounts show: finished rows, a fixed number of queries each."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import domain
from accounts.choosing import whole_number
from accounts.domain import Level
from accounts.models import (
    AuthenticatorApp,
    Company,
    Connection,
    Debtor,
    Errand,
    Membership,
    Organisation,
    Role,
)
from accounts.operations import connecting
from accounts.queries import FailureRow, failure_row
from connectors.registry import CONNECTORS, targets_of_journals

ROWS_ON_A_PAGE = 100
_NAMED = 50


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


def paged(rows: Any, number: str | None) -> Page[Any]:
    """Return one page of rows; a number that does not exist is the first or last page."""
    return Paginator(rows, ROWS_ON_A_PAGE).get_page(number)


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


@dataclass(frozen=True, slots=True)
class Asked:
    """How the work stands that a page waits for: perhaps over so long that it is forgotten."""

    running: bool = False
    gone: bool = False
    failure: FailureRow | None = None


def asked(organisation: Organisation, number: str | None, *, kind: str, **params: object) -> Asked:
    """
    Return how the errand stands whose number is in the address of a page.

    Another's errand is told from a forgotten one by nothing: neither is there for this page.
    """
    if (pk := whole_number(number)) is None:
        return Asked()
    about = {f"params__{name}": value for name, value in params.items()}
    errand = Errand.objects.of(organisation).filter(pk=pk, kind=kind, **about).first()
    if errand is None:
        return Asked(gone=True)
    return Asked(running=not errand.is_finished, failure=errand_failure(errand))


def errand_failure(errand: Errand) -> FailureRow | None:
    """Return why an errand failed, in words."""
    return failure_row(
        code=errand.failure_code,
        params=errand.failure_params,
        detail=errand.failure_detail,
        at=errand.finished_at,
    )


def waiting_words(errand: Errand) -> str:
    """Return what is going on, for the page that waits."""
    return {
        connecting.BEGIN: _("Opening the sign-in…"),
        connecting.SIGN_OUT: _("Opening the sign-out…"),
        connecting.DISCONNECT: _("Disconnecting…"),
    }.get(errand.kind, _("Fetching the company's name…"))


def company_rows(organisation: Organisation, *, search: str = "") -> Any:
    """Return the companies with their debtors, by number."""
    found = Company.objects.of(organisation).select_related("debtor", "owner")
    if search:
        digits = domain.digits_of(search)
        by_number = found.filter(number__icontains=search) | found.filter(name__icontains=search)
        found = (
            by_number | found.filter(organisation_number__contains=digits) if digits else by_number
        )
    return found.order_by("number", "pk")


def debtor_rows(organisation: Organisation) -> Any:
    """Return the debtors with how many companies each has."""
    return (
        Debtor.objects.of(organisation)
        .annotate(company_count=Count("companies"))
        .order_by("number", "pk")
    )


def people_rows(organisation: Organisation) -> Any:
    """Return the members by name, each with whether there is a second factor."""
    return (
        Membership.objects.of(organisation)
        .select_related("user", "role")
        .annotate(has_second_factor=Exists(_confirmed_app))
        .order_by("user__name", "user__email")
    )


def without_second_factor(organisation: Organisation) -> tuple[list[str], int]:
    """Return the first members who have no second factor by name, and how many more there are."""
    rows = people_rows(organisation).filter(has_second_factor=False, user__is_active=True)
    first = [str(row.user) for row in rows[:_NAMED]]
    return first, rows.count() - len(first)


_confirmed_app = AuthenticatorApp.objects.filter(user=OuterRef("user"), confirmed=True)


def role_name(role: Role) -> str:
    """Return the role's name, translated if it came with the hub."""
    return _(role.name) if role.built_in else role.name


def roles_of(organisation: Organisation) -> list[Role]:
    """Return the roles, built-in ones first."""
    return list(Role.objects.of(organisation).order_by("-built_in", "name"))


def matrix(organisation: Organisation) -> list[dict[str, Any]]:
    """Return rights as lines and roles as columns, each cell with the levels to choose from."""
    roles = roles_of(organisation)
    return [
        {
            "name": _(right.name),
            "explanation": _(right.explanation),
            "cells": [
                {
                    "field": f"{role.pk}-{right.key}",
                    "label": f"{role_name(role)}: {_(right.name)}",
                    "level": _(domain.LEVEL_WORDS[domain.level_of(role.rights, right.key)]),
                    "choices": [
                        {
                            "value": level.value,
                            "label": _level_words(right, level),
                            "chosen": domain.level_of(role.rights, right.key) is level,
                        }
                        for level in right.levels
                    ],
                }
                for role in roles
            ],
        }
        for right in domain.RIGHTS
    ]


def _level_words(right: domain.Right, level: Level) -> str:
    if level is Level.WRITE and Level.READ not in right.levels:
        return _("Given")
    return _(domain.LEVEL_WORDS[level])
