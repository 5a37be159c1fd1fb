"""What the sandbox remembers: companies, people, grants and the ledger, in one SQLite file."""

import json
import queue
import sqlite3
import tempfile
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox import receivables_story
from sandbox import seed as story
from sandbox.batch import COLUMNS, Batch, DuplicateNumber
from sandbox.businessnxt.set_up import NxtSetUp
from sandbox.company import Company
from sandbox.faults import Fault, Faults
from sandbox.parts import PARTS
from sandbox.powerofficego.books import Books
from sandbox.powerofficego.rate import Rate
from sandbox.powerofficego.set_up import GoSetUp
from sandbox.requestlog import LoggedRequest, RequestLog
from sandbox.setup import SetUp

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

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS items (
    kind TEXT NOT NULL, key TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (kind, key));
CREATE TABLE IF NOT EXISTS batches ({COLUMNS}, PRIMARY KEY (tenant_id, number));
CREATE INDEX IF NOT EXISTS batches_by_period ON batches (tenant_id, period, seq);
CREATE INDEX IF NOT EXISTS batches_by_change ON batches (tenant_id, modified_at);
"""


class Store:
    """
    The sandbox's memory. A kill and a restart with the same file keep all of it.

    Small things (companies, people, grants, sessions) are held in memory and written through;
    batches are read from the file. A lock is held around writes only.

    :param path: the file; without one a temporary file that goes away with the store
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
        self.faults = Faults()
        self.log = RequestLog()
        self.setup = SetUp(self)
        self.powerofficego = Books(self)
        self.go_setup = GoSetUp(self)
        self.nxt_setup = NxtSetUp(self)
        self.go_rate = Rate()
        self.jobs: dict[str, Json] = {}
        self._rates: dict[tuple[str, str], tuple[float, int]] = {}
        self._counters: dict[str, tuple[int, int]] = {}
        self._lock = threading.RLock()
        self._depth = 0
        self._writer = self._connect()
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        for _ in range(_READERS):
            self._readers.put(self._connect())
        self._writer.executescript(_SCHEMA)
        for part in PARTS:
            self._writer.executescript(part.SCHEMA)
        self._items: dict[str, dict[str, Json]] = defaultdict(dict)
        self._companies: dict[str, Company] = {}
        self._releasing = False
        self._load()
        if not self._companies:
            self.seed()
        elif not self.powerofficego.clients():
            self.powerofficego.load(self.rows("SELECT client, kind, data FROM go_rows"))

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
        """Return the rows of a query of one of the vendors' own tables."""
        return self._rows(statement, values)

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
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

    # --- Small things -------------------------------------------------------------------

    def _load(self) -> None:
        for kind, key, data in self._rows("SELECT kind, key, data FROM items"):
            self._items[kind][key] = json.loads(data)
        self._companies = {
            key: Company.from_json(data) for key, data in self._items.pop("company", {}).items()
        }
        self._releasing = True

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

    # --- Starting over ------------------------------------------------------------------

    def reset(self) -> None:
        """Forget everything but the signing key, and put the story back."""
        with self.writing() as connection:
            connection.execute("DELETE FROM items WHERE kind <> 'key'")
            connection.execute("DELETE FROM batches")
            for part in PARTS:
                for table in part.TABLES:
                    connection.execute(f"DELETE FROM {table}")
            keys = self._items["key"]
            self._items.clear()
            self._items["key"] = keys
            self._companies = {}
            self.jobs.clear()
            self._rates.clear()
            self._counters.clear()
            self.faults.clear()
            self.log.clear()
            self.seed()

    def seed(self) -> None:
        """Put the companies, people and clients of the story in place."""
        with self.writing():
            for company in story.companies():
                self.save_company(company)
            for person in story.people():
                self.put("person", person["email"], person)
            for client in story.clients():
                self.put("client", client["client_id"], client)
            for part in PARTS:
                part.seed(self)

    # --- Settings -----------------------------------------------------------------------

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

    # --- Companies ----------------------------------------------------------------------

    def companies(self) -> list[Company]:
        """Return all companies."""
        return list(self._companies.values())

    def company(self, name: str) -> Company:
        """Return the company with that key, tenant id, organisation number or name."""
        found = self._companies.get(name)
        if found is not None:
            return found
        for company in self._companies.values():
            if name in (company.key, company.organisation_number, company.name):
                return company
        raise KeyError(f"no company is named {name!r}")

    def tenant(self, tenant_id: str) -> Company | None:
        """Return the company of that tenant, or None."""
        return self._companies.get(tenant_id)

    def save_company(self, company: Company) -> None:
        """Remember a company, new or changed."""
        with self.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO items VALUES ('company', ?, ?)",
                (company.tenant_id, json.dumps(company.as_json())),
            )
            self._companies[company.tenant_id] = company

    # --- Faults and requests ------------------------------------------------------------

    def add_fault(self, kind: str, *, company: str = "", **how: Any) -> Fault:
        """
        Switch a fault on; see `Faults.add`.

        :param company: any name that `company()` takes, or a client of the receivables' story;
            that is in two vendors, so `vendor` may narrow it
        """
        tenant_id = self._tenant_of(company) if company else ""
        return self.faults.add(kind, tenant_id=tenant_id, **how)

    def _tenant_of(self, company: str) -> str:
        client = receivables_story.client(company)
        return self.company(company).tenant_id if client is None else client.key

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self.faults.clear()

    def requests(self, **filters: Any) -> list[LoggedRequest]:
        """Return the requests received, oldest first. See `RequestLog.find`."""
        return self.log.find(**filters)

    def count_call(self, *, tenant_id: str, client_id: str) -> tuple[int, int, int]:
        """Count a call against the rate limit; return (limit, remaining, seconds to reset)."""
        limit, window = self.setting("rate_limit"), self.setting("rate_window")
        moment = self.clock().timestamp()
        with self._lock:
            began, used = self._rates.get((tenant_id, client_id), (moment, 0))
            if moment - began >= window:
                began, used = moment, 0
            self._rates[tenant_id, client_id] = (began, used + 1)
        return limit, limit - used - 1, max(1, int(began + window - moment))

    def rate_now(self, *, tenant_id: str, client_id: str) -> tuple[int, int, int]:
        """Return (limit, used, seconds to reset) as they are now."""
        limit, window = self.setting("rate_limit"), self.setting("rate_window")
        moment = self.clock().timestamp()
        began, used = self._rates.get((tenant_id, client_id), (moment, 0))
        return limit, used, max(1, int(began + window - moment))

    # --- The ledger ---------------------------------------------------------------------

    def modified_now(self) -> str:
        """
        Return the time of change as the ERP writes it: local, without a zone.

        The zone of `lastModifiedDateTime` is not documented (visma-net.md section 14); that
        it is not UTC is the sandbox's choice, so that nobody leans on it.
        """
        local = self.now() + timedelta(minutes=self.setting("server_utc_offset_minutes"))
        return local.strftime("%Y-%m-%dT%H:%M:%S.") + f"{local.microsecond // 1000:03d}"

    def add_batch(self, batch: Batch) -> Batch:
        """
        Store a batch and return it with its number.

        :raises DuplicateNumber: if the company already has a batch with its own number
        """
        with self.writing() as connection:
            seq, last = self._counters.get(batch.tenant_id) or self._counted(batch.tenant_id)
            number = batch.number
            if not batch.own:
                number = self._next_free(connection, batch.tenant_id, last + 1)
                last = int(number)
            moment = self.modified_now()
            stored = replace(
                batch,
                number=number,
                seq=seq + 1,
                version=int(uuid.uuid4().int % (1 << 62)),
                created_at=moment,
                modified_at=moment,
            )
            try:
                connection.execute(stored.INSERT, stored.as_row())
            except sqlite3.IntegrityError:
                raise DuplicateNumber(number) from None
            self._counters[batch.tenant_id] = (seq + 1, last)
        return stored

    def _counted(self, tenant_id: str) -> tuple[int, int]:
        """Return the highest sequence and the last number drawn from the series."""
        row = self._writer.execute(
            "SELECT coalesce(max(seq), 0), coalesce(max(CASE own WHEN 0 THEN"
            " CAST(number AS INTEGER) END), 0) FROM batches WHERE tenant_id = ?",
            (tenant_id,),
        ).fetchone()
        return row[0], row[1]

    @staticmethod
    def _next_free(connection: sqlite3.Connection, tenant_id: str, start: int) -> str:
        while True:
            number = f"{start:06d}"
            taken = connection.execute(
                "SELECT 1 FROM batches WHERE tenant_id = ? AND number = ?", (tenant_id, number)
            ).fetchone()
            if taken is None:
                return number
            start += 1

    def change_batch(self, batch: Batch, **changes: Any) -> Batch:
        """Store a changed batch under a new version and return it."""
        changed = replace(
            batch,
            version=int(uuid.uuid4().int % (1 << 62)),
            modified_at=self.modified_now(),
            **changes,
        )
        with self.writing() as connection:
            connection.execute(changed.REPLACE, changed.as_row())
            if changed.release_due:
                self._releasing = True
        return changed

    def delete_batch(self, company: str, number: str, *, number_again: bool = False) -> None:
        """
        Delete a batch, as a person can in GL301000 while it is not released.

        :param number_again: the series gives its number to the next batch
        """
        tenant_id = self.company(company).tenant_id
        with self.writing() as connection:
            connection.execute(
                "DELETE FROM batches WHERE tenant_id = ? AND number = ?", (tenant_id, number)
            )
            if number_again and number.isdecimal():
                seq, _last = self._counters.get(tenant_id) or self._counted(tenant_id)
                self._counters[tenant_id] = (seq, int(number) - 1)

    def batch(self, company: str, number: str) -> Batch | None:
        """Return the batch of that company and number, or None."""
        self._settle()
        rows = self._rows(
            f"SELECT {Batch.NAMES} FROM batches WHERE tenant_id = ? AND number = ?",
            (self.company(company).tenant_id, number),
        )
        return Batch.from_row(rows[0]) if rows else None

    def batches(self, company: str = "", **where: Any) -> list[Batch]:
        """
        Return the batches of a company (or all), oldest first.

        :param where: equal values of columns, e.g. ``period="202603"``; `since` for changes
        """
        self._settle()
        clauses, values = self._where(company, where)
        rows = self._rows(
            f"SELECT {Batch.NAMES} FROM batches WHERE {clauses} ORDER BY tenant_id, seq", values
        )
        return [Batch.from_row(row) for row in rows]

    def batch_sizes(self, company: str, **where: Any) -> list[tuple[str, int, str]]:
        """Return (number, count of lines, status) of the batches, oldest first."""
        self._settle()
        clauses, values = self._where(company, where)
        return self._rows(
            f"SELECT number, line_count, status FROM batches WHERE {clauses} ORDER BY seq", values
        )

    def _where(self, company: str, where: Json) -> tuple[str, list[Any]]:
        parts, values = ["1 = 1"], []
        if company:
            parts.append("tenant_id = ?")
            values.append(self.company(company).tenant_id)
        for name, value in where.items():
            if name == "since":
                parts.append("modified_at >= ?")
            elif name in Batch.FIELDS:
                parts.append(f"{name} = ?")
            else:
                raise ValueError(f"batches have no column {name!r}")
            values.append(value)
        return " AND ".join(parts), values

    def _settle(self) -> None:
        """Finish the releases that are due: a release is asynchronous (section 5)."""
        if not self._releasing:
            return
        with self.writing() as connection:
            connection.execute(
                "UPDATE batches SET status = released_as, release_due = 0"
                " WHERE release_due > 0 AND release_due <= ?",
                (self.clock().timestamp(),),
            )
            left = connection.execute("SELECT 1 FROM batches WHERE release_due > 0 LIMIT 1")
            self._releasing = left.fetchone() is not None

    def ledger_version(self) -> str:
        """Return a text that changes whenever the ledger does."""
        self._settle()
        row = self._rows(
            "SELECT count(*), coalesce(max(modified_at), ''), total(version % 9973) FROM batches"
        )[0]
        released = self._rows(
            "SELECT count(*) FROM batches WHERE status IN ('Posted', 'Unposted')"
        )[0]
        return f"{row[0]}-{row[1]}-{int(row[2])}-{released[0]}"
