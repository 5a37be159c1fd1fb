"""What the connector tests share: tokens without a database, and a vendor that misbehaves."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from connectors.base import Exchange


class FixedTokens:
    """Gives `first`, and after a refresh `second`; remembers what was called stale."""

    def __init__(self, first: str = "first-token", second: str = "second-token") -> None:
        self.first, self.second = first, second
        self.stale: list[str] = []

    def current(self) -> str:
        return self.second if self.stale else self.first

    def refresh(self, *, stale: str) -> str:
        self.stale.append(stale)
        return self.second


@pytest.fixture
def tokens() -> FixedTokens:
    return FixedTokens()


@pytest.fixture
def exchanges() -> list[Exchange]:
    return []


@pytest.fixture
def raw_server() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """Return a function that serves connections with the given behaviour, one after another."""
    listening: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(behave: Callable[[socket.socket], None]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listening.append(listener)

        def run() -> None:
            while True:
                try:
                    connection, _address = listener.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):  # the test may have hung up
                    behave(connection)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        threads.append(thread)
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield serve
    for listener in listening:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(5)
