"""Change the first period of a company's mapping without a browser."""

from dataclasses import replace
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from connectors.errors import ConnectorError
from mappings.models import Mapping
from mappings.operations.saving import MappingSettings, change_mapping
from mappings.sources import first_period_effect
from organisations.management.commands._command import OrganisationCommand
from ui.failures import words


class Command(OrganisationCommand):
    """Change from which payroll period on a company's runs are sent (B17)."""

    help = (
        "Change from which payroll period on the runs of a company are sent. Earlier runs count "
        "as booked before the hub and are never sent; with an earlier period, runs that counted "
        "so can be sent. Without --yes it only says how many."
    )
    example = (
        "python manage.py set_first_period 2026-02 --company 100 "
        "--reason 'February was not booked after all' --yes"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the company, the period and the reason."""
        super().add_arguments(parser)
        parser.add_argument("period", metavar="YYYY-MM")
        parser.add_argument("--company", required=True, help="number of the company")
        parser.add_argument(
            "--target", default="", help="vendor; needed when the company has several mappings"
        )
        parser.add_argument("--reason", default="", help="kept in the audit trail")
        parser.add_argument("--yes", action="store_true", help="do it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what it would change, and change it with `--yes`."""
        organisation = self.organisation(options)
        found = Mapping.objects.of(organisation).filter(company__number=options["company"])
        if options["target"]:
            found = found.filter(target=options["target"])
        mappings = list(found.select_related("company", "connection", "organisation")[:2])
        if len(mappings) != 1:
            how = "several mappings; name the --target" if mappings else "no mapping"
            raise CommandError(f"Company {options['company']} has {how}.")
        mapping, before = mappings[0], mappings[0].first_period
        effect = first_period_effect(mapping, options["period"])
        if options["yes"]:
            settings = replace(MappingSettings.of(mapping), first_period=options["period"].strip())
            try:
                change_mapping(
                    mapping=mapping,
                    settings=settings,
                    reason=options["reason"],
                    by=None,
                    now=timezone.now(),
                )
            except ConnectorError as failure:
                said = words(failure.summary, failure.params)
                raise CommandError(f"{said} {words(failure.remedy, failure.params)}") from failure
        done = "" if options["yes"] else "Nothing was changed yet; give --yes. "
        self.answer(
            options,
            f"{done}{mapping}: first period {before or 'not chosen'} -> {options['period']}; runs "
            f"that count as booked before the hub: +{effect.before}, runs that may be sent: "
            f"+{effect.to_send}",
            {
                "company": mapping.company.number,
                "before": before,
                "after": options["period"],
                "changed": bool(options["yes"]),
                "booked_before": effect.before,
                "to_send": effect.to_send,
            },
        )
