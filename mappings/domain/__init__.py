"""The rules of mapping: no Django, no database, no clock."""

from mappings.domain.dimensions import (
    NoSuchDimension,
    Suggested,
    find_dimension,
    nearest,
    same_text,
    value_for,
)
from mappings.domain.facts import UnreadableFacts, facts_from_json, facts_to_json

__all__ = [
    "NoSuchDimension",
    "Suggested",
    "UnreadableFacts",
    "facts_from_json",
    "facts_to_json",
    "find_dimension",
    "nearest",
    "same_text",
    "value_for",
]
