"""
Strict reading of an answer: a field that is missing or odd is named, and nothing is guessed.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.base import ZERO
from connectors.errors import BadAnswer
from connectors.vismanet.errors import VENDOR

CENT = Decimal("0.01")
MOST_DIGITS = 28
"""Of an amount, and of its decimals: as many as are kept when amounts are added."""

Where = str | tuple[object, ...]
"""A place in an answer: its words, or the parts that they are made of."""


def bad(where: Where, field: str, found: object) -> BadAnswer:
    """Return the failure that names the field that cannot be read; not its whole value."""
    place = where if isinstance(where, str) else " ".join(map(str, where))
    return BadAnswer(vendor=VENDOR, detail=f"{place}: field {field!r} is {str(found)[:60]!r}")


_MISSING = "missing"


def text(item: Mapping[str, Any], field: str, *, where: Where) -> str:
    """Return the field's text without outer blanks; it must say something."""
    value = item.get(field, _MISSING) if field in item else None
    if not isinstance(value, str) or not value.strip():
        raise bad(where, field, _MISSING if value is None else value)
    return value.strip()


def text_or_empty(item: Mapping[str, Any], field: str, *, where: Where) -> str:
    """Return the field's text without outer blanks; the vendor leaves out what is empty."""
    value = item.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise bad(where, field, value)
    return value.strip()


def flag(item: Mapping[str, Any], field: str, *, where: Where) -> bool:
    """Return the field, which must be true or false."""
    value = item.get(field, _MISSING)
    if not isinstance(value, bool):
        raise bad(where, field, value)
    return value


def integer(item: Mapping[str, Any], field: str, *, where: Where) -> int:
    """Return the field, which must be a whole number."""
    value = item.get(field, _MISSING)
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad(where, field, value)
    return value


def amount(value: object, field: str, *, where: Where) -> Decimal:
    """
    Return the value of the field, a number: with two decimals, or with all that it has.

    A journal of ours never has more than two. What others booked may have, and must not keep
    what is ours from being found; a line of ours that has come to have more is another amount.
    """
    if type(value) is Decimal:
        if not value:
            return ZERO  # as one side of each line is
        exact = value
    elif isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise bad(where, field, value if value == _MISSING else "not a number")
    else:
        exact = Decimal(value)
    try:
        rounded = exact.quantize(CENT)
    except InvalidOperation as exc:
        raise bad(where, field, "too large a number") from exc
    if rounded == exact:
        return rounded
    _sign, digits, exponent = exact.as_tuple()
    if max(len(digits), -int(exponent)) > MOST_DIGITS:
        raise bad(where, field, f"a number with more than {MOST_DIGITS} digits")
    return exact


def day(item: Mapping[str, Any], field: str, *, where: Where) -> date:
    """Return the day of the field's date and time."""
    written = text(item, field, where=where)
    try:
        return datetime.fromisoformat(written).date()
    except ValueError as exc:
        raise bad(where, field, written) from exc


def members(item: Mapping[str, Any], field: str, *, where: str) -> list[Mapping[str, Any]]:
    """Return the field, a list of JSON objects."""
    return objects(item.get(field, _MISSING), where=f"{where}.{field}")


def an_object(content: Any, *, where: Where) -> Mapping[str, Any]:
    """Return the content, which must be one JSON object without an `errorInfo`."""
    if not isinstance(content, dict):
        raise bad(where, "(all)", type(content).__name__)
    if content.get("errorInfo"):
        raise bad(where, "errorInfo", content["errorInfo"])
    return content


def objects(content: Any, *, where: Where) -> list[Mapping[str, Any]]:
    """Return the content, which must be a list of JSON objects without an `errorInfo`."""
    if not isinstance(content, list):
        raise bad(where, "(all)", content if isinstance(content, str) else type(content).__name__)
    return [an_object(member, where=where) for member in content]


def exact_text(item: Mapping[str, Any], field: str, *, where: Where) -> str:
    """Return the exact text: `2`, `0002` and `2 ` are three values."""
    value = item.get(field, _MISSING)
    if not isinstance(value, str) or field not in item:
        raise bad(where, field, value)
    return value
