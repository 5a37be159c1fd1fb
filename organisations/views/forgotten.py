"""A forgotten password: asking for a link by mail, and what the link leads to."""

from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN, PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from organisations.forms import EmailForm, NewPasswordForm
from organisations.models import User
from organisations.operations import forgotten as operations


@never_cache
def forgotten_password(request: HttpRequest) -> HttpResponse:
    """
    Let a link be mailed, with the same answer whether anybody has the address.

    Each request counts as a failed sign-in does, beside those: who may not try more passwords may
    still ask for the link, and the other way round.
    """
    if not settings.HUB_SENDS_MAIL:
        return render(request, "organisations/forgotten_password.html", {"form": None})
    form = EmailForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        credentials = {"username": f"link: {email}"}
        if not AxesProxyHandler.is_allowed(request, credentials):
            return render(request, "organisations/locked.html", {"links": True}, status=429)
        AxesProxyHandler.user_login_failed(__name__, credentials, request)
        # That it locks from now on is for the next request; this one is still answered.
        request.axes_locked_out = False  # type: ignore[attr-defined]
        operations.ask_for_link(email=email, now=timezone.now())
        messages.info(
            request,
            _("If somebody here has this address, a mail with a link is on its way to it."),
        )
        return redirect("organisations:sign_in")
    return render(request, "organisations/forgotten_password.html", {"form": form})


class SetPassword(PasswordResetConfirmView):
    """The page of the link. It signs nobody in: the second factor is asked for at the sign-in."""

    form_class = NewPasswordForm  # type: ignore[assignment]
    template_name = "organisations/set_password.html"

    def get_user(self, uidb64: str) -> User | None:
        """Return the person of the link, if that person may sign in at all."""
        user = super().get_user(uidb64)
        return user if isinstance(user, User) and operations.may_have_link(user) else None

    def form_valid(self, form: Any) -> HttpResponse:
        """Set the password and lead to the sign-in."""
        changed = operations.set_password(
            user=form.user, password=form.cleaned_data["new_password"]
        )
        if not changed:
            return redirect(self.request.path)  # the link is worthless by now, which it says
        del self.request.session[INTERNAL_RESET_SESSION_TOKEN]
        AxesProxyHandler.reset_attempts(
            username=form.user.email, ip_address=self.request.META.get("REMOTE_ADDR", "")
        )
        messages.success(
            self.request, _("Your password is changed, and you are signed out everywhere.")
        )
        return redirect("organisations:sign_in")
