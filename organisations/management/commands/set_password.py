"""Give a person who cannot get a link by mail a password for one sign-in."""

import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from organisations.management.commands._command import HubCommand
from organisations.models import User
from organisations.operations import forgotten, people


class Command(HubCommand):
    """Give a person who cannot get a link by mail a password for one sign-in."""

    help = (
        "Give a person a password for one sign-in, at which it must be changed, and end the "
        "person's sessions; a second factor stays. "
        "Without --password-stdin a password is made and printed once. "
        "Make sure first that the person asked for it."
    )
    example = "python manage.py set_password ada@office.example"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask whose."""
        super().add_arguments(parser)
        parser.add_argument("email")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Set it."""
        email = User.objects.clean_email(options["email"])
        user = User.objects.filter(email=email).first()
        if user is None:
            raise CommandError(f"Nobody has the e-mail {email}.")
        given = options["password_stdin"]
        password = sys.stdin.readline().rstrip("\r\n") if given else people.new_password()
        try:
            validate_password(password, user)
        except ValidationError as refused:
            raise CommandError(" ".join(refused.messages)) from None
        forgotten.set_by_operator(user=user, password=password)
        values = {"email": email}
        words = (
            f"{email} has a new password and is signed out everywhere. It must be "
            "changed at the next sign-in."
        )
        if not given:
            values["password"] = password
            words += f"\nPassword, shown this once: {password}"
        self.answer(options, words, values)
