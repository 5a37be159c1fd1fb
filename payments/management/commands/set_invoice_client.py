"""Show an invoice client's settings, and change those that matching goes by."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from payments.management.commands._payments import PaymentsCommand, clients_named
from payments.models import InvoiceClient, LearntPrefix
from payments.operations import choices, clients, prefixes


class Command(PaymentsCommand):
    """Show an invoice client's settings, and change those that matching goes by."""

    help = (
        "Set up to which amount a difference between payment and invoice is closed as one of "
        "rounding, and the clearing account; remove a learnt prefix of invoice numbers. Without "
        "any of them it only shows."
    )
    example = "python manage.py set_invoice_client 4110101 --rounding-tolerance 0.50"

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the client and what is to change."""
        super().add_arguments(parser)
        parser.add_argument("client", help="number of the invoice client")
        parser.add_argument(
            "--rounding-tolerance", default=None, help="0.00: no difference is closed"
        )
        parser.add_argument("--clearing-account", default=None)
        parser.add_argument("--forget-prefix", action="append", default=[], help="can be repeated")

    def handle(self, *args: Any, **options: Any) -> None:
        """Change it, and show how it is set."""
        organisation = self.organisation(options)
        by = self.whom(organisation, options)
        if not options["client"]:
            raise CommandError("Name the invoice client.")
        (client,) = clients_named(organisation, options["client"])
        known = list(LearntPrefix.objects.filter(client=client).select_related("organisation"))
        gone = [one for one in known if one.text in options["forget_prefix"]]
        if missing := set(options["forget_prefix"]) - {one.text for one in gone}:
            raise CommandError(f"{client} has not learnt {', '.join(sorted(missing))}.")
        values: dict[str, Any] = {}
        try:
            if options["rounding_tolerance"] is not None:
                values["rounding_tolerance"] = choices.tolerance_from(options["rounding_tolerance"])
            if options["clearing_account"] is not None:
                values["clearing_account"] = options["clearing_account"].strip()
            if values:
                clients.save_client(organisation=organisation, client=client, values=values, by=by)
            for one in gone:
                prefixes.forget(learnt=one, by=by)
        except choices.ClientRefused as wrong:
            raise CommandError(f"{wrong.field}: {wrong}") from None
        self._show(client, options)

    def _show(self, client: InvoiceClient, options: dict[str, Any]) -> None:
        learnt = [
            {
                "prefix": one.text,
                "side": one.side,
                "learnt_at": one.learnt_at.isoformat(),
                "learnt_by": str(one.learnt_by) if one.learnt_by else "Integration Hub",
            }
            for one in LearntPrefix.objects.filter(client=client)
            .select_related("learnt_by")
            .order_by("key", "side")
        ]
        values = {
            "client": client.number,
            "name": client.name,
            "currency": client.currency,
            "clearing_account": client.clearing_account,
            "rounding_tolerance": str(client.rounding_tolerance),
            "prefixes": learnt,
        }
        lines = [
            f"{client}",
            f"  Clearing account: {client.clearing_account or 'none'}",
            f"  Rounding difference that is closed: {client.rounding_tolerance} {client.currency}",
        ]
        lines += [
            f"  Prefix {one['prefix']!r}, learnt {one['learnt_at']} by {one['learnt_by']}"
            for one in learnt
        ]
        self.answer(options, "\n".join(lines), values)
