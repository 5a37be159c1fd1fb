"""What a person could change in PowerOffice Go's own screens, for tests and the faults page."""

from typing import Any

from sandbox import receivables_story as shared
from sandbox.memory import Memory
from sandbox.powerofficego import story
from sandbox.powerofficego.books import ClientLedger
from sandbox.powerofficego.clients import ClientLedgers

Json = dict[str, Any]


class GoSetUp:
    """Changes of a client. `client` is any name that `ClientLedgers.client` takes."""

    def __init__(self, store: Memory, books: ClientLedgers) -> None:
        self._store, self._all_books = store, books

    def _books(self, client: str) -> ClientLedger:
        return self._all_books.client(client)

    def fill(self, client: str, *, invoices: int, customers: int = 200, first: int = 0) -> None:
        """Add generated customers and invoices."""
        story.fill(self._books(client), invoices, customers=customers, first=first)

    def set_client(self, client: str, **values: Any) -> None:
        """Change lock_date, uses_cid, name, valid_privileges, invalid_privileges, client_key."""
        books = self._books(client)
        allowed = {"lock_date", "uses_cid", "name", "client_key"}
        allowed |= {"valid_privileges", "invalid_privileges"}
        if unknown := set(values) - allowed:
            raise ValueError(f"a client has no {sorted(unknown)}")
        books.client.update(values)
        books.save_client()

    def set_account(self, client: str, number: int, *, active: bool) -> None:
        """Switch an account off or on."""
        books = self._books(client)
        account = books.account(number)
        if account is None:
            raise KeyError(f"{client} has no account {number}")
        books.save("account", account | {"active": active})

    def add_invoice(self, client: str, **values: str) -> None:
        """Add an invoice; the values are those of the story's `Invoice`."""
        filled: Json = {"outstanding": values["amount"], "what": "added", "journal": 0, "audit": 0}
        filled |= values
        filled["customer_number"] = int(filled["customer_number"])
        story.add_invoice(self._books(client), shared.Invoice(**filled))

    def add_project(self, client: str, code: str, name: str, **more: Any) -> None:
        """Add a project: customer (its number in Visma Business), parent (a code)."""
        story.add_project(self._books(client), code, name, **more)

    def set_deny_time(self, client: str, code: str, *, denied: bool) -> None:
        """Allow or deny time on a project, as a person does."""
        books = self._books(client)
        project = next(one for one in books.projects.values() if one["code"] == code)
        books.save("project", project | {"deny_time": denied, "changed_at": books.now()})

    def pay(self, client: str, invoice_no: str, amount: str, *, on: str) -> Json:
        """Let a person in PowerOffice register a payment of an invoice by hand."""
        return self._settle(client, "BankJournal", invoice_no, amount, on=on, account=1920)

    def write_off(self, client: str, invoice_no: str, amount: str, *, on: str) -> Json:
        """Let a person in PowerOffice write off what is left of an invoice."""
        return self._settle(client, "ManualJournal", invoice_no, amount, on=on, account=7830)

    def _settle(
        self, client: str, kind: str, invoice_no: str, amount: str, *, on: str, account: int
    ) -> Json:
        books, cents = self._books(client), story.cents(amount)
        entry = _invoice(books, invoice_no)
        customer = books.customers[entry["customer_id"]]
        ledger = books.account(account)
        if ledger is None:
            raise KeyError(f"{client} has no account {account}")
        plain = {
            "posting_date": on,
            "currency": books.client["currency"],
            "vat_id": 0,
            "cid": "",
            "matching_reference": "",
            "description": "",
            "department_code": "",
            "project_code": "",
            "line_reference": "",
        }
        debit = plain | {
            "account_id": ledger["id"],
            "account_no": account,
            "customer_id": None,
            "cents": cents,
            "currency_cents": cents,
            "invoice_no": "",
        }
        credit = plain | {
            "account_id": customer["subledger_account_id"],
            "account_no": customer["number"],
            "customer_id": customer["id"],
            "cents": -cents,
            "currency_cents": -cents,
            "invoice_no": invoice_no,
        }
        with self._store.writing():
            voucher = books.add_voucher(
                kind, day=on, description="Registered by a person", lines=[debit, credit]
            )
            return books.add_entry(
                voucher,
                customer["id"],
                -cents,
                posting_date=on,
                pays_invoice_no=invoice_no,
                write_off=kind == "ManualJournal",
            )

    def reverse(self, client: str, voucher_no: int) -> None:
        """Let a person in PowerOffice reverse a voucher."""
        books = self._books(client)
        for voucher in list(books.vouchers.values()):
            if voucher["number"] == voucher_no:
                books.reverse(voucher)
                return
        raise KeyError(f"{client} has no voucher {voucher_no}")

    def expire_tokens(self) -> None:
        """Expire every access token."""
        for token in self._store.all("go_token"):
            self._store.put("go_token", token["key"], token | {"expires": 0})


def _invoice(books: ClientLedger, invoice_no: str) -> Json:
    for entry in books.entries.values():
        if entry["invoice_no"] == invoice_no:
            return entry
    raise KeyError(f"{books.key} has no invoice {invoice_no}")
