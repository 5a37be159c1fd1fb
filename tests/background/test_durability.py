"""A committed change is on the disk, and threads take turns to write."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from background.durability import durable, turn_to_write

pytestmark = pytest.mark.django_db(transaction=True)


def waits_for_the_disk() -> bool:
    """Ask the database whether a commit made now returns only when it is on the disk."""
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous" if sqlite else "SHOW synchronous_commit")
        (answer,) = cursor.fetchone()
    return answer == (2 if sqlite else "on")


def takes_its_turn(work: Callable[[], object], *, begun: threading.Event) -> bool:
    """
    Say whether what another thread does waits for our transaction, where one writes at a time.

    Elsewhere it must not wait.
    """

    def run() -> None:
        work()
        connection.close()

    other, sqlite = threading.Thread(target=run), connection.vendor == "sqlite"
    with durable():
        other.start()
        waited = not begun.wait(0.2 if sqlite else 10)
    other.join(10)
    return waited is sqlite and begun.is_set()


class TestDurable:
    def test_is_on_the_disk_when_it_is_over(self):
        with durable():
            assert waits_for_the_disk()

    def test_lets_the_threads_of_a_process_write_one_after_the_other_on_sqlite(self):
        """Where the database itself lets one write at a time and has no queue."""
        entered = threading.Event()

        def enter():
            with turn_to_write():
                entered.set()

        assert takes_its_turn(enter, begun=entered)

    def test_waits_for_nobody_inside_a_transaction_that_has_its_turn(self):
        with durable(), durable():
            pass
