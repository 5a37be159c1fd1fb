"""The companies of Visma.net ERP in the sandbox, and the batches in their ledgers."""

import json
import sqlite3
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox.batch import COLUMNS, Batch, DuplicateNumber
from sandbox.company import Company
from sandbox.memory import Json, Memory

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS batches ({COLUMNS}, PRIMARY KEY (tenant_id, number));
CREATE INDEX IF NOT EXISTS batches_by_period ON batches (tenant_id, period, seq);
CREATE INDEX IF NOT EXISTS batches_by_change ON batches (tenant_id, modified_at);
"""


class Ledger(Memory):
    """Companies, held in memory and written through, and batches, read from the file."""

    def __init__(
        self, path: str | Path | None = None, *, clock: Callable[[], datetime] | None = None
    ) -> None:
        super().__init__(path, clock=clock)
        self._writer.executescript(_SCHEMA)
        self._companies = {
            key: Company.from_json(data) for key, data in self._items.pop("company", {}).items()
        }
        self._counters: dict[str, tuple[int, int]] = {}
        self._releasing = True

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
        rows = self.rows(
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
        rows = self.rows(
            f"SELECT {Batch.NAMES} FROM batches WHERE {clauses} ORDER BY tenant_id, seq", values
        )
        return [Batch.from_row(row) for row in rows]

    def batch_sizes(self, company: str, **where: Any) -> list[tuple[str, int, str]]:
        """Return (number, count of lines, status) of the batches, oldest first."""
        self._settle()
        clauses, values = self._where(company, where)
        return self.rows(
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
        row = self.rows(
            "SELECT count(*), coalesce(max(modified_at), ''), total(version % 9973) FROM batches"
        )[0]
        released = self.rows("SELECT count(*) FROM batches WHERE status IN ('Posted', 'Unposted')")[
            0
        ]
        return f"{row[0]}-{row[1]}-{int(row[2])}-{released[0]}"
