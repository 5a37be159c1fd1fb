"""Take a payment, or a credit note, off its invoice again."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Q
from django.utils import timezone

from organisations.models import Organisation
from payments.management.commands._one_payment import (
    event_lines,
    events,
    one_of,
    payment_named,
    payment_values,
    payment_words,
)
from payments.management.commands._payments import PaymentsCommand
from payments.models import Invoice, Settlement
from payments.operations import undoing


class Command(PaymentsCommand):
    """Take a payment, or a credit note, off its invoice again."""

    help = (
        "Remove a payment, or a credit note, from its invoice. What is registered in PowerOffice "
        "Go already is reversed there by a worker."
    )
    example = (
        'python manage.py undo_match 17/1 --client 4110101 --invoice 10234 --reason "Wrong invoice"'
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for what is taken off what, and why."""
        super().add_arguments(parser)
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument(
            "payment",
            nargs="?",
            help="journal number and audit number as the pages show it, 17/1, or id",
        )
        what.add_argument("--credit-note", metavar="NUMBER", help="a credit note in its place")
        parser.add_argument("--client", default="", help="number of the invoice client")
        parser.add_argument("--invoice", default="", help="needed when it is matched to several")
        parser.add_argument("--reason", required=True, help="kept in the history and audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        """Undo it, and say where it stands."""
        organisation = self.organisation(options)
        by = self.whom(organisation, options)
        if options["credit_note"]:
            note = _credit_note(options["credit_note"], organisation, client=options["client"])
            name, of = f"Credit note {note.number}", Q(credit_note=note)
        else:
            payment = payment_named(options["payment"], organisation, client=options["client"])
            name, of = f"Payment {payment}", Q(payment=payment)
        standing = Settlement.objects.filter(of, undoes=None, undone_by=None)
        settlement = one_of(standing, invoice=options["invoice"])
        if settlement is None:
            raise CommandError(f"{name} is not matched to that invoice.")
        done = undoing.undo(
            settlement=settlement,
            reason=options["reason"],
            by=by,
            now=timezone.now(),
        )
        if options["credit_note"]:
            found = events(of)
            words = "\n".join((name, *event_lines(found)))
            self.answer(options, words, {"credit_note": note.number, "events": found})
        else:
            values = payment_values(payment)
            self.answer(options, payment_words(values), values)
        if not done:
            raise CommandError("It was already undone.")


def _credit_note(number: str, organisation: Organisation, *, client: str) -> Invoice:
    found = Invoice.objects.of(organisation).filter(number=number, is_credit_note=True)
    if client:
        found = found.filter(client__number=client)
    named = list(found[:2])
    if not named:
        raise CommandError(f"There is no credit note {number!r} in {organisation}.")
    if len(named) > 1:
        raise CommandError(f"Several clients have a credit note {number}; use --client.")
    one: Invoice = named[0]
    return one
