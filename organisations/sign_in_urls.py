"""
Addresses of the sign-in, under the names by which django-allauth looks for them.

Only what is needed: nobody signs up, and e-mail addresses are not changed here.
"""

from allauth.account.views import LogoutView
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django.urls import path
from django.views.decorators.http import require_POST

from organisations.confirming import reauthenticated, reauthenticated_page
from organisations.sign_in_forms import PasskeyAloneForm
from organisations.views import forgotten, second_factor, signing_in

_passkey = LoginWebAuthnView.as_view(form_class=PasskeyAloneForm)


urlpatterns = [
    path("sign-in/", signing_in.SignIn.as_view(), name="account_login"),
    path("sign-in/code/", signing_in.Code.as_view(), name="mfa_authenticate"),
    path("sign-in/passkey/", _passkey, name="mfa_login_webauthn"),
    path(
        "sign-in/forgotten/", forgotten.ForgottenPassword.as_view(), name="account_reset_password"
    ),
    path(
        "sign-in/forgotten/<uidb36>/<key>/",
        forgotten.SetPassword.as_view(),
        name="account_reset_password_from_key",
    ),
    path("sign-out/", require_POST(LogoutView.as_view()), name="account_logout"),
    path("profile/second-factor/", second_factor.second_factor, name="mfa_index"),
    path(
        "profile/second-factor/app/",
        reauthenticated_page(second_factor.SetUpApp.as_view()),
        name="mfa_activate_totp",
    ),
    path(
        "profile/second-factor/app/remove/",
        reauthenticated(second_factor.RemoveApp.as_view()),
        name="mfa_deactivate_totp",
    ),
    path(
        "profile/second-factor/passkeys/new/",
        reauthenticated_page(second_factor.AddPasskey.as_view()),
        name="mfa_add_webauthn",
    ),
    path(
        "profile/second-factor/passkeys/<int:pk>/",
        reauthenticated(second_factor.RenamePasskey.as_view()),
        name="mfa_edit_webauthn",
    ),
    path(
        "profile/second-factor/passkeys/<int:pk>/remove/",
        reauthenticated(second_factor.RemovePasskey.as_view()),
        name="mfa_remove_webauthn",
    ),
]
