"""Let somebody into an organisation: by an invitation, or with a password for one sign-in."""

import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.core.validators import validate_email
from django.utils import timezone

from organisations.management.commands._command import OrganisationCommand
from organisations.models import Organisation, Role, User
from organisations.operations import invitations, people


class Command(OrganisationCommand):
    """Let somebody into an organisation: by an invitation, or with a password for one sign-in."""

    help = (
        "Let somebody into an organisation. Prints the link of an invitation, once: whoever opens "
        "it chooses name and password, or signs in, and accepts. With --password-stdin the account "
        "is made at once, and its password must be changed at the first sign-in."
    )
    example = (
        "python manage.py create_user ada@office.example --role Payroll "
        "--organisation 'Fjordbyrån Redovisning'"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask who, where and as what."""
        super().add_arguments(parser)
        parser.add_argument("email")
        parser.add_argument("--role", default="Administrator", help="default: Administrator")
        parser.add_argument("--name", default="", help="needed with --password-stdin")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Invite, or create the account."""
        organisation = self.organisation(options)
        role = Role.objects.of(organisation).filter(name=options["role"]).first()
        if role is None:
            known = ", ".join(Role.objects.of(organisation).values_list("name", flat=True))
            raise CommandError(f"There is no role {options['role']!r} (there are: {known}).")
        act = self._create if options["password_stdin"] else self._invite
        try:
            validate_email(options["email"])
            act(organisation, role, options)
        except ValidationError as refused:
            raise CommandError(" ".join(refused.messages)) from None
        except people.Refused as refused:
            raise CommandError(str(refused)) from None

    def _invite(self, organisation: Organisation, role: Role, options: dict[str, Any]) -> None:
        link = invitations.invite(
            organisation=organisation,
            role=role,
            email=options["email"],
            by=None,
            now=timezone.now(),
            by_mail=False,
        )
        email = User.objects.clean_email(options["email"])
        words = (
            f"{email} is invited to {organisation} as {role.name}.\n"
            f"Link, shown this once, good for {invitations.VALID.days} days: {link}"
        )
        self.answer(options, words, {"email": email, "role": role.name, "link": link})

    def _create(self, organisation: Organisation, role: Role, options: dict[str, Any]) -> None:
        if not options["name"].strip():
            raise CommandError("Say the person's name with --name.")
        password = sys.stdin.readline().rstrip("\r\n")
        user = User(email=options["email"], name=options["name"])
        user.joining = [organisation]
        validate_password(password, user)
        membership, is_new = people.add_person(
            organisation=organisation,
            role=role,
            email=options["email"],
            name=options["name"],
            password=password,
            temporary=True,
        )
        words = f"{membership.user.email} is {role.name} in {organisation}."
        words += (
            " The password must be changed at the first sign-in."
            if is_new
            else " The person existed already and keeps the password."
        )
        values = {"id": membership.user_id, "email": membership.user.email, "role": role.name}
        self.answer(options, words, values)
