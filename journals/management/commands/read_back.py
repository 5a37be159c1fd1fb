"""Compare a period of the ledger with what was sent (B4)."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from journals.management.commands._undoing import company_numbered
from journals.models import Comparison, Finding
from journals.operations import comparing
from journals.queries.comparisons import ComparisonRow, FindingRow, comparison_row, finding_row
from organisations.management.commands._command import OrganisationCommand, carry_out, failure_text

_MOST = 200


class Command(OrganisationCommand):
    """Compare a period of the ledger with what was sent."""

    help = (
        "Compare what was sent for a company and a period with what the ledger holds, line by "
        "line, and write nothing there. With --wait, exit code 0 only if nothing differs."
    )
    example = "python manage.py read_back --company 100 --period 2026-03 --wait"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the company, the period and for how long to wait."""
        super().add_arguments(parser)
        parser.add_argument("--company", required=True, help="the company's number")
        parser.add_argument("--period", required=True, help="e.g. 2026-03")
        parser.add_argument(
            "--wait",
            type=float,
            nargs="?",
            const=300.0,
            default=0.0,
            metavar="SECONDS",
            help="compare now, and wait at most so long if a worker was faster (300)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the background request down; with --wait, do it or see it done."""
        company = company_numbered(options["company"], organisation=options["organisation"])
        comparison = comparing.request_comparison(
            company=company, period=options["period"], by=None, now=timezone.now()
        )
        if options["wait"]:
            self._wait(comparison, seconds=options["wait"])
        row = comparison_row(comparison)
        found = Finding.objects.filter(comparison=comparison).select_related("batch__journal")
        findings = [finding_row(one) for one in found.order_by("pk")[:_MOST]]
        self.answer(options, _summary(row, findings), _values(comparison, row, findings))
        if not options["wait"]:
            return
        if row.failure is not None:
            raise CommandError(failure_text(row.failure))
        if not row.finished:
            raise CommandError("The ledger has not been read in time; see the page later.")
        if row.differing:
            raise CommandError(f"The ledger differs in {row.differing} batches.")

    def _wait(self, comparison: Comparison, *, seconds: float) -> None:
        if comparison.background_request is not None:
            carry_out(comparison.background_request, seconds=seconds)
        comparison.refresh_from_db()


def _summary(row: ComparisonRow, findings: list[FindingRow]) -> str:
    lines = [
        f"{row.company} {row.period}: {row.words}",
        f"sent {row.sent}, equal {row.equal}, differ {row.differing}, unknown {row.strange}",
    ]
    for finding in findings:
        lines.append(f"  {finding.number:<12} {finding.words}  {finding.description}")
        lines += [f"      {name}: {sent} -> {held}" for name, sent, held in finding.headers]
        lines += [f"      {pair.words}" for pair in finding.pairs]
    return "\n".join(lines)


def _values(
    comparison: Comparison, row: ComparisonRow, findings: list[FindingRow]
) -> dict[str, Any]:
    return {
        "id": row.pk,
        "company": row.company,
        "period": row.period,
        "compared_at": comparison.compared_at.isoformat() if comparison.compared_at else None,
        "sent": row.sent,
        "held": row.held,
        "equal": row.equal,
        "differing": row.differing,
        "strange": row.strange,
        "findings": [
            {
                "number": finding.number,
                "outcome": finding.outcome,
                "words": finding.words,
                "journal": finding.journal,
                "description": finding.description,
                "status": finding.status,
                "headers": [list(header) for header in finding.headers],
                "lines": [pair.words for pair in finding.pairs],
            }
            for finding in findings
        ],
    }
