"""Send a journal, and wait for the result if asked to."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from journals.management.commands._journals import (
    JournalCommand,
    add_answer,
    answer_first,
    batch_values,
    no_worker,
    problem_line,
    table,
)
from journals.management.commands._undoing import wait_for
from journals.models import FirstLook, Journal
from journals.operations.sending import request_sending
from journals.queries.waits import words_of
from journals.queries.wording import LIVE, problem_row, shown_refusal
from journals.rules.refusals import NothingToSend
from journals.rules.states import DONE, BatchState
from organisations.management.commands._command import failure_text


class Command(JournalCommand):
    """Send a journal."""

    help = (
        "Put the batches of a journal into the queue; a worker posts them. "
        "With --wait, exit code 0 only if every batch is posted and was read back."
    )
    example = "python manage.py send_journal LON-2026-03 --company 100 --wait 60"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the journal and for how long to wait."""
        super().add_arguments(parser)
        parser.add_argument(
            "--wait",
            type=float,
            nargs="?",
            const=120.0,
            default=0.0,
            metavar="SECONDS",
            help="wait for the result, at most so long (120 if no number is given)",
        )
        parser.add_argument(
            "--valid-only", action="store_true", help="send the valid batches without the others"
        )

        add_answer(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Queue, and follow the rows."""
        journal = self.journal(options)
        if answer_first(journal, options):
            self._show(journal, options)
            return
        try:
            request_sending(
                journal=journal,
                by=None,
                now=timezone.now(),
                send_valid_only=options["valid_only"],
            )
        except NothingToSend as nothing:
            if not _all_posted(batch_values(journal)):
                self._show(journal, options)
                raise CommandError(failure_text(shown_refusal(nothing))) from None
        idle = no_worker(now=timezone.now())
        if idle:
            self.stderr.write(idle)
        if not options["wait"]:
            self._show(journal, options)
            return
        wait_for(journal, seconds=options["wait"])
        self._show(journal, options)
        if not _all_posted(batch_values(journal)):
            state = words_of(journal)
            still = " It is still on its way." if journal.state in LIVE else ""
            raise CommandError(f"Not every batch is posted: {state}.{still} {idle}".strip())

    def _show(self, journal: Journal, options: dict[str, Any]) -> None:
        journal.refresh_from_db()
        batches = batch_values(journal)
        state = words_of(journal)
        problems = [problem_row(stored) for stored in journal.preflight_problems]
        said = "".join(f"\n{problem_line(problem)}" for problem in problems)
        if FirstLook.objects.filter(journal=journal, answer="").exists() and problems:
            said += "\n  Answer with --looks-booked another | booked-before."
        self.answer(
            options,
            f"{journal.reference}: {state}\n{table(batches, currency=journal.currency)}{said}",
            {
                "problems": [{"summary": p.summary, "remedy": p.remedy} for p in problems],
                "id": journal.pk,
                "reference": journal.reference,
                "state": journal.state,
                "batches": batches,
            },
        )


def _all_posted(batches: list[dict[str, Any]]) -> bool:
    done = DONE - {BatchState.BOOKED_BEFORE}
    return bool(batches) and all(row["state"] in done for row in batches)
