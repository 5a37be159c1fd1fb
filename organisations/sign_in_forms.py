"""What is typed at the door: e-mail and password, codes, passkeys, a link for a new password."""

import struct
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm, ResetPasswordForm, UserTokenForm
from allauth.core import context
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
)
from django import forms
from django.utils.translation import gettext_lazy as _

from organisations.adapters import count
from organisations.operations import forgotten, second_factor, sign_ins, throttling

_CODE = {"autocomplete": "one-time-code", "spellcheck": "false"}
_UNREADABLE = (
    *(ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError),
    struct.error,
)
"""What the libraries raise for an answer that no passkey gives; not what a database raises."""


class SignInForm(LoginForm):
    """E-mail and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = forms.EmailField(
            label=_("E-mail"),
            max_length=254,
            widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
        )
        self.fields["password"] = forms.CharField(
            label=_("Password"),
            strip=False,
            max_length=4096,
            widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        )


class CodeForm(AuthenticateForm):
    """A code of an authenticator app, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=60,
        help_text=_("The six digits that the app shows now, or one of your recovery codes."),
        widget=forms.TextInput(attrs=_CODE),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if second_factor.app_of(self.user) is None:
            self.fields["code"].label = _("Recovery code")
            self.fields["code"].help_text = _("One of the codes that you keep for this.")

    def clean_code(self) -> str:
        """Count the try, then look; a good code is used up by this."""
        request, code = context.request, self.cleaned_data["code"]
        tried = count(request, throttling.CODE, who=self.user.email)
        self.authenticator = second_factor.check(user=self.user, code=code)
        if self.authenticator is None:
            if not request.user.is_authenticated:
                sign_ins.failed(email=self.user.email, step=sign_ins.CODE, tried=tried)
            raise get_mfa_adapter().validation_error("incorrect_code")
        tried.give_back()
        return str(code)


class FirstCodeForm(ActivateTOTPForm):
    """The first code of an app that is being set up; its key waits encrypted in the session."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        help_text=_("The six digits that the app shows now."),
        widget=forms.TextInput(attrs=_CODE),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        session, adapter = context.request.session, get_mfa_adapter()
        if kept := session.get(SECRET_SESSION_KEY):
            session[SECRET_SESSION_KEY] = adapter.decrypt(kept)
        super().__init__(*args, **kwargs)
        session[SECRET_SESSION_KEY] = adapter.encrypt(self.secret)

    def clean_code(self) -> str:
        """Count the try, then look."""
        tried = count(context.request, throttling.CODE, who=self.user.email)
        self.cleaned_data["code"] = "".join(self.cleaned_data["code"].split())
        code: str = super().clean_code()
        tried.give_back()
        return code


class _AnswerField(forms.JSONField):
    """What a passkey answered, or anything else that somebody sends."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        """Refuse what is nested too deeply as well."""
        try:
            return super().to_python(value)
        except RecursionError as unreadable:
            raise get_mfa_adapter().validation_error("incorrect_code") from unreadable


class _Passkeys:
    """An answer of a passkey that may be anything, and is looked at only so often."""

    user: Any

    def clean_credential(self) -> Any:
        """Count the try, then look."""
        who = self.user.email if self.user else ""
        tried = count(context.request, throttling.PASSKEY, who=who)
        try:
            found = super().clean_credential()  # type: ignore[misc]
        except _UNREADABLE as unreadable:
            raise get_mfa_adapter().validation_error("incorrect_code") from unreadable
        tried.give_back()
        return found


class PasskeyForm(_Passkeys, AuthenticateWebAuthnForm):
    """A passkey after the password, or to confirm who one is."""

    credential = _AnswerField()


class PasskeyAloneForm(_Passkeys, LoginWebAuthnForm):
    """A passkey in place of e-mail and password."""

    credential = _AnswerField()


class NewPasskeyForm(AddWebAuthnForm):
    """A passkey that is being added, with a name to know it by."""

    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        required=False,
        help_text=_("For example the device that stores it."),
    )
    credential = _AnswerField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("passwordless", None)  # each of ours can stand for the password

    def clean(self) -> dict[str, Any]:
        """Refuse what is no answer of a passkey; allauth lets that pass as an error."""
        try:
            values: dict[str, Any] = super().clean()
        except _UNREADABLE as unreadable:
            raise get_mfa_adapter().validation_error("incorrect_code") from unreadable
        return values


class PasskeyNameForm(EditWebAuthnForm):
    """Another name for a passkey."""

    name = forms.CharField(label=_("Name"), max_length=60)


class EmailForm(ResetPasswordForm):
    """Whose password is forgotten."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=200,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )


class LinkForm(UserTokenForm):
    """The link for a new password; worthless to who could not sign in with it."""

    def clean(self) -> dict[str, Any]:
        """Refuse a link that was used, is too old, or was made up."""
        values: dict[str, Any] = super().clean()
        if not forgotten.may_have_link(self.reset_user):
            raise get_adapter().validation_error("invalid_password_reset")
        return values
