"""Try refused registrations and refused marks again."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import QuerySet
from django.utils import timezone

from organisations.models import Organisation
from payments.management.commands._one_payment import payment_named
from payments.management.commands._payments import PaymentsCommand, clients_named
from payments.models import FetchRun, InvoiceClient, Payment
from payments.operations import deciding, marking

_BOTH = ("registrations", "marks")


class Command(PaymentsCommand):
    """Try refused registrations and refused marks again."""

    help = (
        "Try again what was refused, once the cause is corrected: registrations in PowerOffice Go "
        "and marks in Visma. For a client, for the payments of a run, or for one payment. Nothing "
        "that is already done there is repeated."
    )
    example = "python manage.py try_payments_again --client 4110101 --only registrations"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for which."""
        super().add_arguments(parser)
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--all", action="store_true", help="of all invoice clients")
        which.add_argument("--run", type=int, metavar="ID", help="of what this run brought")
        which.add_argument(
            "--payment", help="journal number and audit number as the pages show it, 17/1, or id"
        )
        parser.add_argument("--client", default="", help="number of the invoice client")
        parser.add_argument("--only", choices=_BOTH, help="without it, both")

    def handle(self, *args: Any, **options: Any) -> None:
        """Put them back into the queue, and say how many."""
        organisation = self.organisation(options)
        by, now = self.whom(organisation, options), timezone.now()
        clients, among = _which(organisation, options)
        wanted = (options["only"],) if options["only"] else _BOTH
        rows: list[dict[str, Any]] = []
        for client in clients:
            row: dict[str, Any] = {"client": client.number, "registrations": 0, "marks": 0}
            if "registrations" in wanted:
                row["registrations"] = deciding.try_again(
                    client=client, by=by, now=now, among=among
                )
            if "marks" in wanted:
                row["marks"] = marking.try_again(client=client, by=by, now=now, among=among)
            rows.append(row)
        lines = [
            f"{row['client']}: {row['registrations']} registrations and {row['marks']} marks "
            "are tried again"
            for row in rows
        ]
        self.answer(options, "\n".join(lines), {"clients": rows})
        if options["payment"] and not any(row[name] for row in rows for name in _BOTH):
            raise CommandError(f"Nothing of payment {options['payment']} was refused.")


def _which(
    organisation: Organisation, options: dict[str, Any]
) -> "tuple[list[InvoiceClient], QuerySet[Payment] | None]":
    """
    Return whose, and among which payments.

    :raises CommandError: if nothing is named, or what is named is not there
    """
    number = options["client"]
    if options["payment"]:
        payment = payment_named(options["payment"], organisation, client=number)
        return [payment.client], Payment.objects.filter(pk=payment.pk)
    if options["run"] is not None:
        runs = FetchRun.objects.of(organisation).select_related("client__organisation")
        if number:
            runs = runs.filter(client__number=number)
        run = runs.filter(pk=options["run"]).first()
        if run is None:
            raise CommandError(f"There is no run {options['run']} in {organisation}.")
        return [run.client], Payment.objects.filter(first_run=run)
    if not number and not options["all"]:
        raise CommandError("Say what is tried again: --client, --run, --payment or --all.")
    return clients_named(organisation, number), None
