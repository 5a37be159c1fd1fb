"""Forms of the accounts pages."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import Connection
from connectors.errors import ConnectorError
from connectors.registry import CONNECTORS
from organisations.models import Company, Debtor, Organisation

if TYPE_CHECKING:
    _DebtorForm = forms.ModelForm[Debtor]
    _CompanyForm = forms.ModelForm[Company]
    _OrganisationForm = forms.ModelForm[Organisation]
else:
    _DebtorForm = _CompanyForm = _OrganisationForm = forms.ModelForm


def usable_kinds(vendor: str) -> list[str]:
    """
    Return the ways to authorise that the hub is set up for, the one without a person first.

    All of them, where none is set up: what is missing is then said when it is tried.
    """
    kinds = CONNECTORS[vendor].kinds

    def is_set_up(kind: str) -> bool:
        try:
            CONNECTORS[vendor].make_sign_in(settings=settings.HUB_VENDORS, kind=kind)
        except ConnectorError:
            return False
        return True

    found = [kind for kind in kinds if is_set_up(kind)] or list(kinds)
    return sorted(found, key=lambda kind: kind != Connection.Kind.SERVICE)


class ConnectionForm(forms.Form):
    """A new account: any user name but an empty one (S2)."""

    name = forms.CharField(
        label=_("User name"),
        max_length=120,
        help_text=_("Free text, so that you recognise the account. Often the e-mail at Visma."),
    )
    kind = forms.ChoiceField(
        label=_("How it is authorised"),
        choices=Connection.Kind.choices,
        initial=Connection.Kind.INTERACTIVE,
        widget=forms.RadioSelect,
    )
    tenant_id = forms.CharField(
        label=_("Company id at Visma"),
        max_length=64,
        required=False,
        help_text=_("Only for a service: Visma Admin, Company, Edit, Configuration."),
    )

    def __init__(self, *args: Any, organisation: Organisation, vendor: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organisation, self.vendor = organisation, vendor
        usable = usable_kinds(vendor)
        field: Any = self.fields["kind"]
        field.choices = [(kind, Connection.Kind(kind).label) for kind in usable]
        if field.initial not in usable:
            field.initial = usable[0]
        if usable[0] == Connection.Kind.SERVICE:
            field.help_text = _(
                "A service needs no user at the vendor: nobody has to sign in again when "
                "someone leaves, changes the password or is signed out, and no journal is held "
                "up by it. The company's administrator approves it once at the vendor."
            )

    def clean(self) -> dict[str, Any]:
        """A service names its company, an interactive account learns it at the sign-in."""
        values: dict[str, Any] = super().clean() or {}
        if values.get("kind") != Connection.Kind.SERVICE:
            values["tenant_id"] = ""
        elif not values.get("tenant_id"):
            self.add_error("tenant_id", _("A service requires the id of its company."))
        return values
