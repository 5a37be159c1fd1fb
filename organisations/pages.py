"""What the pages of accounts show: finished rows, a fixed number of queries each."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef
from django.utils.translation import gettext as _

from connectors.bounds import row_number
from organisations import domain
from organisations.domain import Level
from organisations.models import (
    AuthenticatorApp,
    Company,
    Debtor,
    Errand,
    Membership,
    Organisation,
    Role,
)
from organisations.queries import FailureRow, asked_once, failure_row

ROWS_ON_A_PAGE = 100
_NAMED = 50


def paged(rows: Any, number: str | None) -> Page[Any]:
    """Return one page of rows; a number that does not exist is the first or last page."""
    return Paginator(rows, ROWS_ON_A_PAGE).get_page(number)


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
    if (pk := row_number(number)) is None:
        return Asked()
    about = {f"params__{name}": value for name, value in params.items()}
    errand = Errand.objects.of(organisation).filter(pk=pk, kind=kind, **about).first()
    if errand is None:
        return Asked(gone=True)
    return Asked(running=not errand.is_finished, failure=errand_failure(errand))


def errand_failure(errand: Errand) -> FailureRow | None:
    """Return why an errand failed, in words."""
    return asked_once(
        failure_row(
            code=errand.failure_code,
            params=errand.failure_params,
            detail=errand.failure_detail,
            at=errand.finished_at,
        )
    )


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
