"""Forms of the month board's pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from office.rules import MOST_DAYS_TO_SEND, WORKING_DAYS_TO_SEND
from organisations.forms import MEMBERS
from organisations.models import Organisation
from ui.choosing import RowField


class NothingForm(forms.Form):
    """Why no journal comes this month."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("It is shown on the board and in the audit trail."),
    )


class OwnerForm(forms.Form):
    """Who is responsible for the chosen companies, and who stands in."""

    owner = RowField(MEMBERS, label=_("Responsible"), required=False, empty_label="–")
    deputy = RowField(MEMBERS, label=_("Deputy"), required=False, empty_label="–")

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("owner", "deputy"):
            field: Any = self.fields[name]
            field.offer(organisation)

    def clean(self) -> dict[str, Any]:
        """Nobody stands in for themselves."""
        values: dict[str, Any] = super().clean() or {}
        if values.get("owner") and values.get("owner") == values.get("deputy"):
            self.add_error("deputy", _("The deputy is somebody else than the responsible person."))
        return values


class AwayForm(forms.Form):
    """From when to when a person is away."""

    away_from = forms.DateField(
        label=_("First day away"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    away_until = forms.DateField(
        label=_("Last day away"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def clean(self) -> dict[str, Any]:
        """Both days or neither, in their order."""
        values: dict[str, Any] = super().clean() or {}
        if self.errors:
            return values
        first, last = values.get("away_from"), values.get("away_until")
        if (first is None) != (last is None):
            self.add_error("away_until", _("Enter both days, or neither."))
        elif first and last and last < first:
            self.add_error("away_until", _("The last day lies before the first."))
        return values


class ExpectationForm(forms.Form):
    """By when a company's journals are imported and sent."""

    import_day = forms.IntegerField(
        label=_("Imported by day of the month"),
        min_value=1,
        max_value=31,
        required=False,
        help_text=_("Leave empty to let the hub learn it from the last six months."),
    )
    month_after = forms.BooleanField(
        label=_("In the month after the payroll period"), required=False
    )
    days_to_send = forms.IntegerField(
        label=_("Working days from import to sending"),
        min_value=0,
        max_value=MOST_DAYS_TO_SEND,
        initial=WORKING_DAYS_TO_SEND,
    )
