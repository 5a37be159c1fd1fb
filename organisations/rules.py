"""
Rights: what a role may do. No Django, no database.

A role is a named set of rights; a right has a level. `none` hides the pages, `read` shows
them, `write` may change things. Some rights are only given or not (`none` and `write`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connectors.words import gettext_noop as _


class Level(StrEnum):
    """How much of a right a role has."""

    NONE = "none"
    READ = "read"
    WRITE = "write"


GIVEN_OR_NOT = (Level.NONE, Level.WRITE)
LEVEL_WORDS = {Level.NONE: _("No access"), Level.READ: _("Read"), Level.WRITE: _("Read and change")}
_ORDER = {Level.NONE: 0, Level.READ: 1, Level.WRITE: 2}


@dataclass(frozen=True, slots=True)
class Right:
    """One thing that a role may be allowed to see or do."""

    key: str
    name: str
    explanation: str
    order: int
    levels: tuple[Level, ...] = (Level.NONE, Level.READ, Level.WRITE)
    built_in: Mapping[str, Level] = field(default_factory=dict)
    """What each built-in role has of it when an organisation is made."""


ORGANISATION = "organisation"
AUDIT = "audit"

ADMINISTRATOR, PAYROLL, FINANCE, AUDITOR = (
    _("Administrator"),
    _("Payroll"),
    _("Finance"),
    _("Auditor"),
)
BUILT_IN_ROLES: dict[str, dict[str, Level]] = {
    ADMINISTRATOR: {},
    PAYROLL: {},
    FINANCE: {},
    AUDITOR: {},
}
"""What the roles of a new organisation may do; apps add their rights to it."""

RIGHT_BY_KEY: dict[str, Right] = {}


def register(*rights: Right) -> None:
    """
    Let roles have these rights, and the built-in roles of new organisations as far as they say.

    :raises ValueError: if another right has the key already
    """
    for right in rights:
        if RIGHT_BY_KEY.setdefault(right.key, right) != right:
            raise ValueError(f"there is another right {right.key!r}")
        for role, level in right.built_in.items():
            BUILT_IN_ROLES[role][right.key] = level


def rights_in_order() -> list[Right]:
    """Return all rights as the matrix of roles lists them."""
    return sorted(RIGHT_BY_KEY.values(), key=lambda right: right.order)


def level_of(rights: Mapping[str, str], key: str) -> Level:
    """Return the level that the rights give for a key; a right not named is `none`."""
    return Level(rights.get(key, Level.NONE))


def allows(rights: Mapping[str, str], key: str, needed: Level) -> bool:
    """Return whether the rights reach the needed level of that key."""
    return _ORDER[level_of(rights, key)] >= _ORDER[needed]


def check_rights(rights: Mapping[str, str]) -> dict[str, str]:
    """
    Return the rights with unknown keys refused and `none` left out.

    :raises ValueError: naming a right or level that does not exist
    """
    clean: dict[str, str] = {}
    for key, value in rights.items():
        right = RIGHT_BY_KEY.get(key)
        if right is None:
            raise ValueError(f"there is no right {key!r}")
        level = Level(value)
        if level not in right.levels:
            raise ValueError(f"the right {key!r} has no level {value!r}")
        if level is not Level.NONE:
            clean[key] = level.value
    return clean
