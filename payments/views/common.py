"""What the pages of payments share: the rights, the tabs, refusals in words."""

from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from connectors.bounds import row_number
from connectors.errors import ConnectorError
from organisations import rules
from organisations.guards import View, needs
from organisations.middleware import HubRequest
from organisations.models import User
from organisations.rules import Level
from payments.operations.rights import integration_of
from payments.queries.events import EventRow, go_on
from payments.queries.failures import failure_row_of
from payments.rights import BUSINESS, PAYMENTS_IMPORT, PAYMENTS_OVERVIEW

MOST_DIGITS = 18


def member(view: View) -> View:
    """Let a page be reached by those who may use the integration (S22)."""
    return needs(BUSINESS, Level.WRITE)(view)


def reader(view: View) -> View:
    """Let a page be reached by those who may see payments."""
    return needs(BUSINESS, Level.READ)(view)


def active(view: View) -> View:
    """Let a page be seen when the integration is activated; else show how (S14)."""

    @reader
    @wraps(view)
    def guarded(request: HubRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not integration_of(request.organisation).is_active:
            return redirect("payments:settings")
        return view(request, *args, **kwargs)

    return guarded


def may(request: HubRequest, key: str) -> bool:
    """Return whether the person has the right."""
    return request.membership.role.allows(key, Level.WRITE)


def show(
    request: HubRequest, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Show a page of payments, with what the person may press on it."""
    context |= {"may_write": may_use(request), "may_connect": may_change(request)}
    return render(request, template, context, status=status)


def show_events(
    request: HubRequest,
    template: str,
    context: dict[str, Any],
    events: list[EventRow],
    *,
    nothing: str,
    status: int = 200,
) -> HttpResponse:
    """Show a page with events, or these alone where the open page follows them by itself."""
    context |= {"events": events, "follows": go_on(events), "nothing_words": nothing}
    part = request.method == "GET" and "HX-Request" in request.headers
    return show(request, "payments/_events.html" if part else template, context, status=status)


def may_use(request: HubRequest) -> bool:
    """Return whether the person may do more than look at payments."""
    return may(request, BUSINESS)


def may_fetch(request: HubRequest) -> bool:
    """Return whether the person may fetch for one client (S22)."""
    return may_use(request) and may(request, PAYMENTS_OVERVIEW)


def may_change(request: HubRequest) -> bool:
    """Return whether the person may change the integration's settings, and those of its clients."""
    return may_use(request) and may(request, rules.ORGANISATION)


def person(request: HubRequest) -> User:
    """Return who asks."""
    user: User = request.membership.user
    return user


def tell(request: HttpRequest, refusal: ConnectorError) -> None:
    """Say a refusal with its remedy at the top of the next page."""
    row = failure_row_of(refusal)
    messages.error(request, f"{row.summary} {row.remedy}")


def tabs(request: HubRequest, here: str) -> list[dict[str, object]]:
    """Return the tabs of the pages about invoices and payments."""
    items = [("overview", _("Invoice overview"))]
    if may_use(request) and may(request, PAYMENTS_IMPORT):
        items.append(("import", _("Import payments")))
    items += [
        ("unmatched", _("Unmatched payments")),
        ("not_there", _("Not in PowerOffice")),
        ("customers", _("Customers and blocks")),
        ("time", _("Time")),
        ("settings", _("Settings")),
    ]
    return [
        {"label": label, "url": reverse(f"payments:{name}"), "current": name == here, "count": None}
        for name, label in items
    ]


def number(text: str | None) -> int | None:
    """Return an id out of an address, if it is one."""
    return row_number(text)
