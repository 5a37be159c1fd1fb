"""The requests the sandbox received, so that tests can count them and hold them to a contract."""

import itertools
import json
import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

# Old requests give way when their bodies take more room than this.
MAX_BYTES = 64 * 1024 * 1024
MAX_REQUESTS = 50_000

_SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization"}


@dataclass
class LoggedRequest:
    """
    One request and what came of it. Holds no token and no cookie.

    :param call: the sandbox's name of the call, e.g. ``create``
    :param status: the status answered; 0 when the connection was cut instead
    :param unknown_fields: fields of the body that the contract does not know
    """

    id: int
    at: str
    vendor: str
    call: str
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes = b""
    tenant_id: str = ""
    status: int = 0
    unknown_fields: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def json(self) -> Any:
        """Return the body read as JSON; None if there was none."""
        return json.loads(self.body) if self.body else None

    def as_json(self, *, with_body: bool = True) -> dict[str, Any]:
        """Return the request as plain values."""
        plain = dict(vars(self))
        body = plain.pop("body")
        if with_body and body:
            try:
                plain["body"] = json.loads(body)
            except ValueError:
                plain["body"] = body.decode("utf-8", "replace")
        return plain


def without_secrets(headers: Any) -> dict[str, str]:
    """Return the headers, those that carry a secret left out."""
    return {name: value for name, value in headers if name.lower() not in _SECRET_HEADERS}


class RequestLog:
    """A bounded list of requests, safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._requests: deque[LoggedRequest] = deque()
        self._bytes = 0
        self.counts: Counter[str] = Counter()

    def add(self, **values: Any) -> LoggedRequest:
        """Remember a request; the oldest ones give way."""
        with self._lock:
            logged = LoggedRequest(id=next(self._ids), **values)
            self._requests.append(logged)
            self._bytes += len(logged.body)
            self.counts[f"{logged.vendor} {logged.call}"] += 1
            while self._bytes > MAX_BYTES or len(self._requests) > MAX_REQUESTS:
                self._bytes -= len(self._requests.popleft().body)
        return logged

    def find(
        self,
        *,
        vendor: str = "",
        call: str = "",
        method: str = "",
        path: str = "",
        tenant_id: str = "",
        after: int = 0,
    ) -> list[LoggedRequest]:
        """Return the requests, oldest first; `path` is a beginning, `after` an id."""
        with self._lock:
            requests = list(self._requests)
        return [
            each
            for each in requests
            if each.id > after
            and (not vendor or each.vendor == vendor)
            and (not call or each.call == call)
            and (not method or each.method == method)
            and (not path or each.path.startswith(path))
            and (not tenant_id or each.tenant_id == tenant_id)
        ]

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._requests.clear()
            self._bytes = 0
            self.counts.clear()
