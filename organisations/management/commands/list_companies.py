"""List payroll companies and whose they are."""

from typing import Any

from django.core.management.base import CommandParser

from organisations.management.commands._command import OrganisationCommand
from organisations.models import Company


class Command(OrganisationCommand):
    """List payroll companies."""

    help = "List payroll companies with number, debtor and what keeps them from sending."
    example = "python manage.py list_companies --json"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for what is wanted."""
        super().add_arguments(parser)
        parser.add_argument("--debtor", default="", help="the debtor's number")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line per company."""
        found = Company.objects.of(self.organisation(options))
        if options["debtor"]:
            found = found.filter(debtor__number=options["debtor"])
        rows = [_values(one) for one in found.select_related("debtor").order_by("number")]
        self.answer(
            options,
            "\n".join(_line(row) for row in rows) or "No companies. See: create_company --help",
            {"companies": rows},
        )


def _values(company: Company) -> dict[str, Any]:
    return {
        "id": company.pk,
        "number": company.number,
        "name": company.name,
        "organisation_number": company.organisation_number,
        "currency": company.currency,
        "debtor": company.debtor.number,
        "is_test": company.is_test,
        "is_blocked": company.debtor.is_blocked,
    }


def _line(row: dict[str, Any]) -> str:
    why = "test company" if row["is_test"] else "blocked" if row["is_blocked"] else ""
    return (
        f"{row['number']:<12}  {row['name']:<32}  {row['organisation_number']:<12}  "
        f"{row['currency']}  debtor {row['debtor']:<10}  {why}"
    ).rstrip()
