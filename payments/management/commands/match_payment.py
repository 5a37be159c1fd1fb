"""Match a payment with an invoice by hand."""

from decimal import Decimal
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from organisations.models import User
from payments.management.commands._one_payment import (
    PaymentCommand,
    payment_values,
    payment_words,
)
from payments.models import Invoice, Payment
from payments.operations import matching_by_hand, prefixes
from payments.rules.cells import amount_from


class Command(PaymentCommand):
    """Match a payment with an invoice by hand."""

    help = (
        "Match a payment, or a part of it, to an invoice of its client; a worker then registers "
        "it in PowerOffice Go."
    )
    example = (
        "python manage.py match_payment 17/1 --client 4110101 --invoice 10234 --amount 700.00 "
        '--reason "The customer called"'
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the invoice and the amount."""
        super().add_arguments(parser)
        parser.add_argument("--invoice", required=True, help="number of the invoice")
        parser.add_argument(
            "--amount", default="", help="without it, all that is left of the payment"
        )
        parser.add_argument(
            "--credit-note",
            action="append",
            default=[],
            help="number of a credit note to set off against the invoice first; can be repeated",
        )
        parser.add_argument(
            "--other-customer",
            action="store_true",
            help="confirm that the invoice is of another customer than the payer; needs a reason",
        )
        parser.add_argument(
            "--learn-prefix",
            action="store_true",
            help="let the prefix before the invoice number on this payment count from now on",
        )
        parser.add_argument("--reason", default="", help="kept in the history and audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        """Match it, and say where it stands."""
        payment = self.payment(options)
        by = self.whom(payment.organisation, options)
        amount = _amount(options["amount"])
        invoice = _invoice(payment, options["invoice"], what="invoice")
        notes = [_invoice(payment, one, what="credit note") for one in options["credit_note"]]
        matching_by_hand.match_by_hand(
            payment=payment,
            invoice=invoice,
            amount=amount,
            reason=options["reason"],
            by=by,
            now=timezone.now(),
            across=options["other_customer"],
            credit_notes=notes,
        )
        values = payment_values(payment)
        words = payment_words(values)
        values["prefix"], prefix_text = _prefix(payment, by, learn=options["learn_prefix"])
        self.answer(options, "\n".join(filter(None, (words, prefix_text))), values)


def _prefix(payment: Payment, by: User | None, *, learn: bool) -> tuple[dict[str, Any] | None, str]:
    """Return what of a prefix can be, or was, learnt by the match, and in words."""
    offer = prefixes.offer_of(payment)
    if offer is None:
        return None, "There is no new prefix of invoice numbers to learn." if learn else ""
    text, side = offer.prefix
    values = {"text": text, "side": side.value, "invoice": offer.invoice, "learnt": learn}
    if learn:
        prefixes.learn(payment=payment, text=text, by=by, now=timezone.now())
        return values, f"The prefix {text!r} is learnt; it counts from the next fetch on."
    return values, f"The prefix {text!r} of {offer.invoice} can be learnt with --learn-prefix."


def _invoice(payment: Payment, number: str, *, what: str) -> Invoice:
    of_client = Invoice.objects.filter(client_id=payment.client_id).select_related("customer")
    found: Invoice | None = of_client.filter(number=number.strip()).first()
    if found is None:
        raise CommandError(f"The client {payment.client.number} has no {what} {number.strip()!r}.")
    return found


def _amount(text: str) -> Decimal | None:
    if not text:
        return None
    try:
        return amount_from(text)
    except ValueError:
        raise CommandError(
            f"--amount: {text!r} is no amount; write it with a decimal point, 1234.50."
        ) from None
