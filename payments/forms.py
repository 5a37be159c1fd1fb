"""What people fill in about payments."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Connection
from connectors.base import ZERO
from connectors.bounds import FIRST_DAY, LAST_DAY
from connectors.organisation_numbers import digits_of
from connectors.registry import CONNECTORS
from connectors.vendor import Vendor
from organisations import rules
from organisations.meanwhile import WarnsOfChanges
from organisations.models import Organisation
from organisations.rules import Level
from payments.fields import AmountField
from payments.models import Customer, Integration, InvoiceClient
from payments.operations import clients
from payments.operations.choices import MOST_ROUNDED
from payments.rights import BUSINESS
from ui.choosing import Kind, RowField, register

_TYPES = re.compile(r"[\s,;]+")
_DATE = {"type": "date"}
_MAY_USE = ((BUSINESS, Level.WRITE),)
_MAY_CHANGE = (*_MAY_USE, (rules.ORGANISATION, Level.WRITE))


class DayField(forms.DateField):
    """A day of the years in which anything is booked."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.validators += [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]


def _account(connection: Connection) -> str:
    return (
        f"{connection.name} · {connection.tenant_id}" if connection.tenant_id else connection.name
    )


_ACCOUNT: dict[str, Any] = {
    "rights": _MAY_CHANGE,
    "number": "tenant_id",
    "names": ("name", "administration_name"),
    "label": _account,
}
SOURCES = register(Kind("payment_source", rows=lambda of, _row: clients.sources(of), **_ACCOUNT))
TARGETS = register(Kind("payment_target", rows=lambda of, _row: clients.targets(of), **_ACCOUNT))
CLIENTS = register(
    Kind(
        "invoice_client",
        rows=lambda of, _row: InvoiceClient.objects.of(of).order_by("number", "pk"),
        rights=((BUSINESS, Level.READ),),
    )
)
CUSTOMERS = register(
    Kind(
        "customer",
        rows=lambda of, client: Customer.objects.of(of).filter(client=client),
        rights=_MAY_USE,
        first=_("Choose the invoice client first."),
    )
)


class _AsksAboutEarlier(forms.Form):
    """A form whose start date may move back; the question appears when it does."""

    earlier_confirmed = forms.BooleanField(
        label=_("Fetch and register the earlier payments too"),
        required=False,
        widget=forms.HiddenInput,
    )

    count: int | None = None
    """The background request that counts the earlier payments, for the page to follow."""

    def ask_about_earlier(self, *, count: int | None) -> None:
        """Show the question, and how many payments it is about."""
        self.count = count
        self.fields["earlier_confirmed"].widget = forms.CheckboxInput()


class SettingsForm(WarnsOfChanges, _AsksAboutEarlier, forms.ModelForm):  # type: ignore[type-arg]
    """S15, S16, S17."""

    class Meta:
        model = Integration
        fields = ["marker", "marker_value", "fetch_from", "mirrors_blocks"]
        field_classes = {"fetch_from": DayField}
        widgets = {"fetch_from": forms.DateInput(attrs=_DATE, format="%Y-%m-%d")}

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        if self.instance.fetch_from is None:
            # What is older was booked before the hub; a person may choose another day (B17).
            self.initial["fetch_from"] = timezone.localdate().replace(day=1)


class ClientForm(WarnsOfChanges, _AsksAboutEarlier, forms.ModelForm):  # type: ignore[type-arg]
    """An invoice client and where its money is."""

    source = RowField(
        SOURCES,
        label=_("Visma company"),
        required=False,
        empty_label=_("None yet: it is skipped when payments are fetched"),
    )
    target = RowField(
        TARGETS,
        label=_("PowerOffice Go"),
        required=False,
        empty_label=_("None: payments are followed up in the hub only"),
    )
    voucher_types = forms.CharField(
        label=_("Voucher types that are payments"),
        required=False,
        max_length=200,
        help_text=_("Numbers in Visma, separated by commas. Press Check to see them."),
    )

    rounding_tolerance = AmountField(
        label=_("Rounding difference to close"),
        required=False,
        at_least=ZERO,
        at_most=MOST_ROUNDED,
        help_text=_(
            "A difference between payment and invoice up to this amount is closed as a "
            "rounding difference. 0.00: none is."
        ),
    )

    class Meta:
        model = InvoiceClient
        fields = [
            "number",
            "name",
            "organisation_number",
            "currency",
            "source",
            "voucher_types",
            "target",
            "clearing_account",
            "rounding_tolerance",
            "own_fetch_from",
            "own_marker",
            "fetches_every_hours",
        ]
        field_classes = {"own_fetch_from": DayField}
        widgets = {"own_fetch_from": forms.DateInput(attrs=_DATE, format="%Y-%m-%d")}

    def __init__(self, *args: Any, organisation: Organisation, **more: Any) -> None:
        super().__init__(*args, **more)
        self.organisation = organisation
        for name in ("source", "target"):
            field: Any = self.fields[name]
            field.offer(organisation)
        if self.instance.pk and "voucher_types" in self.initial:
            self.initial["voucher_types"] = ", ".join(map(str, self.instance.voucher_types))

    def clean_voucher_types(self) -> list[int]:
        """Read the numbers."""
        parts = [part for part in _TYPES.split(self.cleaned_data["voucher_types"]) if part]
        if not all(part.isdecimal() and len(part) < 10 for part in parts):
            raise ValidationError(_("Enter numbers separated by commas."))
        return sorted({int(part) for part in parts})

    def clean_rounding_tolerance(self) -> Decimal:
        """Take nothing for none."""
        tolerance: Decimal | None = self.cleaned_data["rounding_tolerance"]
        return tolerance or ZERO

    def clean_organisation_number(self) -> str:
        """Keep the figures only."""
        return digits_of(self.cleaned_data["organisation_number"])

    def clean_currency(self) -> str:
        """Write it in capitals."""
        currency: str = self.cleaned_data["currency"].upper()
        if len(currency) != 3 or not currency.isalpha():
            raise ValidationError(_("Enter three letters, such as NOK."))
        return currency

    def _post_clean(self) -> None:
        """Leave the instance alone: the operation changes it, and audits what changed."""

    def values(self) -> dict[str, Any]:
        """Return what was filled in."""
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}


