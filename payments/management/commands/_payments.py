"""What the commands of payments share: who acts, which clients, failures in words."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from connectors.errors import ConnectorError
from organisations.management.commands._command import OrganisationCommand
from organisations.models import Membership, Organisation, User
from payments.models import InvoiceClient
from payments.operations import clients
from payments.queries.failures import failure_row_of
from ui.failures import FailureRow


class PaymentsCommand(OrganisationCommand):
    """A command about one organisation's invoice clients."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for whom to act."""
        super().add_arguments(parser)
        parser.add_argument(
            "--as",
            dest="person",
            default="",
            metavar="EMAIL",
            help="act with that person's rights; without it, as the operator of the hub",
        )

    def whom(self, organisation: Organisation, options: dict[str, Any]) -> User | None:
        """Return the person to act as, or None for the hub itself."""
        if not options["person"]:
            return None
        email = User.objects.clean_email(options["person"])
        member = (
            Membership.objects.of(organisation)
            .filter(user__email=email, user__is_active=True)
            .select_related("user")
            .first()
        )
        if member is None:
            raise CommandError(f"Nobody with the address {email!r} is in {organisation}.")
        user: User = member.user
        return user

    def in_words(self, failure: ConnectorError) -> str:
        """Return a failure in the words of payments, without the vendor's."""
        return failure_text(failure_row_of(failure))


def clients_named(organisation: Organisation, number: str) -> list[InvoiceClient]:
    """
    Return the invoice client with that number, or all of them without one.

    :raises CommandError: if there is none
    """
    found = [one for one in clients.clients_of(organisation) if number in ("", one.number)]
    if not found:
        name = f" {number!r}" if number else ""
        raise CommandError(f"There is no invoice client{name} in {organisation}.")
    return found


def failure_text(failure: FailureRow) -> str:
    """Return a failure as a command says it."""
    parts = (failure.summary, failure.not_booked, failure.remedy)
    return " ".join(part for part in parts if part)
