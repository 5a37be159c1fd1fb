"""A kind of problem, and the remedies that several of them share."""

from dataclasses import dataclass

from connectors.words import gettext_noop as _

ERROR, WARNING, INFO = "error", "warning", "info"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One line of the catalogue. The texts are templates, filled after translation."""

    code: str
    severity: str
    message: str
    expected: str
    remedy: str
    needs_confirmation: bool = False
    remedy_fixed: str = ""
    """What to do where the format fixes its fields (SIE, GBAT10) and there is no column map."""


def error(
    code: str, message: str, expected: str, remedy: str, *, remedy_fixed: str = ""
) -> ProblemKind:
    return ProblemKind(code, ERROR, message, expected, remedy, remedy_fixed=remedy_fixed)


def warning(
    code: str, message: str, expected: str, remedy: str, *, needs_confirmation: bool = False
) -> ProblemKind:
    return ProblemKind(code, WARNING, message, expected, remedy, needs_confirmation)


def info(code: str, message: str) -> ProblemKind:
    return ProblemKind(code, INFO, message, "", _("No action needed."))


EXPORT_AGAIN = _("Export the file from payroll again and import that one.")
EXPORT_FORMAT = _("In payroll, export the journal as SIE 4, CSV or XLSX and import that file.")
CORRECT_FILE = _("Correct it in payroll, export the file again and import that one.")
COLUMN_MAP = _(
    "Choose another column or rule for this source. If they are right, correct the value in "
    "payroll, export the file again and import that one."
)
ONLY_THE_SHEET = _("Save it with only the journal's sheet, or export CSV instead.")
CHOICE = _(
    "Export the file in the same way as the earlier ones; if the choice is wrong, change it "
    "under “How files are read” of the company."
)
SPLIT_FILE = _("Export a separate file for each and import them one by one.")
