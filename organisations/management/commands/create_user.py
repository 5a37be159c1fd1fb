"""Create a person with a role in an organisation."""

import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.core.validators import validate_email

from organisations.management.commands._command import HubCommand, organisation_named
from organisations.models import Role, User
from organisations.operations import people


class Command(HubCommand):
    """Create a person with a role in an organisation."""

    help = (
        "Create a person with a role in an organisation. Without --password-stdin a password is "
        "made and printed once."
    )
    example = (
        "python manage.py create_user ada@office.example --name 'Ada Ek' --role Payroll "
        "--organisation 'Fjordbyrån Redovisning'"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask who, where and as what."""
        super().add_arguments(parser)
        parser.add_argument("email")
        parser.add_argument("--name", required=True)
        parser.add_argument("--role", default="Administrator", help="default: Administrator")
        parser.add_argument("--organisation", default="", help="needed when there are several")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the person."""
        organisation = organisation_named(options["organisation"])
        role = Role.objects.of(organisation).filter(name=options["role"]).first()
        if role is None:
            known = ", ".join(Role.objects.of(organisation).values_list("name", flat=True))
            raise CommandError(f"There is no role {options['role']!r} (there are: {known}).")
        given = options["password_stdin"]
        password = sys.stdin.readline().rstrip("\r\n") if given else people.new_password()
        try:
            validate_email(options["email"])
            validate_password(password, User(email=options["email"], name=options["name"]))
            membership, is_new = people.add_person(
                organisation=organisation,
                role=role,
                email=options["email"],
                name=options["name"],
                password=password,
            )
        except ValidationError as refused:
            raise CommandError(" ".join(refused.messages)) from None
        except people.Refused as refused:
            raise CommandError(str(refused)) from None
        values = {"id": membership.user_id, "email": membership.user.email, "role": role.name}
        words = f"{membership.user.email} is {role.name} in {organisation}."
        if not is_new:
            words += " The person existed already and keeps the password."
        elif not given:
            values["password"] = password
            words += f"\nPassword, shown this once: {password}"
        self.answer(options, words, values)
