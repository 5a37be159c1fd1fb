"""How soon a committed change must be on the disk, and whose turn it is to write."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from organisations.models.ahead import sent_with_the_next

LATER = "SET LOCAL synchronous_commit TO OFF"
"""Said first in a transaction of PostgreSQL's whose commit may reach the disk a little later."""
_turn = threading.Lock()


@contextmanager
def turn_to_write() -> Iterator[None]:
    """
    Wait until no other thread of this process writes, where the database lets one write at a time.

    SQLite has no queue: who finds it taken sleeps for up to a tenth of a second and tries again,
    while others overtake, so that some wait for half a second. Between the few processes of a hub
    it is of no account.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with _turn:
            yield
    else:
        yield


@contextmanager
def durable() -> Iterator[None]:
    """Run a transaction whose commit is on the disk when it is over, as a claim's must be."""
    with turn_to_write(), transaction.atomic():
        yield


@contextmanager
def recoverable() -> Iterator[None]:
    """
    Run a transaction whose commit survives the process at once, and the machine a little later.

    For what another question brings back: the number of a batch whose claim is on the disk, that
    it was read back. After a power cut the claim is found without an answer, and the ledger is
    asked. Never for a claim, or for anything that only the hub knows. The next commit that must be
    on the disk takes all earlier ones with it, on both databases, so none is lost from the middle.

    Inside another transaction it is a part of that one, and as safe as that one.
    """
    if connection.in_atomic_block:
        with transaction.atomic():
            yield
    elif connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous = NORMAL")
            try:
                with turn_to_write(), transaction.atomic():
                    yield
            finally:
                cursor.execute("PRAGMA synchronous = FULL")
    else:
        with transaction.atomic(), sent_with_the_next(LATER):
            yield
