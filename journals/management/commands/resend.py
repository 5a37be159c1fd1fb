"""Make the journal that sends reversed batches again."""

from typing import Any

from django.utils import timezone

from journals.management.commands._journals import JournalCommand, batch_values
from journals.operations import resending


class Command(JournalCommand):
    """Make the journal that sends reversed batches again."""

    help = (
        "Create a journal of what was reversed, with the same lines and a new reference that names "
        "the old one. Nothing is sent: use check_journal and send_journal with the reference that "
        "is printed. Run again, it prints the same journal."
    )
    example = 'python manage.py resend "PAYROLL 2026-03/3" --company 100'
    which = "reference or id of the reversed journal"

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it, and say its reference."""
        journal = self.journal(options)
        resend = resending.resend(journal=journal, by=None, now=timezone.now())
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
