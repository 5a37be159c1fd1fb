"""What every page shows around its content."""

from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from background import workers
from organisations import navigation, rules
from organisations.models import Membership
from organisations.rules import Level


def page(request: HttpRequest) -> dict[str, Any]:
    """Return what `base.html` expects; see docs/face.md."""
    common: dict[str, Any] = {
        "theme": request.COOKIES.get(settings.HUB_THEME_COOKIE_NAME, ""),
        "theme_cookie": settings.HUB_THEME_COOKIE_NAME,
        "theme_url": _address("organisations:theme"),
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
        # Asked by the pages that print them, not by the parts that follow themselves.
        "memberships": SimpleLazyObject(lambda: _memberships(request, membership)),
        "switch_organisation_url": _address("organisations:switch_organisation"),
        "role_name": _(role.name) if role.built_in else role.name,
        "nav_items": _navigation(request, membership),
        "worker_stopped_at": lambda: workers.stopped_since(now=timezone.now()),
    }


def _navigation(request: HttpRequest, membership: Membership) -> list[dict[str, Any]]:
    return [
        {
            "label": item.label,
            "url": reverse(item.address),
            "icon": item.icon,
            "current": request.path.startswith(item.prefix),
            "is_set_up_once": item.is_set_up_once,
        }
        for item in navigation.items()
        if membership.role.allows(item.right, Level.READ)
    ]


def _user_menu(request: HttpRequest, membership: Membership | None) -> list[dict[str, Any]]:
    items = [
        {"label": _("Your profile"), "url": _address("organisations:profile"), "icon": "person"}
    ]
    if membership is not None and membership.role.allows(rules.ORGANISATION, Level.WRITE):
        address = _address("organisations:organisation")
        items.append({"label": _("Organisation"), "url": address, "icon": "building"})
        items += [
            {"label": str(item.label), "url": reverse(item.address), "icon": item.icon}
            for item in navigation.menu()
            if membership.role.allows(item.right, Level.WRITE)
        ]
    if membership is not None and membership.role.allows(rules.AUDIT, Level.READ):
        items.append(
            {"label": _("Audit trail"), "url": _address("organisations:audit"), "icon": "list"}
        )
    if getattr(request.user, "is_superuser", False):
        items.append({"label": _("Operations"), "url": _address("operation"), "icon": "settings"})
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
