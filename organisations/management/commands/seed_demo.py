"""Fill in the demo office of `make run`; a second time changes nothing."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from organisations.management.commands._command import HubCommand
from organisations.models import Company, Debtor, Membership, Organisation, Role, User
from organisations.operations import companies, people

ORGANISATION = "Fjordbyrån Redovisning"
PASSWORD = "integration-hub-demo"  # noqa: S105 (make-believe people; only beside the sandbox)
PEOPLE = (
    ("admin@demo.example", "Astrid Admin", "Administrator"),
    ("payroll@demo.example", "Peder Payroll", "Payroll"),
    ("finance@demo.example", "Frida Finance", "Finance"),
    ("auditor@demo.example", "Arne Auditor", "Auditor"),
)
DEBTORS = (
    ("1001", "Fjordbyrån kunder", ""),
    ("1002", "Tvillinggruppen", "Unpaid invoices"),
)
COMPANIES = (
    # number, name, organisation number, currency, debtor, test company
    ("100", "Påhittade Åkeriet AB", "555555-5555", "SEK", "1001", False),
    ("200", "Fjord Bakeri AS", "999999999", "NOK", "1001", False),
    ("300", "Nordlys Konsult AB", "556677-8899", "SEK", "1001", False),
    ("400", "Testbolaget AB", "555555-0001", "SEK", "1001", True),
    ("500", "Tvillingbolagen AB", "556611-2233", "SEK", "1002", False),
)


class Command(HubCommand):
    """Fill in the demo office of `make run`; a second time changes nothing."""

    help = "Fill in a fictional office with companies and people; only beside the sandbox."
    example = "python manage.py seed_demo"

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Create what is missing, and print the sign-ins."""
        if not settings.HUB_SANDBOX:
            raise CommandError(
                "The demo office belongs beside the sandbox. Set HUB_SANDBOX=1, or create your "
                "own with create_organisation and create_user."
            )
        organisation = Organisation.objects.filter(
            name=ORGANISATION
        ).first() or people.create_organisation(name=ORGANISATION)
        for number, name, reason in DEBTORS:
            _debtor(organisation, number=number, name=name, reason=reason)
        for row in COMPANIES:
            _company(organisation, *row)
        for email, name, role in PEOPLE:
            _person(organisation, email=email, name=name, role_name=role)
        people.make_operator(email=PEOPLE[0][0])
        words = [f"{ORGANISATION}: sign in as (password {PASSWORD})"]
        words += [f"  {email:<22} {role}" for email, _name, role in PEOPLE]
        self.answer(
            options,
            "\n".join(words),
            {
                "organisation": ORGANISATION,
                "password": PASSWORD,
                "people": [{"email": email, "role": role} for email, _name, role in PEOPLE],
            },
        )


def _debtor(organisation: Organisation, *, number: str, name: str, reason: str) -> None:
    if Debtor.objects.of(organisation).filter(number=number).exists():
        return
    debtor = companies.create_debtor(organisation=organisation, number=number, name=name)
    if reason:
        companies.block_debtor(debtor=debtor, reason=reason, by=None, now=timezone.now())


def _company(
    organisation: Organisation,
    number: str,
    name: str,
    organisation_number: str,
    currency: str,
    debtor: str,
    is_test: bool,
) -> None:
    if Company.objects.of(organisation).filter(number=number).exists():
        return
    companies.create_company(
        organisation=organisation,
        debtor=Debtor.objects.of(organisation).get(number=debtor),
        number=number,
        name=name,
        organisation_number=organisation_number,
        currency=currency,
        is_test=is_test,
    )


def _person(organisation: Organisation, *, email: str, name: str, role_name: str) -> None:
    existing = User.objects.filter(email=email).first()
    if existing and Membership.objects.of(organisation).filter(user=existing).exists():
        return
    people.add_person(
        organisation=organisation,
        role=Role.objects.of(organisation).get(name=role_name),
        email=email,
        name=name,
        password=PASSWORD,
        is_demo=True,
    )
