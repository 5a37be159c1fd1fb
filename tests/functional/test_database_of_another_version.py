"""A database of another version of the hub is refused at the start, in words and untouched."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from integrationhub import earlier_versions
from integrationhub.management.commands.doctor import check_migrations
from tests.hub import free_ports

ROOT = Path(__file__).resolve().parents[2]
THEN = {
    "accounts": ("0001_initial", "0002_connections_and_rights", "0003_leases"),
    "audit": ("0001_initial",),
    "journals": ("0001_initial", "0002_undoing_and_comparing", "0003_journal_queue"),
}
"""What a version before the first release had applied, in part."""


@pytest.fixture
def old_folder(tmp_path: Path) -> Path:
    """Return a data folder as an earlier version left it."""
    folder = tmp_path / "var"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "hub.sqlite3")) as database, database:
        database.execute(
            "CREATE TABLE django_migrations (id integer PRIMARY KEY AUTOINCREMENT,"
            " app varchar(255) NOT NULL, name varchar(255) NOT NULL, applied datetime NOT NULL)"
        )
        database.execute("CREATE TABLE journals_journal (id integer PRIMARY KEY, was_at datetime)")
        database.executemany(
            "INSERT INTO django_migrations (app, name, applied) VALUES (?, ?, '2026-11-20')",
            [(app, name) for app, names in THEN.items() for name in names],
        )
    return folder


def tables(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "hub.sqlite3")) as database:
        rows = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return sorted(name for (name,) in rows)


@pytest.mark.processes
@pytest.mark.parametrize(
    "words",
    [
        ["manage.py", "migrate"],
        ["manage.py", "list_journals"],
        ["-m", "integrationhub.supervisor"],
        ["-m", "celery", "--quiet", "-A", "integrationhub", "worker", "--pool=threads"],
    ],
    ids=["migrate", "a command", "make run", "worker"],
)
def test_an_old_folder_is_refused_with_what_to_do(old_folder: Path, words: list[str]) -> None:
    before = tables(old_folder)
    ours = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    port, sandbox_port = free_ports()

    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=ours
        | {
            "HUB_DATA_DIR": str(old_folder),
            "HUB_PORT": str(port),
            "HUB_SANDBOX_PORT": str(sandbox_port),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    said = done.stdout + done.stderr
    assert done.returncode
    assert "Traceback" not in said
    assert "accounts.0002_connections_and_rights and 3 more" in " ".join(said.split())
    assert f"mv {old_folder} {old_folder}.old" in " ".join(said.split())
    assert tables(old_folder) == before


@pytest.mark.django_db
class TestADatabaseOfAnotherVersion:
    @pytest.fixture(autouse=True)
    def _applied_later(self) -> None:
        MigrationRecorder(connection).record_applied("journals", "9999_of_tomorrow")

    def test_is_refused_by_migrate(self) -> None:
        with pytest.raises(SystemCheckError, match=r"journals\.9999_of_tomorrow"):
            call_command("migrate", skip_checks=False)

    def test_is_named_by_doctor(self) -> None:
        finding = check_migrations()

        assert not finding.ok
        assert "journals.9999_of_tomorrow" in finding.text

    def test_is_kept_and_a_new_one_made(self) -> None:
        words = earlier_versions.why_refused()

        assert ("Keep the data folder" in words) == (connection.vendor == "sqlite")
        assert ("Keep the database" in words) == (connection.vendor == "postgresql")


@pytest.mark.django_db
def test_a_database_of_this_version_is_not_refused() -> None:
    assert earlier_versions.why_refused() == ""
    assert check_migrations().ok
