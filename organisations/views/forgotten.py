"""A forgotten password: asking for a link by mail, and what the link leads to."""

from typing import Any

from allauth.account.views import (
    INTERNAL_RESET_SESSION_KEY,
    PasswordResetFromKeyView,
    PasswordResetView,
)
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from organisations.adapters import count
from organisations.forms import NewPasswordForm
from organisations.operations import forgotten as operations
from organisations.operations import throttling
from organisations.sign_in_forms import EmailForm


class ForgottenPassword(PasswordResetView):
    """
    Let a link be mailed, with the same answer whether anybody has the address.

    Each request counts as a failed sign-in does, beside those: who may not try more passwords may
    still ask for the link, and the other way round.
    """

    form_class = EmailForm
    template_name = "organisations/forgotten_password.html"
    success_url = reverse_lazy("account_login")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Say whom to ask where there is no mail server."""
        if not settings.HUB_SENDS_MAIL:
            return render(request, self.template_name, {"form": None})
        answer: HttpResponse = super().dispatch(request, *args, **kwargs)
        return answer

    def form_valid(self, form: Any) -> HttpResponse:
        """Let it be mailed to whoever has that address."""
        count(self.request, throttling.LINK, who=form.cleaned_data["email"])
        messages.info(
            self.request,
            _("If someone here has this address, an e-mail with a link is on its way to it."),
        )
        answer: HttpResponse = super().form_valid(form)
        return answer


class LinkPasswordForm(NewPasswordForm):
    """Another password, twice, by a link."""

    def __init__(self, *args: Any, temp_key: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


class SetPassword(PasswordResetFromKeyView):
    """The page of the link. It signs nobody in: the second factor is asked for at the sign-in."""

    form_class = LinkPasswordForm
    template_name = "organisations/set_password.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Set the password and lead to the sign-in."""
        changed = operations.set_password(
            user=form.user, password=form.cleaned_data["new_password"]
        )
        if not changed:
            return redirect(self.request.path)  # the link is worthless by now, which it says
        del self.request.session[INTERNAL_RESET_SESSION_KEY]
        throttling.forget(
            throttling.PASSWORD,
            who=form.user.email,
            address=self.request.META.get("REMOTE_ADDR", ""),
        )
        messages.success(
            self.request, _("Your password is changed, and you are signed out everywhere.")
        )
        return redirect("account_login")
