"""What the commands of the hub share: an example in the help, and an answer as JSON."""

import json
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS

from organisations.models import Organisation


class HubCommand(BaseCommand):
    """A command with ``--json`` and an example."""

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

    def answer(self, options: dict[str, Any], words: str, values: dict[str, Any]) -> None:
        """Print the result as words or as JSON."""
        self.stdout.write(json.dumps(values, ensure_ascii=False) if options["json"] else words)


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
