"""Forms of the accounts pages."""

from typing import TYPE_CHECKING, Any

from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from connectors.organisation_numbers import digits_of
from organisations import rules
from organisations.meanwhile import WarnsOfChanges
from organisations.models import Company, Debtor, Organisation, Role, User
from organisations.pages import role_name
from organisations.rules import Level
from ui.choosing import Kind, RowField, register

if TYPE_CHECKING:
    _DebtorForm = forms.ModelForm[Debtor]
    _CompanyForm = forms.ModelForm[Company]
    _OrganisationForm = forms.ModelForm[Organisation]
else:
    _DebtorForm = _CompanyForm = _OrganisationForm = forms.ModelForm


class ProfileForm(forms.Form):
    """A person's own name and language."""

    name = forms.CharField(label=_("Name"), max_length=120)
    language = forms.ChoiceField(
        label=_("Language"),
        choices=settings.LANGUAGES,
        help_text=_("For the pages and the e-mails that the hub sends you."),
    )


class NewPasswordForm(forms.Form):
    """Another password, twice."""

    new_password = forms.CharField(
        label=_("New password"),
        strip=False,
        help_text=_("At least 12 characters, not your name, not a common password."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    repeated = forms.CharField(
        label=_("Repeat the new password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_new_password(self) -> str:
        """Refuse a weak one."""
        new: str = self.cleaned_data["new_password"]
        password_validation.validate_password(new, self.user)
        return new

    def clean(self) -> dict[str, Any]:
        """Both must be the same."""
        values: dict[str, Any] = super().clean() or {}
        new = values.get("new_password")
        if new is not None and new != values.get("repeated"):
            self.add_error("repeated", _("The two new passwords differ."))
        return values


class OwnPasswordForm(NewPasswordForm):
    """Another password for oneself, with the present one as the proof."""

    present = forms.CharField(
        label=_("Current password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ("present", "new_password", "repeated")

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_present(self) -> str:
        """Refuse a wrong one, which counts like a wrong one at the sign-in."""
        present: str = self.cleaned_data["present"]
        proof = {"email": self.user.email, "password": present}
        if get_adapter().authenticate(self.request, **proof) is None:
            raise ValidationError(_("This is not your current password."))
        return present

    def clean(self) -> dict[str, Any]:
        """The new one must be new: the present one may be known to somebody else."""
        values = super().clean()
        if values.get("new_password") is not None and (
            values["new_password"] == values.get("present")
        ):
            self.add_error("new_password", _("This is your current password. Choose another one."))
        return values


class OrganisationForm(WarnsOfChanges, _OrganisationForm):
    """The organisation's name and settings."""

    class Meta:
        model = Organisation
        fields = ["name", "requires_second_factor"]
        labels = {"name": _("Name"), "requires_second_factor": _("Everyone needs a second factor")}
        help_texts = {
            "requires_second_factor": _(
                "Users without one must set it up before they can do anything else."
            )
        }


class DebtorForm(WarnsOfChanges, _DebtorForm):
    """A debtor's number and name."""

    class Meta:
        model = Debtor
        fields = ["number", "name"]

    def clean_number(self) -> str:
        """Refuse a number that another debtor has."""
        number: str = self.cleaned_data["number"]
        others = Debtor.objects.of(self.instance.organisation).filter(number=number)
        if others.exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("Another debtor has this number."))
        return number


class BlockForm(forms.Form):
    """Why a debtor is blocked."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


_MAY_CHANGE = ((rules.ORGANISATION, Level.WRITE),)
DEBTORS = register(
    Kind(
        "debtor", rows=lambda of, _row: Debtor.objects.of(of).order_by("number"), rights=_MAY_CHANGE
    )
)
MEMBERS = register(
    Kind(
        "member",
        rows=lambda of, _row: User.objects.filter(memberships__organisation=of).order_by("name"),
        rights=_MAY_CHANGE,
        number="email",
        names=("name",),
        label=lambda user: f"{user.name} · {user.email}",
        hint=_("Type part of the name, or the beginning of the e-mail address."),
    )
)


class CompanyForm(WarnsOfChanges, _CompanyForm):
    """A payroll company."""

    debtor = RowField(DEBTORS, label=_("Debtor"))
    owner = RowField(MEMBERS, label=_("Responsible"), required=False, empty_label="–")
    deputy = RowField(
        MEMBERS,
        label=_("Deputy"),
        required=False,
        empty_label="–",
        help_text=_("Sees the company among their own while the responsible person is away."),
    )

    class Meta:
        model = Company
        fields = [
            "number",
            "name",
            "organisation_number",
            "currency",
            "debtor",
            "owner",
            "deputy",
            "is_test",
        ]
        help_texts = {"is_test": _("Its journals are never sent.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("debtor", "owner", "deputy"):
            field: Any = self.fields[name]
            field.offer(self.instance.organisation)
            if self.instance.pk:
                self.initial[name] = getattr(self.instance, name)

    def clean_number(self) -> str:
        """Refuse a number that another company has."""
        number: str = self.cleaned_data["number"]
        if self._others().filter(number=number).exists():
            raise ValidationError(_("Another company has this number."))
        return number

    def clean_organisation_number(self) -> str:
        """Return bare digits; files recognise the company by them."""
        digits = digits_of(self.cleaned_data["organisation_number"])
        if digits and self._others().filter(organisation_number=digits).exists():
            raise ValidationError(_("Another company has this organisation number."))
        return digits

    def clean_currency(self) -> str:
        """Return three capital letters."""
        currency: str = self.cleaned_data["currency"].strip().upper()
        if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
            raise ValidationError(_("Enter three letters, for example SEK."))
        return currency

    def _others(self) -> Any:
        return Company.objects.of(self.instance.organisation).exclude(pk=self.instance.pk)


class RoleChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A choice of roles by their translated names."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the role's name."""
        return role_name(obj)


class RoleOfMemberForm(forms.Form):
    """Another role for a member."""

    role = RoleChoice(label=_("Role"), queryset=Role.objects.none())

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role: Any = self.fields["role"]
        role.queryset = Role.objects.of(organisation)


class RoleForm(forms.Form):
    """A new role."""

    name = forms.CharField(label=_("Name of the new role"), max_length=60)
