"""Fields of PowerOffice Go's answers, read strictly: what is missing or odd is named."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.bounds import LARGEST_AMOUNT, as_text, is_day
from connectors.errors import BadAnswer
from connectors.powerofficego.errors import VENDOR

CENT = Decimal("0.01")
_ROUNDING = Decimal("0.001")
Item = Mapping[str, Any]


def bad(where: str, field: str, found: object) -> BadAnswer:
    """Return the failure that names the field that cannot be read; not its whole value."""
    return BadAnswer(vendor=VENDOR, detail=f"{where}: field {field!r} is {str(found)[:60]!r}")


def an_object(content: Any, *, where: str) -> dict[str, Any]:
    """Return the content, which must be one JSON object, with its keys in lower case."""
    if not isinstance(content, dict):
        raise bad(where, "(all)", type(content).__name__)
    return {key.lower(): value for key, value in content.items()}


def objects(content: Any, *, where: str) -> list[dict[str, Any]]:
    """Return the content, which must be a list of JSON objects."""
    if not isinstance(content, list):
        raise bad(where, "(all)", type(content).__name__)
    return [an_object(member, where=where) for member in content]


def text(item: Item, field: str, *, where: str) -> str:
    """Return text, or a number as text: invoice numbers are the one here and the other there."""
    value = item.get(field.lower())
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise bad(where, field, "missing" if value is None else value)
    return as_text(value).strip()


def text_or_empty(item: Item, field: str, *, where: str) -> str:
    value = item.get(field.lower())
    return "" if value is None or value == "" else text(item, field, where=where)


def whole(item: Item, field: str, *, where: str) -> int:
    value = item.get(field.lower())
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad(where, field, "missing" if value is None else value)
    return value


def flag(item: Item, field: str, *, where: str) -> bool:
    """Return yes or no; the vendor's own default is no."""
    value = item.get(field.lower())
    if value is not None and not isinstance(value, bool):
        raise bad(where, field, value)
    return bool(value)


def amount(item: Item, field: str, *, where: str, largest: Decimal = LARGEST_AMOUNT) -> Decimal:
    """Return an amount; a double may be off by its own rounding, and not by more."""
    value = item.get(field.lower())
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise bad(where, field, "missing" if value is None else "not a number")
    try:
        amount = Decimal(value).quantize(CENT)
    except InvalidOperation as exc:
        raise bad(where, field, "too large a number") from exc
    if abs(amount - Decimal(value)) > _ROUNDING:
        raise bad(where, field, "a number with more than two decimals")
    if abs(amount) > largest:
        raise bad(where, field, "too large a number")
    return amount


def day(item: Item, field: str, *, where: str) -> date:
    found = day_or_none(item, field, where=where)
    if found is None:
        raise bad(where, field, item.get(field.lower()) or "missing")
    return found


def day_or_none(item: Item, field: str, *, where: str) -> date | None:
    """Return a day; a date of year 1 is how the vendor writes none."""
    text = text_or_empty(item, field, where=where)
    if not text:
        return None
    try:
        found = date.fromisoformat(text[:10])
    except ValueError as exc:
        raise bad(where, field, text) from exc
    if found.year == 1:
        return None
    if not is_day(found):
        raise bad(where, field, text)
    return found


def moment_or_none(item: Item, field: str, *, where: str) -> datetime | None:
    text = text_or_empty(item, field, where=where)
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as exc:
        raise bad(where, field, text) from exc


def identity(item: Item, *, where: str) -> str:
    """Return the vendor's own id of a thing."""
    return text(item, "Id", where=where)
