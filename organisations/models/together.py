"""
Statements that belong together, in one message to the server.

PostgreSQL answers a statement sooner than the message takes to reach it and wake it. What is
written for a batch in one transaction needs none of the answers in between, so it goes there as
one message, which the server runs as one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, models

from organisations.models import by_name
from organisations.models.ahead import holding
from organisations.models.durability import LATER, durable, recoverable, turn_to_write


class Statement:
    """An SQL statement with the values of its parameters."""

    def __init__(self, sql: str, params: Sequence[Any]) -> None:
        self.sql, self.params = sql, params


def held(*rows: models.Model) -> list[Statement]:
    """
    Return what holds the rows until the transaction ends, in this order; only their keys are used.

    There are none where the database lets one transaction write at a time.
    """
    return [Statement(words, (row.pk,)) for row in rows if (words := holding(type(row)))]


def adapted(value: Any, connection: Any) -> Any:
    """Return the value as the database takes it, where the driver does not know how."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, date):
        return connection.ops.adapt_datefield_value(value)
    return value


_UNCHANGED: "dict[type[models.Field[Any, Any]], type]" = {
    models.CharField: str,
    models.TextField: str,
    models.BooleanField: bool,
    models.PositiveIntegerField: int,
    models.PositiveSmallIntegerField: int,
    models.ForeignKey: int,
    models.DateTimeField: datetime,
}
"""Fields, and the type of a value that the mapper gives on as it is after several calls."""


def for_column(field: "models.Field[Any, Any]", value: Any, connection: Any) -> Any:
    """Return the value of a field as the database takes it, as ``get_db_prep_save`` does."""
    naive = isinstance(value, datetime) and value.tzinfo is None  # a zone is given there
    if type(value) is _UNCHANGED.get(type(field)) and not naive:
        return adapted(value, connection)
    return field.get_db_prep_save(value, connection=connection)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the last of the statements did: how many rows it was about, and the first of them."""

    count: int
    row: tuple[Any, ...] | None

    @property
    def only(self) -> tuple[Any, ...]:
        """Return the row, where there is one for certain."""
        if self.row is None:
            raise LookupError("the statement gave no row")
        return self.row


def run_together(*statements: Statement, may_be_lost: bool = False) -> Answer:
    """
    Run the statements as one transaction, or in the one that is open; return the last one's answer.

    :param may_be_lost: the commit may reach the disk a little later, see
        `organisations.models.durability.recoverable`
    """
    if connection.vendor == "postgresql":
        return _in_one_message(statements, may_be_lost=may_be_lost)
    if len(statements) == 1 and not may_be_lost:
        with turn_to_write():
            return _one_by_one(statements)
    with recoverable() if may_be_lost else durable():
        return _one_by_one(statements)


def _in_one_message(statements: Sequence[Statement], *, may_be_lost: bool) -> Answer:
    later = [LATER] if may_be_lost and not connection.in_atomic_block else []
    params = [value for statement in statements for value in statement.params]

    def run() -> Answer:
        first, calls = by_name.calls_of(*((each.sql, len(each.params)) for each in statements))
        with connection.cursor() as cursor:
            cursor.execute("; ".join([*later, *first, *calls]), params)
            return _answer(cursor)

    return by_name.or_in_full(run)


def _one_by_one(statements: Sequence[Statement]) -> Answer:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement.sql, statement.params)
        return _answer(cursor)


def _answer(cursor: Any) -> Answer:
    row = None if cursor.description is None else cursor.fetchone()
    return Answer(cursor.rowcount, row)
