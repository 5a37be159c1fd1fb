"""A password that somebody else made is good for one thing: to set one's own."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url

CHANGE = "organisations:password"
OPEN_MEANWHILE = frozenset(
    {CHANGE, "account_logout", "organisations:theme", "set_language", "healthz", "readyz"}
)


class TemporaryPasswordMiddleware:
    """Lead who signed in with a password that the operator made to the page that changes it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """Answer instead of the view until the password is the person's own."""
        if not getattr(request.user, "password_is_temporary", False):
            return None
        match = request.resolver_match
        if match is not None and match.view_name in OPEN_MEANWHILE:
            return None
        if request.headers.get("HX-Request"):
            # A redirect would put the page inside the part that HTMX asked for.
            return HttpResponse(headers={"HX-Redirect": resolve_url(CHANGE)})
        return redirect(CHANGE)
