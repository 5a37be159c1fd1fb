"""Who is asking, on behalf of which organisation."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.messages.storage.base import BaseStorage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

from audit import trail
from background.operations import TooManyChecks
from organisations.models import Membership, Organisation, User
from organisations.operations import second_factor

SESSION_KEY = "organisation"
SET_UP = "mfa_index"
OPEN_WITHOUT_SECOND_FACTOR = frozenset(
    {
        *(SET_UP, "mfa_activate_totp", "mfa_add_webauthn"),
        *(
            "account_logout",
            "organisations:theme",
            "organisations:switch_organisation",
            "organisations:password",
            "set_language",
        ),
        *("healthz", "readyz"),
    }
)


class HubRequest(HttpRequest):
    """A request of a signed-in person; `needs` makes sure that there is a membership."""

    organisation: Organisation
    membership: Membership


class OrganisationMiddleware:
    """
    Put the person's membership and organisation on the request.

    The organisation is the one chosen last in this session, else the first by name. A person
    without a membership has neither, and `organisations.guards.needs` turns that into a 404.
    What is written into the audit trail meanwhile names the person's address and the request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        membership = self._membership(request)
        request.membership = membership  # type: ignore[attr-defined]
        request.organisation = membership.organisation if membership else None  # type: ignore[attr-defined]
        with trail.audit_context(
            address=request.META.get("REMOTE_ADDR", ""),
            request_id=getattr(request, "request_id", ""),
        ):
            return self.get_response(request)

    @staticmethod
    def _membership(request: HttpRequest) -> Membership | None:
        if not request.user.is_authenticated:
            return None
        if request.user.language:
            # Before the browser's cookie, which may be of whoever sat here before.
            translation.activate(request.user.language)
        mine = Membership.objects.filter(user=request.user).select_related("organisation", "role")
        chosen = request.session.get(SESSION_KEY)
        found: Membership | None = None
        if chosen:
            found = mine.filter(organisation_id=chosen).first()
        return found or mine.order_by("organisation__name").first()


class SecondFactorMiddleware:
    """
    Lead who needs a second factor for this organisation and has none to its set-up page.

    Who has one has shown it in this session: the sign-in asks for it, and sessions that were begun
    without it end when it is added.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """Answer instead of the view where the organisation's rule is not met."""
        organisation = getattr(request, "organisation", None)
        if organisation is None or not organisation.requires_second_factor:
            return None
        match = request.resolver_match
        if (
            match is not None and match.view_name in OPEN_WITHOUT_SECOND_FACTOR
        ) or second_factor.is_on(person(request)):
            return None
        if request.headers.get("HX-Request"):
            # A redirect would put the page inside the part that HTMX asked for.
            return HttpResponse(headers={"HX-Redirect": resolve_url(SET_UP)})
        return redirect(SET_UP)


class EndedSessionMiddleware:
    """
    Lead who was signed out while a page was open to the sign-in page, and back to that page.

    A part that HTMX asks for would hold the sign-in form instead of what it follows, and an
    address that only takes a POST shows nothing after the sign-in: both go on at the open page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        part = request.headers.get("HX-Request") == "true"
        if not _asks_to_sign_in(response) or not (part or request.method == "POST"):
            return response
        _say_that_nothing_was_saved(request)
        address = resolve_url(settings.LOGIN_URL)
        if back := _open_page(
            request, request.headers.get("HX-Current-URL" if part else "Referer")
        ):
            address += "?" + urlencode({"next": back}, safe="/")
        if part:
            return HttpResponse(status=401, headers={"HX-Redirect": address})
        return redirect(address)


class TooManyChecksMiddleware:
    """Answer 429 where a person has started too many checks, with when to try again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer instead of the view that wanted one more."""
        if not isinstance(exception, TooManyChecks):
            return None
        back = _open_page(request, request.headers.get("Referer"))
        context = {"seconds": exception.seconds, "back": back}
        response = render(request, "429.html", context, status=429)
        response["Retry-After"] = str(exception.seconds)
        return response


def _asks_to_sign_in(response: HttpResponse) -> bool:
    if response.status_code != 302:
        return False
    to = urlsplit(response["Location"])
    # Signing out leads to the same page, but not on from there.
    return to.path == resolve_url(settings.LOGIN_URL) and "next" in parse_qs(to.query)


def _open_page(request: HttpRequest, address: str | None) -> str:
    """Return the page's address without its host, empty if it is none of ours."""
    if not address or not url_has_allowed_host_and_scheme(address, {request.get_host()}):
        return ""
    page = urlsplit(address)
    return page.path + (f"?{page.query}" if page.query else "")


def _say_that_nothing_was_saved(request: HttpRequest) -> None:
    words = gettext("Your session has ended. Unsaved changes were lost.")
    waiting = messages.get_messages(request)
    said = any(str(message) == words for message in waiting)
    if isinstance(waiting, BaseStorage):
        waiting.used = False  # they are still to be shown
    if not said:
        messages.warning(request, words)


def person(request: HttpRequest) -> User:
    """
    Return who is signed in, behind a view that makes sure of it.

    :raises TypeError: if nobody is
    """
    if not isinstance(request.user, User):
        raise TypeError("nobody is signed in")
    return request.user
