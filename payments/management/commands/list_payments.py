"""List the payments that wait for somebody."""

from typing import Any

from django.core.management.base import CommandParser

from organisations.rules import Level
from payments.management.commands._one_payment import line_of, list_values
from payments.management.commands._payments import PaymentsCommand
from payments.models import Payment
from payments.operations.rights import check_right
from payments.queries.invoices import unmatched_of
from payments.rules.states import RegistrationState

_REGISTRATIONS = {
    "refused": RegistrationState.REJECTED,
    "needs_person": RegistrationState.NEEDS_PERSON,
    "unknown": RegistrationState.UNKNOWN,
}


class Command(PaymentsCommand):
    """List the payments that wait for somebody."""

    help = (
        "List the payments that are not fully matched, whose registration was rejected or needs "
        "a decision, or whose mark was refused; oldest first."
    )
    example = "python manage.py list_payments --waiting unmatched --client 4110101"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for what is wanted."""
        super().add_arguments(parser)
        parser.add_argument(
            "--waiting", required=True, choices=("unmatched", *_REGISTRATIONS, "mark_refused")
        )
        parser.add_argument("--client", default="", help="only of this invoice client")
        parser.add_argument("--limit", type=int, default=100, help="default: 100")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line per payment."""
        organisation = self.organisation(options)
        check_right(organisation, self.whom(organisation, options), level=Level.READ)
        found = Payment.objects.of(organisation)
        if options["client"]:
            found = found.filter(client__number=options["client"])
        waiting = options["waiting"]
        if waiting == "unmatched":
            found = unmatched_of(found)
        elif waiting == "mark_refused":
            found = found.filter(mark=Payment.Mark.REFUSED)
        else:
            found = found.filter(registrations__state=_REGISTRATIONS[waiting]).distinct()
        rows = list_values(found.order_by("paid_on", "pk"), limit=max(options["limit"], 0))
        words = "\n".join(f"{row['client']}: {line_of(row)}" for row in rows) or "No payments."
        self.answer(options, words, {"payments": rows})
