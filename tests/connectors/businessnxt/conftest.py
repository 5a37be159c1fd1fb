"""A client of the sandbox's Business NXT, with tokens that need no database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.conf import settings

from connectors import businessnxt
from connectors.businessnxt import Client
from connectors.businessnxt.client import PAGE_SIZE
from connectors.oauth.documents import DOCUMENTS
from connectors.oauth.sign_in import OpenIdSignIn
from connectors.receivables.source import PaymentQuery
from sandbox import receivables_story as story
from tests.conftest import SandboxServer

MARKER = "IntegrationHub_PaymentRead"
NORDVIK = str(story.NORDVIK.company_no)


class ServiceTokens:
    """Asks for the service's grant, as often as it learns that a token is stale."""

    def __init__(self, sign_in: OpenIdSignIn) -> None:
        self.sign_in, self.asked = sign_in, 0
        self.token = ""

    def current(self) -> str:
        return self.token or self.refresh(stale="")

    def refresh(self, *, stale: str) -> str:
        self.asked += 1
        grant = self.sign_in.service_grant(tenant_id=NORDVIK, now=datetime.now(UTC))
        self.token = grant.access_token
        return self.token


@dataclass
class Nxt:
    """The vendor, and a way to make clients of it."""

    store: Any
    make: Callable[..., Client]
    tokens: ServiceTokens

    def fault(self, kind: str, *, on: str, **how: Any) -> None:
        self.store.add_fault(kind, on=on, vendor="business-nxt", **how)

    def calls(self, name: str = "") -> list[Any]:
        return list(self.store.requests(vendor="business-nxt", call=name))


@pytest.fixture
def nxt(sandbox: SandboxServer) -> Nxt:
    DOCUMENTS.clear()
    tokens = ServiceTokens(
        businessnxt.make_sign_in(settings=settings.HUB_VENDORS, kind=businessnxt.SERVICE)
    )

    def make(company: str = NORDVIK, **changed: Any) -> Client:
        values = {**settings.HUB_VENDORS, **changed.pop("settings", {})}
        page_size = changed.pop("page_size", PAGE_SIZE)
        made = businessnxt.make_source(settings=values, tokens=tokens, company=company, **changed)
        made._page_size = made._door._page_size = page_size
        return made

    return Nxt(store=sandbox.store, make=make, tokens=tokens)


@pytest.fixture
def query() -> PaymentQuery:
    return PaymentQuery(since=date(2026, 1, 1), voucher_types=story.PAYMENT_TYPES)
