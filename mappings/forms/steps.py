"""The steps of the mapping wizard, and the tables of values."""

from collections.abc import Container, Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Connection
from accounts.rights import CONNECTIONS
from connectors.base import Account, Dimension, LedgerFacts
from mappings.choosing import ACCOUNTS, Choice, LedgerSelect, select_of
from mappings.models import ClosedPeriodRule
from mappings.operations.saving import REASON_LENGTH
from mappings.queries import offered_companies, offered_connections
from mappings.rules.account_patterns import BadPattern, compile_pattern
from mappings.rules.checking import PROBLEMS, find_pattern_problems
from mappings.rules.dimensions import NoSuchDimension, find_dimension, likely_dimensions, nearest
from mappings.rules.first_period import month_of, read_period
from organisations.models import Company, Organisation
from organisations.rules import Level
from ui.choosing import Kind, RowField, register
from ui.failures import words

_MAY_CHANGE = ((CONNECTIONS, Level.WRITE),)


def _administration(connection: Connection) -> str:
    number = f" ({connection.administration_number})" if connection.administration_number else ""
    return f"{connection.administration_name or connection.tenant_id}{number} · {connection.name}"


def _administrations(organisation: Organisation, company_id: int | None) -> Any:
    company = Company.objects.of(organisation).filter(pk=company_id).first()
    return None if company is None else offered_connections(company)


COMPANIES = register(
    Kind(
        "company_to_map",
        rows=lambda of, _row: offered_companies(of),
        rights=_MAY_CHANGE,
    )
)
ADMINISTRATIONS = register(
    Kind(
        "administration",
        rows=_administrations,
        rights=_MAY_CHANGE,
        number="tenant_id",
        names=("administration_name", "administration_number", "name"),
        label=_administration,
    )
)


