"""Amounts that every database adds up exactly: whole numbers of ten-thousandths."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import ExpressionWrapper, F, IntegerField, Q, Sum

PLACES = 4

if TYPE_CHECKING:
    _BigIntegerField = models.BigIntegerField[Any, Any]
else:
    _BigIntegerField = models.BigIntegerField


def stored(amount: Decimal) -> int:
    """
    Return an amount as it is stored.

    :raises ValueError: if it has more than four decimals, since nothing is rounded, or does not
        fit into 64 bits: more than nine thousand of the largest amounts together
    """
    units = amount.scaleb(PLACES)
    if not abs(units) < 2**63:
        raise ValueError(f"{amount} does not fit into 64 bits")
    whole = int(units)
    if whole != units:
        raise ValueError(f"{amount} has more than {PLACES} decimals")
    return whole


def amount_of(value: int | Decimal) -> Decimal:
    """Return a stored amount, with two decimals unless it needs more."""
    units = int(value)
    if units % 100 == 0:
        return Decimal(units // 100).scaleb(-2)
    return Decimal(units).scaleb(-PLACES)


class MoneyField(_BigIntegerField):
    """
    A Decimal in Python, a whole number in the database.

    SQLite has no exact decimals: a SUM over its numeric columns is one of floats. A sum of
    whole numbers is exact on every database, so totals can be left to it.
    """

    description = "Amount"
    if TYPE_CHECKING:
        _pyi_private_set_type: Any
        _pyi_private_get_type: Any
        _pyi_lookup_exact_type: Any

    def get_prep_value(self, value: Any) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        if isinstance(value, float):
            raise TypeError("an amount is a Decimal, never a float")
        return stored(Decimal(value))

    def from_db_value(self, value: int | Decimal | None, *_: object) -> Decimal | None:
        return None if value is None else amount_of(value)

    def to_python(self, value: Any) -> Any:
        if value is None or isinstance(value, Decimal):
            return value
        try:
            return Decimal(str(value))
        except ArithmeticError as exc:
            raise ValidationError("not an amount") from exc


def total_of(column: str, *, filter: Q | None = None) -> "ExpressionWrapper[Any]":
    """
    Return a sum of amounts that no number of rows makes fail.

    SQLite answers a sum beyond 64 bits with an error. Thousands of millions and what is left of
    them are added up apart; only where both together are beyond 64 bits, which no door lets in,
    is the total a rounded one.
    """
    apart = 10**9
    whole = Sum(F(column) / apart, filter=filter, output_field=IntegerField())
    rest = Sum(F(column) % apart, filter=filter, output_field=IntegerField())
    return ExpressionWrapper(whole * apart + rest, output_field=MoneyField())
