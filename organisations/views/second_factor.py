"""The second factor on the person's own page: an app, passkeys, recovery codes."""

from typing import Any

from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.internal.auth import begin_registration
from allauth.mfa.webauthn.views import AddWebAuthnView, EditWebAuthnView, RemoveWebAuthnView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from organisations.confirming import reauthenticated
from organisations.guards import needs
from organisations.middleware import HubRequest, person
from organisations.models import Membership
from organisations.operations import people
from organisations.operations import second_factor as operations
from organisations.rules import ORGANISATION, Level
from organisations.sign_in_forms import FirstCodeForm, NewPasskeyForm, PasskeyNameForm


@require_safe
@login_required
@never_cache
def second_factor(request: HttpRequest) -> HttpResponse:
    """Show which factors there are, and what can be added."""
    me = person(request)
    organisation = getattr(request, "organisation", None)
    return render(
        request,
        "organisations/second_factor.html",
        {
            "app": operations.app_of(me),
            "passkeys": operations.passkeys_of(me),
            "codes_left": operations.codes_left(me),
            "is_on": operations.is_on(me),
            "required_by": organisation
            if getattr(organisation, "requires_second_factor", False)
            else None,
            "passkeys_at": "" if passkeys_work_at(request) else settings.HUB_BASE_URL,
        },
    )


def passkeys_work_at(request: HttpRequest) -> bool:
    """Return whether the page stands at the address that passkeys are made for."""
    return request.get_host() == settings.HUB_BASE_URL.partition("://")[2]


class SetUpApp(ActivateTOTPView):
    """The QR code to scan, and the field for its first code."""

    form_class = FirstCodeForm
    template_name = "organisations/second_factor_set_up.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Turn it on."""
        super().form_valid(form)
        # What was typed here is not good for a sign-in as well.
        operations.app_of(person(self.request)).wrap().validate_code(form.cleaned_data["code"])
        codes = operations.added(user=person(self.request), passkey=False)
        return _go_on(self.request, codes)


class RemoveApp(DeactivateTOTPView):
    """Take the app away."""

    template_name = "organisations/second_factor_remove.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Take it away."""
        operations.removed(user=person(self.request), passkey=False)
        answer: HttpResponse = super().form_valid(form)
        messages.success(self.request, _("The app is removed."))
        return answer


class AddPasskey(AddWebAuthnView):
    """Add a passkey, which stands for the password and the code at once."""

    form_class = NewPasskeyForm
    template_name = "organisations/passkey_add.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Ask for one that the device keeps, so that nobody has to type an address."""
        values: dict[str, Any] = super().get_context_data(**kwargs)
        options = begin_registration(person(self.request), passwordless=True)
        return values | {"js_data": {"creation_options": options}}

    def form_valid(self, form: Any) -> HttpResponse:
        """Keep it."""
        super().form_valid(form)
        codes = operations.added(user=person(self.request), passkey=True)
        return _go_on(self.request, codes)


class RenamePasskey(EditWebAuthnView):
    """Give a passkey another name."""

    form_class = PasskeyNameForm
    template_name = "organisations/passkey_rename.html"
    success_url = reverse_lazy("mfa_index")


class RemovePasskey(RemoveWebAuthnView):
    """Take a passkey away."""

    template_name = "organisations/second_factor_remove.html"
    success_url = reverse_lazy("mfa_index")

    def form_valid(self, form: Any) -> HttpResponse:
        """Take it away."""
        operations.removed(user=person(self.request), passkey=True)
        answer: HttpResponse = super().form_valid(form)
        messages.success(self.request, _("The passkey is removed."))
        return answer


@require_POST
@reauthenticated
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes, and show them this once."""
    me = person(request)
    if not operations.is_on(me):
        return redirect("mfa_index")
    return _go_on(request, operations.new_recovery_codes(user=me))


@require_POST
@needs(ORGANISATION, Level.WRITE)
@reauthenticated
def reset(request: HubRequest, pk: int) -> HttpResponse:
    """Take away the second factor of a member who lost it."""
    members = Membership.objects.of(request.organisation).select_related("user")
    membership: Membership = get_object_or_404(members, pk=pk)
    try:
        operations.reset(membership=membership, by=request.membership.user)
    except people.Refused as refused:
        messages.error(request, _(str(refused)))
    else:
        messages.success(
            request,
            _("%(name)s signs in with the password alone until a new one is set up.")
            % {"name": membership.user},
        )
    return redirect("organisations:people")


def _go_on(request: HttpRequest, codes: list[str]) -> HttpResponse:
    """Keep this session, which the others' end would end too, and show new codes if any."""
    me = person(request)
    me.refresh_from_db(fields=["session_generation"])
    update_session_auth_hash(request, me)
    if not codes:
        messages.success(request, _("Saved."))
        return redirect("mfa_index")
    values = {"codes": codes, "codes_text": "\n".join(codes)}
    return render(request, "organisations/recovery_codes.html", values)
