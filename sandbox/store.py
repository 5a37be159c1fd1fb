"""What the sandbox remembers: companies, people, grants and the ledger, in one SQLite file."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox import receivables_story
from sandbox import seed as story
from sandbox.businessnxt import ledger as nxt_ledger
from sandbox.businessnxt.set_up import NxtSetUp
from sandbox.faults import Fault, Faults
from sandbox.ledger import Ledger
from sandbox.memory import Json
from sandbox.powerofficego import books, clients
from sandbox.powerofficego import story as go_story
from sandbox.powerofficego.rate import Rate
from sandbox.powerofficego.set_up import GoSetUp
from sandbox.requestlog import LoggedRequest, RequestLog
from sandbox.setup import SetUp


class Store(Ledger):
    """
    The sandbox's memory, with what each vendor keeps in it and how the story begins.

    :param path: the file; without one a temporary file that goes away with the store
    :param clock: returns the time in UTC; tests pass their own
    """

    def __init__(
        self, path: str | Path | None = None, *, clock: Callable[[], datetime] | None = None
    ) -> None:
        super().__init__(path, clock=clock)
        self._writer.executescript(nxt_ledger.SCHEMA)
        self._writer.executescript(books.SCHEMA)
        self.faults = Faults()
        self.log = RequestLog()
        self.setup = SetUp(self)
        self.powerofficego = clients.ClientLedgers(self)
        self.go_setup = GoSetUp(self, self.powerofficego)
        self.nxt_setup = NxtSetUp(self)
        self.go_rate = Rate()
        self.jobs: dict[str, Json] = {}
        self._rates: dict[tuple[str, str], tuple[float, int]] = {}
        if not self._companies:
            self.seed()
        elif not self.powerofficego.clients():
            self.powerofficego.load(self.rows("SELECT client, kind, data FROM go_rows"))

    # --- Starting over ------------------------------------------------------------------

    def reset(self) -> None:
        """Forget everything but the signing key, and put the story back."""
        with self.writing() as connection:
            connection.execute("DELETE FROM items WHERE kind <> 'key'")
            connection.execute("DELETE FROM batches")
            for table in (*nxt_ledger.TABLES, *books.TABLES):
                connection.execute(f"DELETE FROM {table}")
            keys = self._items["key"]
            self._items.clear()
            self._items["key"] = keys
            self._companies.clear()
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
            nxt_ledger.seed(self)
            self.go_rate.clear()
            go_story.seed(self.powerofficego)

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
