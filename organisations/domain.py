"""
Rights: what a role may do. No Django, no database.

A role is a named set of rights; a right has a level. `none` hides the pages, `read` shows
them, `write` may change things. Some rights are only given or not (`none` and `write`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from connectors.registry import targets_of_journals
from connectors.words import gettext_noop as _


class Level(StrEnum):
    """How much of a right a role has."""

    NONE = "none"
    READ = "read"
    WRITE = "write"


LEVEL_WORDS = {Level.NONE: _("No access"), Level.READ: _("Read"), Level.WRITE: _("Read and change")}
_ORDER = {Level.NONE: 0, Level.READ: 1, Level.WRITE: 2}


@dataclass(frozen=True, slots=True)
class Right:
    """One thing that a role may be allowed to see or do."""

    key: str
    name: str
    explanation: str
    levels: tuple[Level, ...] = (Level.NONE, Level.READ, Level.WRITE)


ORGANISATION = "organisation"
VISMANET = "vismanet"
JOURNALS = "journals"
UNDO = "undo"
AUDIT = "audit"
BUSINESS = "business"
PAYMENTS_OVERVIEW = "payments_overview"
PAYMENTS_IMPORT = "payments_import"

_GIVEN_OR_NOT = (Level.NONE, Level.WRITE)

RIGHTS: tuple[Right, ...] = (
    Right(
        ORGANISATION,
        _("People, roles and companies"),
        _("Invite people, edit roles, debtors and companies."),
    ),
    Right(
        VISMANET,
        _("Visma.net integration"),
        _("Visma.net accounts and mappings. Changing means: create, authorise, disconnect, map."),
    ),
    Right(JOURNALS, _("Journals"), _("See journals. Changing means: import and send them.")),
    Right(
        UNDO,
        _("Undo journals"),
        _("Reverse a batch that is in the ledger, and send the journal anew."),
        _GIVEN_OR_NOT,
    ),
    Right(AUDIT, _("Audit trail"), _("See who did what."), (Level.NONE, Level.READ)),
    Right(
        BUSINESS,
        _("Visma Business integration"),
        _("See invoices and payments. Changing means: match and decide payments, block, compare."),
    ),
    Right(
        PAYMENTS_OVERVIEW,
        _("Fetch payments from the invoice overview"),
        _("Fetch payments for one invoice client."),
        _GIVEN_OR_NOT,
    ),
    Right(
        PAYMENTS_IMPORT,
        _("Fetch payments from the import menu"),
        _("Fetch payments for many invoice clients."),
        _GIVEN_OR_NOT,
    ),
)
RIGHT_BY_KEY = {right.key: right for right in RIGHTS}

BUILT_IN_ROLES: Mapping[str, Mapping[str, Level]] = {
    _("Administrator"): {
        ORGANISATION: Level.WRITE,
        VISMANET: Level.WRITE,
        JOURNALS: Level.WRITE,
        UNDO: Level.WRITE,
        AUDIT: Level.READ,
    },
    _("Payroll"): {
        ORGANISATION: Level.READ,
        VISMANET: Level.READ,
        JOURNALS: Level.WRITE,
    },
    _("Finance"): {JOURNALS: Level.READ},
    _("Auditor"): {
        ORGANISATION: Level.READ,
        VISMANET: Level.READ,
        JOURNALS: Level.READ,
        AUDIT: Level.READ,
        BUSINESS: Level.READ,
    },
}


def level_of(rights: Mapping[str, str], key: str) -> Level:
    """Return the level that the rights give for a key; a right not named is `none`."""
    return Level(rights.get(key, Level.NONE))


def allows(rights: Mapping[str, str], key: str, needed: Level) -> bool:
    """Return whether the rights reach the needed level of that key."""
    return _ORDER[level_of(rights, key)] >= _ORDER[needed]


def rights_to_change(vendor: str) -> tuple[str, ...]:
    """Return the rights that it takes, all of them, to change accounts at that vendor."""
    return (VISMANET,) if vendor in targets_of_journals() else (BUSINESS, ORGANISATION)


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


def digits_of(organisation_number: str) -> str:
    """
    Return an organisation number as bare digits.

    Swedish programs write a century prefix of 16 before the ten digits; it is dropped, so
    that `16555555-5555`, `555555-5555` and `5555555555` are the same company.
    """
    digits = "".join(c for c in organisation_number if c.isdigit())
    return digits[2:] if len(digits) == 12 and digits.startswith("16") else digits
