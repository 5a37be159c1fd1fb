"""What people fill in when a file comes in."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from journals.queries import readings as wording
from journals.queries.imports import FIELD_WORDS, companies_for
from journals.rights import JOURNALS
from organisations.meanwhile import WarnsOfChanges
from organisations.models import Company, Organisation
from organisations.rules import Level
from sources.models import ImportedFile
from sources.operations.files import RUN_LENGTH
from sources.operations.readings import DIMENSION_LENGTH
from sources.readers import settings as how
from sources.readers.evidence import SIGN
from sources.readers.settings import SourceSettings
from ui.choosing import Kind, RowField, register

_ENCODINGS = [("", _("As in the file")), *((name, name) for name in how.ENCODINGS)]
_SEPARATORS = [
    (";", _("Semicolon")),
    (",", _("Comma")),
    ("\t", _("Tab")),
    ("|", _("Vertical bar")),
]
_DECIMAL_MARKS = [(",", _("Comma: 1 234,50")), (".", _("Point: 1 234.50"))]
_DATE_FORMATS = [
    (how.YMD, _("Year, month, day")),
    (how.DMY, _("Day, month, year")),
    (how.MDY, _("Month, day, year")),
]
_SIGN_RULES = [
    (how.DEBIT_CREDIT, _("One column for debit, one for credit")),
    (
        how.DEBIT_CREDIT_NEGATIVE,
        _("One column for debit, one for credit with negative amounts"),
    ),
    (how.SIGNED, _("One amount, debit positive")),
    (how.SIGNED_CREDIT_POSITIVE, _("One amount, credit positive")),
    (how.SIGN_COLUMN, _("One amount, and a column that says debit or credit")),
]
_PERIOD_RULES = [
    (how.PERIOD_COLUMN, _("A column holds the period")),
    (how.PERIOD_FROM_DATE, _("The month of the date")),
    (how.YEAR_AND_MONTH, _("One column for the year, one for the month")),
]
_COLUMN = "column_"


def _companies_of_file(organisation: Organisation, file_id: int | None) -> Any:
    file = ImportedFile.objects.of(organisation).filter(pk=file_id).first()
    return None if file is None else companies_for(file)


COMPANIES = register(
    Kind(
        "company",
        rows=lambda of, _row: Company.objects.of(of).order_by("name", "pk"),
        rights=((JOURNALS, Level.READ),),
    )
)
COMPANIES_OF_FILE = register(
    Kind("company_of_file", rows=_companies_of_file, rights=((JOURNALS, Level.WRITE),))
)


class CompanyFilterForm(forms.Form):
    """Whose journals are shown."""

    company = RowField(COMPANIES, label=_("Company"), required=False)

    def __init__(
        self, *args: Any, organisation: Organisation, empty: Any = "", **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.auto_id = "filter_%s"
        field: Any = self.fields["company"]
        field.empty_label = empty or _("All")
        field.offer(organisation, hint=False)


class _SeveralFiles(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """
    One file or several.

    What is wrong with one of several is said where that file stands; it stops no other.
    """

    widget = _SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[Any]]":
        """Return what was chosen."""
        chosen = data if isinstance(data, list | tuple) else [data]
        if len(chosen) > 1:
            return list(chosen)
        return [super().clean(chosen[0] if chosen else None, initial)]


class UploadForm(forms.Form):
    """
    Payroll files.

    :param one_of_many: the file is one of several that come one by one
    """

    upload = FilesField(label=_("Payroll journals: SIE 4, CSV or XLSX"), max_length=255)
    encoding = forms.ChoiceField(
        label=_("Encoding"),
        choices=_ENCODINGS,
        required=False,
        help_text=_("Choose one only if names were shown with wrong letters."),
    )

    company = RowField(
        COMPANIES,
        label=_("Company"),
        required=False,
        empty_label=_("By the organisation number in the file"),
    )
    together = forms.RegexField(r"[0-9a-f]{32}", required=False, widget=forms.HiddenInput)
    """What the files share that are sent from one page, however often it is pressed."""

    def __init__(
        self, *args: Any, organisation: Organisation, one_of_many: bool = False, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        field: Any = self.fields["company"]
        field.offer(organisation)
        upload: Any = self.fields["upload"]
        upload.allow_empty_file = one_of_many


class CompanyForm(forms.Form):
    """Whose journal a file holds."""

    company = RowField(COMPANIES_OF_FILE, label=_("Company"))

    def __init__(self, *args: Any, file: ImportedFile, **more: Any) -> None:
        super().__init__(*args, **more)
        field: Any = self.fields["company"]
        field.offer(file.organisation, of=file.pk)


class RunForm(forms.Form):
    """The number of the payroll run."""

    run = forms.CharField(label=_("Run"), max_length=RUN_LENGTH)


class AnotherRunForm(RunForm):
    """What a second run of the same pay day is called."""

    run = forms.CharField(
        label=_("Run"),
        max_length=RUN_LENGTH,
        help_text=_("Part of the reference; another journal of the month must not have it."),
    )


class DimensionsForm(WarnsOfChanges, forms.Form):
    """Which dimensions of a company's SIE files are booked."""

    cost_centre = forms.CharField(
        label=_("Dimension of the cost centre"),
        max_length=DIMENSION_LENGTH,
        required=False,
        help_text=_("Usually 1. Empty: no cost centre."),
    )
    cost_unit = forms.CharField(
        label=_("Dimension of the cost unit"),
        max_length=DIMENSION_LENGTH,
        required=False,
        help_text=_("2 by the standard; 6 is project; 20 and above are free. Empty: no cost unit."),
    )


