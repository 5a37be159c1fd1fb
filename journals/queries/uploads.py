"""What became of files that came in together."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Case, F, IntegerField, QuerySet, Value, When
from django.urls import reverse

from journals.models import journal_of
from journals.queries.imports import look_of, problem_words, state_words
from organisations.models import Organisation
from sources.models import ImportedFile
from sources.operations.files import WAITS_FOR_PERSON
from sources.readers.problems import Problem

State = ImportedFile.State
MOST_FILES = 500
"""How many files are followed on one page."""
_ON_A_PAGE = 100
_LONGEST_ID = 18
_ON_THE_WAY = (State.WAITING, State.READING)


@dataclass(frozen=True, slots=True)
class UploadedRow:
    """One file and what became of it."""

    pk: int
    name: str
    url: str
    look: str
    state: str
    why: str
    company: str
    reference: str
    journal_url: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many files came to the same state."""

    look: str
    state: str
    count: int


@dataclass(frozen=True, slots=True)
class UploadedTogether:
    """Everything that the page shows, finished."""

    url: str
    rows: "Page[UploadedRow]"
    outcomes: list[Outcome]
    asks: int
    read: int
    total: int

    @property
    def reading(self) -> bool:
        """Say whether a file is still to be read."""
        return self.read < self.total


def address_of(pks: Iterable[int]) -> str:
    """Return where these files are shown together."""
    return f"{reverse('journals:uploaded')}?{urlencode({'files': '.'.join(map(str, pks))})}"


def address_of_companions(file: ImportedFile) -> str:
    """Return where a file is shown with those that were uploaded with it; empty if it was alone."""
    if not file.together:
        return ""
    companions = ImportedFile.objects.filter(
        organisation_id=file.organisation_id, together=file.together
    )
    pks = list(companions.order_by("pk").values_list("pk", flat=True)[:MOST_FILES])
    return address_of(pks) if len(pks) > 1 else ""


def uploaded_together(organisation: Organisation, *, files: str, number: str) -> UploadedTogether:
    """Return what became of the files: first those that a person must look at."""
    pks = _ids(files)
    chosen = ImportedFile.objects.of(organisation).filter(pk__in=pks)
    counts = Counter(chosen.values_list("state", flat=True))
    pages: Any = Paginator(_rows(chosen), _ON_A_PAGE).get_page(number)
    pages.object_list = [_row(file) for file in pages.object_list]
    total = counts.total()
    return UploadedTogether(
        url=address_of(pks),
        rows=pages,
        outcomes=[
            Outcome(look_of(state), state_words(state), counts[state])
            for state in State
            if counts[state]
        ],
        asks=sum(counts[state] for state in WAITS_FOR_PERSON),
        read=total - sum(counts[state] for state in _ON_THE_WAY),
        total=total,
    )


def _ids(files: str) -> list[int]:
    """Return the ids of an address; what is none is passed over."""
    said = (one for one in files.split(".") if one.isascii() and one.isdigit())
    ids = dict.fromkeys(int(one) for one in said if len(one) <= _LONGEST_ID)
    return list(ids)[:MOST_FILES]


def _rows(chosen: QuerySet[ImportedFile]) -> QuerySet[ImportedFile]:
    first = Case(
        When(state__in=WAITS_FOR_PERSON, then=Value(0)),
        When(state=State.REFUSED, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    return (
        chosen.select_related("company", "of_journal__journal")
        .defer("head", "problems")
        .annotate(first_problem=F("problems__0"), place=first)
        .order_by("place", "pk")
    )


def _row(file: ImportedFile) -> UploadedRow:
    found: Mapping[str, Any] | None = getattr(file, "first_problem", None)
    journal = journal_of(file)
    done = file.state not in (State.REFUSED, *WAITS_FOR_PERSON)
    return UploadedRow(
        pk=file.pk,
        name=file.name,
        url=reverse("journals:imported_file", args=[file.pk]),
        look=look_of(file.state),
        state=state_words(file.state),
        why=problem_words(Problem.from_json(found)) if found and not done else "",
        company=str(file.company or ""),
        reference=journal.reference if journal else "",
        journal_url=reverse("journals:detail", args=[journal.pk]) if journal else "",
    )
