"""
Statements whose SQL is made once, for what is done for every batch.

The object-relational mapper puts the SQL of a query set together anew each time, which takes
five times as long as running it. Here the query set is written down once, with parameters in
place of values, and each thread keeps what was made of it.
"""

import threading
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import chain
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.sql import UpdateQuery

from organisations.models import by_name
from organisations.models.together import Statement, adapted, for_column, run_together

R = TypeVar("R")


class Param(models.Expression):
    """Stands in a query set for a value that is told when it is run; never for None."""

    def __init__(self, name: str) -> None:
        super().__init__(output_field=models.Field())
        self.name = name

    def as_sql(self, _compiler: Any, _connection: Any) -> Any:
        """Return a place for the value, and in the place of the value itself."""
        return "%s", [self]


def _filled(params: tuple[Any, ...], values: dict[str, Any], connection: Any) -> list[Any]:
    return [
        adapted(values[param.name], connection) if isinstance(param, Param) else param
        for param in params
    ]


def _with_constants(
    sql: str, params: Iterable[Any], connection: Any
) -> tuple[str, tuple[Any, ...]]:
    """
    Return the words with every value that is always the same written out, and the parameters left.

    PostgreSQL's server plans words that it keeps for any value of a parameter, and an index on
    some of the states is of use only where those are known. SQLite sees the values.
    """
    if connection.vendor != "postgresql":
        return sql, tuple(params)
    connection.ensure_connection()
    words, *others = sql.split("%s")
    left = []
    with connection.connection.cursor() as cursor:
        for param, part in zip(params, others, strict=True):
            if isinstance(param, Param):
                left.append(param)
                words += "%s" + part
            else:
                words += cursor.mogrify("%s", [param]).decode().replace("%", "%%") + part
    return words, tuple(left)


T = TypeVar("T")


class _Kept(Generic[T]):
    """
    What was made for the present thread's connection to the database, made when it is wanted.

    A thread may get another one, and what was made for the first would go on to ask that.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._of_thread = threading.local()

    def get(self, alias: str) -> T:
        """Return what belongs to the connection of that name."""
        connection = connections[alias]
        kept: tuple[Any, T] | None = getattr(self._of_thread, "kept", None)
        if kept is None or kept[0] is not connection:
            kept = self._of_thread.kept = (connection, self._make(connection))
        return kept[1]


class PreparedQuery(Generic[R]):
    """
    A query set with parameters.

    :param make: returns the query set, e.g. ``Lease.objects.filter(key=Param("key"))``
    """

    def __init__(self, make: "Callable[[], models.QuerySet[Any, R]]") -> None:
        self._make = make
        self._kept = _Kept(self._prepare)

    def all(self, **values: Any) -> list[R]:
        """Return what the query set gives with those values."""
        queryset, run_with = self._kept.get(DEFAULT_DB_ALIAS)

        def run() -> list[R]:
            run_with(values)
            return list(queryset._iterable_class(queryset))

        return by_name.or_in_full(run)

    def first(self, **values: Any) -> R | None:
        """Return the first of it, or None; the query set itself says how many are read."""
        found = self.all(**values)
        return found[0] if found else None

    def _prepare(self, connection: Any) -> tuple[Any, Callable[[dict[str, Any]], None]]:
        """Return the query set with a compiler that has done its work, and how it gets values."""
        queryset: Any = self._make().using(connection.alias)
        compiler = queryset.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        sql, params = _with_constants(sql, params, connection)
        # All that the mapper works out for each run and that is the same each time.
        converters = compiler.get_converters([one[0] for one in compiler.select])
        compiler.get_converters = lambda _expressions: converters
        queryset.query.get_compiler = lambda *_names, **_more: compiler

        def run_with(values: dict[str, Any]) -> None:
            filled, words = _filled(params, values, connection), sql
            if connection.vendor == "postgresql":
                words = "; ".join(chain.from_iterable(by_name.calls_of((sql, len(params)))))
            compiler.as_sql = lambda **_options: (words, filled)

        return queryset, run_with


class PreparedUpdate:
    """
    An UPDATE with parameters.

    :param make: returns the rows as a query set, and the changes by field
    """

    def __init__(
        self, make: "Callable[[], tuple[models.QuerySet[Any, Any], dict[str, Any]]]"
    ) -> None:
        self._make = make
        self._kept = _Kept(self._prepare)

    def run(self, *, may_be_lost: bool = False, **values: Any) -> int:
        """Change the rows, and return how many there were; see `run_together`."""
        return run_together(self.statement(**values), may_be_lost=may_be_lost).count

    def statement(self, **values: Any) -> Statement:
        """Return it with those values, to be run together with others."""
        sql, params, connection = self._kept.get(DEFAULT_DB_ALIAS)
        return Statement(sql, _filled(params, values, connection))

    def _prepare(self, connection: Any) -> tuple[str, tuple[Any, ...], Any]:
        rows, changes = self._make()
        query: Any = rows.query.chain(UpdateQuery)
        query.add_update_values(changes)
        sql, params = query.get_compiler(connection=connection).as_sql()
        return *_with_constants(sql, params, connection), connection


class Insertion(Statement):
    """
    The INSERT of a new row, as ``save(force_insert=True)`` makes it, without signals.

    :param only_if: another row that must be there as it is described; else nothing is stored
    """

    def __init__(self, row: models.Model, *, only_if: "There | None" = None) -> None:
        model, connection = type(row), connections[DEFAULT_DB_ALIAS]
        params = [
            for_column(field, field.pre_save(row, add=True), connection)
            for field in _fields_without_key(model)
        ]
        if only_if is not None:
            params += [adapted(value, connection) for value in only_if.values]
        told = only_if and (only_if.model, only_if.names)
        super().__init__(_insert(model, told), params)
        self._row = row

    def happened(self, key: Any) -> None:
        """Give the row in memory the key that it was stored with."""
        self._row.pk = key
        self._row._state.adding, self._row._state.db = False, DEFAULT_DB_ALIAS


class There:
    """A row with these values, by the names of columns that are no relations."""

    def __init__(self, model: type[models.Model], **values: Any) -> None:
        self.model, self.names, self.values = model, tuple(values), tuple(values.values())


def insert(row: models.Model) -> None:
    """Store a new row and set its key; see :class:`Insertion`."""
    insertion = Insertion(row)
    insertion.happened(run_together(insertion).only[0])


@lru_cache(maxsize=16)
def _fields_without_key(model: type[models.Model]) -> "tuple[models.Field[Any, Any], ...]":
    return tuple(field for field in model._meta.concrete_fields if not field.primary_key)


@lru_cache(maxsize=16)
def _insert(
    model: type[models.Model],
    only_if: tuple[type[models.Model], tuple[str, ...]] | None,
) -> str:
    quote = connections[DEFAULT_DB_ALIAS].ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in _fields_without_key(model))
    places = ", ".join("%s" for _ in _fields_without_key(model))
    table, key = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    values = f"VALUES ({places})"
    if only_if is not None:
        other, columns = only_if
        holds = " AND ".join(f"{quote(name)} = %s" for name in columns)
        there = quote(other._meta.db_table)
        values = f"SELECT {places} WHERE EXISTS (SELECT 1 FROM {there} WHERE {holds})"  # noqa: S608
    # Names of our own tables and columns only; every value is a parameter.
    return f"INSERT INTO {table} ({names}) {values} RETURNING {key}"
