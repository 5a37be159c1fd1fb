"""
Who one is, once more: before what could lock a person out or let somebody else in.

A sign-in counts for some minutes. After that the page asks again, for a code or a passkey where
there is one and else for the password, and then goes on with what was sent to it. Nothing of that
waits in the session meanwhile, where somebody else could have put it.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.webauthn.internal.auth import begin_authentication
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from organisations.middleware import person
from organisations.models import User
from organisations.operations import second_factor
from organisations.sign_in_forms import CodeForm, PasskeyForm

View = Callable[..., HttpResponse]
SESSION_KEY = "confirmed_at"
RECENT_SECONDS = 10 * 60
_PREFIX, _READS = "confirm", "confirm-reads"
_SECRET = ("password", "present", "repeated", "code", "credential")


def reauthenticated(view: View) -> View:
    """Let what is sent to a view be done only by who has shown just now who it is."""
    return _guarded(view, pages_too=False)


def reauthenticated_page(view: View) -> View:
    """Let a page that asks for secrets itself be shown only to who has shown it just now."""
    return _guarded(view, pages_too=True)


def _guarded(view: View, *, pages_too: bool) -> View:
    @login_required
    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_recent(request) or (request.method in {"GET", "HEAD"} and not pages_too):
            return view(request, *args, **kwargs)
        me = person(request)
        form = _form(request, me)
        if form.is_bound and form.is_valid():
            _renew(request)
            remember(request)
            if _READS in request.POST:
                return redirect(request.get_full_path())
            return view(request, *args, **kwargs)
        return _ask(request, me, form)

    return guarded


def is_recent(request: HttpRequest) -> bool:
    """Return whether the person has shown it in the last minutes."""
    at: float = request.session.get(SESSION_KEY, 0)
    return timezone.now().timestamp() - at < RECENT_SECONDS


def remember(request: HttpRequest) -> None:
    """Keep when it was shown."""
    request.session[SESSION_KEY] = timezone.now().timestamp()


def _renew(request: HttpRequest) -> None:
    """Give the session another key: who knew the old one has not shown anything."""
    before = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=before).update(session_key=request.session.session_key)


class _PasswordForm(forms.Form):
    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )

    def __init__(self, *args: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.user = request, user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        proof = {"email": self.user.email, "password": password}
        if get_adapter().authenticate(self.request, **proof) is None:
            raise get_adapter().validation_error("incorrect_password")
        return password


def _form(request: HttpRequest, me: User) -> forms.Form:
    """Return the form for what the person has, bound if it was sent."""
    sent = request.POST if any(name.startswith(_PREFIX) for name in request.POST) else None
    if not second_factor.is_on(me):
        return _PasswordForm(sent, request=request, user=me, prefix=_PREFIX)
    if sent is not None and sent.get(f"{_PREFIX}-credential"):
        form: forms.Form = PasskeyForm(sent, user=me, prefix=_PREFIX)
    else:
        form = CodeForm(sent, user=me, prefix=_PREFIX)
    return form


def _ask(request: HttpRequest, me: User, form: forms.Form) -> HttpResponse:
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        if not name.startswith((_PREFIX, "csrf"))
        for value in values
    ]
    secret = any(word in name for name, _value in kept for word in _SECRET)
    reads = request.method != "POST" or secret or _READS in request.POST
    passkeys = bool(second_factor.passkeys_of(me))
    values = {
        "form": form if "credential" not in form.fields else CodeForm(user=me, prefix=_PREFIX),
        "refused": form.errors.get("credential", []),
        "by_code": second_factor.app_of(me) or second_factor.codes_left(me),
        "by_password": not second_factor.is_on(me),
        "kept": [] if reads else kept,
        "reads": _READS if reads else "",
        "options": begin_authentication(me) if passkeys else None,
    }
    # For the log: this is no refusal.
    request.asks_to_confirm = True  # type: ignore[attr-defined]
    return render(request, "organisations/confirm.html", values, status=403)
