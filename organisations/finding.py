"""Finding any one thing by its number or name: each app registers how its own are found."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise

from background.registry import Registry
from connectors.organisation_numbers import digits_of
from organisations.models import Company, Membership, Organisation
from organisations.rules import Level

SHORTEST = 2
_MOST = 8


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was found."""

    title: str
    detail: str
    url: str


@dataclass(frozen=True, slots=True)
class Finder:
    """
    How one kind of thing is found.

    :param right: who may read that finds
    :param find: returns the best matches in an organisation, at most so many
    """

    right: str
    heading: str | Promise
    find: Callable[[Organisation, str, int], list[Found]]


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one kind."""

    heading: str
    found: list[Found]
    has_more: bool


FINDERS = Registry[Finder]()


def find(membership: Membership, text: str) -> list[Group]:
    """Return what fits a number or the part of a name, for the rights of that person."""
    text = " ".join(text.split())[:80]
    if len(text) < SHORTEST:
        return []
    groups = []
    for finder in FINDERS:
        if not membership.role.allows(finder.right, Level.READ):
            continue
        found = finder.find(membership.organisation, text, _MOST + 1)
        if found:
            groups.append(Group(str(finder.heading), found[:_MOST], len(found) > _MOST))
    return groups


def companies(organisation: Organisation, text: str, most: int) -> list[Found]:
    """Return the companies of that number or organisation number, or with that in their name."""
    named = Q(number=text) | Q(name__icontains=text)
    if digits := digits_of(text):
        named |= Q(organisation_number=digits)
    rows = Company.objects.of(organisation).filter(named).order_by("name", "pk")[:most]
    return [
        Found(
            title=f"{company.number} {company.name}",
            detail=company.organisation_number,
            url=reverse("organisations:company", args=[company.pk]),
        )
        for company in rows
    ]
