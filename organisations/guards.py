"""What a page needs: a sign-in, a membership, a right."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse

from organisations.operations.people import hold
from organisations.rules import Level

View = Callable[..., HttpResponse]


def operators_only(view: View) -> View:
    """Let a view be reached only by operators of the installation; others find no such page."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not getattr(request.user, "is_superuser", False):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def members_only(view: View) -> View:
    """Let a view be reached by members; it checks itself which right its object takes."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if getattr(request, "membership", None) is None:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def needs(key: str, level: Level) -> Callable[[View], View]:
    """
    Let a view be reached only with that level of that right.

    Who has none of the right gets "page not found"; who may read but not write gets a page that
    says so.
    """

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            membership = getattr(request, "membership", None)
            if membership is None or not membership.role.allows(key, Level.READ):
                raise Http404
            if not membership.role.allows(key, level):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def one_at_a_time(view: View) -> View:
    """
    Let what is posted to a view of an organisation be checked and stored before the next is.

    Two people who type the same number at once would both find it free.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with transaction.atomic():
            hold(request.organisation)  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)

    return guarded
