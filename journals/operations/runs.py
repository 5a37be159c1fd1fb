"""Which journal a file belongs to when a company has several runs of one pay day."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext

from journals.models import Batch, Journal
from journals.rules.run_marks import (
    Likeness,
    Replacing,
    RunMarks,
    free_run,
    is_repeated,
    likeness,
    replacing,
)
from journals.rules.states import MAY_BE_IN_LEDGER, BatchState
from organisations.models import Company
from sources.models import Content, ImportedFile, JournalLine

_TEXTS = 50


@dataclass(frozen=True, slots=True)
class Recognised:
    """
    The journal that a file was taken for.

    :param repeated: it says the same; else a person decides what the file is
    """

    journal: Journal
    repeated: bool


def recognise(
    file: ImportedFile, content: Content, *, company: Company, reference: str
) -> Recognised | None:
    """
    Return the journal that the file repeats or may correct, or None for a run that is new.

    A run that a person imported as another one of the same pay day is found by its content, for
    the file gives both the same name.
    """
    named = Journal.objects.filter(company=company, reference=reference).first()
    if named is None:
        return None
    among = [_newest(one) for one in _alike(company, content.run_period, run=file.run)]
    marks = marks_of(content)
    for journal in among:
        if journal.content.digest == content.digest and is_repeated(
            marks_of(journal.content), marks
        ):
            return Recognised(journal, repeated=True)
    nearest = [one for one in among if likeness(marks_of(one.content), marks) is Likeness.SAME]
    return Recognised((nearest or [_newest(named)])[0], repeated=False)


def _newest(journal: Journal) -> Journal:
    """Return the journal that is sent in place of a reversed one, or the journal itself."""
    while journal.state == Journal.State.REVERSED:
        # All of it was reversed: what comes now belongs to the one that is sent instead.
        resend = Journal.objects.select_related("content").filter(resend_of=journal).first()
        if resend is None:
            break
        journal = resend
    return journal


def _alike(company: Company, period: str, *, run: str) -> list[Journal]:
    """Return the journals whose file gave that run: the one so called, and others of its day."""
    journals = Journal.objects.filter(
        company=company, run_period=period, resend_of__isnull=True
    ).select_related("content__file")
    return [one for one in journals.order_by("pk") if run in (one.run, _first_run(one))]


def _first_run(journal: Journal) -> str:
    """Return the run as the journal's file gave it, before a person named it otherwise."""
    file = journal.content.file
    return str(file.head.get("first_run", "")) if file is not None else ""


def of_the_same_day(file: ImportedFile) -> list[Journal]:
    """Return the journals that a changed file may be a correction of."""
    content = Content.objects.filter(file=file).order_by("-pk").first()
    if content is None or file.company is None:
        return []
    found = [_newest(one) for one in _alike(file.company, content.run_period, run=file.run)]
    return list({one.pk: one for one in found}.values())


def marks_of(content: Content) -> RunMarks:
    """Return what tells the run of this content from others."""
    lines = JournalLine.objects.filter(content=content).exclude(text="")
    texts = lines.order_by("text").values_list("text", flat=True).distinct()[:_TEXTS]
    head = content.file.head if content.file is not None else {}
    return RunMarks(vouchers=frozenset(map(str, head.get("vouchers", ()))), texts=frozenset(texts))


def suggested_run(file: ImportedFile, *, length: int) -> str:
    """Return a free name for a file that is another run than the journal it was taken for."""
    content = Content.objects.filter(file=file).order_by("-pk").first()
    if content is None or file.company is None:
        return ""
    taken = Journal.objects.filter(
        company=file.company, reference__startswith=f"PAYROLL {content.run_period}/"
    ).values_list("reference", flat=True)
    return free_run(file.run, taken={one.partition("/")[2] for one in taken}, length=length)


def replacing_of(journal: Journal, batches: Iterable[Batch]) -> Replacing:
    """Return whether other content may take the place of the journal's."""
    states = [BatchState(one.state) for one in batches if one.reverses_id is None]
    is_reversed = journal.state == Journal.State.REVERSED
    resend = is_reversed and not Journal.objects.filter(resend_of=journal).exists()
    return replacing(states, is_reversed=resend)


def why_not_replaced(journal: Journal, batches: Iterable[Batch]) -> str:
    """Return which periods are, or may be, in the ledger, and what is possible instead."""
    held = {
        one.period for one in batches if one.reverses_id is None and one.state in MAY_BE_IN_LEDGER
    }
    return gettext(
        "{reference} is, or may be, already in the ledger ({periods}). What was sent is never "
        "replaced. Reverse it first and import the file again, or correct the difference with "
        "a new payroll run."
    ).format(reference=journal.reference, periods=", ".join(sorted(held)))
