"""What a person does in Visma Business, for tests and the page: `store`-level verbs by company."""

from typing import Any

from sandbox import receivables_story as story
from sandbox.businessnxt import ledger
from sandbox.memory import Memory


class NxtSetUp:
    """Changes of a company. `company` is its key, number, organisation number or name."""

    def __init__(self, store: Memory) -> None:
        self._store = store

    def generate(self, company: str, payments: int) -> None:
        """Fill the company with generated customers, invoices and payments."""
        if not 0 < payments <= 1_000_000:
            raise ValueError("between 1 and 1,000,000 payments")
        ledger.generate(self._store, self._number(company), payments=payments)

    def set_credit_block(self, company: str, customer: int, *, denied: bool) -> None:
        """Set or lift the credit block of a customer."""
        number = self._number(company)
        if not ledger.associates(self._store, number, customerNo=customer):
            raise KeyError(f"no customer {customer}")
        ledger.set_credit_block(self._store, number, customer, denied=denied)

    def register_payment(
        self,
        company: str,
        customer: int,
        amount: str,
        day: str,
        *,
        invoice: str = "",
        kid: str = "",
        text: str = "Innbetaling",
        voucher_type: int = 1,
        origin: int = 1,
    ) -> None:
        """Post a payment in a new journal; a negative amount is a return."""
        number = self._number(company)
        journal = ledger.last_journal(self._store, number) + 1
        ledger.register_payment(
            self._store,
            number,
            story.Payment(
                journal,
                1,
                customer,
                day,
                amount,
                20_000 + journal,
                "by hand",
                invoice,
                kid,
                text,
                voucher_type=voucher_type,
                origin=origin,
            ),
        )

    def compress(self, company: str, customer: int, before: str) -> None:
        """Replace the customer's settled rows before that day by one."""
        ledger.compress(self._store, self._number(company), customer, before=before)

    def set_company(self, company: str, **switches: bool) -> None:
        """Switch ``access`` (the hub's user may read it) and ``writes`` (its group may write)."""
        number = self._number(company)
        found = self._store.get("nxt_company", str(number)) or {}
        for name in switches:
            if name not in ("access", "writes"):
                raise ValueError(f"{name!r} cannot be set; there are: access, writes")
        self._store.put("nxt_company", str(number), {**found, **switches})

    def _number(self, company: str) -> int:
        found: Any = ledger.company(self._store, company)
        if found is None:
            raise KeyError(f"no company {company!r}")
        return int(found["number"])
