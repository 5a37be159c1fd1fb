"""One sandbox for all these tests, put back to its story before each."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from sandbox import seed
from sandbox.app import make_app
from sandbox.server import Server, serve
from sandbox.store import Store

from .person import Person, answer_of

REDIRECT = "http://127.0.0.1:8000/connections/callback"
VERIFIER = "v" * 43
SCOPES = (
    "openid profile email offline_access vismanet_erp_interactive_api:read "
    "vismanet_erp_interactive_api:create vismanet_erp_interactive_api:update"
)


class Client:
    """A client of the sandbox, written without any of the hub's code."""

    client_id = "isv_integrationhub"
    secret = "sandbox-secret"

    def __init__(self, url: str) -> None:
        self.connect = url + "/visma-connect"
        self.api = url + "/visma-net"
        self.http = requests.Session()
        self.tokens: dict[str, Any] = {}

    def authorize_address(self, **changes: str) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
        asked = {
            "client_id": self.client_id,
            "response_type": "code",
            "scope": SCOPES,
            "redirect_uri": REDIRECT,
            "response_mode": "query",
            "state": "a state/with=signs",
            "nonce": "n-1",
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        } | changes
        asked = {name: value for name, value in asked.items() if value}
        return f"{self.connect}/connect/authorize?{urlencode(asked)}"

    def token(self, **form: str) -> requests.Response:
        return self.http.post(
            f"{self.connect}/connect/token",
            data=form,
            auth=(self.client_id, self.secret),
            timeout=10,
        )

    def exchange(self, code: str, **changes: str) -> requests.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }
        return self.token(**(form | changes))

    def refresh(self, token: str) -> requests.Response:
        return self.token(grant_type="refresh_token", refresh_token=token)

    def connect_to(self, tenant_id: str, person: Person | None = None) -> "Client":
        person = person or Person()
        back = person.sign_in(self.authorize_address(), tenant_id=tenant_id)
        self.tokens = self.exchange(answer_of(back)["code"]).json()
        return self

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.tokens['access_token']}"}
        headers |= more.pop("headers", {})
        return self.http.request(method, self.api + path, headers=headers, timeout=10, **more)

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.call("GET", path, params=query)

    def post_journal(self, **changes: Any) -> requests.Response:
        return self.call("POST", "/v2/journaltransaction", json=journal(**changes))


def wrapped(**values: Any) -> dict[str, Any]:
    return {name: {"value": value} for name, value in values.items()}


def line(account: str, amount: float, *segments: str, **more: Any) -> dict[str, Any]:
    side = "debitAmountInCurrency" if amount > 0 else "creditAmountInCurrency"
    made: dict[str, Any] = {"operation": "Insert"}
    made |= wrapped(accountNumber=account, referenceNumber="HUB-1", transactionDescription="Pay")
    made[side] = {"value": abs(amount)}
    if segments:
        made["subaccount"] = [
            {"segmentId": number, "segmentValue": value}
            for number, value in enumerate(segments, start=1)
        ]
    return made | more


def journal(*, lines: list[dict[str, Any]] | None = None, **header: Any) -> dict[str, Any]:
    values = {
        "description": "Pay 2026-03 HUB-1",
        "transactionDate": "2026-03-25T00:00:00",
        "financialPeriod": "202603",
        "hold": False,
    } | header
    pay = [line("7010", 1000.5, "0100", "K10"), line("2821", -1000.5)]
    return wrapped(**{name: value for name, value in values.items() if value is not None}) | {
        "journalTransactionLines": pay if lines is None else lines
    }


@pytest.fixture(scope="session")
def running() -> Iterator[tuple[Store, Server]]:
    store = Store()
    with serve(make_app(store)) as server:
        yield store, server
    store.close()


@pytest.fixture
def store(running: tuple[Store, Server]) -> Store:
    running[0].reset()
    return running[0]


@pytest.fixture
def url(running: tuple[Store, Server], store: Store) -> str:
    return running[1].url


@pytest.fixture
def client(url: str) -> Client:
    return Client(url)


@pytest.fixture
def akeriet(client: Client) -> Client:
    return client.connect_to(seed.AKERIET)
