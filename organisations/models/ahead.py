"""A statement that is sent along with the next one: one message to the server in place of two."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

from django.db import connection, models


def sent_with_the_next(sql: str) -> AbstractContextManager[None]:
    """
    Send the statement along with the first that runs in the block, just before it.

    Only for PostgreSQL, which takes several in one message. If none runs, it is not sent.

    :param sql: without parameters, and with nothing in it that a person typed
    """
    return connection.execute_wrapper(_Ahead(sql))


def alone_with(model: type[models.Model], pk: int) -> AbstractContextManager[None]:
    """
    Hold the row until the transaction ends, from before the first statement of the block.

    What that statement reads was committed before the row was ours. SQLite lets one transaction
    write at a time, so there the row is held already.
    """
    words = holding(model)
    return sent_with_the_next(words % int(pk)) if words else nullcontext()


def holding(model: type[models.Model]) -> str:
    """
    Return the statement that holds a row until the transaction ends; its parameter is the key.

    It is empty where the database lets one transaction write at a time.
    """
    return _holding(model) if connection.vendor == "postgresql" else ""


@cache
def _holding(model: type[models.Model]) -> str:
    quote = connection.ops.quote_name
    table, key = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    # Foreign keys to it are no reason to wait, as with every UPDATE that leaves the key alone.
    return f"SELECT 1 FROM {table} WHERE {key} = %s FOR NO KEY UPDATE"  # noqa: S608


class _Ahead:
    def __init__(self, sql: str) -> None:
        self._sql = sql

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        ahead, self._sql = self._sql, ""
        if ahead and many:
            execute(ahead, None, False, context)
        elif ahead:
            sql = f"{ahead}; {sql}"
        return execute(sql, params, many, context)
