"""Make an office of many companies and months, to look at and to measure."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from office import seeding
from organisations.management.commands._command import HubCommand
from organisations.models import Company, Organisation, Role, User
from organisations.operations import people

PASSWORD = "integration-hub-demo"  # noqa: S105 (make-believe people; only beside the sandbox)
_PEOPLE = ("Maja", "Oskar", "Sara", "Ingrid")


class Command(HubCommand):
    """Make an office with companies, months and four payroll people; beside the sandbox only."""

    help = "Make an office of many companies and months; only beside the sandbox."
    example = "python manage.py seed_office --companies 500 --months 24"

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the size and the name."""
        super().add_arguments(parser)
        parser.add_argument("--companies", type=int, default=500, help="how many (500)")
        parser.add_argument("--months", type=int, default=24, help="how many, until now (24)")
        parser.add_argument("--organisation", default="Storbyrån", help="its name (Storbyrån)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it, and print the sign-ins."""
        if not settings.HUB_SANDBOX:
            raise CommandError("The seeded office belongs beside the sandbox. Set HUB_SANDBOX=1.")
        name = options["organisation"]
        if Company.objects.filter(organisation__name=name).exists():
            raise CommandError(f"There is an office {name!r} with companies already.")
        organisation = Organisation.objects.filter(name=name).first() or people.create_organisation(
            name=name
        )
        owners = [self._person(organisation, first) for first in _PEOPLE]
        made = seeding.seed(
            organisation=organisation,
            companies=options["companies"],
            months=options["months"],
            today=timezone.localdate(),
            owners=owners,
        )
        self.answer(
            options,
            f"{name}: {made.companies} companies, {made.journals} journals. Sign in as "
            f"{owners[0].email} (password {PASSWORD}).",
            {"companies": made.companies, "journals": made.journals, "email": owners[0].email},
        )

    def _person(self, organisation: Organisation, first: str) -> User:
        role = Role.objects.of(organisation).get(
            name="Administrator" if first == _PEOPLE[0] else "Payroll"
        )
        member, _is_new = people.add_person(
            organisation=organisation,
            role=role,
            email=f"{first.lower()}.{organisation.pk}@office.example",
            name=first,
            password=PASSWORD,
            is_demo=True,
        )
        user: User = member.user
        return user
