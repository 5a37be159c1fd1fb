"""
The broker inside the worker: kombu's memory transport, which waits in place of polling.

Kombu looks for messages twenty times a second, and Celery's loop hears only after two seconds
that it should stop.
"""

from threading import Event
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, memory

WAIT_AT_MOST = 0.5
_something_to_do = Event()
"""A message came, or a thread that works on one is free again."""


class Channel(memory.Channel):
    """Kombu's channel, which says when something happens."""

    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        super()._put(queue, message, **kwargs)
        _something_to_do.set()

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        """Acknowledge a message: there is room for the next."""
        super().basic_ack(delivery_tag, multiple=multiple)
        _something_to_do.set()

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Refuse a message: there is room for the next."""
        super().basic_reject(delivery_tag, requeue=requeue)
        _something_to_do.set()


class Transport(memory.Transport):
    """Kombu's memory transport with a shorter wait."""

    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """Deliver a message, or wait for one a moment."""
        _something_to_do.clear()
        try:
            super().drain_events(connection, timeout=0, **kwargs)
        except TimeoutError:
            if not _something_to_do.wait(min(timeout or WAIT_AT_MOST, WAIT_AT_MOST)):
                raise
            super().drain_events(connection, timeout=0, **kwargs)


def register() -> None:
    """Let broker addresses that begin with memory:// mean this transport."""
    TRANSPORT_ALIASES["memory"] = f"{__name__}:Transport"
