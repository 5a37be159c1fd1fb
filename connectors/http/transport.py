"""Failures of the transport, translated at one door."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import requests
import structlog
import urllib3

from connectors.errors import (
    BadAnswer,
    ConnectorError,
    NotConfigured,
    OutcomeUnknown,
    Unavailable,
)

log = structlog.get_logger(__name__)

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