class ColumnsForm(forms.Form):
    """The column map of a table, with the detected values chosen."""

    name = forms.CharField(
        label=_("Name of the source"),
        max_length=80,
        help_text=_("Proposed for other companies' files with the same headings."),
    )
    separator = forms.ChoiceField(label=_("Column separator"), choices=_SEPARATORS, required=False)
    decimal_mark = forms.ChoiceField(label=_("Decimal mark"), choices=_DECIMAL_MARKS)
    date_format = forms.ChoiceField(label=_("Dates"), choices=_DATE_FORMATS)
    sign_rule = forms.ChoiceField(label=_("Debit and credit"), choices=_SIGN_RULES)
    period_rule = forms.ChoiceField(label=_("Period"), choices=_PERIOD_RULES)
    encoding = forms.ChoiceField(label=_("Encoding"), choices=_ENCODINGS, required=False)
    sheet = forms.ChoiceField(label=_("Sheet"), required=False)

    def __init__(
        self,
        *args: Any,
        suggestion: dict[str, Any],
        problems: Sequence[tuple[str, str]] = (),
        **more: Any,
    ) -> None:
        """
        Offer what was detected.

        :param problems: field of a column and what is wrong with it, to stand beside its select
        """
        self._detected = SourceSettings.from_json(suggestion["settings"])
        self.asked: list[str] = []
        headings = [heading for heading in suggestion["headings"] if heading]
        initial = self._detected.to_json() | {
            f"{_COLUMN}{name}": heading for name, heading in self._detected.columns.items()
        }
        more["initial"] = initial | more.get("initial", {})
        super().__init__(*args, **more)
        if self._detected.format == how.XLSX:
            del self.fields["separator"], self.fields["encoding"]
            self.fields["sheet"] = forms.ChoiceField(
                label=_("Sheet"),
                choices=[("", _("The first one")), *((s, s) for s in suggestion["sheets"])],
                required=False,
            )
        else:
            del self.fields["sheet"]
        choices = [("", _("Not in the file")), *((heading, heading) for heading in headings)]
        for name in how.FIELDS:
            self.fields[f"{_COLUMN}{name}"] = forms.ChoiceField(
                label=FIELD_WORDS[name], choices=choices, required=False
            )
        for found in suggestion.get("findings", ()):
            self._show_finding(found)
        self._show_confidence(suggestion.get("confidence", {}))
        for name, words in problems:
            field: Any = self.fields.get(f"{_COLUMN}{name}")
            if field is not None:
                field.noted = [*getattr(field, "noted", ()), words]

    def _show_finding(self, found: dict[str, Any]) -> None:
        """Ask what the file leaves open, with an example; say what settles the rest."""
        rule = found["rule"]
        if not found["open"]:
            if found["rule"] in self.fields:
                self.fields[rule].help_text = wording.settled_words(found)
            return
        if self._detected.to_json()[rule]:
            return  # chosen before
        choices: list[tuple[str, Any]] = list(wording.choices(found))
        if rule == SIGN:
            choices += [choice for choice in _SIGN_RULES if choice[0] not in found["fits"]]
        self.fields[rule] = forms.ChoiceField(
            label=wording.question(found),
            help_text=wording.question_help(found),
            choices=choices,
            widget=forms.RadioSelect,
        )
        self.asked.append(rule)

    def _show_confidence(self, confidence: dict[str, str]) -> None:
        for name, level in confidence.items():
            field = self.fields.get(name if name == "period_rule" else f"{_COLUMN}{name}")
            if field is not None and level in wording.CONFIDENCE_WORDS:
                field.help_text = gettext(wording.CONFIDENCE_WORDS[level])

    def settings(self) -> SourceSettings:
        """Return how the file is to be read, as the person chose."""
        chosen = self._detected.to_json()
        for name, value in self.cleaned_data.items():
            if not name.startswith(_COLUMN) and name != "name":
                chosen[name] = value
        chosen["columns"] = {
            name: heading
            for name in how.FIELDS
            if (heading := self.cleaned_data.get(f"{_COLUMN}{name}"))
        }
        return SourceSettings.from_json(chosen)

    def rule_fields(self) -> list[forms.BoundField]:
        """Return the fields above the columns, but for what is asked."""
        return [
            bound
            for bound in self.visible_fields()
            if not bound.name.startswith(_COLUMN) and bound.name not in self.asked
        ]

    def asked_fields(self) -> list[forms.BoundField]:
        """Return one field per rule that the file leaves open."""
        return [bound for bound in self.visible_fields() if bound.name in self.asked]

    def column_fields(self) -> list[forms.BoundField]:
        """Return one field per thing that a column can hold."""
        return [bound for bound in self.visible_fields() if bound.name.startswith(_COLUMN)]
