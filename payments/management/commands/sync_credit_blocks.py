"""Ask Visma about every customer's credit, and bring blocks and projects in line."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from connectors.errors import ConnectorError
from payments.management.commands._payments import (
    PaymentsCommand,
    clients_named,
    failure_text,
)
from payments.operations import blocking
from payments.operations.rights import check_right
from payments.queries.failures import failure_row_of


class Command(PaymentsCommand):
    """Mirror credit blocks now."""

    help = (
        "Read the credit of all customers from Visma Business, block and unblock them, and open "
        "or close their projects in PowerOffice Go."
    )
    example = "python manage.py sync_credit_blocks --json"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the client."""
        super().add_arguments(parser)
        parser.add_argument("--client", default="", help="only this invoice client")

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through the clients; one that fails does not stop the others."""
        organisation = self.organisation(options)
        check_right(organisation, self.whom(organisation, options))
        rows: list[dict[str, Any]] = []
        for client in clients_named(organisation, options["client"]):
            row: dict[str, Any] = {"client": client.number, "failure": ""}
            try:
                row |= blocking.sync_now(client, now=timezone.now())
            except ConnectorError as failure:
                row["failure"] = failure_text(failure_row_of(failure))
            rows.append(row)
        lines = [
            f"{row['client']}: {row['failure']}"
            if row["failure"]
            else f"{row['client']}: {row['changed']} changed, {row['pushed']} sent,  "
            f"{row['failed']} could not be sent"
            for row in rows
        ]
        self.answer(options, "\n".join(lines), {"clients": rows})
        if any(row["failure"] or row.get("failed") for row in rows):
            raise CommandError("Not every client could be updated.")
