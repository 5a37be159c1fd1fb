"""
What a target knows, as text and back: nothing is rounded, nothing is guessed.

The shapes are walked by their declarations, so a field that is added to `connectors.base`
is stored without a line here. Text written before a field existed reads with its default.
"""

import json
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from functools import lru_cache
from typing import Any, get_args, get_origin, get_type_hints

from connectors.base import LedgerFacts


class UnreadableFacts(ValueError):
    """The stored text is not of this shape; the target must be read again."""


def facts_to_json(facts: LedgerFacts) -> str:
    """Return the facts as JSON text; dates as ``YYYY-MM-DD``."""
    return json.dumps(_plain(facts), ensure_ascii=False, separators=(",", ":"))


def facts_from_json(text: str) -> LedgerFacts:
    """
    Return the facts that `facts_to_json` wrote.

    :raises UnreadableFacts: if the text is something else
    """
    try:
        facts: LedgerFacts = _shaped(LedgerFacts, json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise UnreadableFacts(str(exc)) from exc
    return facts


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str | int | bool) or value is None:
        return value
    raise TypeError(f"facts hold a {type(value).__name__}, which has no exact JSON form here")


@lru_cache(maxsize=32)
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _shaped(kind: Any, value: Any) -> Any:
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        given = {}
        for item in fields(kind):
            if item.name in value:
                given[item.name] = _shaped(hints[item.name], value[item.name])
            elif item.default is MISSING and item.default_factory is MISSING:
                raise KeyError(item.name)
        return kind(**given)
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        return tuple(_shaped(inner, item) for item in value)
    if kind is date:
        return date.fromisoformat(value)
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is not a {kind.__name__}")
    return value
