"""
The environment of the tests, set before Django reads it.

Two tiers run the same suite: *embedded* (SQLite, the broker inside the worker) and *services*
(PostgreSQL and Redis). A test never reads the `.env` or the data of the person who runs it.
"""

import os
import socket
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SERVICES = os.environ.get("HUB_TEST_TIER") == "services"
DATABASE_URL = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
BROKER_URL = os.environ.get("TEST_BROKER_URL", "redis://127.0.0.1:6379/15")

OURS = ("HUB_", "VISMA_", "CELERY_", "DATABASE_URL", "DJANGO_")
KEPT = ("HUB_TEST_TIER", "HUB_CHROMIUM")
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")


def prepare(data_dir: Path) -> None:
    """Replace what the person's environment says of the hub by what the tests need."""
    for name in list(os.environ):
        if name.startswith(OURS) and name not in KEPT:
            del os.environ[name]
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "integrationhub.settings",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "1",  # Playwright's loop runs in the thread of the test
        "HUB_ENV_FILE": os.devnull,
        "HUB_DATA_DIR": str(data_dir),
        "HUB_ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
        "HUB_LOG_FORMAT": "json",
        "HUB_LOG_LEVEL": "WARNING",
        "HUB_SECRET_KEY": "only-for-tests-only-for-tests-only-for-tests-only-for",
        "HUB_ENCRYPTION_KEYS": "dGVzdC10ZXN0LXRlc3QtdGVzdC10ZXN0LXRlc3QtMDE=",
    }
    if SERVICES:
        os.environ["DATABASE_URL"] = DATABASE_URL
        os.environ["CELERY_BROKER_URL"] = BROKER_URL


def missing_services() -> list[str]:
    """Return in words which server of the services tier does not answer."""
    words = []
    for name, url, default_port in (
        ("PostgreSQL (TEST_DATABASE_URL)", DATABASE_URL, 5432),
        ("Redis (TEST_BROKER_URL)", BROKER_URL, 6379),
    ):
        parts = urlsplit(url)
        host, port = parts.hostname or "127.0.0.1", parts.port or default_port
        try:
            socket.create_connection((host, port), timeout=3).close()
        except OSError as exc:
            words.append(f"{name} does not answer at {host}:{port} ({exc}).")
    return words


def make_data_dir() -> Path:
    """Return a new folder for this run's database and files."""
    return Path(tempfile.mkdtemp(prefix="hub-tests-"))


class TriedTheNetwork(AssertionError):
    """A test reached for an address that is not on this machine."""


def refuse_network(*, allow_also: tuple[str, ...] = ()) -> None:
    """Let sockets of this process reach this machine only (and the tier's own servers)."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def is_here(address: Any) -> bool:
        if not isinstance(address, tuple):
            return True  # a Unix socket's path
        return str(address[0]).startswith(LOOPBACK) or address[0] in allow_also

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if not is_here(address):
            raise TriedTheNetwork(f"A test tried to reach {address!r}.")
        return connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        if not is_here(address):
            raise TriedTheNetwork(f"A test tried to reach {address!r}.")
        return connect_ex(self, address)

    socket.socket.connect = guarded_connect  # type: ignore[method-assign]
    socket.socket.connect_ex = guarded_connect_ex  # type: ignore[method-assign]
