"""People and roles."""

from collections.abc import Mapping

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from organisations import pages, rules
from organisations.confirming import reauthenticated
from organisations.forms import RoleForm, RoleOfMemberForm
from organisations.guards import needs
from organisations.meanwhile import (
    SHOWN,
    Difference,
    Meanwhile,
    Shown,
    compare,
    shown_text,
    who_changed,
)
from organisations.middleware import HubRequest
from organisations.models import Membership, Role
from organisations.operations import forgotten
from organisations.operations import people as operations
from organisations.rules import ORGANISATION, Level


@require_GET
@needs(ORGANISATION, Level.READ)
def people(request: HubRequest) -> HttpResponse:
    """Show who belongs to the organisation, and who is invited."""
    return render(
        request,
        "organisations/people.html",
        {
            "rows": pages.paged(pages.people_rows(request.organisation), request.GET.get("page")),
            "roles": [(r.pk, pages.role_name(r)) for r in pages.roles_of(request.organisation)],
            "invitations": pages.invitation_rows(request.organisation, now=timezone.now()),
            "may_change": _may_change(request),
        },
    )


@require_POST
@needs(ORGANISATION, Level.WRITE)
@reauthenticated
def change_role(request: HubRequest, pk: int) -> HttpResponse:
    """Give a member another role."""
    membership = _membership(request, pk)
    form = RoleOfMemberForm(request.POST, organisation=request.organisation)
    if form.is_valid():
        try:
            operations.change_role(
                membership=membership, role=form.cleaned_data["role"], by=request.membership.user
            )
            messages.success(request, _("Saved."))
        except operations.Refused as refused:
            messages.error(request, _(str(refused)))
    return redirect("organisations:people")


@require_POST
@never_cache
@needs(ORGANISATION, Level.WRITE)
@reauthenticated
def password_link(request: HubRequest, pk: int) -> HttpResponse:
    """Make a link for a new password, shown this once, for a member who forgot the old one."""
    membership = _membership(request, pk)
    try:
        link = forgotten.make_link(membership=membership, by=request.membership.user)
    except operations.Refused as refused:
        messages.error(request, _(str(refused)))
        return redirect("organisations:people")
    return render(
        request,
        "organisations/password_link.html",
        {"person": membership.user, "link": link, "how_long": forgotten.how_long()},
    )


@require_POST
@needs(ORGANISATION, Level.WRITE)
@reauthenticated
def remove_person(request: HubRequest, pk: int) -> HttpResponse:
    """End a membership."""
    try:
        operations.remove_person(membership=_membership(request, pk), by=request.membership.user)
    except operations.Refused as refused:
        messages.error(request, _(str(refused)))
    return redirect("organisations:people")


@needs(ORGANISATION, Level.READ)
def roles(request: HubRequest) -> HttpResponse:
    """Show roles and rights as a matrix, and change it with the right to."""
    if request.method == "POST":
        return _save_matrix(request)
    return _matrix(request)


def _matrix(
    request: HubRequest,
    *,
    typed: Mapping[str, str] | None = None,
    meanwhile: Meanwhile | None = None,
) -> HttpResponse:
    roles = pages.roles_of(request.organisation)
    context = {
        "roles": [pages.role_name(role) for role in roles],
        "matrix": pages.matrix(request.organisation, typed),
        "shown": shown_text(pages.levels_of(roles)),
        "meanwhile": meanwhile,
        "form": RoleForm(),
        "may_change": _may_change(request),
    }
    status = 409 if meanwhile else 200
    return render(request, "organisations/roles.html", context, status=status)


def _changed_meanwhile(
    request: HubRequest, roles: list[Role]
) -> tuple[Meanwhile, dict[str, str]] | None:
    """Return what somebody else changed in the matrix, and what is chosen with that taken in."""
    shown = Shown.from_text(request.POST.get(SHOWN, ""))
    if shown is None:
        return None
    stored = {name: level for name, level in pages.levels_of(roles).items() if name in shown.values}
    typed = {name: request.POST.get(name, level) for name, level in stored.items()}
    theirs, merged = compare({name: shown.values[name] for name in stored}, stored, typed)
    if not theirs:
        return None
    labels = {
        cell["field"]: (
            cell["label"],
            {choice["value"]: choice["label"] for choice in cell["choices"]},
        )
        for line in pages.matrix(request.organisation)
        for cell in line["cells"]
    }
    differences = []
    for name in theirs:
        label, words = labels[name]
        own = words.get(typed[name], "") if merged[name] == typed[name] else ""
        before = words.get(shown.values[name], "–")
        differences.append(Difference(label, before, words.get(stored[name], "–"), own))
    who = who_changed(request.organisation, roles, shown.at)
    return Meanwhile(who, differences), merged


@needs(ORGANISATION, Level.WRITE)
@reauthenticated
def _save_matrix(request: HubRequest) -> HttpResponse:
    try:
        with transaction.atomic():
            operations.hold(request.organisation)
            roles = pages.roles_of(request.organisation)
            if changed := _changed_meanwhile(request, roles):
                return _matrix(request, meanwhile=changed[0], typed=changed[1])
            for role in roles:
                asked = {
                    key: request.POST.get(f"{role.pk}-{key}", rules.level_of(role.rights, key))
                    for key in rules.RIGHT_BY_KEY
                }
                operations.change_rights(role=role, rights=asked, by=request.membership.user)
        messages.success(request, _("Saved."))
    except operations.Refused as refused:
        messages.error(request, _(str(refused)))
    except ValueError:
        messages.error(request, _("One of the choices does not exist. Nothing was saved."))
    return redirect("organisations:roles")


@require_POST
@needs(ORGANISATION, Level.WRITE)
@reauthenticated
def new_role(request: HubRequest) -> HttpResponse:
    """Create a role without any right."""
    try:
        operations.create_role(
            organisation=request.organisation,
            name=request.POST.get("name", "")[:60],
            by=request.membership.user,
        )
    except operations.Refused as refused:
        messages.error(request, _(str(refused)))
    return redirect("organisations:roles")


def _membership(request: HubRequest, pk: int) -> Membership:
    found: Membership = get_object_or_404(
        Membership.objects.of(request.organisation).select_related("user", "role", "organisation"),
        pk=pk,
    )
    return found


def _may_change(request: HubRequest) -> bool:
    return request.membership.role.allows(ORGANISATION, Level.WRITE)
