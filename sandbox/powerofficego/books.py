"""
The books of the clients of PowerOffice Go: customers, projects, vouchers and the ledger.

Held in memory and written through to the sandbox's file, so that a kill loses nothing.
Amounts are whole numbers of the smallest unit.
"""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sandbox.memory import Memory
from sandbox.powerofficego.matching import ORIGINALS, open_amounts

Json = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS go_rows (
    client TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (client, kind, id));
"""
TABLES = ("go_rows",)
KINDS = ("client", "customer", "account", "vat", "project", "dimension", "voucher", "entry")
# What joins two entries of opposite amounts, beside the invoice number.
_NAMES = ("cid", "matching_reference")
NAMESPACE = uuid.UUID("6f1d3a52-7a0e-4f0b-9a37-0f5f6f3f2b10")


class Refused(Exception):
    """The API refuses what it was asked: the text is the `Detail` of its problem details."""

    def __init__(self, detail: str, *, status: int = 400, title: str = "Bad Request") -> None:
        super().__init__(detail)
        self.detail, self.status, self.title = detail, status, title


class ClientLedger:
    """The books of one client. All writing happens inside `Store.writing()`."""

    def __init__(self, store: Memory, client: Json) -> None:
        self.store = store
        self.client = client
        self.key: str = client["key"]
        self.customers: dict[int, Json] = {}
        self.accounts: dict[int, Json] = {}
        self.vats: dict[int, Json] = {}
        self.projects: dict[int, Json] = {}
        self.dimensions: dict[int, Json] = {}
        self.vouchers: dict[str, Json] = {}
        self.entries: dict[int, Json] = {}
        self.balances: dict[int, int] = {}
        self._by_customer: dict[int, list[int]] = defaultdict(list)
        self._by_voucher: dict[str, list[int]] = defaultdict(list)
        self._by_match: dict[int, list[int]] = defaultdict(list)
        self._by_invoice: dict[tuple[int, str], list[int]] = defaultdict(list)
        self._by_name: dict[tuple[int, str, str], list[int]] = defaultdict(list)
        self._by_reference: dict[str, str] = {}
        self._by_subledger: dict[int, int] = {}
        self._last = 0
        self._held: dict[tuple[str, Any], Json] | None = None
        self.version = 0
        """Counts the changes, so that an open page knows whether it is up to date."""

    # --- Remembering --------------------------------------------------------------------

    def kind(self, name: str) -> dict[Any, Json]:
        """Return the rows of a kind, by id."""
        kinds: dict[str, dict[Any, Json]] = {
            "customer": self.customers,
            "account": self.accounts,
            "vat": self.vats,
            "project": self.projects,
            "dimension": self.dimensions,
            "voucher": self.vouchers,
            "entry": self.entries,
        }
        return kinds[name]

    def take(self, kind: str, row: Json) -> None:
        """Put a row in memory, new or changed."""
        known = row["id"] in self.kind(kind)
        self.kind(kind)[row["id"]] = row
        if isinstance(row["id"], int):
            self._last = max(self._last, row["id"])
        if kind == "customer":
            self._by_subledger[row["subledger_account_id"]] = row["id"]
        elif kind == "voucher" and row["reference"] and not row["reversed"]:
            self._by_reference[row["reference"]] = row["id"]
        elif kind == "entry" and not known:
            self._by_customer[row["customer_id"]].append(row["id"])
            self._by_voucher[row["voucher_id"]].append(row["id"])
            if row["invoice_no"] and row["voucher_type"] in ORIGINALS:
                self._by_invoice[row["customer_id"], row["invoice_no"]].append(row["id"])
            for field in _NAMES:
                if row[field]:
                    self._by_name[row["customer_id"], field, row[field]].append(row["id"])
            if row["match_id"]:
                self._by_match[row["match_id"]].append(row["id"])
            self.balances[row["id"]] = row["cents"]

    def save(self, kind: str, row: Json) -> Json:
        """Remember a row, new or changed, and return it."""
        self.save_all(kind, [row])
        return row

    def save_all(self, kind: str, rows: Iterable[Json]) -> None:
        """Remember several rows at once."""
        found = list(rows)
        if self._held is not None:
            for row in found:
                self._held[kind, row["id"]] = row
                self.take(kind, row)
            return
        with self.store.writing() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO go_rows VALUES (?, ?, ?, ?)",
                [(self.key, kind, str(row["id"]), json.dumps(row)) for row in found],
            )
            for row in found:
                self.take(kind, row)
            self.version += 1

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Write what is saved inside in one go at the end: for thousands of rows."""
        self._held = {}
        try:
            yield
        finally:
            held, self._held = self._held, None
        with self.store.writing():
            for kind in KINDS[1:]:
                self.save_all(kind, [row for (of, _id), row in held.items() if of == kind])
            self.save_client()

    def new_id(self) -> int:
        """Return an id that nothing of the client has yet."""
        self._last += 1
        return self._last

    def settle_everything(self) -> None:
        """Compute what is open on every entry: once, after loading."""
        for match_id in self._by_match:
            self._settle(match_id)

    def _settle(self, match_id: int) -> None:
        group = [self.entries[one] for one in self._by_match[match_id]]
        self.balances.update(open_amounts(group))

    def now(self) -> str:
        """Return the time as the API writes it."""
        return self.store.now().astimezone(UTC).isoformat()

    # --- Finding ------------------------------------------------------------------------

    def customer(self, number: int) -> Json | None:
        """Return the customer with that number, or None."""
        return next((one for one in self.customers.values() if one["number"] == number), None)

    def account(self, number: int) -> Json | None:
        """Return the general ledger account with that number, or None."""
        return next((one for one in self.accounts.values() if one["number"] == number), None)

    def customer_of_account(self, account_id: int) -> Json | None:
        """Return the customer whose sub-ledger account that is, or None."""
        found = self._by_subledger.get(account_id)
        return None if found is None else self.customers[found]

    def voucher_with(self, reference: str) -> Json | None:
        """Return the voucher that uses the reference now, or None."""
        found = self._by_reference.get(reference)
        return None if found is None else self.vouchers[found]

    def entries_of(self, customer_id: int | None = None) -> Iterator[Json]:
        """Yield the entries of one customer, or of all, oldest first."""
        if customer_id is None:
            yield from self.entries.values()
        else:
            for one in self._by_customer.get(customer_id, ()):
                yield self.entries[one]

    def matched_with(self, match_id: int) -> list[Json]:
        """Return the entries of one match."""
        return [self.entries[one] for one in self._by_match.get(match_id, ())]

    def open_on(self, entry: Json, day: str) -> int:
        """Return what is open on an entry at the end of a day."""
        match_id = entry["match_id"]
        if not match_id:
            return int(entry["cents"])
        group = self.matched_with(match_id)
        if all(one["posting_date"] <= day for one in group):
            return self.balances[entry["id"]]
        then = open_amounts([one for one in group if one["posting_date"] <= day])
        return then.get(entry["id"], 0)

    def invoice_entry(self, customer_id: int, invoice_no: str) -> Json | None:
        """Return the newest entry of that invoice on that customer, or None."""
        found = self._by_invoice.get((customer_id, invoice_no.strip()), [])
        entries = [self.entries[one] for one in found]
        alive = [one for one in entries if not self.vouchers[one["voucher_id"]]["reversed"]]
        return alive[-1] if alive else None

    # --- Posting ------------------------------------------------------------------------

    def add_voucher(
        self,
        voucher_type: str,
        *,
        day: str,
        reference: str = "",
        description: str = "",
        ours: bool = False,
        lines: list[Json] | None = None,
        **more: Any,
    ) -> Json:
        """Store a voucher without touching the customers' ledger, and return it."""
        number = int(self.client["last_voucher_no"]) + 1
        self.client["last_voucher_no"] = number
        self.save_client()
        identity = str(uuid.uuid5(NAMESPACE, f"{self.key}/voucher/{number}"))
        return self.save(
            "voucher",
            {
                "id": identity,
                "number": number,
                "type": voucher_type,
                "day": day,
                "reference": reference,
                "description": description,
                "ours": ours,
                "reversed": False,
                "created_at": self.now(),
                "lines": lines or [],
                **more,
            },
        )

    def add_entry(
        self, voucher: Json, customer_id: int, cents: int, *, posting_date: str, **more: Any
    ) -> Json:
        """Store an entry of a customer's ledger, match it where it can be, and return it."""
        entry: Json = {
            "id": self.new_id(),
            "customer_id": customer_id,
            "voucher_id": voucher["id"],
            "voucher_type": voucher["type"],
            "cents": cents,
            "currency": self.client["currency"],
            "currency_cents": cents,
            "posting_date": posting_date,
            "due_date": "",
            "invoice_no": "",
            "pays_invoice_no": "",
            "cid": "",
            "matching_reference": "",
            "match_id": 0,
            "write_off": False,
            "created_at": self.now(),
            "changed_at": self.now(),
            **more,
        }
        self.save("entry", entry)
        other = self._counterpart(entry)
        if other is not None:
            self.match(other, entry)
        return entry

    def _counterpart(self, entry: Json) -> Json | None:
        """Return what the entry settles: by invoice number, else by KID, else by reference."""
        if entry["pays_invoice_no"]:
            return self.invoice_entry(entry["customer_id"], entry["pays_invoice_no"])
        for field in _NAMES:
            if not entry[field] or (field == "cid" and not self.client["uses_cid"]):
                continue
            for one in self._by_name[entry["customer_id"], field, entry[field]]:
                other = self.entries[one]
                # "Entries with the opposite amounts and the same cid will be matched".
                if other["cents"] == -entry["cents"] and not other["match_id"]:
                    return other
        return None

    def match(self, *entries: Json) -> int:
        """Join entries under one match and return its id."""
        known = sorted({entry["match_id"] for entry in entries if entry["match_id"]})
        match_id = known[0] if known else self.new_id()
        members = {entry["id"]: entry for entry in entries}
        for other in known[1:]:
            members |= {entry["id"]: entry for entry in self.matched_with(other)}
            del self._by_match[other]
        moment = self.now()
        changed = []
        for entry in members.values():
            if entry["match_id"] != match_id:
                entry["match_id"] = match_id
                self._by_match[match_id].append(entry["id"])
        for one in self._by_match[match_id]:
            self.entries[one]["changed_at"] = moment
            changed.append(self.entries[one])
        self.save_all("entry", changed)
        self._settle(match_id)
        return match_id

    def reverse(self, voucher: Json) -> Json:
        """Null a voucher by a counter-voucher; its reference is free again."""
        if voucher["reversed"]:
            raise Refused(f"Voucher {voucher['number']} has been reversed already.")
        day = voucher["day"]
        if self.client["lock_date"] and day <= self.client["lock_date"]:
            day = (date.fromisoformat(self.client["lock_date"]) + timedelta(days=1)).isoformat()
        with self.store.writing():
            voucher["reversed"] = True
            self.save("voucher", voucher)
            if self._by_reference.get(voucher["reference"]) == voucher["id"]:
                del self._by_reference[voucher["reference"]]
            counter = self.add_voucher(
                "ReversalVoucher",
                day=day,
                description=f"Reversal of {voucher['number']}",
                ours=voucher["ours"],
                lines=[line | {"cents": -line["cents"]} for line in voucher["lines"]],
                reverses=voucher["id"],
            )
            for entry in [self.entries[one] for one in self._by_voucher[voucher["id"]]]:
                back = self.add_entry(
                    counter,
                    entry["customer_id"],
                    -entry["cents"],
                    posting_date=day,
                    currency=entry["currency"],
                    currency_cents=-entry["currency_cents"],
                )
                self.match(entry, back)
        return counter

    def save_client(self) -> None:
        """Remember what was changed about the client itself."""
        if self._held is not None:
            return
        with self.store.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO go_rows VALUES (?, 'client', ?, ?)",
                (self.key, self.key, json.dumps(self.client)),
            )
            self.version += 1

    # --- What a page and a test want to know --------------------------------------------

    def balance_of(self, customer_id: int, day: str = "9999-12-31") -> int:
        """Return the sum of a customer's entries up to a day."""
        return sum(
            entry["cents"] for entry in self.entries_of(customer_id) if entry["posting_date"] <= day
        )

    def payments(self) -> list[Json]:
        """Return the bank journals that were posted and not reversed."""
        return [
            one
            for one in self.vouchers.values()
            if one["type"] == "BankJournal" and not one["reversed"]
        ]


def moment(text: str) -> datetime:
    """Return a time that the API was given, in UTC where it names no zone."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00").replace(" ", "+"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)
