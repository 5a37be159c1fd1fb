"""
How long a session lasts: without use, and at most.

A page that follows itself is no use of the hub: somebody may have left it open. What counts is a
page that a person went to and whatever is sent. Use is written down at most once a minute.
"""

from collections.abc import Callable, Mapping
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from organisations.confirming import remember

BEGUN, SEEN = "begun_at", "seen_at"
_WRITTEN_EVERY_SECONDS = 60


def begin(sender: Any, request: HttpRequest, **_more: Any) -> None:
    """Start the clocks of a session; called at each sign-in, however it was done."""
    request.session[BEGUN] = request.session[SEEN] = timezone.now().timestamp()
    remember(request)


def is_over(session: Mapping[str, Any], *, now: float) -> bool:
    """Return whether a session has reached one of its limits."""
    begun, seen = session.get(BEGUN, 0), session.get(SEEN, 0)
    return bool(
        now - begun >= settings.SESSION_COOKIE_AGE
        or now - seen >= settings.HUB_SESSION_IDLE_SECONDS
    )


class SessionLimitsMiddleware:
    """End a session that is over, before anything is shown or done in it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = timezone.now().timestamp()
            if is_over(request.session, now=now):
                logout(request)
            elif now - request.session[SEEN] >= _WRITTEN_EVERY_SECONDS and is_use(request):
                request.session[SEEN] = now
                UserSession.objects.create_from_request(request)
        return self.get_response(request)


def is_use(request: HttpRequest) -> bool:
    """
    Return whether a person is behind the request, and not an open page by itself.

    Parts that a page fetches are none, nor is a page without scripts that loads itself again: the
    browser says with each page whether a person went there (Fetch Metadata, where it is sent).
    """
    if request.method not in {"GET", "HEAD"}:
        return True
    if request.headers.get("HX-Request"):
        return False
    mode = request.headers.get("Sec-Fetch-Mode")
    return mode is None or (mode == "navigate" and request.headers.get("Sec-Fetch-User") == "?1")
