"""What every step of an import does with the file's row."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext

from audit import trail
from organisations.models import User
from sources.models import Content, ImportedFile
from sources.readers.catalogue.kinds import ERROR
from sources.readers.problems import Problem

State = ImportedFile.State

RUN_LENGTH = 24
"""What is left for the run in a reference of 40 characters."""
_SAID_BY_A_PERSON = ("wanted_encoding", "wanted_rules", "source_named", "answers")

WAITS_FOR_PERSON = (
    State.NEEDS_COLUMNS,
    State.NEEDS_COMPANY,
    State.NEEDS_RUN,
    State.NEEDS_CONFIRMATION,
    State.CHANGED,
)


class ImportRefused(Exception):
    """What was asked cannot be done; the text says why, in the reader's language."""


def problems_of(file: ImportedFile) -> list[Problem]:
    """Return what was found in the file, errors first."""
    return [Problem.from_json(stored) for stored in file.problems]


def errors_of(file: ImportedFile) -> list[Problem]:
    """Return what stands against importing the file."""
    return [found for found in problems_of(file) if found.severity == ERROR]


def waiting_content(file: ImportedFile) -> Content | None:
    """Return the lines that wait for a decision about their file."""
    return Content.objects.filter(file=file).order_by("-pk").first()


def kept(file: ImportedFile) -> dict[str, Any]:
    """Return what a person said about the file, which outlives every reading of it."""
    return {name: file.head[name] for name in _SAID_BY_A_PERSON if name in file.head}


def locked(file: ImportedFile, *states: State) -> ImportedFile:
    """
    Return the file as it is now, kept from others until the transaction ends.

    :raises ImportRefused: if it does not wait for this any more
    """
    found: ImportedFile = (
        ImportedFile.objects.select_for_update(of=("self",))
        .select_related("organisation", "company", "source")
        .get(pk=file.pk)
    )
    if found.state not in states:
        raise ImportRefused(
            gettext(
                "This has already been decided, perhaps in another window. Nothing was changed."
            )
        )
    return found


def become(file: ImportedFile, state: State, *, now: datetime) -> None:
    """Write the state the file has come to, with all that was decided on the way."""
    file.state, file.state_at = state, now
    file.save(
        update_fields=[
            "state", "state_at", "company", "run", "confirmed", "problems",
            "problem_count", "source", "head", "enqueued_at",
        ]
    )  # fmt: skip


def set_problems(file: ImportedFile, found: Iterable[Problem], count: int | None = None) -> None:
    """Put what was found in the place of what was there."""
    file.problems = [one.to_json() for one in found]
    file.problem_count = len(file.problems) if count is None else count


def add_problem(file: ImportedFile, found: Problem) -> None:
    """Put a problem before the others."""
    file.problems = [found.to_json(), *file.problems]
    file.problem_count += 1


def drop_problem(file: ImportedFile, code: str) -> None:
    """Forget what no longer stands."""
    others = [stored for stored in file.problems if stored["code"] != code]
    file.problem_count -= len(file.problems) - len(others)
    file.problems = others


def clean_run(run: str) -> str:
    """
    Return the name of a run without what cannot be printed.

    :raises ImportRefused: if it is empty or too long
    """
    run = " ".join(run.replace("\0", "").split())
    if not run or len(run) > RUN_LENGTH:
        raise ImportRefused(
            gettext(
                "A run is at least 1 and at most {limit} characters; {run} has {length}."
            ).format(limit=RUN_LENGTH, run=run or "–", length=len(run))
        )
    return run


def record(
    file: ImportedFile,
    action: str,
    *,
    by: User | None,
    subject: Model | None = None,
    **details: str,
) -> None:
    """Write into the audit trail what became of the file, or of a subject that was made of it."""
    trail.record(
        organisation=file.organisation,
        action=action,
        subject=subject or file,
        user=by,
        details={"file": file.name} | details,
        request_id=file.request_id,
    )
