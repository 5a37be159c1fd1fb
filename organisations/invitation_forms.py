"""Forms of inviting somebody, and of answering as somebody new."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from organisations.forms import NewPasswordForm, RoleChoice
from organisations.models import Organisation, Role, User


class InviteForm(forms.Form):
    """Whose address is invited, and as what."""

    email = forms.EmailField(
        label=_("E-mail"), max_length=200, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    role = RoleChoice(label=_("Role"), queryset=Role.objects.none())

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role: Any = self.fields["role"]
        role.queryset = Role.objects.of(organisation).order_by("-built_in", "name")


class NewAccountForm(NewPasswordForm):
    """The name and password of somebody new, whose address the invitation says."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("name", "new_password", "repeated")

    def __init__(self, *args: Any, email: str, organisation: Organisation, **kwargs: Any) -> None:
        user = User(email=email)
        user.joining = [organisation]
        super().__init__(*args, user=user, **kwargs)

    def clean_name(self) -> str:
        """Let the password be compared with the name too, which is cleaned before it."""
        name: str = self.cleaned_data["name"].strip()
        self.user.name = name
        return name


class OwnAgainForm(NewPasswordForm):
    """Another password for an account that somebody else held a link or password of."""

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user.joining = [organisation]

    def clean_new_password(self) -> str:
        """Refuse the present one, which others may know."""
        new = super().clean_new_password()
        if self.user.check_password(new):
            raise forms.ValidationError(_("This is your current password. Choose another one."))
        return new
