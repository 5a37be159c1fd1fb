"""Make a person an operator of the installation, or take that away."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from organisations.management.commands._command import HubCommand
from organisations.operations import people


class Command(HubCommand):
    """Make a person an operator of the installation, or take that away."""

    help = (
        "An operator sees the page Operation: figures of the whole installation, which name no "
        "organisation. It gives no right in any organisation."
    )
    example = "python manage.py make_operator ada@office.example"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask who."""
        super().add_arguments(parser)
        parser.add_argument("email")
        parser.add_argument("--take-away", action="store_true", help="no longer an operator")

    def handle(self, *args: Any, **options: Any) -> None:
        """Change it and say so."""
        wanted = not options["take_away"]
        try:
            user = people.make_operator(email=options["email"], wanted=wanted)
        except people.Refused as refused:
            raise CommandError(str(refused)) from None
        words = f"{user.email} is {'' if wanted else 'not '}an operator."
        self.answer(options, words, {"email": user.email, "operator": wanted})
