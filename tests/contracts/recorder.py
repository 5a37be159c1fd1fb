"""
A plugin for pytest: sees every request that the hub's connectors make in the whole suite.

Each is held to the contract in the moment that it is sent, and the test that sent it fails. It
is switched on for all tests by `pytest_plugins` in tests/conftest.py. Requests of the tests
themselves (a person's browser, a deliberately wrong call to the sandbox) carry another
`User-Agent` and are nobody's business here.
"""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.contracts import business_nxt, contract, poweroffice

OURS = "IntegrationHub/"
_VISMA_NET = re.compile(r"^https://api\.finance\.visma\.net|^https?://[^/]+/visma-net(?=/)")
_POWEROFFICE_GO = re.compile(
    r"^https://goapi\.poweroffice\.net(/Demo)?|^https?://[^/]+/poweroffice-go(?=/)"
)
_BUSINESS_NXT = re.compile(r"^https://business\.visma\.net|^https?://[^/]+/business-nxt(?=/)")
# Where a vendor's requests go, and who judges them.
_JUDGES = (
    (_VISMA_NET, contract),
    (_POWEROFFICE_GO, poweroffice),
    (_BUSINESS_NXT, business_nxt),
)


class ContractBroken(AssertionError):
    """The hub sent something that the vendor's contract does not have."""


class Recorder:
    """What was sent, counted by operation, and what was wrong with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.seen: Counter[str] = Counter()
        self.broken: list[str] = []

    def look_at(self, request: requests.PreparedRequest) -> None:
        """
        Count the request and check it.

        :raises ContractBroken: in the middle of the sending, if it breaks the contract
        """
        url = request.url or ""
        agent = str(request.headers.get("User-Agent", ""))
        found_judge = next(
            ((judge, base) for address, judge in _JUDGES if (base := address.match(url))), None
        )
        if found_judge is None or not agent.startswith(OURS):
            return
        judge, base = found_judge
        if not judge.is_here():
            return
        parts = urlsplit(url[base.end() :])
        found = judge.problems(
            method=request.method or "",
            path=parts.path,
            query=parts.query,
            headers=dict(request.headers),
            body=request.body if isinstance(request.body, bytes | str) else None,
        )
        template = re.sub(r"/(journaltransaction)/[^/]+", r"/\1/…", parts.path)
        template = re.sub(r"/(\d+|[0-9a-f]{8}-[0-9a-f-]{27})(?=/|$)", "/…", template)
        with self._lock:
            self.seen[f"{request.method} {template}"] += 1
            # Code under test may swallow the exception; the list it cannot.
            self.broken += found
        if found:
            raise ContractBroken("\n".join(found))


RECORDER = Recorder()


def check_log(requests_seen: list[dict[str, Any]]) -> list[str]:
    """Return the problems in a list from the sandbox's `/control/requests?body=true`."""
    found = []
    for one in requests_seen:
        if one["vendor"] != "visma-net" or not one["headers"].get("User-Agent", "").startswith(
            OURS
        ):
            continue
        query = "&".join(f"{name}={value}" for name, all_ in one["query"].items() for value in all_)
        found += contract.problems(method=one["method"], path=one["path"], query=query)
    return found


@pytest.fixture(scope="session", autouse=True)
def _every_request_is_recorded() -> Iterator[None]:
    """Look at each request before it goes out, also where `responses` plays the vendor."""
    if not contract.is_here():
        yield
        return
    send = requests.Session.send

    def looked_at(session: requests.Session, request: requests.PreparedRequest, **how: Any) -> Any:
        RECORDER.look_at(request)
        return send(session, request, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.Session, "send", looked_at)
        yield


@pytest.fixture(autouse=True)
def _no_request_breaks_the_contract() -> Iterator[None]:
    """Fail the test that sent a wrong request, even if the code it tested hid that."""
    before = len(RECORDER.broken)
    yield
    assert not RECORDER.broken[before:], "\n".join(RECORDER.broken[before:])


# --- Said at the end of the run -------------------------------------------------------------


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what one process of a divided run has seen to the one that prints."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["requests_seen"] = dict(RECORDER.seen)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    """Add what another process of a divided run has seen."""
    RECORDER.seen.update(getattr(node, "workeroutput", {}).get("requests_seen", {}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many requests were held to the contract, or why none was."""
    if not contract.is_here():
        terminalreporter.write_line(f"contract: no request was checked, {contract.MISSING}")
    elif RECORDER.seen:
        total, kinds = sum(RECORDER.seen.values()), len(RECORDER.seen)
        terminalreporter.write_line(
            f"contract: {total} requests of {kinds} kinds checked, {len(RECORDER.broken)} broke it"
        )