class AccountForm(forms.Form):
    """Access to one company at a vendor, by a service or by a person who signs in."""

    where = forms.ChoiceField(label=_("Where, and who signs in"))
    name = forms.CharField(label=_("Name of the account"), max_length=120)
    tenant_id = forms.CharField(
        label=_("Company number there"),
        max_length=64,
        required=False,
        help_text=_("Visma Business NXT: the number of the company. PowerOffice Go: leave empty."),
    )
    own_key = forms.CharField(
        label=_("Client key"),
        max_length=200,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("PowerOffice Go: the key of this company. It is stored encrypted."),
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        where: Any = self.fields["where"]
        where.choices = account_choices()

    def clean(self) -> dict[str, Any]:
        """Ask for the one or the other; take apart where and how."""
        values: dict[str, Any] = super().clean() or {}
        if not values.get("tenant_id") and not values.get("own_key"):
            self.add_error("tenant_id", _("Enter the company's number, or its client key below."))
        values["vendor"], _colon, values["kind"] = values.get("where", "").partition(":")
        return values


class UploadForm(forms.Form):
    """A file."""

    upload = forms.FileField(label=_("File"), max_length=255)


class MatchForm(forms.Form):
    """An invoice or credit note, and how much of the payment goes on it."""

    invoice = forms.CharField(label=_("Invoice number"), max_length=40)
    credit_notes = forms.CharField(
        label=_("Credit notes to set off first"),
        max_length=200,
        required=False,
        help_text=_("Numbers of credit notes of the same customer, separated by commas."),
    )
    amount = AmountField(
        label=_("Amount"),
        required=False,
        help_text=_("Empty: all that is left of the payment."),
    )
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)
    across = forms.BooleanField(required=False, widget=forms.HiddenInput)


class ReasonForm(forms.Form):
    """Why a person does it."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class ClientFilterForm(forms.Form):
    """Whose payments are shown."""

    client = RowField(CLIENTS, label=_("Invoice client"), required=False, empty_label=_("All"))

    def __init__(self, *args: Any, organisation: Organisation, **more: Any) -> None:
        super().__init__(*args, **more)
        field: Any = self.fields["client"]
        field.offer(organisation, hint=False)


class TimeForm(forms.Form):
    """Time on a customer."""

    client = RowField(CLIENTS, label=_("Invoice client"))
    customer = RowField(CUSTOMERS, label=_("Customer"))
    worked_on = DayField(label=_("Date"), widget=forms.DateInput(attrs=_DATE, format="%Y-%m-%d"))
    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=1440)
    text = forms.CharField(label=_("Text"), max_length=200, required=False)

    def __init__(self, *args: Any, organisation: Organisation, **more: Any) -> None:
        super().__init__(*args, **more)
        self.organisation = organisation
        client: Any = self.fields["client"]
        client.offer(organisation)
        self._offer_customers_of(None)

    def _offer_customers_of(self, client: InvoiceClient | None) -> None:
        customer: Any = self.fields["customer"]
        customer.help_text = ""
        customer.offer(self.organisation, of=client.pk if client else None, within="client")

    def clean_client(self) -> InvoiceClient:
        """Let the customer, who is read next, be one of this client's."""
        client: InvoiceClient = self.cleaned_data["client"]
        self._offer_customers_of(client)
        return client

    def clean(self) -> dict[str, Any]:
        """Say nothing of the customer while it is open whose it is."""
        if "client" in self.errors:
            self.errors.pop("customer", None)
        return super().clean() or {}


def payment_vendors() -> dict[str, Vendor]:
    """Return the vendors that payments come from or are registered at."""
    return {
        key: vendor
        for key, vendor in CONNECTORS.items()
        if vendor.make_source is not None or vendor.make_target is not None
    }


def account_choices() -> list[tuple[str, str]]:
    """Return each vendor with each way in that it has."""
    return [
        (
            f"{key}:{kind}",
            f"{vendor.name}: {Connection.Kind(kind).label}"
            if len(vendor.kinds) > 1
            else vendor.name,
        )
        for key, vendor in payment_vendors().items()
        for kind in vendor.kinds
    ]
