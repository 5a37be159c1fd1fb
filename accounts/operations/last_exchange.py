"""What a vendor said of the last request, as the columns of the row that keeps the call."""

from datetime import datetime
from typing import Any

from connectors.base import Exchange


class LastExchange:
    """Remembers what the connector said of its last request, for the attempt's row."""

    def __init__(self) -> None:
        self.last: Exchange | None = None

    def __call__(self, exchange: Exchange) -> None:
        self.last = exchange

    def as_columns(self, outcome: str, *, now: datetime, detail: str = "") -> dict[str, Any]:
        """Return what completes an attempt: what came of it, and what was said of the request."""
        said = self.last
        return {
            "ended_at": now,
            "outcome": outcome,
            "status": said.status if said else None,
            "trace_id": (said.trace_id if said else "")[:120],
            "milliseconds": said.milliseconds if said else None,
            "detail": detail,
        }