class CompanyForm(forms.Form):
    """Step 1: which company of payroll."""

    company = RowField(
        COMPANIES,
        label=_("Company"),
        help_text=_("Companies that are already mapped are not listed."),
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["company"]
        field.offer(organisation)


class AdministrationForm(forms.Form):
    """Step 2: which administration; only those of authorised accounts are offered (S6)."""

    connection = RowField(
        ADMINISTRATIONS,
        label=_("Administration"),
        help_text=_("Only administrations of authorised accounts are listed."),
    )

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["connection"]
        field.offer(company.organisation, of=company.pk)


class PlaceForm(forms.Form):
    """Step 3: branch and ledger, each asked only when there is a choice."""

    branch = forms.ChoiceField(label=_("Branch"))
    ledger = forms.ChoiceField(label=_("Ledger"))

    def __init__(self, *args: Any, facts: LedgerFacts, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        branches = [(b.number, f"{b.number} {b.name}".strip()) for b in facts.branches if b.active]
        ledgers = [(i.number, f"{i.number} {i.name}".strip()) for i in facts.ledgers if i.actual]
        for name, choices in (("branch", branches), ("ledger", ledgers)):
            if len(choices) > 1:
                field = self.fields[name]
                field.choices = [("", gettext("Choose")), *choices]  # type: ignore[attr-defined]
            else:
                del self.fields[name]


class DimensionsForm(forms.Form):
    """
    Step 4: cost centre and cost unit, each by the description that the target gives it (S7).

    What is cleaned also holds the segment of each.
    """

    use_cost_centre = forms.BooleanField(label=_("Send the cost centre"), required=False)
    cost_centre_description = forms.CharField(
        label=_("Description of the cost centre's dimension"), max_length=60, required=False
    )
    use_cost_unit = forms.BooleanField(label=_("Send the cost unit"), required=False)
    cost_unit_description = forms.CharField(
        label=_("Description of the cost unit's dimension"), max_length=60, required=False
    )

    def __init__(self, *args: Any, dimensions: Sequence[Dimension], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dimensions = dimensions
        names = [item.description.strip() for item in dimensions if item.description.strip()]
        for name in ("cost_centre", "cost_unit"):
            self.fields[f"{name}_description"].widget = LedgerSelect(
                choices=[Choice(description) for description in names]
            )

    @classmethod
    def initial_of(
        cls, settings: dict[str, Any], *, dimensions: Sequence[Dimension], seen: Container[str]
    ) -> dict[str, Any]:
        """
        Return what the form shows for stored settings.

        A new mapping is filled in with what the ledger calls so; it is ticked where payroll has
        brought such codes.

        :param seen: the dimensions of payroll whose codes the company's journals have brought
        """
        initial = dict(settings)
        if "use_cost_centre" not in settings:
            for key, description in likely_dimensions(dimensions).items():
                initial[f"{key}_description"] = description
                initial[f"use_{key}"] = key in seen
        return initial

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        for name in ("cost_centre", "cost_unit"):
            values[f"{name}_segment"] = self._segment(name, values)
        both = values["cost_centre_segment"]
        if both is not None and both == values["cost_unit_segment"]:
            self.add_error(
                "cost_unit_description",
                gettext("Cost centre and cost unit cannot use the same dimension."),
            )
        return values

    def _segment(self, name: str, values: dict[str, Any]) -> int | None:
        if not values.get(f"use_{name}"):
            values[f"{name}_description"] = ""
            return None
        field = f"{name}_description"
        typed = values.get(field, "")
        if not typed:
            self.add_error(field, gettext("Choose the dimension of the ledger."))
            return None
        try:
            found = find_dimension(typed, self.dimensions)
        except NoSuchDimension as missing:
            self.add_error(field, self._refusal(missing))
            return None
        values[field] = found.description.strip()
        return found.segment_id

    @staticmethod
    def _refusal(missing: NoSuchDimension) -> str:
        if not missing.near:
            return gettext("The administration has no dimensions.")
        return gettext("There is no dimension %(typed)s. Did you mean %(nearest)s?") % {
            "typed": missing.description,
            "nearest": gettext(" or ").join(missing.near),
        }


class PatternsForm(forms.Form):
    """Step 5: which accounts carry dimensions, in the vendor's notation (S7b)."""

    balance_sheet_format = forms.CharField(
        label=_("Balance-sheet format"),
        max_length=100,
        required=False,
        help_text=_("Accounts that match carry no dimensions, for example [0-2][0-9][0-9][0-9]."),
    )
    profit_and_loss_format = forms.CharField(
        label=_("Profit-and-loss format"),
        max_length=100,
        required=False,
        help_text=_("Only accounts that match carry dimensions, for example [3-8][0-9][0-9][0-9]."),
    )

    def __init__(self, *args: Any, accounts: Sequence[Account] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.accounts = accounts

    def clean_balance_sheet_format(self) -> str:
        return self._readable("balance_sheet_format")

    def clean_profit_and_loss_format(self) -> str:
        return self._readable("profit_and_loss_format")

    def _readable(self, name: str) -> str:
        pattern: str = self.cleaned_data[name].strip()
        if pattern:
            try:
                compile_pattern(pattern)
            except BadPattern as bad:
                kind = PROBLEMS["pattern_bad"]
                params = {"pattern": bad.pattern, "position": bad.position}
                raise forms.ValidationError(
                    f"{words(kind.summary, params)} {words(kind.remedy, params)}"
                ) from bad
        return pattern

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if not self.errors:
            for problem in find_pattern_problems(
                values["balance_sheet_format"],
                values["profit_and_loss_format"],
                accounts=[account.number for account in self.accounts],
            ):
                kind = PROBLEMS[problem.code]
                self.add_error("profit_and_loss_format", words(kind.summary, problem.params))
        return values


class PolicyForm(forms.Form):
    """Step 6: how journals are sent. The rule for closed periods has no default."""

    HOLD, BALANCED, RELEASE = "hold", "balanced", "release"

    posting = forms.ChoiceField(
        label=_("How batches are posted"),
        widget=forms.RadioSelect,
        choices=[
            (HOLD, _("On hold: someone reviews the batch in the ledger and releases it")),
            (BALANCED, _("Balanced: ready for release in the ledger")),
            (RELEASE, _("Balanced, and released by the hub")),
        ],
    )
    closed_period_rule = forms.ChoiceField(
        label=_("When the period is closed"),
        widget=forms.RadioSelect,
        choices=ClosedPeriodRule.choices,
        error_messages={"required": gettext_lazy("Choose what happens when a period is closed.")},
    )
    first_period = forms.CharField(
        label=_("First period"),
        max_length=7,
        help_text=_(
            "The first payroll run that the hub sends, as YYYY-MM. Earlier runs count as booked "
            "before the hub and are never sent."
        ),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    own_numbers = forms.BooleanField(
        label=_("The hub chooses the batch number"),
        required=False,
        help_text=_(
            "Only if Allow manual numbering on imports is ticked on the number series. If an "
            "answer is lost, the batch is then found by its number."
        ),
    )
    balancing_account = forms.CharField(
        label=_("Balancing account"),
        max_length=20,
        required=False,
        help_text=_(
            "For corrections whose period does not balance by itself. Empty: such a journal is "
            "not sent."
        ),
    )

    def __init__(
        self, *args: Any, facts: LedgerFacts, connection: Connection, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.facts = facts
        self.fields["balancing_account"].widget = select_of(
            facts, ACCOUNTS, connection, empty=_("No account")
        )

    def clean_first_period(self) -> str:
        try:
            return read_period(self.cleaned_data["first_period"])
        except ValueError:
            raise forms.ValidationError(
                gettext("Write year and month as YYYY-MM, for example %(example)s.")
                % {"example": month_of(timezone.localdate())}
            ) from None

    def clean_balancing_account(self) -> str:
        number: str = self.cleaned_data["balancing_account"].strip()
        accounts = {account.number: account for account in self.facts.accounts}
        if not number:
            return ""
        if number not in accounts:
            choices = [(a.number, a.name) for a in self.facts.accounts if a.active]
            near = ", ".join(f"{n.value} {n.name}" for n in nearest(number, choices)) or "–"
            raise forms.ValidationError(
                gettext("There is no account %(number)s. Nearest: %(nearest)s.")
                % {"number": number, "nearest": near}
            )
        if not (accounts[number].active and accounts[number].takes_manual_entries):
            raise forms.ValidationError(gettext("That account is inactive or cannot be posted to."))
        return number

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        posting = values.pop("posting", "")
        values["hold"] = posting == self.HOLD
        values["release"] = posting == self.RELEASE
        return values

    @classmethod
    def initial_of(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """
        Return what the form shows for stored settings.

        A new mapping offers to post on hold, from the present month on.
        """
        if "first_period" not in settings:
            settings = settings | {"first_period": month_of(timezone.localdate())}
        posting = cls.HOLD if settings.get("hold", True) else cls.BALANCED
        return settings | {"posting": cls.RELEASE if settings.get("release") else posting}


class ReasonForm(forms.Form):
    """Why the first period of a mapping changes."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        help_text=_("Why the first period is changed. It is stored in the audit trail."),
    )
