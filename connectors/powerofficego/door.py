"""The calls that payments and journals share: credentials, limits, pages."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.base import Observer
from connectors.errors import (
    BadAnswer,
)
from connectors.http.answers import Answer
from connectors.http.client import Http, Timeouts
from connectors.http.sessions import BearerToken
from connectors.limits import SUBSCRIPTION, Limiter
from connectors.powerofficego import errors, strict
from connectors.powerofficego.errors import VENDOR
from connectors.sign_in import Tokens

PAGE_SIZE = 5000
CALLS_PER_SECOND = 10
"""Of the subscription key, all companies together."""
MOST_PAGES = 10_000


class Door:
    """The calls that payments and journals share: credentials, limits, pages."""

    def __init__(
        self,
        *,
        base_url: str,
        tokens: Tokens,
        subscription_key: str,
        observer: Observer | None = None,
        limiter: Limiter | None = None,
        timeouts: Timeouts | None = None,
        page_size: int = PAGE_SIZE,
        per_second: int = CALLS_PER_SECOND,
    ) -> None:
        self._http = Http(
            vendor=VENDOR,
            base_url=base_url,
            auth=BearerToken(tokens, vendor=VENDOR),
            timeouts=timeouts,
            observer=observer,
            limiter=limiter,
            counted_per=SUBSCRIPTION,
            per_second=per_second,
        )
        self._headers = {"Ocp-Apim-Subscription-Key": subscription_key}
        self._page_size = page_size

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        body: Any = None,
        kind: str = "application/json",
    ) -> Answer:
        """Send one request and return its answer, whatever its status."""
        headers = self._headers if body is None else {**self._headers, "Content-Type": kind}
        return self._http.send(
            method,
            f"/v2{path}",
            writes=method != "GET",
            params=params,
            json=body,
            headers=headers,
        )

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """Return what a read answers; None for an empty list, which is 204 without a body."""
        answer = self.send("GET", path, params=params)
        return self._content(answer)

    def _content(self, answer: Answer) -> Any:
        if answer.status == 204:
            return None
        if answer.status != 200:
            raise errors.failure(answer, writes=False)
        return self._http.read_json(answer)

    def read_written(self, answer: Answer) -> Any:
        """Return the JSON that answers a write."""
        return self._http.read_json(answer, writes=True)

    # https://developer.poweroffice.net/documentation/requests (Paging)
    def items(
        self, path: str, params: Mapping[str, str | int] | None = None
    ) -> Iterator[dict[str, Any]]:
        """
        Yield the members of a list, page by page, each once.

        The list has no snapshot: what moves to a later page while we read is left out there.
        """
        seen: set[object] = set()
        for number in range(1, MOST_PAGES + 1):
            query = {**(params or {}), "PageNumber": number, "PageSize": self._page_size}
            answer = self.send("GET", path, params=query)
            content = self._content(answer)
            if content is None:
                return
            found = strict.objects(content, where=path)
            for item in found:
                key = item.get("id")
                if key is None or key not in seen:
                    seen.add(key)
                    yield item
            if not _has_next(answer, found=len(found), asked=self._page_size):
                return
        raise BadAnswer(vendor=VENDOR, detail=f"{path}: more than {MOST_PAGES} pages")


def _has_next(answer: Answer, *, found: int, asked: int) -> bool:
    """Return whether another page follows: the header says so, or else the page was full."""
    try:
        about = json.loads(answer.headers.get("X-Pagination", ""))
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict):
        return found >= asked
    fields = {str(name).lower(): value for name, value in about.items()}
    return bool(fields.get("nextpagelink"))
