"""One row changed only if it still is as it was read: the step that every claim is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import connections, models, router


@dataclass(frozen=True, slots=True)
class Unless:
    """
    What other rows must not say at the moment of the change.

    :param sql: a condition on our own tables with one parameter, a time; the row's columns
        carry the name of its table
    :param at: the time
    """

    sql: str
    at: datetime


def compare_and_set(
    row: models.Model,
    *,
    expect: Mapping[str, Any],
    changes: Mapping[str, Any],
    unless: Unless | None = None,
) -> bool:
    """
    Change the row's columns if the expected ones still hold; say whether they did.

    It is what ``filter(pk=…, **expect).update(**changes)`` does, in one UPDATE that is put
    together once: with the query set, building it takes several times as long as running it,
    and a batch goes through six of them. The row in memory is brought up to date too.

    :param expect: names of fields to the values that they must still have; None means NULL
    :param changes: names of fields to their new values
    :param unless: what must not hold when it is changed; asked in the same statement
    """
    model = type(row)
    connection = connections[router.db_for_write(model)]
    missing = tuple(name for name, value in expect.items() if value is None)
    compared = {name: value for name, value in expect.items() if value is not None}
    sql = _update(
        model, connection.alias, tuple(changes), tuple(compared), missing, unless and unless.sql
    )
    values = [*changes.items(), *compared.items()]
    params = [_stored(model, name, value, connection) for name, value in values]
    params.append(row.pk)
    if unless is not None:
        params.append(connection.ops.adapt_datetimefield_value(unless.at))
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        if cursor.rowcount != 1:
            return False
    for name, value in changes.items():
        setattr(row, name, value)
    return True


@lru_cache(maxsize=256)
def _update(
    model: type[models.Model],
    alias: str,
    changed: tuple[str, ...],
    compared: tuple[str, ...],
    missing: tuple[str, ...],
    unless: str | None,
) -> str:
    quote = connections[alias].ops.quote_name

    def column(name: str) -> str:
        return str(quote(_field(model, name).get_attname_column()[1] or name))

    sets = ", ".join(f"{column(name)} = %s" for name in changed)
    holds = [f"{column(name)} = %s" for name in compared]
    holds += [f"{column(name)} IS NULL" for name in missing]
    holds.append(f"{column(model._meta.pk.name)} = %s")
    holds += [f"NOT ({unless})"] if unless else []
    table = quote(model._meta.db_table)
    # Names of our own tables and columns only; every value is a parameter.
    return f"UPDATE {table} SET {sets} WHERE {' AND '.join(holds)}"  # noqa: S608


def _stored(model: type[models.Model], name: str, value: Any, connection: Any) -> Any:
    if isinstance(value, models.Model):
        value = value.pk
    return _field(model, name).get_db_prep_save(value, connection=connection)


def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    field = model._meta.get_field(name)
    if not isinstance(field, models.Field):
        raise FieldDoesNotExist(f"{name} is no column of {model.__name__}")
    return field
