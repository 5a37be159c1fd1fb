"""Sessions that keep connections and nothing else, and the token that goes along."""

import threading
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from connectors.errors import (
    OutcomeUnknown,
    Unavailable,
)
from connectors.sign_in import Tokens

USER_AGENT = "IntegrationHub/1.0"
IDLE_SECONDS = 15
"""A connection idle for longer is not used for a write; see :func:`fresh_for_writing`."""


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


threads = _PerThread()


def fresh_for_writing(host: str, *, now: float) -> requests.Session:
    """
    Return this thread's session, without its connections if they have been idle.

    A server may close an idle connection in the moment that we send on it. A read is simply
    made again; a write becomes *unknown*, and people wait minutes for its look-up.
    """
    if now - threads.used_at.get(host, now) > IDLE_SECONDS:
        threads.session.close()
    return threads.session
