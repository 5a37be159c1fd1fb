"""An answer, and the failure that an unwelcome one stands for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from connectors.errors import (
    BadAnswer,
    ChangedMeanwhile,
    ConflictingWrite,
    ConnectorError,
    Forbidden,
    NotAuthorized,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)

LONGEST_WAIT = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str = ""

    @property
    def text(self) -> str:
        """Return the body as text; what cannot be read is shown as such."""
        return self.body.decode("utf-8", errors="replace")

    @property
    def trace_id(self) -> str:
        """Return the vendor's id of the request, for its support; empty if it gave none."""
        for name in ("X-Request-Id", "X-Correlation-Id", "Request-Id", "x-ms-request-id"):
            if self.headers.get(name):
                return self.headers[name][:100]
        return ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a range of statuses means on a read, and on a write."""

    first: int
    last: int
    on_read: type[ConnectorError]
    on_write: type[ConnectorError]


# The first row that fits decides. A redirect is not followed: the token is for one host only,
# and what a redirected write did is not known.
OUTCOMES = (
    Outcome(401, 401, NotAuthorized, NotAuthorized),
    Outcome(403, 403, Forbidden, Forbidden),
    Outcome(404, 404, NotFound, NotFound),
    Outcome(408, 408, Unavailable, OutcomeUnknown),
    Outcome(409, 409, Unavailable, ConflictingWrite),
    Outcome(410, 410, NotFound, NotFound),
    Outcome(412, 412, ChangedMeanwhile, ChangedMeanwhile),
    Outcome(429, 429, RateLimited, RateLimited),
    Outcome(400, 499, Rejected, Rejected),
    Outcome(500, 599, Unavailable, OutcomeUnknown),
    Outcome(0, 999, BadAnswer, OutcomeUnknown),
)


def outcome_of(status: int, *, writes: bool) -> type[ConnectorError]:
    """Return the failure that an unwelcome status stands for."""
    row = next(row for row in OUTCOMES if row.first <= status <= row.last)
    return row.on_write if writes else row.on_read


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """
    Return the seconds that the vendor asks us to wait, from seconds or a date; else None.

    Never more than :data:`LONGEST_WAIT`: a slip of the vendor's must not stop a queue for years.
    """
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        return min(float(text), LONGEST_WAIT)
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return None
    # Both dates by the vendor's clock, if it shows it: ours may be wrong.
    said = server_date(headers) or now
    seconds = (then.replace(tzinfo=then.tzinfo or UTC) - said).total_seconds()
    return min(max(0.0, seconds), LONGEST_WAIT)


def server_date(headers: Mapping[str, str]) -> datetime | None:
    """Return what the vendor's clock showed when it answered, if it says so."""
    try:
        date = parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return None
    return date.replace(tzinfo=date.tzinfo or UTC)


_RATE_LIMIT = {name: f"X-RateLimit-{name.title()}" for name in ("limit", "remaining", "reset")}


def rate_limit(headers: Mapping[str, str]) -> dict[str, int]:
    """Return ``limit``, ``remaining`` and ``reset`` (seconds), those that the vendor states."""
    found = {}
    for name, header in _RATE_LIMIT.items():
        text = headers.get(header, "").strip()
        if len(text) <= 9 and text.isascii() and text.isdigit():
            found[name] = int(text)
    return found


def failure(
    answer: Answer, *, vendor: str, writes: bool, detail: str = "", trace_id: str = ""
) -> ConnectorError:
    """Return the failure that the answer is, by its status alone."""
    return outcome_of(answer.status, writes=writes)(
        vendor=vendor,
        detail=detail or answer.text,
        status=answer.status,
        trace_id=trace_id or answer.trace_id,
        retry_after=retry_after(answer.headers, now=datetime.now(UTC)),
    )
