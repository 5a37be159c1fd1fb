"""Send all journals of a month, after showing which."""

from datetime import date
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from connectors.errors import ConnectorError
from journals.management.commands._journals import no_worker
from journals.operations.months import Planned, plan_month, send_planned
from journals.queries.wording import shown_refusal
from organisations.management.commands._command import OrganisationCommand, failure_text


class Command(OrganisationCommand):
    """Send all journals of a month."""

    help = (
        "Print which journals of a month would be sent and which would not, and why. With --yes "
        "they are put into the queue; nothing is sent without it. A journal that was sent before "
        "is never among them. Exit code 0 only if nothing was left out."
    )
    example = "python manage.py send_month 2026-03 --yes --json"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the month."""
        super().add_arguments(parser)
        parser.add_argument("month", help="month of the payroll runs, as YYYY-MM")
        parser.add_argument("--company", default="", help="only this company's number")
        parser.add_argument("--yes", action="store_true", help="send what the plan says")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the plan, then carry it out with `--yes`."""
        month = options["month"]
        try:
            date.fromisoformat(f"{month}-01")
        except ValueError:
            raise CommandError(f"{month!r} is no month; write it as 2026-03.") from None
        planned = plan_month(self.organisation(options), month, company=options["company"])
        if not options["json"]:
            self.stdout.write("\n".join(_line(one) for one in planned) or "Nothing to send.")
        rows = [self._carried_out(one, send=options["yes"]) for one in planned]
        left = sum(1 for row in rows if row["reason"])
        goes = len(rows) - left
        idle = no_worker(now=timezone.now()) if options["yes"] and goes else ""
        if idle:
            self.stderr.write(idle)
        done = "queued" if options["yes"] else "would be sent; send them with --yes"
        self.answer(
            options,
            f"{goes} {done}, {left} left out.",
            {"month": month, "sent": options["yes"], "journals": rows},
        )
        if left:
            raise CommandError(f"{left} of {len(rows)} journals of {month} were left out.")

    def _carried_out(self, one: Planned, *, send: bool) -> dict[str, Any]:
        refusal = send_planned(one, now=timezone.now()) if send else one.refusal
        if refusal is not None and one.refusal is None:
            self.stderr.write(f"{one.journal.reference}: {_why(refusal)}")
        return {
            "id": one.journal.pk,
            "reference": one.journal.reference,
            "company": one.journal.company.number,
            "total": str(one.journal.total),
            "currency": one.journal.currency,
            "queued": send and refusal is None,
            "reason": _why(refusal),
        }


def _why(refusal: ConnectorError | None) -> str:
    return "" if refusal is None else failure_text(shown_refusal(refusal))


def _line(one: Planned) -> str:
    journal = one.journal
    total = f"{journal.total} {journal.currency}"
    said = f"left out: {_why(one.refusal)}" if one.refusal else "goes"
    return f"{journal.reference:<24}  {journal.company.name:<30}  {total:>18}  {said}"
