"""List accounts at vendors, without their secrets."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.models import Connection
from connectors.registry import CONNECTORS
from organisations.management.commands._command import OrganisationCommand


class Command(OrganisationCommand):
    """List accounts at vendors."""

    help = "List accounts at vendors with their state and the company that each reaches."
    example = "python manage.py list_connections --state sign_in_again --json"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for what is wanted."""
        super().add_arguments(parser)
        parser.add_argument("--state", default="", help="not_authorised, authorised, …")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line per account."""
        found = Connection.objects.of(self.organisation(options))
        if wanted := options["state"]:
            if wanted not in Connection.State.values:
                known = ", ".join(Connection.State.values)
                raise CommandError(f"There is no state {wanted!r}. The states are: {known}.")
            found = found.filter(state=wanted)
        rows = [_values(one) for one in found.order_by("vendor", "name", "pk")]
        self.answer(
            options,
            "\n".join(_line(row) for row in rows) or "No accounts.",
            {"connections": rows},
        )


def _values(connection: Connection) -> dict[str, Any]:
    known = CONNECTORS.get(connection.vendor)
    return {
        "id": connection.pk,
        "name": connection.name,
        "vendor": known.name if known else connection.vendor,
        "kind": connection.kind,
        "state": connection.state,
        "state_at": connection.state_at.isoformat(),
        "company": connection.administration_name,
        "company_number": connection.administration_number,
        "organisation_number": connection.administration_organisation_number,
    }


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['id']:>6}  {row['name']:<30}  {row['vendor']:<22}  {row['state']:<15}  "
        f"{row['company']}"
    ).rstrip()
