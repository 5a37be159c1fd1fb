"""What the journals' commands share: finding a journal, and printing failures and results."""

from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext

from background.models import Heartbeat
from journals.models import Batch, Journal
from journals.operations import first_look
from journals.queries.wording import ProblemRow, batch_state_words, shown_failure
from journals.rules.states import BatchState
from organisations.management.commands._command import OrganisationCommand, failure_text
from organisations.models import Organisation

_SEEN_WITHIN = timedelta(seconds=60)


class JournalCommand(OrganisationCommand):
    """A command about one journal."""

    which = "reference or id"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the journal."""
        super().add_arguments(parser)
        parser.add_argument("journal", help=self.which)
        parser.add_argument("--company", default="", help="the company's number")

    def journal(self, options: dict[str, Any]) -> Journal:
        """Return the journal that is named."""
        return journal_named(
            options["journal"], self.organisation(options), company=options["company"]
        )


def journal_named(text: str, organisation: Organisation, *, company: str) -> Journal:
    """
    Return the journal with that reference or id.

    :raises CommandError: if there is none, or the reference is that of several companies
    """
    found = Journal.objects.of(organisation).select_related("company__debtor", "organisation")
    if company:
        found = found.filter(company__number=company)
    named = list(found.filter(reference=text)[:2])
    if not named and text.isdecimal() and len(text) < 18:
        named = list(found.filter(pk=int(text)))
    if not named:
        raise CommandError(f"There is no journal {text!r}. See: python manage.py list_journals")
    if len(named) > 1:
        raise CommandError(f"Several companies have a journal {text!r}; say which with --company.")
    one: Journal = named[0]
    return one


def add_answer(parser: CommandParser) -> None:
    """Let a command answer whether the ledger holds the journal already (B17)."""
    parser.add_argument(
        "--looks-booked",
        choices=["another", "booked-before"],
        help="answer to what looks booked already: it is another run, or it was booked before the "
        "hub and is never sent",
    )
    parser.add_argument(
        "--not-booked-after-all",
        action="store_true",
        help="undo that it was booked before the hub; needs --reason",
    )
    parser.add_argument("--reason", default="", help="kept in the history and audit trail")


def answer_first(journal: Journal, options: dict[str, Any]) -> bool:
    """
    Record the answer that was given, and say whether the journal is kept out by it.

    :raises CommandError: if nothing is asked about the journal
    """
    now, reason = timezone.now(), options["reason"]
    if options["not_booked_after_all"]:
        first_look.withdraw(journal=journal, reason=reason, by=None, now=now)
    if choice := options["looks_booked"]:
        choice = choice.replace("-", "_")
        first_look.answer(journal=journal, choice=choice, reason=reason, by=None, now=now)
    journal.refresh_from_db()
    return bool(options["looks_booked"] == "booked-before")


def problem_line(problem: ProblemRow) -> str:
    """Return a problem as one line."""
    mark = "!" if problem.stops else "-"
    return f"  {mark} [{problem.place}] {problem.summary} {problem.remedy}"


def batch_values(journal: Journal) -> list[dict[str, Any]]:
    """Return the batches of a journal as plain values, oldest period first."""
    rows = []
    batches = (
        Batch.objects.filter(journal=journal)
        .exclude(reverses__isnull=False, state=BatchState.DRAFT)
        .select_related("reverses")
        .defer("lines_json", "reverses__lines_json")
    )
    for batch in batches.order_by("period", "round"):
        failure = shown_failure(
            code=batch.failure_code, params=batch.failure_params, detail=batch.failure_detail
        )
        rows.append(
            {
                "period": batch.period,
                "posting_period": batch.posting_period,
                "state": batch.state,
                "state_words": batch_state_words(batch.state),
                "total": str(batch.total),
                "number": batch.vendor_number,
                "reverses": batch.reverses.vendor_number if batch.reverses else "",
                "reason": batch.reason,
                "failure": failure_text(failure) if failure else "",
            }
        )
    return rows


def table(batches: list[dict[str, Any]], *, currency: str) -> str:
    """Return batches as a table to read."""
    lines = [f"{'period':<8}  {'total':>18}  {'number':<12}  state"]
    for row in batches:
        total = f"{row['total']} {currency}"
        lines.append(
            f"{row['period']:<8}  {total:>18}  {row['number'] or '-':<12}  {row['state_words']}"
            + (f", reverses {row['reverses']}" if row["reverses"] else "")
            + (f" ({row['reason']})" if row["reason"] else "")
        )
        if row["failure"]:
            lines.append(f"          {row['failure']}")
    return "\n".join(lines)


def no_worker(*, now: datetime) -> str:
    """Return words that say that no worker runs, or nothing if one does."""
    newest = Heartbeat.objects.filter(kind="worker").order_by("-at").first()
    if newest is not None and now - newest.at < _SEEN_WITHIN:
        return ""
    return gettext("No worker is running, so nothing is sent. Start it: make run.")
