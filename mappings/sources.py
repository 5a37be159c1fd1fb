"""
Where payroll codes are known from, and who follows the first period. Higher layers register;
mapping only asks.

    from mappings.sources import code_sources
    code_sources.add(codes_of_imported_journals)     # in AppConfig.ready
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from background.registry import Registry
from mappings.models import Mapping


@dataclass(frozen=True, slots=True)
class CodeSeen:
    """
    A payroll code that some journal has brought.

    :param dimension: ``cost_centre`` or ``cost_unit``
    """

    dimension: str
    code: str
    name: str = ""


code_sources = Registry[Callable[[Mapping], Iterable[CodeSeen]]]()


def codes_seen(mapping: Mapping) -> dict[str, dict[str, str]]:
    """Return, per dimension, the payroll codes seen for the mapping's company, with names."""
    found: dict[str, dict[str, str]] = {}
    for source in code_sources:
        for seen in source(mapping):
            names = found.setdefault(seen.dimension, {})
            names[seen.code] = seen.name or names.get(seen.code, "")
    return found


@dataclass(frozen=True, slots=True)
class FirstPeriodEffect:
    """
    What another first period would change.

    :param before: runs that would count as booked before the hub, and do not now
    :param to_send: runs that count as booked before the hub now, and could be sent then
    """

    before: int = 0
    to_send: int = 0


class FollowsFirstPeriod(Protocol):
    """What must know of a mapping's first period."""

    def effect(self, mapping: Mapping, first_period: str) -> FirstPeriodEffect:
        """Return what that first period would change."""
        ...

    def changed(self, mapping: Mapping, *, now: datetime) -> None:
        """Follow the mapping's first period; called in the transaction that saves it."""
        ...


first_period_followers = Registry[FollowsFirstPeriod]()


def first_period_effect(mapping: Mapping, first_period: str) -> FirstPeriodEffect:
    """Return what that first period would change, in all."""
    found = [one.effect(mapping, first_period) for one in first_period_followers]
    return FirstPeriodEffect(sum(one.before for one in found), sum(one.to_send for one in found))
