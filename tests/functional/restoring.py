"""A real backup of the test database, and a real restore of it, on both tiers."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.db import connection

Restore = Callable[[], None]


@pytest.fixture
def take_backup(transactional_db: None, tmp_path: Path) -> Iterator[Callable[[], Restore]]:
    """Return what takes a backup, which returns what restores it."""
    if connection.vendor == "sqlite":
        yield lambda: _copy_of_file(tmp_path / "backup.sqlite3")
        return
    name = f"{connection.settings_dict['NAME']}_backup"
    yield lambda: _copy_of_database(name)
    with _server() as run:
        run(f'DROP DATABASE IF EXISTS "{name}"')


def _copy_of_file(backup: Path) -> Restore:
    path = Path(connection.settings_dict["NAME"])
    with (
        contextlib.closing(sqlite3.connect(path)) as source,
        contextlib.closing(sqlite3.connect(backup)) as target,
    ):
        source.backup(target)

    def restore() -> None:
        connection.close()
        # Into the file as it stands: a thread of another test may still have it open, for which
        # a file put in its place is a broken one.
        with (
            contextlib.closing(sqlite3.connect(backup)) as source,
            contextlib.closing(sqlite3.connect(path, timeout=60)) as target,
        ):
            source.backup(target)

    return restore


def _copy_of_database(backup: str) -> Restore:
    name = connection.settings_dict["NAME"]
    connection.close()
    with _server() as run:
        _end_others(run, name)
        run(f'CREATE DATABASE "{backup}" TEMPLATE "{name}"')

    def restore() -> None:
        connection.close()
        with _server() as run:
            _end_others(run, name)
            run(f'DROP DATABASE "{name}"')
            run(f'CREATE DATABASE "{name}" TEMPLATE "{backup}"')

    return restore


@contextlib.contextmanager
def _server() -> Iterator[Callable[[str], Any]]:
    place = connection.get_connection_params() | {"dbname": "postgres"}
    place.pop("cursor_factory", None)
    with contextlib.closing(psycopg2.connect(**place)) as server:
        server.autocommit = True
        with server.cursor() as cursor:
            yield cursor.execute


def _end_others(run: Callable[[str], Any], name: str) -> None:
    run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE datname = '{name}' AND pid <> pg_backend_pid()"
    )
