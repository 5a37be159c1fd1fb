"""A client of PowerOffice Go against the sandbox, with real tokens and no pacing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from connectors.powerofficego import Client, ClientKeySignIn
from connectors.receivables.target import PaymentToRegister
from sandbox import receivables_story as story
from tests.conftest import SandboxServer

NOW = datetime(2026, 10, 20, 8, tzinfo=UTC)
APPLICATION_KEY, SUBSCRIPTION_KEY = "sandbox-application-key", "sandbox-subscription-key"


def reference(number: int) -> str:
    """Return a reference that looks like the hub's."""
    return str(UUID(int=number))


def payment(**changes: Any) -> PaymentToRegister:
    """Return a part payment of invoice 50002, changed."""
    plain = PaymentToRegister(
        reference=reference(1),
        customer_number="10002",
        invoice_number="50002",
        paid_on=date(2026, 8, 16),
        amount=Decimal("3500.00"),
        currency="NOK",
        account="1579",
        text="Innbetaling Visma 9002",
        voucher_number=9002,
        kid=story.kid(10002, "50002"),
    )
    return replace(plain, **changes)


def sign_in(url: str, client_key: str, **changes: str) -> ClientKeySignIn:
    """Return how the tokens of a client are got at the sandbox."""
    keys = {"application_key": APPLICATION_KEY, "subscription_key": SUBSCRIPTION_KEY, **changes}
    return ClientKeySignIn(base_url=f"{url}/poweroffice-go", client_key=client_key, **keys)


class RealTokens:
    """Asks the sandbox for a token when there is none, or the old one was refused."""

    def __init__(self, url: str, client_key: str) -> None:
        self._sign_in = sign_in(url, client_key)
        self._token = ""
        self.asked = 0

    def current(self) -> str:
        return self._token or self.refresh(stale="")

    def refresh(self, *, stale: str) -> str:
        self.asked += 1
        self._token = self._sign_in.service_grant(tenant_id="", now=NOW).access_token
        return self._token


@dataclass
class Go:
    """The sandbox's PowerOffice Go, and clients of it."""

    server: SandboxServer

    def client(self, key: str = "nordvik", **more: Any) -> Client:
        return Client(
            base_url=f"{self.server.url}/poweroffice-go",
            tokens=RealTokens(self.server.url, self.books(key).client["client_key"]),
            subscription_key=SUBSCRIPTION_KEY,
            **{"per_second": 0, **more},
        )

    def books(self, key: str = "nordvik") -> Any:
        return self.server.store.powerofficego.client(key)

    def balance_of(self, invoice: str, key: str = "nordvik") -> Decimal:
        books = self.books(key)
        entry = next(one for one in books.entries.values() if one["invoice_no"] == invoice)
        return Decimal(books.balances[entry["id"]]).scaleb(-2)

    def fault(self, kind: str, on: str, **more: Any) -> None:
        self.server.store.add_fault(kind, on=on, **more)

    def calls(self, name: str) -> int:
        return len(self.server.store.requests(vendor="poweroffice-go", call=name))


@pytest.fixture
def go(sandbox_server: SandboxServer) -> Iterator[Go]:
    sandbox_server.store.reset()
    sandbox_server.store.set(go_rate_limit=0)
    yield Go(sandbox_server)
    sandbox_server.store.clear_faults()
