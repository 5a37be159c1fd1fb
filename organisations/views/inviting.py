"""Inviting people into the organisation: what an administrator presses."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from organisations.confirming import reauthenticated
from organisations.guards import needs
from organisations.invitation_forms import InviteForm
from organisations.middleware import HubRequest
from organisations.models import Invitation
from organisations.operations import invitations as operations
from organisations.operations.people import Refused
from organisations.rules import ORGANISATION, Level


@never_cache
@needs(ORGANISATION, Level.WRITE)
@reauthenticated
def invite(request: HubRequest) -> HttpResponse:
    """Invite an address; the answer is the same whether anybody has it."""
    form = InviteForm(request.POST or None, organisation=request.organisation)
    if request.method == "POST" and form.is_valid():
        try:
            link = operations.invite(
                organisation=request.organisation,
                by=request.membership.user,
                now=timezone.now(),
                **form.cleaned_data,
            )
        except Refused as refused:
            form.add_error(None, _(str(refused)))
        else:
            return _sent(request, email=form.cleaned_data["email"], link=link)
    return render(
        request,
        "organisations/invite.html",
        {"form": form, "by_mail": operations.sends_mail(), "days": operations.VALID.days},
    )


@require_POST
@never_cache
@needs(ORGANISATION, Level.WRITE)
@reauthenticated
def send_again(request: HubRequest, pk: int) -> HttpResponse:
    """Send the invitation again; the link of before is worthless from then on."""
    invitation = _invitation(request, pk)
    try:
        link = operations.send_again(
            invitation=invitation, by=request.membership.user, now=timezone.now()
        )
    except Refused as refused:
        messages.error(request, _(str(refused)))
        return redirect("organisations:people")
    return _sent(request, email=invitation.email, link=link)


@require_POST
@needs(ORGANISATION, Level.WRITE)
def withdraw(request: HubRequest, pk: int) -> HttpResponse:
    """Withdraw an invitation."""
    try:
        operations.withdraw(invitation=_invitation(request, pk), by=request.membership.user)
    except Refused as refused:
        messages.error(request, _(str(refused)))
    else:
        messages.success(request, _("The invitation is withdrawn, and its link no longer works."))
    return redirect("organisations:people")


def _sent(request: HubRequest, *, email: str, link: str) -> HttpResponse:
    """Show the link, this once, or say that a mail is on its way."""
    if link:
        return render(
            request,
            "organisations/invitation_link.html",
            {"email": email, "link": link, "days": operations.VALID.days},
        )
    messages.success(
        request, _("An e-mail with the invitation is on its way to %(email)s.") % {"email": email}
    )
    return redirect("organisations:people")


def _invitation(request: HubRequest, pk: int) -> Invitation:
    rows = Invitation.objects.of(request.organisation).select_related("organisation")
    found: Invitation = get_object_or_404(rows, pk=pk)
    return found
