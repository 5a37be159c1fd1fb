"""Compare a period of the ledger with what was sent (B4)."""

from datetime import timedelta
from time import sleep
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from background.operations import run_request
from connectors.errors import ConnectorError
from journals.management.commands._journals import failure_text
from journals.management.commands._undoing import company_numbered
from journals.models import Comparison, Finding
from journals.operations import comparing
from journals.queries.comparisons import ComparisonRow, FindingRow, comparison_row, finding_row
from journals.queries.wording import shown_refusal
from organisations.management.commands._command import HubCommand

_MOST = 200


class Command(HubCommand):
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
        parser.add_argument("--organisation", default="", help="needed when there are several")
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
        try:
            comparison = comparing.request_comparison(
                company=company, period=options["period"], by=None, now=timezone.now()
            )
        except ConnectorError as refusal:
            raise CommandError(failure_text(shown_refusal(refusal))) from None
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
        until = timezone.now() + timedelta(seconds=seconds)
        background_request = comparison.background_request
        if background_request is None:
            return
        # A worker may have been faster: then its answer is waited for.
        run_request(background_request_id=background_request.pk, now=timezone.now())
        background_request.refresh_from_db()
        while not background_request.is_finished and timezone.now() < until:
            sleep(0.5)
            background_request.refresh_from_db()
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
