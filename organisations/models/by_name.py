"""
Statements that PostgreSQL's server keeps under a name.

More than a third of what the server does for a batch is reading the words of our statements and
planning them, and they are the same for every batch. So what a connection runs a second time is
given a name there, and from then on only the name and the values are sent.

Only workers do so. Behind a pool the first name that is not there may fail a transaction: a worker
takes its work up again, where a person would be shown an error.
"""

import re
import threading
from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar

import structlog
from django.conf import settings
from django.db import DatabaseError, connection

T = TypeVar("T")
log = structlog.get_logger(__name__)

_PLACE = re.compile("%(s|%)")
_NOT_AS_BELIEVED = {"26000", "42P05", "0A000"}
"""
SQLSTATE of a name that the server does not know, of one that it knows already, and of a table
that changed since.
"""


class _Known:
    """What a connection ran before, and how that is called which has a name there."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.run_once: set[str] = set()
        self.calls: dict[str, str] = {}


_of_thread = threading.local()
_off = threading.Event()


def calls_of(*statements: tuple[str, int]) -> tuple[list[str], list[str]]:
    """
    Return what is to be sent in place of the statements, each with as many parameters as before.

    :param statements: the words of each, with a place ``%s`` for each parameter, and their number
    :returns: what must be run first, and the statements, by name where they have one
    """
    connection.ensure_connection()
    if _in_full():
        return [], [sql for sql, _count in statements]
    known: _Known | None = getattr(_of_thread, "known", None)
    if known is None or known.connection is not connection.connection:
        known = _of_thread.known = _Known(connection.connection)
    first: list[str] = []
    return first, [_call(sql, count, known, first) for sql, count in statements]


def _in_full() -> bool:
    return _off.is_set() or settings.HUB_PROCESS != "worker"


def _call(sql: str, count: int, known: _Known, first: list[str]) -> str:
    call = known.calls.get(sql)
    if call is not None:
        return call
    if sql not in known.run_once:
        known.run_once.add(sql)
        return sql
    # The same words get the same name from everybody.
    name = f"hub_{sha256(sql.encode()).hexdigest()[:24]}"
    first.append(f"PREPARE {name} AS {_numbered(sql)}")
    call = known.calls[sql] = f"EXECUTE {name}{_values(count)}"
    return call


def _values(count: int) -> str:
    return f" ({', '.join(['%s'] * count)})" if count else ""


def _numbered(sql: str) -> str:
    numbers = iter(range(1, sql.count("%s") + 1))
    # Each percent sign that is one is still to be written twice.
    return _PLACE.sub(lambda place: f"${next(numbers)}" if place[1] == "s" else "%%", sql)


def or_in_full(run: Callable[[], T]) -> T:
    """
    Run it; if the server's names are not as believed, use none from then on, and run it again.

    So it goes where a pool stands in between that hands another connection to each transaction:
    a name is not there, or another one of the pool has given it already.
    Inside a transaction it is not run again: that one is lost, and who began it begins anew.
    """
    in_full = _in_full()
    try:
        return run()
    except DatabaseError as failure:
        if in_full or getattr(failure.__cause__, "pgcode", None) not in _NOT_AS_BELIEVED:
            raise
        if not _off.is_set():  # or another thread has found it out meanwhile
            _off.set()
            log.warning("statements_sent_in_full", failure=str(failure.__cause__)[:200])
        if connection.in_atomic_block:
            raise
        return run()
