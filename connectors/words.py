"""Texts without Django: the page that shows them translates them and writes their numbers."""

from collections.abc import Mapping
from decimal import Decimal

SUMS = "sums"
"""Among stored parameters: the names of those that are sums of the hub's own."""


def gettext_noop(text: str) -> str:
    """Return the text unchanged; the name tells the translation tools to collect it."""
    return text


def texts_of(values: Mapping[str, object]) -> dict[str, str]:
    """
    Return what fills a text, to be stored: a Decimal is a sum of the hub's own.

    The page writes those as its reader does. What is quoted comes as text, and stays as it is.
    """
    texts = {name: str(value) for name, value in values.items()}
    sums = [name for name, value in values.items() if isinstance(value, Decimal)]
    return texts | ({SUMS: " ".join(sums)} if sums else {})
