"""Create an organisation with the built-in roles."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from organisations.management.commands._command import HubCommand
from organisations.models import Organisation
from organisations.operations import people


class Command(HubCommand):
    """Create an organisation with the built-in roles."""

    help = "Create an organisation with the built-in roles."
    example = 'python manage.py create_organisation "Fjordbyrån Redovisning" --json'

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the name."""
        super().add_arguments(parser)
        parser.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create it."""
        name = options["name"].strip()
        if not name:
            raise CommandError("An organisation needs a name.")
        if Organisation.objects.filter(name=name).exists():
            raise CommandError(f"There is an organisation {name!r} already.")
        made = people.create_organisation(name=name)
        self.answer(options, f"Created {made.name}.", {"id": made.pk, "name": made.name})
