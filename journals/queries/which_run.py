"""What a person is shown to decide whether a file is the same run, corrected, or another one."""

from dataclasses import dataclass
from decimal import Decimal

from django.urls import reverse
from django.utils.translation import gettext

from journals.models import Batch, Journal, journal_of
from journals.operations import runs
from journals.queries.waits import words_of
from journals.rules.run_marks import Likeness, Replacing, RunMarks, likeness
from sources.models import Content, ImportedFile
from sources.operations import files, storing

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class RunSide:
    """One of the two contents that are held against each other."""

    name: str
    url: str
    state: str
    texts: list[str]
    vouchers: str
    lines: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class WhichRun:
    """
    The two contents, what speaks for which answer, and which answers are possible.

    :param other_first: the marks say that it is another run, so that answer stands first
    :param take: label of the answer *the same run, corrected*; empty where it is not possible
    :param why_not: why it is not possible, and what is
    :param rest: other journals of the pay day that it may be a correction of: id and reference
    """

    hint: str
    other_first: bool
    before: RunSide
    now: RunSide
    currency: str
    take: str
    why_not: str
    suggested: str
    rest: list[tuple[int, str]]


def which_run(file: ImportedFile) -> WhichRun | None:
    """Return what the page of a changed file shows; None where nothing is to be decided."""
    content, journal = files.waiting_content(file), journal_of(file)
    if file.state != ImportedFile.State.CHANGED or content is None or journal is None:
        return None
    batches = list(Batch.objects.filter(journal=journal).only("state", "period", "reverses"))
    marks = runs.marks_of(journal.content), runs.marks_of(content)
    alike = likeness(*marks)
    way = runs.replacing_of(journal, batches)
    return WhichRun(
        hint=_hint(journal, alike, same_lines=journal.content.digest == content.digest),
        other_first=alike is Likeness.OTHER or way is Replacing.IN_LEDGER,
        before=_side(journal.reference, journal.content, marks[0], journal),
        now=_side(file.name, content, marks[1]),
        currency=journal.currency,
        take=_take(way),
        why_not=runs.why_not_replaced(journal, batches) if way is Replacing.IN_LEDGER else "",
        suggested=runs.suggested_run(file, length=files.RUN_LENGTH),
        rest=[
            (one.pk, one.reference) for one in runs.of_the_same_day(file) if one.pk != journal.pk
        ],
    )


def _hint(journal: Journal, alike: Likeness, *, same_lines: bool) -> str:
    if same_lines:
        return gettext(
            "The lines are those of {reference}, but payroll gave the voucher another number. "
            "Import it as another run only if the amounts were paid twice."
        ).format(reference=journal.reference)
    match alike:
        case Likeness.OTHER:
            return gettext(
                "The texts or the voucher numbers differ, as they do when a company has two runs "
                "on one pay day."
            )
        case Likeness.SAME:
            return gettext(
                "The texts are the same and the amounts are not, as they are when a run was "
                "corrected in payroll."
            )
        case _:
            return gettext("The file does not say which of the two it is.")


def _take(way: Replacing) -> str:
    match way:
        case Replacing.POSSIBLE:
            return gettext("Use the new content")
        case Replacing.AFTER_REVERSAL:
            return gettext("Import it in place of the reversed run")
        case _:
            return ""


def _side(name: str, content: Content, marks: RunMarks, journal: Journal | None = None) -> RunSide:
    texts = sorted(marks.texts)
    return RunSide(
        name=name,
        url=reverse("journals:detail", args=[journal.pk]) if journal else "",
        state=words_of(journal) if journal else "",
        texts=texts[:_SHOWN] + (["…"] if len(texts) > _SHOWN else []),
        vouchers=", ".join(sorted(marks.vouchers)),
        lines=content.line_count,
        total=storing.total_of(content),
    )
