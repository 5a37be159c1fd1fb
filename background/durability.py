"""Whose turn it is to write."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

_turn = threading.Lock()


@contextmanager
def turn_to_write() -> Iterator[None]:
    """
    Wait until no other thread of this process writes, where the database lets one write at a time.

    SQLite has no queue: who finds it taken sleeps for up to a tenth of a second and tries again,
    while others overtake, so that some wait for half a second. Between the few processes of a hub
    it is negligible.
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
