"""What the commands of the hub share: whose data, an answer as JSON, and failures in words."""

import json
from argparse import RawDescriptionHelpFormatter
from time import monotonic, sleep
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from background.models import BackgroundRequest
from background.operations import run_request
from connectors.errors import ConnectorError
from organisations.models import Organisation
from ui.failures import FailureRow, failure_row_of


class HubCommand(BaseCommand):
    """A command with ``--json`` and an example; a failure ends it in words."""

    example = ""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Put the example at the end of the help."""
        return super().create_parser(
            prog_name,
            subcommand,
            epilog=f"Example:\n  {self.example}",
            formatter_class=RawDescriptionHelpFormatter,
            **kwargs,
        )

    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        """Let the database be asked too whether it is one of this version."""
        return super().get_check_kwargs(options) | {"databases": [DEFAULT_DB_ALIAS]}

    def add_arguments(self, parser: CommandParser) -> None:
        """Add what every command has."""
        parser.add_argument("--json", action="store_true", help="answer as JSON")

    def execute(self, *args: Any, **options: Any) -> Any:
        """
        Carry it out.

        :raises CommandError: saying what was refused, or failed, and what to do
        """
        try:
            return super().execute(*args, **options)
        except ConnectorError as failure:
            raise CommandError(self.in_words(failure)) from None

    def in_words(self, failure: ConnectorError) -> str:
        """Return a failure as the command says it."""
        return failure_text(failure_row_of(failure))

    def answer(self, options: dict[str, Any], words: str, values: dict[str, Any]) -> None:
        """Print the result as words or as JSON."""
        self.stdout.write(json.dumps(values, ensure_ascii=False) if options["json"] else words)


class OrganisationCommand(HubCommand):
    """A command about the data of one organisation."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the organisation."""
        super().add_arguments(parser)
        parser.add_argument("--organisation", default="", help="needed when there are several")

    def organisation(self, options: dict[str, Any]) -> Organisation:
        """Return the organisation that is named, or the only one."""
        return organisation_named(options["organisation"])


def failure_text(failure: FailureRow) -> str:
    """Return a failure in one line."""
    parts = (failure.summary, failure.not_booked, failure.remedy, failure.detail)
    return " ".join(part for part in parts if part)


def carry_out(background_request: BackgroundRequest, *, seconds: float) -> None:
    """Do what was requested, or wait for the worker that was faster, at most so long."""
    ends = monotonic() + seconds
    run_request(background_request_id=background_request.pk, now=timezone.now())
    background_request.refresh_from_db()
    while not background_request.is_finished and monotonic() < ends:
        sleep(0.3)
        background_request.refresh_from_db()


def organisation_named(name: str) -> Organisation:
    """Return the organisation, or the only one if none is named."""
    found = Organisation.objects.all()
    if name:
        found = found.filter(name=name)
    if len(found) == 1:
        return found[0]
    if name:
        raise CommandError(f"There is no organisation {name!r}. Run create_organisation first.")
    known = ", ".join(str(one) for one in found) or "none yet"
    raise CommandError(f"Say which organisation with --organisation (there are: {known}).")
