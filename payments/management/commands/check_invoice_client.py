"""Look at the companies of an invoice client and report what they offer."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from payments.management.commands._payments import PaymentsCommand, clients_named
from payments.operations import setup_checks
from payments.operations.rights import check_right
from payments.queries.wording import finding_words


class Command(PaymentsCommand):
    """Check the set-up of an invoice client."""

    help = (
        "Ask Visma Business and PowerOffice what they offer for an invoice client: company, "
        "voucher types, marker, credit blocks. Exit code 1 if there are problems."
    )
    example = "python manage.py check_invoice_client --client 4110101"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the client."""
        super().add_arguments(parser)
        parser.add_argument("--client", required=True, help="number of the invoice client")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, and print what was found."""
        organisation = self.organisation(options)
        (client,) = clients_named(organisation, options["client"])
        check_right(organisation, self.whom(organisation, options))
        setup = setup_checks.check_client(client, now=timezone.now())
        client.setup = setup
        proposed = setup_checks.proposed_types(client)
        lines = [f"{setup['company']} ({setup['organisation_number']})"]
        lines += [f"  {one['level']}: {finding_words(one)}" for one in setup["findings"]]
        lines.append(f"  proposed as payments: {', '.join(map(str, proposed)) or '-'}")
        self.answer(options, "\n".join(lines), {**setup, "proposed_voucher_types": proposed})
        if any(one["level"] == "problem" for one in setup["findings"]):
            raise CommandError("There are problems; see above.")
