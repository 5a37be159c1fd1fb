"""Close batches that a person booked by hand."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from journals.management.commands._journals import JournalCommand, batch_values, table
from journals.management.commands._undoing import batches_of
from journals.models import Batch
from journals.operations import closing
from journals.queries.waits import words_of
from journals.rules.states import MAY_BE_CLOSED, BatchState


class Command(JournalCommand):
    """Close batches that a person booked by hand."""

    help = (
        "Close batches of a journal that a person booked by hand: they count as done, and the hub "
        "never sends them."
    )
    example = (
        'python manage.py close_batch "PAYROLL 2026-03/3" --company 100 --period 2026-03 '
        '--reason "Booked as 000900"'
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the journal, the periods and the reason."""
        super().add_arguments(parser)
        parser.add_argument(
            "--period", action="append", required=True, help="e.g. 2026-03; may be repeated"
        )
        parser.add_argument("--reason", required=True, help="kept in the history and audit trail")
        parser.add_argument("--open-again", action="store_true", help="reopen what was closed")

    def handle(self, *args: Any, **options: Any) -> None:
        """Close them, or take that back."""
        journal = self.journal(options)
        wanted = {BatchState.CLOSED} if options["open_again"] else MAY_BE_CLOSED
        among = Batch.objects.filter(journal=journal, state__in=wanted, reverses__isnull=True)
        found = list(among.select_related("journal", "organisation").order_by("period"))
        now = timezone.now()
        for batch in batches_of(journal, options["period"], found):
            if options["open_again"]:
                closing.open_again(batch=batch, by=None, now=now)
            else:
                closing.close_by_hand(batch=batch, reason=options["reason"], by=None, now=now)
        journal.refresh_from_db()
        batches = batch_values(journal)
        words = f"{journal.reference}: {words_of(journal)}"
        self.answer(
            options,
            f"{words}\n{table(batches, currency=journal.currency)}",
            {"reference": journal.reference, "state": journal.state, "batches": batches},
        )
