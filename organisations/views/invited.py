"""
What the link of an invitation leads to: accept as somebody new, or signed in, or decline.

The token is taken out of the address at once, and the session keeps its digest alone. Opening the
link changes nothing, since mail scanners open links; each answer is posted.
"""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from organisations.invitation_forms import NewAccountForm, OwnAgainForm
from organisations.middleware import SESSION_KEY
from organisations.models import Invitation, User
from organisations.models.invitations import digest_of
from organisations.operations import invitations as operations
from organisations.operations import sign_ins
from organisations.operations.people import Refused
from organisations.pages import role_name

KEPT = "invitation"
PAGE = "organisations:invitation"


@require_GET
@never_cache
def open_invitation(request: HttpRequest) -> HttpResponse:
    """Take the token out of the address."""
    digest = digest_of(request.GET.get("token", ""))
    if operations.found_by(digest, now=timezone.now()) is None:
        request.session.pop(KEPT, None)
    else:
        request.session[KEPT] = digest
    answer = redirect(PAGE)
    answer["Referrer-Policy"] = "no-referrer"
    return answer


@require_GET
@never_cache
def invitation(request: HttpRequest) -> HttpResponse:
    """Show who invites to what, and how it can be answered."""
    return _page(request, _kept(request))


@require_POST
@never_cache
@sensitive_post_parameters()
def accept_as_new(request: HttpRequest) -> HttpResponse:
    """Make an account for the address, and lead to the sign-in."""
    found = _kept(request)
    if found is None or request.user.is_authenticated:
        return redirect(PAGE)
    form = NewAccountForm(request.POST, email=found.email, organisation=found.organisation)
    if not form.is_valid():
        return _page(request, found, new=form)
    try:
        operations.accept_as_new(
            invitation=found,
            name=form.cleaned_data["name"],
            password=form.cleaned_data["new_password"],
            now=timezone.now(),
        )
    except Refused as refused:
        form.add_error(None, _(str(refused)))
        return _page(request, found, new=form)
    del request.session[KEPT]
    messages.success(
        request, _("Welcome. Your account is ready: sign in with your e-mail and new password.")
    )
    return redirect("account_login")


@require_POST
@never_cache
@sensitive_post_parameters()
def accept(request: HttpRequest) -> HttpResponse:
    """Let the person in who is signed in as the address."""
    found, me = _kept(request), request.user
    if found is None or not isinstance(me, User):
        return redirect(PAGE)
    form = OwnAgainForm(request.POST, user=me, organisation=found.organisation)
    if me.handed_over and me.email == found.email and not form.is_valid():
        return _page(request, found, again=form)
    password = form.cleaned_data["new_password"] if me.handed_over and form.is_valid() else None
    try:
        operations.accept(invitation=found, user=me, now=timezone.now(), password=password)
    except Refused as refused:
        messages.error(request, _(str(refused)))
        return redirect(PAGE)
    if password is not None:
        update_session_auth_hash(request, me)
    del request.session[KEPT]
    request.session[SESSION_KEY] = found.organisation_id
    messages.success(
        request, _("You now work for %(organisation)s.") % {"organisation": found.organisation}
    )
    return redirect("/")


@require_POST
@never_cache
def decline(request: HttpRequest) -> HttpResponse:
    """Refuse the invitation, signed in or not."""
    found = _kept(request)
    if found is not None:
        try:
            operations.decline(invitation=found, now=timezone.now())
        except Refused as refused:
            messages.error(request, _(str(refused)))
            return redirect(PAGE)
        del request.session[KEPT]
        messages.success(
            request,
            _(
                "You declined the invitation. The organisation is notified of that, and of "
                "nothing else."
            ),
        )
    return redirect("/")


@require_POST
@never_cache
def as_somebody_else(request: HttpRequest) -> HttpResponse:
    """End the session of who is signed in, and go on with the invitation."""
    found = _kept(request)
    if isinstance(request.user, User):
        sign_ins.signed_out(request.user)
        logout(request)
    if found is not None:
        request.session[KEPT] = found.token_digest
    return redirect(PAGE)


def _kept(request: HttpRequest) -> Invitation | None:
    digest = request.session.get(KEPT)
    return operations.found_by(digest, now=timezone.now()) if digest else None


def _page(
    request: HttpRequest,
    found: Invitation | None,
    *,
    new: NewAccountForm | None = None,
    again: OwnAgainForm | None = None,
) -> HttpResponse:
    if found is None:
        return render(request, "organisations/invitation_gone.html", status=410)
    me, organisation = request.user, found.organisation
    values: dict[str, Any] = {
        "invitation": found,
        "role": role_name(found.role),
        "somebody_else": isinstance(me, User) and me.email != found.email,
    }
    if not isinstance(me, User):
        # A link that was handed over may be in the hands of who made it, and who must not learn
        # whether the address has an account: both ways are offered. A mailbox is its owner's.
        known = found.by_mail and User.objects.filter(email=found.email).exists()
        values["offers_sign_in"] = known or not found.by_mail
        if not known:
            values["new"] = new or NewAccountForm(email=found.email, organisation=organisation)
        values["sign_in_url"] = (
            f"{reverse('account_login')}?{urlencode({'next': reverse(PAGE)}, safe='/')}"
        )
    elif me.handed_over and not values["somebody_else"]:
        values["again"] = again or OwnAgainForm(user=me, organisation=organisation)
    return render(request, "organisations/invitation.html", values)
