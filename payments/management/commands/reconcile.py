"""Compare what is open in Visma, in the hub and in PowerOffice."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from connectors.errors import ConnectorError
from organisations.models import User
from payments.management.commands._payments import (
    PaymentsCommand,
    clients_named,
    failure_text,
)
from payments.models import InvoiceClient
from payments.operations import reconciling
from payments.operations.rights import check_active, check_right
from payments.queries.failures import failure_row_of


class Command(PaymentsCommand):
    """Reconcile."""

    help = (
        "Compare the open amounts of invoice clients on all sides. Exit code 1 if a difference "
        "is unknown, a row cannot be read, or PowerOffice has refused a payment."
    )
    example = "python manage.py reconcile --client 4110101 --json"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the client."""
        super().add_arguments(parser)
        parser.add_argument("--client", default="", help="only this invoice client")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare, and print the sums; a client that fails does not stop the others."""
        organisation = self.organisation(options)
        by = self.whom(organisation, options)
        check_right(organisation, by)
        check_active(organisation)
        rows = [_row(client, by=by) for client in clients_named(organisation, options["client"])]
        lines = [
            f"{row['client']}: {row['failure']}"
            if row["failure"]
            else f"{row['client']} {row['on']}: Visma {row['visma']}, hub {row['hub']}, "
            f"target {row['target']}; {row['lines']}"
            for row in rows
        ]
        self.answer(options, "\n".join(lines), {"clients": rows})
        if any(row["failure"] for row in rows):
            raise CommandError("Not every client could be compared.")
        if any(row["lines"].get("unreadable") for row in rows):
            raise CommandError("Some rows could not be read; the reconciliation page names them.")
        if any(row["lines"].get(one) for row in rows for one in ("refused", "unknown_outcome")):
            raise CommandError("Some payments are not in PowerOffice; list_payments names them.")
        if any(row["lines"].get("unknown") for row in rows):
            raise CommandError("Some differences are unknown; the reconciliation page lists them.")


def _row(client: InvoiceClient, *, by: User | None) -> dict[str, Any]:
    """Compare one client today: Visma tells what is open now, and of no other day."""
    row: dict[str, Any] = {"client": client.number, "failure": "", "lines": {}}
    try:
        reconciling.check_can(client)
        made = reconciling.reconcile(client, on=timezone.localdate(), by=by, now=timezone.now())
    except ConnectorError as failure:
        return row | {"failure": failure_text(failure_row_of(failure))}
    return row | {
        "on": made.on.isoformat(),
        "visma": str(made.source_total) if made.has_source else None,
        "hub": str(made.hub_total),
        "target": str(made.target_total) if made.has_target else None,
        "lines": made.counts,
    }
