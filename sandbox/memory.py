"""What the sandbox remembers, in one SQLite file: small things, settings and the clock."""

import json
import queue
import sqlite3
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

Json = dict[str, Any]

DEFAULTS: Json = {
    # --- Visma Connect
    "token_lifetime": 3600,
    "code_lifetime": 300,
    "refresh_usage": "one-time",  # or "re-use": a setting of the application in the portal
    "refresh_lifetime": 60 * 24 * 3600,
    "refresh_grace": 0,
    "session_lifetime": 10 * 3600,
    "session_idle": 8 * 3600,
    "clock_skew": 0,  # seconds that Visma's clock runs ahead of ours
    # --- Visma.net ERP
    "rate_limit": 15000,
    "rate_window": 3600,
    "max_page_size": 1000,
    "status_value": 400,
    "status_period": 500,
    "release_milliseconds": 0,
    "background_milliseconds": 0,
    "server_utc_offset_minutes": 60,
    # --- PowerOffice Go
    "go_rate_limit": 10,  # calls a second of the subscription key, all clients; 0: no limit
    "go_token_lifetime": 1200,
    "go_duplicate_status": 400,  # of a reference in use: not published for vouchers; or 409
    "go_case": "pascal",  # of the keys in answers; or "camel"
    # --- All
    "latency_ms": 0,
    # --- Business NXT (what the vendor does not confirm can be taken away or renamed)
    "nxt_page_size": 500,
    "nxt_hidden_columns": "",
    "nxt_credit_denied": "Int",  # or "Boolean", or "" where the column is missing
    "nxt_turnover_flag": "affectsTurnoverPurchase",
    "nxt_aggregates": True,
    "nxt_writes": True,
}

_READERS = 4

_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    kind TEXT NOT NULL, key TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (kind, key));
"""


class Memory:
    """
    One file, its settings and its clock. A kill and a restart with the same file keep all of it.

    Small things (people, grants, sessions) are held in memory and written through; large ones
    have tables of their own. A lock is held around writes only.

    :param path: the file; without one a temporary file that goes away with the memory
    :param clock: returns the time in UTC; tests pass their own
    """

    def __init__(
        self, path: str | Path | None = None, *, clock: Callable[[], datetime] | None = None
    ) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        if path is None or str(path) == ":memory:":
            self._folder = tempfile.TemporaryDirectory(prefix="sandbox-")
            path = Path(self._folder.name) / "sandbox.sqlite3"
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.clock = clock or (lambda: datetime.now(UTC))
        self._lock = threading.RLock()
        self._depth = 0
        self._writer = self._connect()
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        for _ in range(_READERS):
            self._readers.put(self._connect())
        self._writer.executescript(_SCHEMA)
        self._items: dict[str, dict[str, Json]] = defaultdict(dict)
        for kind, key, data in self.rows("SELECT kind, key, data FROM items"):
            self._items[kind][key] = json.loads(data)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA busy_timeout=5000")
        return connection

    def close(self) -> None:
        """Close the file; a temporary one is deleted."""
        self._writer.close()
        for _ in range(_READERS):
            self._readers.get().close()
        if self._folder is not None:
            self._folder.cleanup()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock; all that is written inside is committed at the end, or none."""
        with self._lock:
            if self._depth:
                yield self._writer
                return
            self._depth = 1
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            else:
                self._writer.execute("COMMIT")
            finally:
                self._depth = 0

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """
        Return the rows of a query.

        A connection serves one thread at a time: two queries at once on the same one would
        share a snapshot, and the second would miss what was just committed.
        """
        connection = self._readers.get()
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            self._readers.put(connection)

    def get(self, kind: str, key: str) -> Json | None:
        """Return what was put under that kind and key, or None."""
        return self._items[kind].get(key)

    def all(self, kind: str) -> list[Json]:
        """Return all of a kind."""
        return list(self._items[kind].values())

    def put(self, kind: str, key: str, data: Json) -> None:
        """Remember a small thing."""
        with self.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO items VALUES (?, ?, ?)", (kind, key, json.dumps(data))
            )
            self._items[kind][key] = data

    def forget(self, kind: str, key: str) -> None:
        """Forget a small thing."""
        with self.writing() as connection:
            connection.execute("DELETE FROM items WHERE kind = ? AND key = ?", (kind, key))
            self._items[kind].pop(key, None)

    def setting(self, name: str) -> Any:
        """Return a setting."""
        changed = self._items["setting"].get(name)
        return DEFAULTS[name] if changed is None else changed["value"]

    def set(self, **settings: Any) -> None:
        """Change settings (the names are in DEFAULTS)."""
        for name, value in settings.items():
            if name not in DEFAULTS:
                raise ValueError(f"no setting is named {name!r}; there are: {', '.join(DEFAULTS)}")
            self.put("setting", name, {"value": value})

    def settings(self) -> Json:
        """Return all settings with their values now."""
        return {name: self.setting(name) for name in DEFAULTS}

    def now(self) -> datetime:
        """Return the sandbox's time, which may run ahead by the setting `clock_skew`."""
        return self.clock() + timedelta(seconds=self.setting("clock_skew"))

    def modified_now(self) -> str:
        """
        Return the time of change as the ERP writes it: local, without a zone.

        The zone of `lastModifiedDateTime` is not documented (visma-net.md section 14); that
        it is not UTC is the sandbox's choice, so that nobody leans on it.
        """
        local = self.now() + timedelta(minutes=self.setting("server_utc_offset_minutes"))
        return local.strftime("%Y-%m-%dT%H:%M:%S.") + f"{local.microsecond // 1000:03d}"
