"""Make the journal that sends reversed batches again."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from connectors.errors import ConnectorError
from journals.management.commands._journals import batch_values, failure_text, journal_named
from journals.operations import resending
from journals.queries.wording import shown_refusal
from organisations.management.commands._command import HubCommand


class Command(HubCommand):
    """Make the journal that sends reversed batches again."""

    help = (
        "Make a journal of what was reversed, with the same lines and a new reference that names "
        "the old one. Nothing is sent: use check_journal and send_journal with the reference that "
        "is printed. A second time, the journal that was made is named again."
    )
    example = 'python manage.py resend "PAYROLL 2026-03/3" --company 100'

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the journal."""
        super().add_arguments(parser)
        parser.add_argument("journal", help="reference or id of the reversed journal")
        parser.add_argument("--company", default="", help="the company's number")
        parser.add_argument("--organisation", default="", help="needed when there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it, and say its reference."""
        journal = journal_named(
            options["journal"], organisation=options["organisation"], company=options["company"]
        )
        try:
            resend = resending.resend(journal=journal, by=None, now=timezone.now())
        except ConnectorError as refusal:
            raise CommandError(failure_text(shown_refusal(refusal))) from None
        self.answer(
            options,
            f"{resend.reference} (id {resend.pk}). Nothing is sent yet; next:\n"
            f"  python manage.py send_journal {resend.pk} --wait 60",
            {
                "id": resend.pk,
                "reference": resend.reference,
                "resend_of": journal.reference,
                "state": resend.state,
                "batches": batch_values(resend),
            },
        )
