"""
What django-allauth asks of the hub: who may sign in, what is counted, encrypted and recorded.

Its defaults are not enough; docs/decisions/0017-sign-in-by-allauth.md says which and why.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from background.encrypted import box
from organisations.backends import may_be_signed_in
from organisations.models import User
from organisations.operations import forgotten, people, second_factor, sign_ins, throttling
from organisations.operations.throttling import Try

CHOSEN_AT_THE_DOOR = "language"
_PROOF = "password_proof"
_NOT_RIGHT = _("This code is wrong or has already been used.")


def count(request: HttpRequest, what: str, *, who: str) -> Try:
    """
    Count a try, before it is looked at.

    :raises ImmediateHttpResponse: with a page that says when to try again
    """
    try:
        return throttling.count(
            what, who=User.objects.clean_email(who), address=request.META.get("REMOTE_ADDR", "")
        )
    except throttling.TooOften as refused:
        # The clock on the page shows no seconds.
        until = refused.until + timedelta(seconds=59)
        values = {"until": until, "links": what == throttling.LINK}
        answer = render(request, "organisations/locked.html", values, status=429)
        seconds = (refused.until - timezone.now()).total_seconds()
        answer["Retry-After"] = str(max(1, int(seconds) + 1))
        raise ImmediateHttpResponse(answer) from refused


def may_go_on(request: HttpRequest, user: User) -> bool:
    """Say whether what was proven at the first step of a sign-in is still good at the next."""
    proof = request.session.get(_PROOF, "")
    return may_be_signed_in(user) and constant_time_compare(proof, user.get_session_auth_hash())


class AccountAdapter(DefaultAccountAdapter):
    """Signing in by e-mail and password; nobody signs up, people are invited."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("The e-mail address or the password is wrong."),
        "incorrect_password": _("This is not your current password."),
        "invalid_password_reset": _("This link no longer works."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return that nobody can sign up."""
        return False

    def is_reauthentication_required(self, *, app: str, **_more: Any) -> bool:
        """Leave it to `organisations.confirming`, which stands before each of those views."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that our own middleware found, behind the proxies that we trust."""
        return str(request.META.get("REMOTE_ADDR", "")) or "0.0.0.0"  # noqa: S104 (not known)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Count the try before any hashing, and record one that failed."""
        email = User.objects.clean_email(credentials["email"])
        tried = count(request, throttling.PASSWORD, who=email)
        user = authenticate(request, username=email, password=credentials["password"])
        if isinstance(user, User):
            tried.give_back()
            return user
        if not request.user.is_authenticated:
            sign_ins.failed(email=email, step=sign_ins.PASSWORD, tried=tried)
        return None

    def pre_login(self, request: HttpRequest, user: User, **more: Any) -> HttpResponse | None:
        """Refuse who may not be signed in, and remember which password was proven."""
        if not may_be_signed_in(user):
            return redirect(settings.LOGIN_URL)
        request.session[_PROOF] = user.get_session_auth_hash()
        answer: HttpResponse | None = super().pre_login(request, user, **more)
        return answer

    def login(self, request: HttpRequest, user: User) -> None:
        """
        Sign in, in the language that was chosen at the door.

        :raises ImmediateHttpResponse: if the password was changed while the code was awaited, or
            the person may not sign in any more
        """
        if not may_go_on(request, user):
            raise ImmediateHttpResponse(redirect(settings.LOGIN_URL))
        del request.session[_PROOF]
        language = request.session.pop(CHOSEN_AT_THE_DOOR, "") or user.language
        language = language or request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        if language in dict(settings.LANGUAGES) and language != user.language:
            people.set_language(user=user, language=language)
        super().login(request, user)
        used = {record["method"] for record in get_authentication_records(request, user)}
        sign_ins.signed_in(user, second_factor="mfa" in used)

    def logout(self, request: HttpRequest) -> None:
        """Record who goes."""
        if isinstance(request.user, User):
            sign_ins.signed_out(request.user)
        super().logout(request)

    def add_message(
        self, request: HttpRequest, level: int, *_template: Any, message: str = "", **_more: Any
    ) -> None:
        """Say what our forms refuse, and nothing in allauth's own words."""
        if message:
            messages.add_message(request, level, message)

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """Let a worker mail the link, which it makes itself."""
        forgotten.ask_for_link(user=user, now=timezone.now())


class MfaAdapter(DefaultMFAAdapter):
    """The second factor: keys encrypted at rest, passkeys for the address that people type."""

    error_messages = DefaultMFAAdapter.error_messages | {"incorrect_code": _NOT_RIGHT}

    def encrypt(self, text: str) -> str:
        """Encrypt with the newest of `HUB_ENCRYPTION_KEYS`."""
        return box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt with whichever key it was."""
        return box().decrypt(encrypted_text.encode()).decode()

    def is_mfa_enabled(self, user: Any, types: Any = None) -> bool:
        """Return whether a password alone does not sign the person in."""
        if types is None:
            return not user.is_anonymous and second_factor.is_on(user)
        return bool(super().is_mfa_enabled(user, types=types))

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return for whom a passkey is: the host that people type, never what a request says."""
        return {"id": urlsplit(settings.HUB_BASE_URL).hostname or "", "name": settings.HUB_NAME}

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        """Return how a passkey is called that was given no name."""
        return str(_("Passkey"))
