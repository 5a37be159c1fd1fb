"""What the pages about imported files show."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy

from connectors.words import SUMS
from journals.models import Journal, journal_of
from journals.queries.readings import reading_url
from journals.rules.comparing import ADDED, REMOVED, LineChange, compare
from organisations.models import Company, Organisation
from sources.models import ImportedFile
from sources.operations import files, storing
from sources.readers.catalogue.kinds import ERROR, WARNING
from sources.readers.lines import PeriodTotal
from sources.readers.problems import Problem
from ui.failures import words

State = ImportedFile.State
_RECENT = 20
FIELD_WORDS = {
    "account": gettext_lazy("Account"),
    "account_name": gettext_lazy("Account name"),
    "cost_centre": gettext_lazy("Cost centre"),
    "cost_unit": gettext_lazy("Cost unit"),
    "amount": gettext_lazy("Amount"),
    "debit": gettext_lazy("Debit"),
    "credit": gettext_lazy("Credit"),
    "side": gettext_lazy("Debit or credit"),
    "date": gettext_lazy("Date"),
    "period": gettext_lazy("Period"),
    "year": gettext_lazy("Year"),
    "month": gettext_lazy("Month"),
    "text": gettext_lazy("Text"),
    "text2": gettext_lazy("Second text"),
    "currency": gettext_lazy("Currency"),
    "company": gettext_lazy("Organisation number"),
    "company_name": gettext_lazy("Company name"),
    "run": gettext_lazy("Run"),
}
"""What a column holds."""
_AT_ONE_SELECT = 3
"""So many problems of the rows stand at the select of their column, the others in the list."""
_ABOUT_A_COLUMN = ("missing_column", "column_twice", "employee_column")
_NAMES_A_FIELD = (
    *_ABOUT_A_COLUMN,
    *("period_unbalanced", "voucher_unbalanced", "balance_not_checked"),
)
"""Problems whose column is no heading of the file but what a column holds."""
_MENDED_BY_READING = ("mark_contradicts", "date_contradicts", "dimension_left_out")
_CHANGES_ON_A_PAGE = 50
_TONES = {ERROR: "bad", WARNING: "warn"}
_LOOKS = {
    State.READING: "running",
    State.NEEDS_COLUMNS: "needs_person",
    State.NEEDS_COMPANY: "needs_person",
    State.NEEDS_RUN: "needs_person",
    State.NEEDS_CONFIRMATION: "needs_person",
    State.UNCHANGED: "done",
    State.REFUSED: "rejected",
    State.DISCARDED: "skipped",
}


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file in the list."""

    name: str
    url: str
    look: str
    state: str
    company: str
    reference: str
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class FileProblemRow:
    """What `{% problems %}` prints of a file's problem."""

    summary: str
    place: str
    remedy: str
    tone: str
    url: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One line that differs between what was imported and what came now."""

    kind: str
    period: str
    account: str
    cost_centre: str
    cost_unit: str
    text: str
    old: Decimal | None
    new: Decimal | None


@dataclass(frozen=True, slots=True)
class FilePage:
    """Everything that the page of one file shows, finished."""

    file: ImportedFile
    look: str
    state: str
    reading: bool
    percent: int
    totals: list[PeriodTotal]
    currency: str
    facts: list[tuple[str, str]]
    first_names: list[str]
    problems: list[FileProblemRow]
    more_problems: int
    journal_url: str
    journal_reference: str
    journal_reversed: bool


def recent_files(organisation: Organisation) -> list[FileRow]:
    """Return the files that came in last, newest first."""
    files = (
        ImportedFile.objects.of(organisation)
        .select_related("company", "of_journal__journal")
        .defer("head", "problems")
        .order_by("-uploaded_at", "-pk")[:_RECENT]
    )
    return [_file_row(file) for file in files]


def _file_row(file: ImportedFile) -> FileRow:
    journal = journal_of(file)
    return FileRow(
        name=file.name,
        url=reverse("journals:imported_file", args=[file.pk]),
        look=look_of(file.state),
        state=state_words(file.state),
        company=str(file.company or ""),
        reference=journal.reference if journal else "",
        uploaded_at=file.uploaded_at,
    )


def file_page(file: ImportedFile) -> FilePage:
    """Return what the page of a file shows."""
    head, journal = file.head, journal_of(file)
    return FilePage(
        file=file,
        look=look_of(file.state),
        state=state_words(file.state),
        reading=file.state in (State.WAITING, State.READING),
        percent=_percent(file),
        totals=storing.totals_from_json(head.get("totals", [])),
        currency=head.get("currency") or (file.company.currency if file.company else ""),
        facts=_facts(file, head),
        first_names=head.get("first_names", []),
        problems=[
            problem_row(found, company=file.company) for found, name in _by_column(file) if not name
        ],
        more_problems=max(file.problem_count - len(file.problems), 0),
        journal_url=reverse("journals:detail", args=[journal.pk]) if journal else "",
        journal_reference=journal.reference if journal else "",
        journal_reversed=journal is not None and journal.state == Journal.State.REVERSED,
    )


def look_of(state: str) -> str:
    """Return what a state of a file looks like."""
    return _LOOKS.get(State(state), state)


def state_words(state: str) -> str:
    """Return what a state of a file is called, in the reader's language."""
    if state == State.NEEDS_COLUMNS:
        # It may be the columns, or no more than which day 03/04 is.
        return gettext("How the file is read must be confirmed")
    return str(State(state).label)


