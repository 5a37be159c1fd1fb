"""What every request passes before the apps see it."""

import re
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.contrib.auth.signals import user_logged_out
from django.core.exceptions import BadRequest
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import is_valid_path
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext

from api.problems import problem
from connectors.bounds import no_text_in
from integrationhub import logs

log = structlog.get_logger(__name__)

Next = Callable[[HttpRequest], HttpResponse]
_IN_BRACKETS = re.compile(r"\[([^\]]*)\](?::\d+)?")
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIdMiddleware:
    """Give the request an id (or take the proxy's, where there is one), log with it, return it."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "") if settings.HUB_PROXY_COUNT else ""
        request_id = given if _ACCEPTABLE_ID.fullmatch(given) else uuid4().hex
        logs.bind_request_id(request_id)
        request.request_id = request_id  # type: ignore[attr-defined]
        try:
            response = self.get_response(request)
        finally:
            logs.forget_request_id()
        response["X-Request-ID"] = request_id
        return response


class MethodsMiddleware:
    """Answer 405 to methods that no page has: TRACE would send back what a proxy added."""

    KNOWN = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in self.KNOWN:
            return HttpResponseNotAllowed(sorted(self.KNOWN))
        return self.get_response(request)


class PageAboveMiddleware:
    """
    Lead a person from an address that only takes what is sent to the page above it.

    A page that answers to something sent stands at such an address. Whoever chooses another
    language there, or opens the address again, would see nothing at all.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        goes_there = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
        if response.status_code == 405 and goes_there:
            return redirect(_page_above(request.path_info))
        return response


def _page_above(path: str) -> str:
    while (path := path.rstrip("/").rpartition("/")[0] + "/") != "/":
        if is_valid_path(path):
            break
    return path


class ClientAddressMiddleware:
    """
    Find the address of the person behind `HUB_PROXY_COUNT` proxies.

    Each proxy adds the address it saw at the end of X-Forwarded-For; what stands before those
    was written by the client and proves nothing.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        count = settings.HUB_PROXY_COUNT
        forwarded = request.headers.get("X-Forwarded-For", "")
        addresses = [address.strip() for address in forwarded.split(",") if address.strip()]
        if count and len(addresses) >= count and (address := address_in(addresses[-count])):
            request.META["REMOTE_ADDR"] = address
        return self.get_response(request)


def address_in(text: str) -> str:
    """
    Return the address that a proxy wrote down, perhaps with a port; empty if it is none.

    It is stored, counted by and shown, so nothing else may pass for one.
    """
    text = text.strip()
    bracketed = _IN_BRACKETS.fullmatch(text)
    if bracketed:
        text = bracketed[1]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address).partition("%")[0]


class PlainCookiesMiddleware:
    """Take away cookies that hold no text: none of ours does, and no database takes the key."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        for name in [name for name, value in request.COOKIES.items() if no_text_in(value)]:
            del request.COOKIES[name]
        return self.get_response(request)


class BodySizeMiddleware:
    """
    Answer 413 before a body is read that is larger than its sender may send.

    A stranger signs in, and that takes little. Nothing that stands before this one reads the body;
    the check against forged requests does, but only after every middleware was called.
    """

    OF_A_STRANGER = 64 * 1024
    BESIDE_A_FILE = 1024 * 1024
    """What a form holds beside its file."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        size = request.META.get("CONTENT_LENGTH") or "0"
        if not (size.isascii() and size.isdigit()):
            return HttpResponse(status=400)
        if int(size) <= self.OF_A_STRANGER:
            return self.get_response(request)
        most = self.OF_A_STRANGER
        if request.user.is_authenticated:
            most = settings.HUB_MAX_UPLOAD_MB * 1024 * 1024 + self.BESIDE_A_FILE
        if int(size) <= most:
            return self.get_response(request)
        if request.path.startswith("/api/"):
            return problem(413, "too_large", f"At most {most} bytes are taken.")
        words = gettext("This is larger than the hub accepts. Nothing was saved.")
        return HttpResponse(words, status=413, content_type="text/plain; charset=utf-8")


class PlainTextMiddleware:
    """
    Answer 400 where an address or a form holds characters that no text holds.

    No keyboard types them, and no database takes them all: they would be stored by one and be an
    error in another.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Next, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Look at what was sent, before any view does."""
        said = [request.GET]
        if not getattr(view, "csrf_exempt", False):  # the API reads its body itself
            said.append(request.POST)
        texts = (text for one in said for key, values in one.lists() for text in (key, *values))
        found = next(filter(None, map(no_text_in, (request.path, *texts))), "")
        if not found:
            return None
        if request.path.startswith("/api/"):
            return problem(400, "bad_request", f"The address holds {found}.")
        raise BadRequest(f"{found}")


class NothingKeptMiddleware:
    """
    Let no browser or proxy keep what it was given: pages, answers, exports, shown secrets.

    Whoever signs out leaves nothing behind for the next person at the machine. Static files are
    answered before this.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "no-store" not in response.get("Cache-Control", ""):
            response["Cache-Control"] = "no-store"
        if getattr(request, "signs_out", False):
            # Not the cookies: of those that are left, one holds the language and one the theme.
            response["Clear-Site-Data"] = '"cache", "storage"'
        return response


@receiver(user_logged_out)
def _remember_the_sign_out(request: HttpRequest | None, **_signal: Any) -> None:
    if request is not None:
        request.signs_out = True  # type: ignore[attr-defined]


class WhoMiddleware:
    """
    Put who is signed in on every log line of the request, and log whoever is refused.

    To somebody who may not see it a page does not exist, so for a person 404 is a refusal too.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        person = request.user.pk if request.user.is_authenticated else None
        if person is not None:
            organisation = getattr(request, "organisation", None)
            structlog.contextvars.bind_contextvars(
                person=person, organisation=organisation.pk if organisation else None
            )
        response = self.get_response(request)
        refused = response.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
        refused = refused and not getattr(request, "asks_to_confirm", False)
        if refused or (person is not None and response.status_code == HTTPStatus.NOT_FOUND):
            log.warning(
                "access_refused",
                status=response.status_code,
                method=request.method,
                path=request.path,
                address=request.META.get("REMOTE_ADDR", ""),
            )
        return response


class PartOfPageMiddleware:
    """
    Keep a part of a page, asked for by the open page, from being taken for the page itself.

    Both have one address. What a browser keeps of them must tell them apart.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        patch_vary_headers(response, ("HX-Request",))
        return response


class DisplayTimeZoneMiddleware:
    """Show times in the office's time zone."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response
        self.time_zone = ZoneInfo(settings.HUB_TIME_ZONE)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(self.time_zone):
            return self.get_response(request)
