"""Who is asking, on behalf of which organisation."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils import translation
from django_otp.middleware import is_verified

from organisations.models import Membership, Organisation, User
from organisations.operations import audit

SESSION_KEY = "organisation"
SET_UP = "organisations:second_factor"
OPEN_WITHOUT_SECOND_FACTOR = frozenset(
    {
        SET_UP,
        *(
            "organisations:sign_out",
            "organisations:theme",
            "organisations:switch_organisation",
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
        with audit.from_where(
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
    """Lead who needs a second factor for this organisation and shows none to its set-up page."""

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
        if is_verified(request.user) or (
            match is not None and match.view_name in OPEN_WITHOUT_SECOND_FACTOR
        ):
            return None
        if request.headers.get("HX-Request"):
            # A redirect would put the page inside the part that HTMX asked for.
            return HttpResponse(headers={"HX-Redirect": resolve_url(SET_UP)})
        return redirect(SET_UP)


def person(request: HttpRequest) -> User:
    """
    Return who is signed in, behind a view that makes sure of it.

    :raises TypeError: if nobody is
    """
    if not isinstance(request.user, User):
        raise TypeError("nobody is signed in")
    return request.user
