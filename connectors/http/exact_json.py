"""JSON without rounding: amounts are Decimals, digit for digit."""

import re
from codecs import BOM_UTF8
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar, overload

import msgspec
from msgspec import Struct

T = TypeVar("T")
_LONGEST_NUMBER = 100
_in_digits = msgspec.json.Encoder(decimal_format="number")


def to_json(value: Any) -> bytes:
    """
    Return the value as JSON, with each Decimal as the number it is, digit for digit.

    A structure's fields have types, so its amounts are Decimals; anything else is looked through.

    :raises TypeError: if an amount is a float, which rounds
    :raises ValueError: if an amount is not finite
    """
    return _in_digits.encode(value if isinstance(value, Struct) else _exact(value))


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        raise TypeError("amounts are Decimal, never float")
    if isinstance(value, dict):
        return {key: _exact(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(member) for member in value]
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("an amount must be a finite number")
        return Decimal(format(value, "f"))  # 1000, where it says 1E+3
    return value


@lru_cache(maxsize=64)
def _decoder(shape: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(shape, float_hook=_number)


def _number(text: str) -> Decimal:
    """Return a fraction as it is written; one of a million figures is no amount of anybody."""
    number = Decimal(text)
    if len(text) > _LONGEST_NUMBER or abs(number.adjusted()) > _LONGEST_NUMBER:
        raise ValueError("a number with too many figures")
    return number


_NUL = rb"\u0000"
_NUL_ESCAPED = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


@overload
def from_json(body: bytes | msgspec.Raw) -> Any: ...


@overload
def from_json(body: bytes | msgspec.Raw, shape: type[T]) -> T: ...


def from_json(body: bytes | msgspec.Raw, shape: Any = Any) -> Any:
    """
    Return what the JSON says, with each fraction as a Decimal.

    :param shape: what it must be like, e.g. a structure; left out, anything will do
    :raises ValueError: if it is not JSON, or nested more deeply than any answer is
    :raises msgspec.ValidationError: if it is of another shape; it names the place
    """
    if isinstance(body, bytes):
        body = body.removeprefix(BOM_UTF8)  # some servers put it before their JSON
        if _NUL in body:
            # A text with this character cannot be stored by every database; no field means it.
            body = _NUL_ESCAPED.sub(rb"\1", body)
    try:
        return _decoder(shape).decode(body)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc
