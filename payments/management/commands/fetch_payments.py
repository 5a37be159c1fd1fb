"""Fetch payments for one invoice client or for all, and wait for the result if asked to."""

from time import monotonic, sleep
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from payments.management.commands._payments import (
    PaymentsCommand,
    clients_named,
    failure_text,
)
from payments.models import FetchRun
from payments.operations import fetching
from payments.queries.failures import failure_row
from payments.queries.runs import figures, trouble_of, unread_of


class Command(PaymentsCommand):
    """Fetch payments."""

    help = (
        "Ask a worker to fetch the payments of invoice clients from Visma Business. "
        "With --wait, exit code 0 only if every run is done, none was skipped, every row could be "
        "read and PowerOffice has refused none."
    )
    example = "python manage.py fetch_payments --all --wait 300 --json"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for which clients and for how long to wait."""
        super().add_arguments(parser)
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--client", help="number of the invoice client")
        which.add_argument("--all", action="store_true", help="all invoice clients")
        parser.add_argument(
            "--full", action="store_true", help="read all from the start date on, not what is new"
        )
        parser.add_argument(
            "--wait",
            type=float,
            nargs="?",
            const=600.0,
            default=0.0,
            metavar="SECONDS",
            help="wait for the result, at most so long (600 if no number is given)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the runs, and follow them."""
        organisation = self.organisation(options)
        by = self.whom(organisation, options)
        found = clients_named(organisation, options["client"] or "")
        now, full = timezone.now(), options["full"]
        skipped: list[dict[str, str]] = []
        if options["all"]:
            group = fetching.request_fetch_of_many(
                organisation=organisation, clients=found, by=by, now=now, full=full
            )
            entries = list(group.entries.select_related("client", "run__client"))
            runs = [one.run for one in entries if one.run is not None]
            for one in entries:
                row = failure_row(code=one.failure_code, params=one.failure_params)
                if one.run is None and row is not None:
                    skipped.append({"client": one.client.number, "why": failure_text(row)})
        else:
            runs = [fetching.request_fetch(client=found[0], by=by, now=now, full=full)]
        if options["wait"]:
            runs = _wait(runs, seconds=options["wait"])
        rows = [_values(run) for run in runs]
        lines = [
            f"{row['client']}: {row['state']} "
            + ", ".join(f"{name} {number}" for name, number in row["figures"].items())
            + ("; count or sum differ from Visma's" if row["control"]["agrees"] is False else "")
            + (f"; {row['unread']} rows could not be read" if row["unread"] else "")
            + (f"; {row['refused']} refused, or to be decided" if row["refused"] else "")
            + (f" {row['failure']}" if row["failure"] else "")
            for row in rows
        ]
        lines += [f"{one['client']}: skipped. {one['why']}" for one in skipped]
        self.answer(options, "\n".join(lines), {"runs": rows, "skipped": skipped})
        if options["wait"] and (skipped or any(row["state"] != "done" for row in rows)):
            raise CommandError("Not every client was fetched.")
        end(rows)


def end(rows: list[dict[str, Any]]) -> None:
    """
    End well, or say what is not.

    :raises CommandError: if a total differs, a row could not be read, or a payment was refused
    """
    if any(row["control"]["agrees"] is False for row in rows):
        raise CommandError("Count or sum of a client differ from Visma's; fetch again.")
    if any(row["unread"] for row in rows):
        raise CommandError("Some rows could not be read; the page of the run names them.")
    if any(row["refused"] for row in rows):
        raise CommandError("Some payments are not in PowerOffice; list_payments names them.")


def _wait(runs: list[FetchRun], *, seconds: float) -> list[FetchRun]:
    ends = monotonic() + seconds
    ids = [run.pk for run in runs]
    while True:
        found = list(FetchRun.objects.filter(pk__in=ids).select_related("client").order_by("pk"))
        if all(run.is_over for run in found) or monotonic() >= ends:
            return found
        sleep(0.3)


def _values(run: FetchRun) -> dict[str, Any]:
    row = failure_row(code=run.failure_code, params=run.failure_params)
    return {
        "id": run.pk,
        "client": run.client.number,
        "state": run.state,
        "figures": {figure.name: figure.figure for figure in figures(run)},
        "control": {
            "count": run.control_count,
            "amount": str(run.control_amount) if run.control_amount is not None else None,
            "hub_count": run.hub_count,
            "hub_amount": str(run.hub_amount) if run.hub_amount is not None else None,
            "agrees": run.agrees,
        },
        "unread": unread_of(run),
        "refused": trouble_of(run),
        "failure": failure_text(row) if row else "",
    }
