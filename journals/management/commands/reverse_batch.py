"""Take posted batches back by posting their mirrors."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from journals.management.commands._journals import (
    JournalCommand,
    batch_values,
    no_worker,
    table,
)
from journals.management.commands._undoing import batches_of, wait_for
from journals.models import Batch, Journal
from journals.operations import reversing
from journals.queries.waits import words_of
from journals.rules.refusals import NothingToReverse
from journals.rules.states import DONE, BatchState


class Command(JournalCommand):
    """Take posted batches back by posting their mirrors."""

    help = (
        "Reverse posted batches of a journal: a worker posts a mirror of each, with debit and "
        "credit exchanged, once. With --wait, exit code 0 only if every mirror is posted and "
        "was read back."
    )
    example = (
        'python manage.py reverse_batch "PAYROLL 2026-03/3" --company 100 --period 2026-03 '
        '--reason "Wrong month" --wait 60'
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the journal, the periods and the reason."""
        super().add_arguments(parser)
        parser.add_argument(
            "--period",
            action="append",
            default=[],
            help="which batch, e.g. 2026-03; may be repeated; without it, all that are posted",
        )
        parser.add_argument("--reason", required=True, help="kept in the history and audit trail")
        parser.add_argument(
            "--open-period",
            action="store_true",
            help="post in the first open period where the batch's own is closed",
        )
        parser.add_argument(
            "--by-hand",
            action="store_true",
            help="post nothing: somebody deleted or reversed it in the ledger already",
        )
        parser.add_argument(
            "--wait",
            type=float,
            nargs="?",
            const=120.0,
            default=0.0,
            metavar="SECONDS",
            help="wait for the result, at most so long (120 if no number is given)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Queue the mirrors, and follow them."""
        journal = self.journal(options)
        batches = batches_of(journal, options["period"], reversing.reversible(journal))
        now = timezone.now()
        if not batches:
            raise NothingToReverse(reference=journal.reference)
        if options["by_hand"]:
            for batch in batches:
                reversing.mark_reversed_by_hand(
                    batch=batch, reason=options["reason"], by=None, now=now
                )
        else:
            reversing.request_reversal(
                batches=batches,
                reason=options["reason"],
                by=None,
                now=now,
                in_open_period=options["open_period"],
            )
        idle = "" if options["by_hand"] else no_worker(now=timezone.now())
        if idle:
            self.stderr.write(idle)
        if options["wait"]:
            wait_for(journal, seconds=options["wait"])
        self._show(journal, options)
        if options["wait"] and not _all_reversed(batches):
            state = words_of(journal)
            raise CommandError(f"Not every batch is reversed: {state}. {idle}".strip())

    def _show(self, journal: Journal, options: dict[str, Any]) -> None:
        journal.refresh_from_db()
        batches = batch_values(journal)
        words = f"{journal.reference}: {words_of(journal)}"
        self.answer(
            options,
            f"{words}\n{table(batches, currency=journal.currency)}",
            {
                "id": journal.pk,
                "reference": journal.reference,
                "state": journal.state,
                "batches": batches,
            },
        )


def _all_reversed(batches: list[Batch]) -> bool:
    mirrors = reversing.mirrors_of(batches)
    states = dict(
        Batch.objects.filter(pk__in=[batch.pk for batch in batches]).values_list("pk", "state")
    )
    return all(
        states[batch.pk] == BatchState.REVERSED
        and (batch.pk not in mirrors or mirrors[batch.pk].state in {*DONE, BatchState.DRAFT})
        for batch in batches
    )
