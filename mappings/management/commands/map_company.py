"""Map a company without a browser: the same rules, the same live check."""

import json
import sys
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from accounts.models import Connection
from connectors.base import LedgerFacts
from connectors.errors import ConnectorError
from mappings.models import ClosedPeriodRule, Mapping
from mappings.operations.checking import check_mapping
from mappings.operations.ledger import facts_for
from mappings.operations.saving import MappingSettings, create_mapping
from mappings.rules.checking import PROBLEMS, Problem, find_pattern_problems
from mappings.rules.dimensions import NoSuchDimension, find_dimension
from mappings.rules.first_period import read_period
from organisations.management.commands._command import OrganisationCommand
from organisations.models import Company, Organisation
from ui.failures import words


class Command(OrganisationCommand):
    """Map a company to the administration of a connection, then check the mapping live."""

    help = (
        "Map a company to the administration of a connection, then check it live. "
        "The exit code is 0 only when it was saved and nothing would stop a journal."
    )
    example = (
        "python manage.py map_company --company 100 --connection anna@office.example "
        "--closed-period refuse --first-period 2026-03 --cost-centre 'Kostnadsställe' "
        "--balance-sheet-format '[0-2][0-9][0-9][0-9]'"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for what the wizard asks."""
        super().add_arguments(parser)
        parser.add_argument("--company", required=True, help="number of the company")
        parser.add_argument("--connection", required=True, help="user name or id of the account")
        parser.add_argument(
            "--closed-period",
            required=True,
            choices=ClosedPeriodRule.values,
            help="what happens when a period is closed; there is no default",
        )
        parser.add_argument(
            "--first-period",
            required=True,
            metavar="YYYY-MM",
            help="the first payroll period that the hub sends, usually the present month; "
            "earlier runs count as booked before the hub and are never sent",
        )
        parser.add_argument("--cost-centre", default="", help="description of its dimension")
        parser.add_argument("--cost-unit", default="", help="description of its dimension")
        parser.add_argument("--balance-sheet-format", default="", help="e.g. [0-2][0-9][0-9][0-9]")
        parser.add_argument("--profit-and-loss-format", default="")
        parser.add_argument("--branch", default="")
        parser.add_argument("--ledger", default="")
        parser.add_argument("--balancing-account", default="")
        parser.add_argument("--no-hold", action="store_true", help="post balanced, not on hold")
        parser.add_argument("--release", action="store_true", help="release too (with --no-hold)")
        parser.add_argument("--own-numbers", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Map, check and report."""
        try:
            mapping, problems = self._map(options)
        except CommandError as refusal:
            self._finish(options, saved=False, error=str(refusal))
        except ConnectorError as failure:
            said = (
                f"{words(failure.summary, failure.params)} {words(failure.remedy, failure.params)}"
            )
            self._finish(options, saved=False, error=said)
        else:
            self._finish(options, saved=True, mapping=mapping, problems=problems)

    def _map(self, options: dict[str, Any]) -> tuple[Mapping, list[Problem]]:
        organisation = self.organisation(options)
        company = Company.objects.of(organisation).filter(number=options["company"]).first()
        if company is None:
            raise CommandError(f"There is no company with the number {options['company']}.")
        connection = _connection(organisation, options["connection"])
        if options["release"] and not options["no_hold"]:
            raise CommandError("A batch on hold is not released: --release needs --no-hold.")
        now = timezone.now()
        # Read before it is saved: a dimension is stored by its segment.
        facts = facts_for(connection, now=now, max_age=timedelta(0))
        settings = _settings(options, facts)
        mapping = create_mapping(
            company=company, connection=connection, settings=settings, by=None, now=now
        )
        return mapping, check_mapping(mapping=mapping, now=timezone.now())

    def _finish(
        self,
        options: dict[str, Any],
        *,
        saved: bool,
        mapping: Mapping | None = None,
        problems: list[Problem] | None = None,
        error: str = "",
    ) -> None:
        found = [
            {
                "code": problem.code,
                "summary": words(PROBLEMS[problem.code].summary, problem.params),
                "remedy": words(PROBLEMS[problem.code].remedy, problem.params),
            }
            for problem in problems or []
        ]
        ok = saved and not found
        if options["json"]:
            report = {
                "ok": ok,
                "saved": saved,
                "mapping": mapping.pk if mapping else None,
                "company": str(mapping.company) if mapping else None,
                "administration": mapping.connection.administration_name if mapping else None,
                "problems": found,
                "error": error or None,
            }
            self.stdout.write(json.dumps(report, indent=2, ensure_ascii=False))
        else:
            if mapping:
                self.stdout.write(f"Saved: {mapping}")
            for problem in found:
                self.stdout.write(f"- {problem['summary']} {problem['remedy']}")
            if error:
                self.stderr.write(error)
            elif ok:
                self.stdout.write("Nothing prevents sending.")
        if not ok:
            sys.exit(1)


def _connection(organisation: Organisation, wanted: str) -> Connection:
    mine = Connection.objects.of(organisation)
    named = list(mine.filter(name=wanted))
    if not named and wanted.isdecimal():
        named = list(mine.filter(pk=int(wanted)))
    if len(named) > 1:
        ids = ", ".join(str(item.pk) for item in named)
        raise CommandError(f"Several accounts are called {wanted}; give the id: {ids}.")
    if not named:
        raise CommandError(f"There is no account {wanted}.")
    if not named[0].is_authorised:
        raise CommandError(f"The account {wanted} is not authorised. Sign in with it first.")
    chosen: Connection = named[0]
    return chosen


def _period(text: str) -> str:
    try:
        return read_period(text)
    except ValueError:
        raise CommandError(f"{text} is no period. Write year and month as YYYY-MM.") from None


def _settings(options: dict[str, Any], facts: LedgerFacts) -> MappingSettings:
    given: dict[str, Any] = {}
    for name in ("cost_centre", "cost_unit"):
        if description := options[name].strip():
            try:
                dimension = find_dimension(description, facts.dimensions)
            except NoSuchDimension as missing:
                near = " or ".join(missing.near)
                hint = f" Did you mean {near}?" if near else ""
                raise CommandError(f"There is no dimension {description}.{hint}") from missing
            given |= {
                f"use_{name}": True,
                f"{name}_description": dimension.description.strip(),
                f"{name}_segment": dimension.segment_id,
            }
    formats = {
        "balance_sheet_format": options["balance_sheet_format"].strip(),
        "profit_and_loss_format": options["profit_and_loss_format"].strip(),
    }
    accounts = [account.number for account in facts.accounts]
    if bad := find_pattern_problems(*formats.values(), accounts=accounts):
        raise CommandError(" ".join(words(PROBLEMS[p.code].summary, p.params) for p in bad))
    return MappingSettings(
        closed_period_rule=options["closed_period"],
        first_period=_period(options["first_period"]),
        branch=options["branch"].strip(),
        ledger=options["ledger"].strip(),
        hold=not options["no_hold"],
        release=options["release"],
        own_numbers=options["own_numbers"],
        balancing_account=options["balancing_account"].strip(),
        **formats,
        **given,
    )
