"""What belongs to the person alone: name, language, password, sessions."""

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from organisations.confirming import reauthenticated, reauthenticated_page
from organisations.forms import OwnPasswordForm, ProfileForm
from organisations.middleware import person
from organisations.models import User
from organisations.operations import people as operations
from organisations.operations import second_factor, sessions


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Show and change one's own name and language; lead to password and second factor."""
    me = person(request)
    initial = {"name": me.name, "language": me.language or get_language()}
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        operations.change_profile(user=me, **form.cleaned_data)
        with override(me.language):
            messages.success(request, _("Saved."))
        return redirect("organisations:profile")
    return render(
        request,
        "organisations/profile.html",
        {
            "form": form,
            "email": me.email,
            "second_factor": second_factor.is_on(me),
            "sessions": _sessions(request, me),
        },
    )


@sensitive_post_parameters()
@reauthenticated_page
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password; this session goes on, all others end."""
    me = person(request)
    form = OwnPasswordForm(request.POST or None, request=request, user=me)
    if request.method == "POST" and form.is_valid():
        operations.change_password(user=me, password=form.cleaned_data["new_password"])
        update_session_auth_hash(request, me)
        messages.success(
            request, _("Your password is changed. You are signed out everywhere else.")
        )
        return redirect("organisations:profile")
    return render(request, "organisations/password.html", {"form": form})


@require_POST
@reauthenticated
def end_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere, here too."""
    operations.sign_out_everywhere(user=person(request))
    logout(request)
    messages.success(request, _("You are signed out everywhere."))
    return redirect("account_login")


@require_POST
@reauthenticated
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """End one session, perhaps this one."""
    ended = sessions.end(user=person(request), pk=pk)
    if not ended:
        raise Http404
    messages.success(request, _("The session is ended."))
    return redirect("organisations:profile")


def _sessions(request: HttpRequest, me: User) -> list[sessions.SessionRow]:
    UserSession.objects.create_from_request(request)
    return sessions.rows_of(me, this=request.session.session_key, now=timezone.now())
