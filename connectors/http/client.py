"""One vendor's door: every request is sent once, and its answer read to the end."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import requests
from requests.auth import AuthBase

from connectors.base import Exchange, Observer
from connectors.errors import (
    BadAnswer,
    ConnectorError,
    OutcomeUnknown,
    RateLimited,
)
from connectors.http.answers import Answer, rate_limit, retry_after
from connectors.http.exact_json import from_json, to_json
from connectors.http.sessions import NoToken, fresh_for_writing, threads
from connectors.http.transport import vendor_errors
from connectors.limits import COMPANY, PATIENCE, Limiter, NoLimit

MAX_ANSWER_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Timeouts:
    """
    Seconds to wait.

    :param write: the vendor validates hundreds of lines before it answers, so it is long
    :param body: for the whole of an answer's body, however slowly it drips
    """

    connect: float = 5.0
    read: float = 30.0
    write: float = 120.0
    body: float = 120.0


class Http:
    """
    One vendor's door: sends a request once, reads the answer to its end, tells the observer.

    :param auth: puts the credentials on a request, usually :class:`BearerToken`
    :param observer: receives every exchange, also the one that only fetched a 401
    :param limiter: is asked before every call; a wait above `PATIENCE` becomes `RateLimited`
    :param counted_per: what the vendor counts calls by, `COMPANY` or `SUBSCRIPTION`
    :param per_second: calls it allows in a second; 0: only what its answers state
    :param trace_id_of: finds the vendor's id of the request in a body, where no header has it
    """

    def __init__(
        self,
        *,
        vendor: str,
        base_url: str,
        auth: AuthBase | None = None,
        timeouts: Timeouts | None = None,
        observer: Observer | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
        monotonic: Callable[[], float] = time.monotonic,
        limiter: Limiter | None = None,
        counted_per: str = COMPANY,
        per_second: int = 0,
        pause: Callable[[float], None] = time.sleep,
        trace_id_of: Callable[[bytes], str] | None = None,
    ) -> None:
        self.vendor = vendor
        self._trace_id_of = trace_id_of
        self._limiter = limiter or NoLimit()
        self._counted_per, self._per_second, self._pause = counted_per, per_second, pause
        self.base_url = base_url.rstrip("/")
        self._auth = auth or NoToken()
        self._timeouts = timeouts or Timeouts()
        self._observer = observer
        self._max_bytes = max_bytes
        self._monotonic = monotonic
        self._host = urlsplit(self.base_url).netloc

    def send(
        self,
        method: str,
        path: str,
        *,
        writes: bool,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """
        Send the request and return the answer, whatever its status.

        :raises RateLimited: if the budget of calls is used up: nothing was sent
        :raises Unavailable: if it was not sent, or was a read
        :raises OutcomeUnknown: if it was a write that may have arrived
        :raises BadAnswer: if the answer to a read is too large or not readable
        :raises NotConfigured: if the address cannot be one
        """
        if writes:
            return self._send(method, path, True, params, json, headers)
        with self._limiter.reader(key=self._counted_per) as admitted:
            if not admitted:
                raise self._too_many(PATIENCE, "enough calls read from it at this moment")
            return self._send(method, path, False, params, json, headers)

    def _send(
        self,
        method: str,
        path: str,
        writes: bool,
        params: Mapping[str, str | int] | None,
        json: Any,
        headers: Mapping[str, str] | None,
    ) -> Answer:
        self._take_turn()
        url = self.base_url + path
        body = None if json is None else to_json(json)
        sent_headers = {"Accept": "application/json", **(headers or {})}
        if body is not None:
            sent_headers.setdefault("Content-Type", "application/json")
        limit = self._timeouts.write if writes else self._timeouts.read
        started = self._monotonic()
        session = fresh_for_writing(self._host, now=started) if writes else threads.session
        try:
            with vendor_errors(self.vendor, writes=writes):
                response = session.request(
                    method,
                    url,
                    params=params,
                    data=body,
                    headers=sent_headers,
                    auth=self._auth,
                    timeout=(self._timeouts.connect, limit),
                    allow_redirects=False,
                    stream=True,
                )
                self._learn(response)
                for earlier in response.history:
                    self._tell(method, earlier.url, started, earlier)
                content = self._read_to_end(response, writes=writes)
        except ConnectorError as exc:
            self._tell(method, url, started, error=exc)
            raise
        threads.used_at[self._host] = self._monotonic()
        trace_id = "" if self._trace_id_of is None else self._trace_id_of(content)
        self._tell(method, response.url, started, response, trace_id=trace_id)
        return Answer(response.status_code, response.headers, content, response.url)

    def read_json(self, answer: Answer, *, writes: bool = False) -> Any:
        """
        Return what the answer's JSON says.

        :raises BadAnswer: if it is not JSON
        :raises OutcomeUnknown: instead, if it answers a write
        """
        try:
            return from_json(answer.body)
        except ValueError as exc:
            kind = OutcomeUnknown if writes else BadAnswer
            detail = f"not JSON: {answer.text[:200]}"
            raise kind(
                vendor=self.vendor,
                detail=detail,
                status=answer.status,
                trace_id=answer.trace_id,
            ) from exc

    def _take_turn(self) -> None:
        wait = self._limiter.wait_for(key=self._counted_per, per_second=self._per_second)
        if wait > PATIENCE:
            raise self._too_many(wait, "the calls it allows are used up for now")
        if wait > 0:
            self._pause(wait)

    def _too_many(self, wait: float, detail: str) -> RateLimited:
        return RateLimited(vendor=self.vendor, detail=detail, retry_after=wait)

    def _learn(self, response: requests.Response) -> None:
        limits = rate_limit(response.headers)
        wait = None
        if response.status_code == 429:
            wait = retry_after(response.headers, now=datetime.now(UTC))
            wait = PATIENCE if wait is None else wait
        if limits or wait is not None:
            self._limiter.learn(key=self._counted_per, limits=limits, retry_after=wait)

    def _read_to_end(self, response: requests.Response, *, writes: bool) -> bytes:
        deadline = self._monotonic() + self._timeouts.body
        content = bytearray()
        try:
            for chunk in response.iter_content(65536):
                content += chunk
                if len(content) > self._max_bytes:
                    kind = OutcomeUnknown if writes else BadAnswer
                    detail = f"the answer is larger than {self._max_bytes} bytes"
                    raise kind(vendor=self.vendor, detail=detail, status=response.status_code)
                if self._monotonic() > deadline:
                    raise requests.ReadTimeout("the answer took too long to arrive")
        finally:
            response.close()
        return bytes(content)

    def _tell(
        self,
        method: str,
        url: str,
        started: float,
        response: requests.Response | None = None,
        *,
        trace_id: str = "",
        error: ConnectorError | None = None,
    ) -> None:
        if self._observer is None:
            return
        headers: Mapping[str, str] = {} if response is None else response.headers
        status = None if response is None else response.status_code
        self._observer(
            Exchange(
                method=method,
                url=without_secrets(url),
                status=status if error is None else error.status,
                trace_id=trace_id or Answer(0, headers, b"").trace_id,
                milliseconds=round((self._monotonic() - started) * 1000),
                rate_limit=rate_limit(headers),
                error="" if error is None else f"{error.code()}: {error.detail[:200]}",
            )
        )


_SECRET_PARAMETERS = re.compile(r"token|code|secret|key|password|hint|verifier", re.IGNORECASE)
_MAY_HOLD_SECRETS = re.compile("[?#@]")


def without_secrets(url: str) -> str:
    """Return the address without a password in it and without secret parameters."""
    if not _MAY_HOLD_SECRETS.search(url):
        return url
    parts = urlsplit(url)
    query = [
        (name, "…" if _SECRET_PARAMETERS.search(name) else value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    host = parts.netloc.rpartition("@")[2]
    shown = urlencode(query, safe=":-/").replace(quote("…"), "…")
    return urlunsplit((parts.scheme, host, parts.path, shown, ""))
