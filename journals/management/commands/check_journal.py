"""Check a journal against the live ledger and write nothing there (B2)."""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser

import journals.operations.preparing  # noqa: F401  it answers the background request
from background.operations import request_in_background
from journals.management.commands._journals import (
    JournalCommand,
    add_answer,
    answer_first,
    problem_line,
)
from journals.queries.journal_page import check_result
from journals.queries.waits import words_of
from organisations.management.commands._command import carry_out, failure_text

_WAIT = timedelta(seconds=60)


class Command(JournalCommand):
    """Check a journal against the live ledger."""

    help = (
        "Check a journal against the live ledger and write nothing there. "
        "Exit code 0 only if every batch could be posted."
    )
    example = "python manage.py check_journal LON-2026-03 --company 100"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the journal."""
        super().add_arguments(parser)
        add_answer(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask the ledger, here and now."""
        journal = self.journal(options)
        if answer_first(journal, options):
            state = words_of(journal)
            self.answer(options, f"{journal.reference}: {state}", {"state": journal.state})
            return
        background_request = request_in_background(
            organisation=journal.organisation,
            kind="journals.check",
            by=None,
            params={"journal_id": journal.pk},
        )
        carry_out(background_request, seconds=_WAIT.total_seconds())
        found = check_result(background_request, journal)
        if found.failure is not None:
            raise CommandError(failure_text(found.failure))
        if not found.finished:
            raise CommandError("The ledger has not answered within a minute; try again.")
        lines = [f"{journal.reference}: {found.words}", *map(problem_line, found.problems)]
        self.answer(
            options,
            "\n".join(lines),
            {
                "reference": journal.reference,
                "can_be_sent": not any(problem.stops for problem in found.problems),
                "checked_at": background_request.result.get("checked_at", ""),
                "batches": background_request.result.get("batches", []),
                "problems": [
                    {"summary": p.summary, "place": p.place, "remedy": p.remedy, "stops": p.stops}
                    for p in found.problems
                ],
            },
        )
        if any(problem.stops for problem in found.problems):
            raise CommandError("The journal cannot be sent as it is.")
