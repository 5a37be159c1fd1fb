"""What a measurement runs in: a database and a data folder of its own, gone afterwards."""

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parents[2]
OURS = ("HUB_", "VISMA_", "CELERY_", "DATABASE_URL", "DJANGO_")


@contextmanager
def prepared(*, sandbox_port: int, database: str | None = None) -> Iterator[dict[str, str]]:
    """
    Yield the environment of the measured processes, its database migrated.

    Without DATABASE_URL it is SQLite; with it a database of another name on the same server, so
    that nobody's data are touched.

    :param database: in place of DATABASE_URL; empty: SQLite
    """
    wanted = os.environ.get("DATABASE_URL", "") if database is None else database
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        environment = kept | {
            "DJANGO_SETTINGS_MODULE": "integrationhub.settings",
            "HUB_ENV_FILE": os.devnull,
            "HUB_DATA_DIR": folder,
            "HUB_SANDBOX": "1",
            "HUB_SANDBOX_PORT": str(sandbox_port),
            "HUB_LOG_LEVEL": "ERROR",
            "HUB_ALLOWED_HOSTS": "127.0.0.1",
            "HUB_SECRET_KEY": "only-for-measurements-only-for-measurements-only-for",
            "HUB_ENCRYPTION_KEYS": "dGVzdC10ZXN0LXRlc3QtdGVzdC10ZXN0LXRlc3QtMDE=",
            "HUB_LEDGER_FRESH_SECONDS": "3600",  # read once per company, before the clock starts
            "CELERY_BROKER_URL": "memory://",
        }
        with _database(wanted) as url:
            if url:
                environment["DATABASE_URL"] = url
            run([sys.executable, "manage.py", "migrate", "--skip-checks", "-v0"], environment)
            yield environment


@contextmanager
def _database(wanted: str) -> Iterator[str]:
    if not wanted.startswith("postgres"):
        yield ""
        return
    import psycopg2  # type: ignore[import-untyped,unused-ignore]

    name = f"hub_bench_{os.getpid()}"

    def order(words: str) -> None:
        connection = psycopg2.connect(wanted)
        connection.autocommit = True
        connection.cursor().execute(words)
        connection.close()

    order(f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(wanted)._replace(path=f"/{name}"))
    finally:
        order(f'DROP DATABASE "{name}" WITH (FORCE)')


def run(words: list[str], environment: dict[str, str]) -> str:
    """
    Run a program in the checkout and return what it printed.

    :raises subprocess.CalledProcessError: if it fails; its words stand on the screen
    """
    done = subprocess.run(
        words, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def start_django() -> None:
    """Make Django ready in this process, which `run` was given the environment for."""
    import django

    django.setup()


def machine(environment: dict[str, str]) -> str:
    """Return in one line what was measured on."""
    said = """
import django; django.setup()
from django.db import connection as c
def ask(words):
    with c.cursor() as cursor:
        cursor.execute(words)
        return cursor.fetchone()[0]
if c.vendor == "sqlite":
    found = ask("select sqlite_version()"), ask("PRAGMA journal_mode"), ask("PRAGMA synchronous")
    print("SQLite %s, journal %s, synchronous %s" % found)
else:
    names = "server_version", "fsync", "synchronous_commit"
    print("PostgreSQL %s, fsync %s, synchronous_commit %s" % tuple(ask("SHOW " + n) for n in names))
"""
    database = run([sys.executable, "-c", said], environment).strip()
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), load {os.getloadavg()[0]:.1f} at the "
        f"start, {platform.python_implementation()} {platform.python_version()}, {database}"
    )
