"""The actions that the trail knows in words: each app registers those of its own."""

from collections.abc import Mapping

ACTIONS: dict[str, str] = {}
"""Stable names of actions to their words, to be translated."""
AREAS: dict[str, tuple[int, str]] = {}
"""What the filter of the trail offers: order and words."""
_areas_of: dict[str, set[str]] = {}


def register_area(area: str, words: str, *, order: int) -> None:
    """Let the trail be filtered by an area."""
    AREAS[area] = (order, words)


def register(area: str, actions: Mapping[str, str]) -> None:
    """
    Add actions to an area; an area may have actions of several apps.

    :raises ValueError: if an action has other words already
    """
    for action, words in actions.items():
        if ACTIONS.setdefault(action, words) != words:
            raise ValueError(f"the action {action!r} is registered already")
        _areas_of.setdefault(area, set()).add(action.partition(".")[0])


def prefixes_of(area: str) -> list[str]:
    """Return the first words of the actions that belong to an area."""
    return sorted(_areas_of.get(area, ()))


def in_order() -> list[tuple[str, str]]:
    """Return the areas and their words, as the filter lists them."""
    return [(area, words) for area, (_order, words) in sorted(AREAS.items(), key=lambda a: a[1])]
