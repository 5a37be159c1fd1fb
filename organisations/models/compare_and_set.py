"""One row changed only if it still is as it was read: the step that every claim is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import DEFAULT_DB_ALIAS, connections, models

from organisations.models.together import Answer, Statement, adapted, for_column, run_together


@dataclass(frozen=True, slots=True)
class Unless:
    """
    What other rows must not say at the moment of the change.

    :param sql: a condition on our own tables; the row's columns carry the name of its table
    :param values: of the condition's parameters, in their order
    """

    sql: str
    values: tuple[Any, ...]


class Change(Statement):
    """
    The UPDATE of one row, if what is expected of it still holds.

    It is what ``filter(pk=…, **expect).update(**changes)`` does, in one UPDATE that is put
    together once: with the query set, building it takes several times as long as running it,
    and a batch goes through six of them.

    :param expect: names of fields to the values that they must still have; None means NULL
    :param changes: names of fields to their new values
    :param unless: what must not hold when it is changed; asked in the same statement
    """

    def __init__(
        self,
        row: models.Model,
        *,
        expect: Mapping[str, Any],
        changes: Mapping[str, Any],
        unless: Unless | None = None,
    ) -> None:
        model, connection = type(row), connections[DEFAULT_DB_ALIAS]
        missing = tuple(name for name, value in expect.items() if value is None)
        compared = {name: value for name, value in expect.items() if value is not None}
        sql = _update(model, tuple(changes), tuple(compared), missing, unless and unless.sql)
        values = [*changes.items(), *compared.items()]
        params = [_for_column(model, name, value, connection) for name, value in values]
        params.append(row.pk)
        if unless is not None:
            params += [adapted(value, connection) for value in unless.values]
        super().__init__(sql, params)
        self._row, self._changes = row, changes

    def made(self) -> bool:
        """Run it, and say whether what was expected still held."""
        return self.was_made(run_together(self))

    def was_made(self, answer: Answer) -> bool:
        """
        Say whether it was made, and if so bring the row in memory up to date too.

        :param answer: of statements of which it was the last
        """
        if answer.count != 1:
            return False
        self.happened()
        return True

    def happened(self) -> None:
        """Bring the row in memory up to date with what was made."""
        for name, value in self._changes.items():
            setattr(self._row, name, value)


def compare_and_set(
    row: models.Model,
    *,
    expect: Mapping[str, Any],
    changes: Mapping[str, Any],
    unless: Unless | None = None,
) -> bool:
    """Make a :class:`Change`, and say whether what was expected still held."""
    return Change(row, expect=expect, changes=changes, unless=unless).made()


@lru_cache(maxsize=256)
def _update(
    model: type[models.Model],
    changed: tuple[str, ...],
    compared: tuple[str, ...],
    missing: tuple[str, ...],
    unless: str | None,
) -> str:
    quote = connections[DEFAULT_DB_ALIAS].ops.quote_name

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


def _for_column(model: type[models.Model], name: str, value: Any, connection: Any) -> Any:
    if isinstance(value, models.Model):
        value = value.pk
    return for_column(_field(model, name), value, connection)


@lru_cache(maxsize=256)
def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    field = model._meta.get_field(name)
    if not isinstance(field, models.Field):
        raise FieldDoesNotExist(f"{name} is no column of {model.__name__}")
    return field
