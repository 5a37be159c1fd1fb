"""
Many new rows at once: COPY on PostgreSQL, one prepared statement on SQLite.

Django's `bulk_create` writes the SQL of each value of each row anew; for a page of payments that
was two thirds of the time, and the database's own work a sixth. A COPY is fed in portions: the
server stores the former one while the next is made.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, connection, models

if TYPE_CHECKING:
    Field = models.Field[Any, Any]
else:
    Field = models.Field
Row = tuple[Any, ...]
_AT_ONCE = 100
"""Rows that a COPY is fed at once; SQLite runs in our own process and gains nothing by portions."""
_KINDS = (
    models.CharField,
    models.TextField,
    models.IntegerField,
    models.DateField,
    models.BooleanField,
    models.ForeignKey,
    models.JSONField,
)
"""The fields whose prepared values stand in CSV as they read in Python."""
_TEXTS = (models.CharField, models.TextField)
_AS_THEY_ARE = {
    models.CharField,
    models.TextField,
    models.ForeignKey,
    models.OneToOneField,
    models.IntegerField,
    models.BigIntegerField,
    models.PositiveSmallIntegerField,
}
"""Of those, the ones whose values the database takes without asking the field; no subclass."""


def insert(
    model: type[models.Model],
    names: Sequence[str],
    rows: Iterable[Row],
    *,
    number: int,
    **same: Any,
) -> list[int]:
    """
    Insert new rows of a model, in a transaction, and return their primary keys in their order.

    As with `bulk_create` no signal is sent and `save` is not called; the database's constraints
    hold. Text columns that may be NULL are not supported: CSV cannot tell NULL from "".

    :param names: the columns of a row, `client_id` for a foreign key
    :param rows: may be made as they are asked for, without a statement of their own
    :param number: how many rows there are
    :param same: columns with one value for all rows; those that are nowhere get their default
    :raises TypeError: if a column is unknown or cannot be written like this
    :raises ValueError: if there are more or fewer rows
    """
    if not connection.in_atomic_block:
        raise TypeError("rows are inserted within a transaction")
    fields = _fields(model)
    unknown = {*names, *same} - fields.keys()
    if unknown:
        raise TypeError(f"{model.__name__} has no {', '.join(sorted(unknown))}")
    if not number:
        return []
    keys = _new_keys(model, number)
    all_: dict[Field, Any] = {}
    for name in fields.keys() - set(names):
        value = same[name] if name in same else fields[name].get_default()
        all_[fields[name]] = _one(fields[name], value)
    # A column that is not named is NULL: nothing is sent or bound for it.
    all_ = {field: value for field, value in all_.items() if value is not None}
    each = [fields[name] for name in names]
    if connection.vendor == "postgresql":
        insert_rows, at_once = _copy, _AT_ONCE
    else:
        insert_rows, at_once = _execute, number
    portions = _with_keys(keys, each, rows, at_once=at_once)
    insert_rows(model, [model._meta.pk, *each], all_, portions)
    return keys


def _with_keys(
    keys: Sequence[int], fields: Sequence[Field], rows: Iterable[Row], *, at_once: int
) -> Iterator[Iterable[Row]]:
    """Yield the rows in portions, ready for the database, each with its key before it."""
    rest, given = iter(rows), 0
    known: list[dict[Any, Any]] = [{} for _field in fields]
    while some := list(islice(rest, at_once)):
        columns = zip(*some, strict=True)
        ready = [_prepared(*column) for column in zip(fields, columns, known, strict=True)]
        yield zip(keys[given : given + len(some)], *ready, strict=True)
        given += len(some)
    if given != len(keys):
        raise ValueError(f"{given} rows in place of {len(keys)}")


def _fields(model: type[models.Model]) -> dict[str, Field]:
    fields = {f.attname: f for f in model._meta.concrete_fields if not f.primary_key}
    for name, field in fields.items():
        if not isinstance(field, _KINDS) or (field.null and isinstance(field, _TEXTS)):
            raise TypeError(f"{model.__name__}.{name} cannot be copied")
    return fields


def _prepared(field: Field, values: Sequence[Any], known: dict[Any, Any]) -> Sequence[Any]:
    """Return the values as the database takes them; equal ones are prepared once and known."""
    if type(field) in _AS_THEY_ARE:
        return values
    for value in set(values) - known.keys():
        known[value] = _one(field, value)
    return [known[value] for value in values]


def _one(field: Field, value: Any) -> Any:
    if isinstance(field, models.JSONField):
        return json.dumps(value)
    return field.get_db_prep_save(value, connection)


def _new_keys(model: type[models.Model], number: int) -> list[int]:
    table, column = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "WITH of AS MATERIALIZED (SELECT pg_get_serial_sequence(%s, %s)::regclass AS name) "
                "SELECT nextval(of.name) FROM of, generate_series(1, %s)",
                [connection.ops.quote_name(table), column, number],
            )
            return [key for (key,) in cursor.fetchall()]
        # Nobody else writes: a transaction of SQLite that begins IMMEDIATE has the only lock.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = cursor.fetchone()
    first = (last[0] if last else 0) + 1
    return list(range(first, first + number))


def _columns(fields: Iterable[Field]) -> str:
    return ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)


def _execute(
    model: type[models.Model],
    each: Sequence[Field],
    same: Mapping[Field, Any],
    portions: Iterable[Iterable[Row]],
) -> None:
    table = connection.ops.quote_name(model._meta.db_table)
    places = ", ".join(["%s"] * (len(each) + len(same)))
    end = tuple(same.values())
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({_columns([*each, *same])}) VALUES ({places})",  # noqa: S608
            [row + end for some in portions for row in some],
        )


class _Lines:
    """A file of CSV for COPY, written as it is read."""

    def __init__(self, portions: Iterable[Iterable[Row]], *, end: Iterable[Any]) -> None:
        self._portions = iter(portions)
        # What all rows have in common is written once, and ends each of their lines.
        written = io.StringIO()
        csv.writer(written, lineterminator="\n").writerow(["", *end])
        self._end = written.getvalue()
        self.failure: Exception | None = None

    def read(self, _size: int = -1) -> str:
        """Return the next lines, and nothing after the last; remember what went wrong."""
        text = io.StringIO()
        try:
            some = next(self._portions, ())
            csv.writer(text, lineterminator=self._end).writerows(some)
        except Exception as failure:
            self.failure = failure
            raise
        return text.getvalue()


def _copy(
    model: type[models.Model],
    each: Sequence[Field],
    same: Mapping[Field, Any],
    portions: Iterable[Iterable[Row]],
) -> None:
    table = connection.ops.quote_name(model._meta.db_table)
    # What is empty is NULL, but in a text column it is "".
    never_null = _columns(field for field in (*each, *same) if isinstance(field, _TEXTS))
    words = f"COPY {table} ({_columns([*each, *same])}) FROM STDIN WITH (FORMAT csv"
    if never_null:
        words += f", FORCE_NOT_NULL ({never_null})"
    lines = _Lines(portions, end=same.values())
    try:
        with connection.cursor() as cursor, connection.wrap_database_errors:
            cursor.copy_expert(f"{words})", lines)
    except DatabaseError:
        # What fails while a line is made, the driver tells as an error of the database.
        if lines.failure is None:
            raise
        raise lines.failure from None
