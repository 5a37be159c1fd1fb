"""
Finding what was meant among what the target has: dimensions by description, values by code.

A dimension is recognised by its description (S7): case and outer blanks do not matter.
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.base import Dimension

SAME, PADDED, TABLE = "same", "padded", "table"

_SUGGESTIONS = 3
_NEAR_ENOUGH = 0.6
_NEAR_ENOUGH_DIMENSION = 0.3
_CALLED = {
    "cost_centre": (
        *("kostnadsställe", "avdelning"),
        *("kostnadssted", "avdeling"),
        *("cost centre", "cost center", "department"),
        *("kustannuspaikka", "kostenplaats"),
    ),
    "cost_unit": (
        *("kostnadsbärare", "kostnadsenhet", "projekt"),
        *("kostnadsbærer", "prosjekt"),
        *("cost unit", "project"),
        *("kostendrager",),
    ),
}
"""What offices call them, in small letters."""


@dataclass(frozen=True, slots=True)
class Suggested:
    """Something that may have been meant instead."""

    value: str
    name: str


class NoSuchDimension(LookupError):
    """No dimension has that description. `near` are those that may have been meant."""

    def __init__(self, description: str, near: tuple[str, ...]) -> None:
        self.description, self.near = description, near
        super().__init__(f"{description!r}; nearest: {', '.join(near) or 'none'}")


def find_dimension(description: str, dimensions: Iterable[Dimension]) -> Dimension:
    """
    Return the dimension with that description.

    :raises NoSuchDimension: with the nearest right ones, best first
    """
    known = [item for item in dimensions if item.description.strip()]
    for dimension in known:
        if same_text(dimension.description, description):
            return dimension
    names = {item.description.strip().casefold(): item.description.strip() for item in known}
    close = difflib.get_close_matches(
        description.strip().casefold(), list(names), _SUGGESTIONS, _NEAR_ENOUGH_DIMENSION
    )
    # Two or three dimensions are all there are: when none is close, any may be meant.
    near = [names[key] for key in close] or list(names.values())
    raise NoSuchDimension(description.strip(), tuple(near[:_SUGGESTIONS]))


def likely_dimensions(dimensions: Iterable[Dimension]) -> dict[str, str]:
    """
    Return which dimension is by its description the cost centre, and which the cost unit.

    What two dimensions could be is not guessed, nor what none is called.
    """
    names = [item.description.strip() for item in dimensions if item.description.strip()]
    found = {}
    for key, called in _CALLED.items():
        fits = [name for name in names if any(word in name.casefold() for word in called)]
        if len(fits) == 1:
            found[key] = fits[0]
    return {key: name for key, name in found.items() if list(found.values()).count(name) == 1}


def same_text(one: str, other: str) -> bool:
    """Say whether two descriptions are the same but for case and outer blanks."""
    return one.strip().casefold() == other.strip().casefold()


def value_for(code: str, *, rule: str, length: int, table: dict[str, str]) -> str | None:
    """
    Return the target's value for a payroll code, or None if a table has no line for it.

    :param length: of the dimension; 0 = unknown, then nothing is padded
    """
    code = code.strip()
    if rule == TABLE:
        return table.get(code)
    return code.zfill(length) if rule == PADDED else code


def nearest(wanted: str, choices: Sequence[tuple[str, str]]) -> tuple[Suggested, ...]:
    """
    Return up to three choices that may have been meant: by number first, then by name.

    Numbers that differ only by leading zeros come before all others.
    """
    names = dict(choices)
    order: dict[str, None] = {}
    bare = wanted.strip().lstrip("0").casefold()
    for number, name in choices:
        if bare and (number.strip().lstrip("0").casefold() == bare or same_text(name, wanted)):
            order[number] = None
    for number in difflib.get_close_matches(wanted, list(names), _SUGGESTIONS, _NEAR_ENOUGH):
        order[number] = None
    by_name = {name.casefold(): number for number, name in choices if name}
    for name in difflib.get_close_matches(
        wanted.casefold(), list(by_name), _SUGGESTIONS, _NEAR_ENOUGH
    ):
        order[by_name[name]] = None
    return tuple(Suggested(number, names[number]) for number in list(order)[:_SUGGESTIONS])
