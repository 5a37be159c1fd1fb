"""Compare what is open in Visma, in the hub and in PowerOffice."""

from datetime import date
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from connectors.errors import ConnectorError
from payments.management.commands._payments import (
    PaymentsCommand,
    clients_named,
    organisation_of,
    refused,
)
from payments.operations import reconciling
from payments.operations.rights import check_active, check_right


class Command(PaymentsCommand):
    """Reconcile."""

    help = (
        "Compare the open amounts of invoice clients on all sides. Exit code 1 if a difference "
        "is unknown."
    )
    example = "python manage.py reconcile --client 4110101 --json"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the client and the day."""
        super().add_arguments(parser)
        parser.add_argument("--client", default="", help="only this invoice client")
        parser.add_argument("--on", type=date.fromisoformat, help="day; default: today")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare, and print the sums."""
        organisation = organisation_of(options)
        by = self.whom(organisation, options)
        rows = []
        try:
            check_right(organisation, by)
            check_active(organisation)
            for client in clients_named(organisation, options["client"]):
                made = reconciling.reconcile(
                    client, on=options["on"] or timezone.localdate(), by=by, now=timezone.now()
                )
                rows.append(
                    {
                        "client": client.number,
                        "on": made.on.isoformat(),
                        "visma": str(made.source_total) if made.has_source else None,
                        "hub": str(made.hub_total),
                        "target": str(made.target_total) if made.has_target else None,
                        "lines": made.counts,
                    }
                )
        except ConnectorError as failure:
            raise refused(failure) from None
        lines = [
            f"{row['client']} {row['on']}: Visma {row['visma']}, hub {row['hub']}, "
            f"target {row['target']}; {row['lines']}"
            for row in rows
        ]
        self.answer(options, "\n".join(lines), {"clients": rows})
        if any(row["lines"].get("unknown") for row in rows):
            raise CommandError("Some differences are unknown; the reconciliation page lists them.")
