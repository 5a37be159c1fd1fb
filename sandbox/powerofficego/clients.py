"""All clients of PowerOffice Go in the sandbox."""

import json
from collections.abc import Iterable

from sandbox.memory import Json, Memory
from sandbox.powerofficego.books import KINDS, ClientLedger


class ClientLedgers:
    """All clients of PowerOffice Go in the sandbox."""

    def __init__(self, store: Memory) -> None:
        self.store = store
        self._clients: dict[str, ClientLedger] = {}

    def clients(self) -> list[ClientLedger]:
        """Return all clients."""
        return list(self._clients.values())

    def client(self, name: str) -> ClientLedger:
        """Return the client with that key, client key, client id, number or name."""
        for books in self._clients.values():
            client = books.client
            known = ("key", "client_key", "client_id", "organisation_number", "name")
            if name in [client[each] for each in known]:
                return books
        raise KeyError(f"no client of PowerOffice Go is named {name!r}")

    def find(self, **facts: str) -> ClientLedger | None:
        """Return the client with those facts, or None."""
        for books in self._clients.values():
            if all(books.client[name] == value for name, value in facts.items()):
                return books
        return None

    def add_client(self, client: Json) -> ClientLedger:
        """Add a client with empty books."""
        books = ClientLedger(self.store, client)
        self._clients[books.key] = books
        books.save_client()
        return books

    def load(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """Take (client, kind, data) rows of the file into memory, clients first."""
        found = [(client, kind, json.loads(data)) for client, kind, data in rows]
        found.sort(key=lambda row: (KINDS.index(row[1]), _age(row[2])))
        for client, kind, data in found:
            if kind == "client":
                self._clients[client] = ClientLedger(self.store, data)
            else:
                self._clients[client].take(kind, data)
        for books in self._clients.values():
            books.settle_everything()

    def clear(self) -> None:
        """Forget all clients."""
        with self.store.writing() as connection:
            connection.execute("DELETE FROM go_rows")
            self._clients.clear()


def _age(row: Json) -> int:
    """Return what the rows of a kind are in order by: vouchers have no whole number as id."""
    age = row.get("id", 0)
    return int(row["number"] if isinstance(age, str) else age)
