"""Take away the second factor of a person who lost it."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from organisations.management.commands._command import HubCommand
from organisations.models import User
from organisations.operations import second_factor


class Command(HubCommand):
    """Take away the second factor of a person who lost it."""

    help = (
        "Take away the second factor of a person who lost it, and end the person's sessions. "
        "Make sure first that the person asked for it."
    )
    example = "python manage.py reset_second_factor ada@office.example"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask whose."""
        super().add_arguments(parser)
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take it away."""
        email = User.objects.clean_email(options["email"])
        user = User.objects.filter(email=email).first()
        if user is None:
            raise CommandError(f"Nobody has the e-mail {email}.")
        if not second_factor.reset_by_operator(user=user):
            raise CommandError(f"{email} has no second factor.")
        words = f"{email} signs in with the password alone until a new one is set up."
        self.answer(options, words, {"email": email, "reset": True})
