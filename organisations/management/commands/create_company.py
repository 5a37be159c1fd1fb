"""Create a payroll company below a debtor."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from connectors.organisation_numbers import digits_of
from organisations.management.commands._command import OrganisationCommand
from organisations.models import Company, Debtor
from organisations.operations import companies


class Command(OrganisationCommand):
    """Create a payroll company below a debtor."""

    help = "Create a payroll company. A debtor that does not exist is created when it is named."
    example = (
        "python manage.py create_company --number 100 --name 'Påhittade Åkeriet AB' "
        "--organisation-number 555555-5555 --currency SEK --debtor 1001"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the company."""
        super().add_arguments(parser)
        parser.add_argument("--number", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument("--organisation-number", default="")
        parser.add_argument("--currency", default="SEK", help="default: SEK")
        parser.add_argument("--debtor", required=True, help="the debtor's number")
        parser.add_argument("--debtor-name", default="", help="creates the debtor if it is new")
        parser.add_argument("--test", action="store_true", help="its journals are never sent")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Create it."""
        organisation = self.organisation(options)
        debtor = Debtor.objects.of(organisation).filter(number=options["debtor"]).first()
        if debtor is None and options["debtor_name"]:
            debtor = companies.create_debtor(
                organisation=organisation, number=options["debtor"], name=options["debtor_name"]
            )
        if debtor is None:
            raise CommandError(
                f"There is no debtor {options['debtor']!r}; give --debtor-name to create it."
            )
        values = {
            "number": options["number"],
            "name": options["name"],
            "currency": options["currency"].upper(),
            "organisation_number": digits_of(options["organisation_number"]),
            "is_test": options["test"],
        }
        try:
            Company(organisation=organisation, debtor=debtor, **values).full_clean()
        except ValidationError as refused:
            raise CommandError(" ".join(refused.messages)) from None
        made = companies.create_company(organisation=organisation, debtor=debtor, **values)
        self.answer(
            options,
            f"Created {made}.",
            {"id": made.pk, "number": made.number, "name": made.name},
        )
