"""
The broker inside the worker: kombu's memory transport, which hears sooner that it should stop.

Celery's loop waits in `drain_events` for two seconds at a time and looks twice before it stops, so
that Ctrl-C took up to five seconds.
"""

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, memory

WAIT_AT_MOST = 0.3


class Transport(memory.Transport):
    """Kombu's memory transport with a shorter wait."""

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """Wait for messages, but return to the worker's loop soon."""
        super().drain_events(
            connection, timeout=min(timeout or WAIT_AT_MOST, WAIT_AT_MOST), **kwargs
        )


def register() -> None:
    """Let broker addresses that begin with memory:// mean this transport."""
    TRANSPORT_ALIASES["memory"] = f"{__name__}:Transport"
