"""Authorise a service account and wait for the answer."""

from math import inf
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.models import Connection
from accounts.operations import connecting
from connectors.registry import targets_of_journals
from organisations.management.commands._command import OrganisationCommand, carry_out
from ui.failures import failure_row


class Command(OrganisationCommand):
    """Authorise a service account and wait for the answer."""

    help = (
        "Create (if it is new) and authorise an account that needs no person, by the vendor's id "
        "of the company."
    )
    example = (
        "python manage.py authorise_service --tenant-id 0a5e7a10-0001-4c00-8000-000000000001 "
        "--name 'Åkeriet'"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the company."""
        super().add_arguments(parser)
        parser.add_argument("--tenant-id", required=True, help="the vendor's id of the company")
        parser.add_argument("--name", required=True, help="user name of the account")
        usual = min(targets_of_journals())
        parser.add_argument("--vendor", default=usual, help="default: %(default)s")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the account and authorise it; a worker that is awake may do it first."""
        organisation = self.organisation(options)
        found = (
            Connection.objects.of(organisation)
            .filter(vendor=options["vendor"], tenant_id=options["tenant_id"])
            .first()
        )
        connection = found or connecting.create_connection(
            organisation=organisation,
            vendor=options["vendor"],
            name=options["name"],
            kind=Connection.Kind.SERVICE,
            tenant_id=options["tenant_id"],
            by=None,
        )
        if connection.kind != Connection.Kind.SERVICE:
            raise CommandError(f"This company is connected already, as {connection.name!r}.")
        background_request = connecting.authorise_service(connection=connection, by=None)
        carry_out(background_request, seconds=inf)
        failure = failure_row(
            code=background_request.failure_code, params=background_request.failure_params
        )
        if failure is not None:
            raise CommandError(f"{failure.summary} {failure.remedy}")
        connection.refresh_from_db()
        self.answer(
            options,
            f"Authorised: {connection.administration_name}.",
            {"id": connection.pk, "company": connection.administration_name},
        )
