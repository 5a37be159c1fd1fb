"""What the pages of accounts show: finished rows, a fixed number of queries each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count
from django.utils.translation import gettext as _

from audit import trail
from background.models import BackgroundRequest
from connectors.organisation_numbers import digits_of
from organisations import rules
from organisations.models import Company, Debtor, Invitation, Membership, Organisation, Role
from organisations.operations import invitations, second_factor
from organisations.rules import Level

ROWS_ON_A_PAGE = 100
_NAMED = 50


def paged(rows: Any, number: str | None) -> Page[Any]:
    """Return one page of rows; a number that does not exist is the first or last page."""
    return Paginator(rows, ROWS_ON_A_PAGE).get_page(number)


def company_rows(organisation: Organisation, *, search: str = "") -> Any:
    """Return the companies with their debtors, by number."""
    found = Company.objects.of(organisation).select_related("debtor", "owner")
    if search:
        digits = digits_of(search)
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
        .annotate(has_second_factor=second_factor.IS_THERE)
        .order_by("user__name", "user__email")
    )


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """An address that is invited, and how far that is; nothing of who may have it."""

    pk: int
    email: str
    role: str
    invited_by: str
    invited_at: datetime
    expires_at: datetime
    state: str
    words: str
    again: str


def invitation_rows(organisation: Organisation, *, now: datetime) -> list[InvitationRow]:
    """Return the invitations that are not answered, by address."""
    rows = Invitation.objects.of(organisation).select_related(
        "role", "invited_by", "background_request"
    )
    members = Membership.objects.of(organisation).filter(user__is_active=True)
    may_invite = {
        member.user_id
        for member in members.filter(user__in=rows.values("invited_by")).select_related("role")
        if member.role.allows(rules.ORGANISATION, Level.WRITE)
    }
    found = []
    for row in rows.order_by("email"):
        state, words = _state_of(row, now=now, may_invite=may_invite)
        found.append(
            InvitationRow(
                pk=row.pk,
                email=row.email,
                role=role_name(row.role),
                invited_by=str(row.invited_by or trail.HUB),
                invited_at=row.invited_at,
                expires_at=row.expires_at,
                state=state,
                words=words,
                again=_("Send again") if invitations.sends_mail() else _("New link"),
            )
        )
    return found


def _state_of(row: Invitation, *, now: datetime, may_invite: set[int]) -> tuple[str, str]:
    if not row.is_open(now):
        return "bad", _("Expired")
    if row.invited_by_id is not None and row.invited_by_id not in may_invite:
        return "bad", _("Not valid: the person who invited may no longer do so")
    if not row.by_mail:
        return "open", _("Waiting for an answer; the link was handed over")
    if (
        row.background_request is not None
        and row.background_request.state == BackgroundRequest.State.FAILED
    ):
        return "bad", _("The e-mail could not be sent")
    if row.token_digest is None or (
        row.background_request is not None and not row.background_request.is_finished
    ):
        return "open", _("The e-mail is on its way")
    return "open", _("Waiting for an answer; sent by e-mail")


def without_second_factor(organisation: Organisation) -> tuple[list[str], int]:
    """Return the first members who have no second factor by name, and how many more there are."""
    rows = people_rows(organisation).filter(has_second_factor=False, user__is_active=True)
    first = [str(row.user) for row in rows[:_NAMED]]
    return first, rows.count() - len(first)


def role_name(role: Role) -> str:
    """Return the role's name, translated if it came with the hub."""
    return _(role.name) if role.built_in else role.name


def roles_of(organisation: Organisation) -> list[Role]:
    """Return the roles, built-in ones first."""
    return list(Role.objects.of(organisation).order_by("-built_in", "name"))


def levels_of(roles: list[Role]) -> dict[str, str]:
    """Return the level of each right of each role, under the name of its field in the matrix."""
    return {
        f"{role.pk}-{right.key}": rules.level_of(role.rights, right.key).value
        for role in roles
        for right in rules.rights_in_order()
    }


def matrix(
    organisation: Organisation, levels: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """
    Return rights as lines and roles as columns, each cell with the levels to choose from.

    :param levels: what is chosen, where that is not what is stored
    """
    roles = roles_of(organisation)
    levels = levels_of(roles) | dict(levels or {})
    return [
        {
            "name": _(right.name),
            "explanation": _(right.explanation),
            "cells": [
                {
                    "field": f"{role.pk}-{right.key}",
                    "role": role_name(role),
                    "label": f"{role_name(role)}: {_(right.name)}",
                    "level": _(rules.LEVEL_WORDS[rules.level_of(role.rights, right.key)]),
                    "choices": [
                        {
                            "value": level.value,
                            "label": _level_words(right, level),
                            "chosen": levels[f"{role.pk}-{right.key}"] == level.value,
                        }
                        for level in right.levels
                    ],
                }
                for role in roles
            ],
        }
        for right in rules.rights_in_order()
    ]


def _level_words(right: rules.Right, level: Level) -> str:
    if level is Level.WRITE and Level.READ not in right.levels:
        return _("Given")
    return _(rules.LEVEL_WORDS[level])
