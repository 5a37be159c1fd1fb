"""List journals with their states."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import QuerySet

from journals.models import Journal
from journals.queries.journals import Filters, JournalRow, in_state, journal_rows
from journals.queries.waits import SIGN_IN
from organisations.management.commands._command import OrganisationCommand


class Command(OrganisationCommand):
    """List journals."""

    help = "List journals with state, total and age, newest first."
    example = "python manage.py list_journals --state attention --company 100"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for what is wanted."""
        super().add_arguments(parser)
        parser.add_argument("--state", default="", help="a state, or attention")
        parser.add_argument("--company", default="", help="the company's number")
        parser.add_argument("--limit", type=int, default=100, help="default: 100")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line per journal."""
        wanted = options["state"]
        if wanted and not Filters.from_query({"state": wanted}).state:
            known = ", ".join(["attention", SIGN_IN, *Journal.State.values])
            raise CommandError(f"There is no state {wanted!r}. The states are: {known}.")
        found: QuerySet[Journal] = Journal.objects.of(self.organisation(options))
        if wanted:
            found = in_state(found, wanted)
        if options["company"]:
            found = found.filter(company__number=options["company"])
        newest = found.select_related("company").order_by("-imported_at", "-pk")
        rows = journal_rows(newest[: max(options["limit"], 0)])
        self.answer(
            options,
            "\n".join(_line(row) for row in rows) or "No journals.",
            {"journals": [_values(row) for row in rows]},
        )


def _line(row: JournalRow) -> str:
    total = f"{row.total} {row.currency}"
    return (
        f"{row.pk:>6}  {row.reference:<24}  {row.company:<30}  {row.period}  {total:>18}  "
        f"{row.posted}/{row.batches}  {row.state_label}  ({row.state_at:%Y-%m-%d %H:%M} UTC)"
    )


def _values(row: JournalRow) -> dict[str, Any]:
    return {
        "id": row.pk,
        "reference": row.reference,
        "company": row.company,
        "period": row.period,
        "total": str(row.total),
        "currency": row.currency,
        "lines": row.lines,
        "state": row.state,
        "waits_for": row.waits_for,
        "state_at": row.state_at.isoformat(),
        "batches": row.batches,
        "posted": row.posted,
    }