def _percent(file: ImportedFile) -> int:
    if not file.rows_expected:
        return 0
    return min(100 * file.rows_read // file.rows_expected, 100)


def _facts(file: ImportedFile, head: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [
        (gettext("Company"), str(file.company or head.get("company_name", ""))),
        (gettext("Organisation number"), head.get("organisation_number", "")),
        (gettext("Run"), file.run or head.get("run", "")),
        (gettext("Written by"), head.get("program", "")),
        (gettext("Written on"), head.get("generated_on", "")),
        (gettext("Format"), file.file_format.upper()),
        (gettext("Encoding"), head.get("encoding", "")),
        (gettext("Rows"), str(head.get("rows", ""))),
    ]
    return [(name, value) for name, value in rows if value]


def problem_words(found: Problem) -> str:
    """Return what is wrong, in the reader's language."""
    return words(found.message, {**found.params, "column": _column_words(found)})


def _column_words(found: Problem) -> str:
    label = FIELD_WORDS.get(found.column) if found.code in _NAMES_A_FIELD else None
    return found.column if label is None else f"{str(label)[:1].lower()}{str(label)[1:]}"


def column_problems(file: ImportedFile) -> list[tuple[str, str]]:
    """Return what is wrong with columns, each with its field, to stand at the select."""
    return [(name, problem_words(found)) for found, name in _by_column(file) if name]


def _by_column(file: ImportedFile) -> list[tuple[Problem, str]]:
    """Return the problems of a file, each with the field of the column that it stands at, or ""."""
    problems = files.problems_of(file)
    if file.state != State.NEEDS_COLUMNS:
        return [(found, "") for found in problems]
    columns: Mapping[str, str] = file.head["suggestion"]["settings"].get("columns", {})
    by_heading = {heading: name for name, heading in columns.items()}
    at: Counter[str] = Counter()
    placed = []
    for found in problems:
        about = found.code in _ABOUT_A_COLUMN
        name = found.column if about else by_heading.get(found.column, "")
        at[name] += 1
        placed.append((found, name if about or at[name] <= _AT_ONE_SELECT else ""))
    return placed


def problem_row(found: Problem, *, company: Company | None = None) -> FileProblemRow:
    """Return a problem with its place and what to do about it."""
    place = []
    if found.line is not None:
        place.append(gettext("Line {line}").format(line=found.line))
    if found.column:
        place.append(_column_words(found))
    if found.value and "value" not in found.params.get(SUMS, "").split():  # nothing of the file
        place.append(f"“{found.value}”")
    remedy = gettext(found.remedy)
    if found.expected:
        remedy = (
            gettext("Expected: {expected}.").format(expected=gettext(found.expected)) + f" {remedy}"
        )
    return FileProblemRow(
        summary=problem_words(found),
        place=" · ".join(place),
        remedy=remedy,
        tone=_TONES.get(found.severity, "info"),
        url=reading_url(company) if found.code in _MENDED_BY_READING else "",
        action=gettext("How files are read"),
    )


def changes(file: ImportedFile, *, number: str) -> "Page[ChangeRow] | None":
    """Return one page of the lines in which a changed file differs from its journal."""
    content, journal = files.waiting_content(file), journal_of(file)
    if file.state != State.CHANGED or content is None or journal is None:
        return None
    found = compare(storing.lines_of(journal.content), storing.lines_of(content))
    page = Paginator([_change_row(change) for change in found], _CHANGES_ON_A_PAGE)
    return page.get_page(number)


def _change_row(change: LineChange) -> ChangeRow:
    line = change.line
    kinds = {ADDED: gettext("Added"), REMOVED: gettext("Removed")}
    return ChangeRow(
        kind=kinds.get(change.kind, gettext("Changed")),
        period=line.period,
        account=line.account,
        cost_centre=line.cost_centre,
        cost_unit=line.cost_unit,
        text=line.text,
        old=change.old.amount if change.old else None,
        new=change.new.amount if change.new else None,
    )


def companies_for(file: ImportedFile) -> QuerySet[Company]:
    """Return the companies that the file may be for: same organisation number, or none yet."""
    companies = Company.objects.of(file.organisation).order_by("name")
    number = str(file.head.get("organisation_number", ""))
    return companies.filter(organisation_number__in=(number, "")) if number else companies
