"""
One way to talk HTTP to a vendor: timeouts, connection reuse, token, translation of failures.

Every request is sent once. Trying again is the business of the database row that wanted it,
so there is no retry here but one: a request answered 401 was not executed, so it is sent a
second time with a fresh token, a write too.
"""

import re
import socket
import ssl
import threading
import time
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar, overload
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import msgspec
import requests
import structlog
import urllib3
from msgspec import Struct
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from connectors.base import Exchange, Observer, Tokens
from connectors.errors import (
    BadAnswer,
    ChangedMeanwhile,
    ConflictingWrite,
    ConnectorError,
    Forbidden,
    NotAuthorized,
    NotConfigured,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from connectors.limits import COMPANY, PATIENCE, Limiter, NoLimit

log = structlog.get_logger(__name__)

T = TypeVar("T")
USER_AGENT = "IntegrationHub/1.0"
MAX_ANSWER_BYTES = 64 * 1024 * 1024
LONGEST_WAIT = 6 * 3600.0
IDLE_SECONDS = 15
"""A connection idle for longer is not used for a write; see :func:`_fresh_for_writing`."""


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


# --- Numbers without rounding ---------------------------------------------------------------


_LONGEST_NUMBER = 100
_in_digits = msgspec.json.Encoder(decimal_format="number")


def to_json(value: Any) -> bytes:
    """
    Return the value as JSON, with each Decimal as the number it is, digit for digit.

    A structure's fields have types, so its amounts are Decimals; anything else is looked through.

    :raises TypeError: if an amount is a float, which rounds
    :raises ValueError: if an amount is not finite
    """
    return _in_digits.encode(value if isinstance(value, Struct) else _exact(value))


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        raise TypeError("amounts are Decimal, never float")
    if isinstance(value, dict):
        return {key: _exact(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(member) for member in value]
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("an amount must be a finite number")
        return Decimal(format(value, "f"))  # 1000, where it says 1E+3
    return value


@lru_cache(maxsize=64)
def _decoder(shape: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(shape, float_hook=_number)


def _number(text: str) -> Decimal:
    """Return a fraction as it is written; one of a million figures is no amount of anybody."""
    number = Decimal(text)
    if len(text) > _LONGEST_NUMBER or abs(number.adjusted()) > _LONGEST_NUMBER:
        raise ValueError("a number with too many figures")
    return number


_NUL = rb"\u0000"
_NUL_ESCAPED = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


@overload
def from_json(body: bytes | msgspec.Raw) -> Any: ...
@overload
def from_json(body: bytes | msgspec.Raw, shape: type[T]) -> T: ...
def from_json(body: bytes | msgspec.Raw, shape: Any = Any) -> Any:
    """
    Return what the JSON says, with each fraction as a Decimal.

    :param shape: what it must be like, e.g. a structure; left out, anything will do
    :raises ValueError: if it is not JSON, or nested more deeply than any answer is
    :raises msgspec.ValidationError: if it is of another shape; it names the place
    """
    if isinstance(body, bytes):
        body = body.removeprefix(BOM_UTF8)  # some servers put it before their JSON
        if _NUL in body:
            # A text with this character cannot be stored by every database; no field means it.
            body = _NUL_ESCAPED.sub(rb"\1", body)
    try:
        return _decoder(shape).decode(body)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc


# --- Failures of the transport --------------------------------------------------------------

_WRONG_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.URLRequired,
    requests.exceptions.InvalidHeader,
)
_UNREADABLE = (
    requests.exceptions.ContentDecodingError,
    requests.exceptions.InvalidJSONError,
    requests.exceptions.TooManyRedirects,
)


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """Yield the exception and everything it was raised from or wraps, each once."""
    seen: set[int] = set()
    waiting: list[BaseException] = [exc]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = [current.__cause__, current.__context__, getattr(current, "reason", None)]
        waiting += [one for one in (*inner, *current.args) if isinstance(one, BaseException)]


def never_sent(exc: BaseException) -> bool:
    """Return whether the request certainly did not reach the vendor's application."""
    if isinstance(exc, (requests.ConnectTimeout, requests.exceptions.ProxyError, *_WRONG_ADDRESS)):
        return True
    return any(
        isinstance(
            cause,
            # Refused, no route, name not found: urllib3 raises all as NewConnectionError.
            urllib3.exceptions.NewConnectionError
            | urllib3.exceptions.ConnectTimeoutError
            | ConnectionRefusedError
            | socket.gaierror
            | ssl.SSLCertVerificationError,
        )
        for cause in _causes(exc)
    )


@contextmanager
def vendor_errors(vendor: str, *, writes: bool) -> Iterator[None]:
    """
    Turn every failure of the transport into one of ours.

    :param writes: the call would have changed something; only the caller knows (a query in
        GraphQL is a POST too)
    """
    try:
        yield
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as exc:
        if isinstance(exc, requests.RequestException):
            # They hold tokens, and the whole batch. No error page needs those.
            exc.request = exc.response = None
        name = type(exc).__name__
        if tls := next((one for one in _causes(exc) if isinstance(one, ssl.SSLError)), None):
            log.warning("tls_failed", vendor=vendor, reason=str(tls)[:200])
        if isinstance(exc, _WRONG_ADDRESS) or "CA certificate" in str(exc):
            setting = f"The address of {vendor}"
            raise NotConfigured(setting=setting, vendor=vendor, detail=name) from exc
        kind: type[ConnectorError]
        if writes and not never_sent(exc):
            kind = OutcomeUnknown
        elif isinstance(exc, _UNREADABLE):
            kind = BadAnswer
        else:
            kind = Unavailable
        raise kind(vendor=vendor, detail=name) from exc


# --- Failures that are answers --------------------------------------------------------------


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


# --- Token ----------------------------------------------------------------------------------


class BearerToken(AuthBase):
    """
    Send the connection's token; on a 401, refresh it once and send again.

    That is safe for a write: the vendor checks the token before it executes anything.
    """

    def __init__(self, tokens: Tokens, *, vendor: str) -> None:
        self._tokens, self._vendor = tokens, vendor

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        token = self._ask(self._tokens.current)
        request.headers["Authorization"] = f"Bearer {token}"

        def again(answer: requests.Response, *_args: Any, **sending: Any) -> requests.Response:
            return self._again(answer, stale=token, sending=sending)

        request.register_hook("response", again)  # type: ignore[no-untyped-call]
        return request

    def _again(
        self, answer: requests.Response, *, stale: str, sending: dict[str, Any]
    ) -> requests.Response:
        if answer.status_code != 401:
            return answer
        answer.close()
        fresh = self._ask(lambda: self._tokens.refresh(stale=stale))
        request = answer.request.copy()
        request.headers["Authorization"] = f"Bearer {fresh}"
        connection: HTTPAdapter = answer.connection
        second = connection.send(request, **sending)
        second.history.append(answer)
        return second

    def _ask(self, ask: Callable[[], str]) -> str:
        try:
            return ask()
        except OutcomeUnknown as lost:
            # The outcome of the *refresh* is not known; the call that needed the token was
            # not sent, and must not be taken for one that perhaps was stored.
            raise Unavailable(vendor=self._vendor, detail=lost.code()) from lost


class NoToken(AuthBase):
    """Send no credentials at all; without it the library looks for some in ``.netrc``."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


# --- Sending --------------------------------------------------------------------------------


class _PerThread(threading.local):
    """One session per thread: connections are reused and no two threads share one."""

    def __init__(self) -> None:
        self.session = make_session()
        self.used_at: dict[str, float] = {}


def make_session() -> requests.Session:
    """
    Return a session that keeps no cookies: one customer's must never reach another's.

    Proxies and certificates are those that the environment of the process names; credentials in
    `.netrc` are not wanted.
    """
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = USER_AGENT
    session.auth = NoToken()
    return session


_threads = _PerThread()


def _fresh_for_writing(host: str, *, now: float) -> requests.Session:
    """
    Return this thread's session, without its connections if they have been idle.

    A server may close an idle connection in the moment that we send on it. A read is simply
    made again; a write becomes *unknown*, and people wait minutes for its look-up.
    """
    if now - _threads.used_at.get(host, now) > IDLE_SECONDS:
        _threads.session.close()
    return _threads.session


class Http:
    """
    One vendor's door: sends a request once, reads the answer to its end, tells the observer.

    :param auth: puts the credentials on a request, usually :class:`BearerToken`
    :param observer: is told of every exchange, also of the one that only fetched a 401
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
        session = _fresh_for_writing(self._host, now=started) if writes else _threads.session
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
        _threads.used_at[self._host] = self._monotonic()
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
