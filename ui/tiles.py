"""The tiles of the home page: each app registers those of its own."""

from collections.abc import Callable
from typing import Any

Tiles = Callable[[Any], list[dict[str, Any]]]
"""Given a membership, returns the tiles it may see: label, value, note, url, tone."""

TILES: list[Tiles] = []


def register(tiles: Tiles) -> None:
    """Show these tiles on the home page too."""
    if tiles not in TILES:
        TILES.append(tiles)
