"""What every page shows around its content."""

from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.rights import VISMANET
from background import workers
from journals.rights import JOURNALS
from organisations import domain
from organisations.domain import Level
from organisations.models import Membership
from payments.rights import BUSINESS

_NAVIGATION: tuple[tuple[str, str, str, str], ...] = (
    # right, address, icon, prefix of the pages that belong to it
    (JOURNALS, "journals:list", "journal", "/journals/"),
    (BUSINESS, "payments:overview", "ledger", "/invoices/"),
    (VISMANET, "mappings:list", "link", "/mappings/"),
    (VISMANET, "accounts:connections", "key", "/connections/"),
    (domain.ORGANISATION, "organisations:companies", "building", "/companies/"),
    (domain.ORGANISATION, "organisations:people", "people", "/people/"),
)


def page(request: HttpRequest) -> dict[str, Any]:
    """Return what `base.html` expects; see docs/face.md."""
    common: dict[str, Any] = {
        "theme": request.COOKIES.get(settings.HUB_THEME_COOKIE_NAME, ""),
        "theme_cookie": settings.HUB_THEME_COOKIE_NAME,
        "theme_url": _address("organisations:theme"),
        "home_url": _address("journals:home") or "/",
        "sandbox_in_use": settings.HUB_SANDBOX,
        "sandbox_url": settings.HUB_SANDBOX_URL,
        "app_version": settings.HUB_VERSION,
        "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
    }
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return common
    membership: Membership | None = getattr(request, "membership", None)
    common |= {
        "sign_out_url": _address("account_logout"),
        "user_name": str(user),
        "user_menu_items": _user_menu(request, membership),
    }
    if membership is None:
        return common
    role = membership.role
    return common | {
        "organisation": membership.organisation,
        "memberships": _memberships(request, membership),
        "switch_organisation_url": _address("organisations:switch_organisation"),
        "role_name": _(role.name) if role.built_in else role.name,
        "nav_items": _navigation(request, membership),
        # Called by the pages that print it, not by the parts that they ask for again.
        "worker_stopped_at": lambda: workers.stopped_since(now=timezone.now()),
    }


def _navigation(request: HttpRequest, membership: Membership) -> list[dict[str, Any]]:
    labels = {
        "journals:list": _("Journals"),
        "payments:overview": _("Invoices"),
        "mappings:list": _("Mappings"),
        "accounts:connections": _("Visma.net accounts"),
        "organisations:companies": _("Companies"),
        "organisations:people": _("People"),
    }
    items = []
    for right, name, icon, prefix in _NAVIGATION:
        url = _address(name)
        if url and membership.role.allows(right, Level.READ):
            current = request.path.startswith(prefix)
            items.append({"label": labels[name], "url": url, "icon": icon, "current": current})
    return items


def _user_menu(request: HttpRequest, membership: Membership | None) -> list[dict[str, str]]:
    items = [
        {"label": _("Your profile"), "url": _address("organisations:profile"), "icon": "person"}
    ]
    if membership is not None and membership.role.allows(domain.ORGANISATION, Level.WRITE):
        address = _address("organisations:organisation")
        items.append({"label": _("Organisation"), "url": address, "icon": "building"})
        if membership.role.allows(BUSINESS, Level.WRITE):
            address = _address("api:tokens")
            items.append({"label": _("Tokens of programs"), "url": address, "icon": "key"})
    if membership is not None and membership.role.allows(domain.AUDIT, Level.READ):
        items.append(
            {"label": _("Audit trail"), "url": _address("organisations:audit"), "icon": "list"}
        )
    if getattr(request.user, "is_superuser", False):
        items.append({"label": _("Operation"), "url": _address("operation"), "icon": "settings"})
    return items


def _memberships(request: HttpRequest, present: Membership) -> list[dict[str, Any]]:
    mine = Membership.objects.filter(user_id=present.user_id).select_related("organisation")
    return [
        {"id": m.organisation_id, "name": m.organisation.name, "current": m.pk == present.pk}
        for m in mine.order_by("organisation__name")
    ]


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
