"""Close batches that a person booked by hand."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from connectors.errors import ConnectorError
from journals.domain.states import MAY_BE_CLOSED, BatchState
from journals.management.commands._journals import batch_values, failure_text, journal_named, table
from journals.management.commands._undoing import batches_of
from journals.models import Batch
from journals.operations import closing
from journals.queries.waits import words_of
from journals.queries.wording import shown_refusal
from organisations.management.commands._command import HubCommand


class Command(HubCommand):
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
        parser.add_argument("journal", help="reference or id")
        parser.add_argument("--company", default="", help="the company's number")
        parser.add_argument("--organisation", default="", help="needed when there are several")
        parser.add_argument(
            "--period", action="append", required=True, help="e.g. 2026-03; may be repeated"
        )
        parser.add_argument("--reason", required=True, help="kept in the history and audit trail")
        parser.add_argument("--open-again", action="store_true", help="reopen what was closed")

    def handle(self, *args: Any, **options: Any) -> None:
        """Close them, or take that back."""
        journal = journal_named(
            options["journal"], organisation=options["organisation"], company=options["company"]
        )
        wanted = {BatchState.CLOSED} if options["open_again"] else MAY_BE_CLOSED
        among = Batch.objects.filter(journal=journal, state__in=wanted, reverses__isnull=True)
        found = list(among.select_related("journal", "organisation").order_by("period"))
        now = timezone.now()
        try:
            for batch in batches_of(journal, options["period"], found):
                if options["open_again"]:
                    closing.open_again(batch=batch, by=None, now=now)
                else:
                    closing.close_by_hand(batch=batch, reason=options["reason"], by=None, now=now)
        except ConnectorError as refusal:
            raise CommandError(failure_text(shown_refusal(refusal))) from None
        journal.refresh_from_db()
        batches = batch_values(journal)
        words = f"{journal.reference}: {words_of(journal)}"
        self.answer(
            options,
            f"{words}\n{table(batches, currency=journal.currency)}",
            {"reference": journal.reference, "state": journal.state, "batches": batches},
        )
