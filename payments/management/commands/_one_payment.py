"""What the commands about one payment share: finding it, and reporting its status."""

import re
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Q, QuerySet

from organisations.models import Organisation
from payments.management.commands._payments import PaymentsCommand, failure_text
from payments.models import Payment, Settlement
from payments.queries.events import EventRow, events_of
from payments.queries.invoices import with_assigned
from payments.queries.payments import payment_rows
from payments.queries.suggestions import suggestions_for

_KEY = re.compile(r"(\d{1,18})/(\d{1,18})")
_ID = re.compile(r"\d{1,18}")


class PaymentCommand(PaymentsCommand):
    """A command about one payment."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for the payment."""
        super().add_arguments(parser)
        parser.add_argument(
            "payment", help="journal number and audit number as the pages show it, 17/1, or id"
        )
        parser.add_argument("--client", default="", help="number of the invoice client")

    def payment(self, options: dict[str, Any]) -> Payment:
        """Return the payment that is named."""
        return payment_named(
            options["payment"], self.organisation(options), client=options["client"]
        )

    def show(self, payment: Payment, options: dict[str, Any]) -> None:
        """Print where a payment stands now."""
        values = payment_values(payment)
        self.answer(options, payment_words(values), values)


def payment_named(text: str, organisation: Organisation, *, client: str) -> Payment:
    """
    Return the payment with that journal and audit number, or that id.

    :raises CommandError: if there is none, or several clients have one
    """
    found = Payment.objects.of(organisation).select_related("client__organisation", "organisation")
    if client:
        found = found.filter(client__number=client)
    if key := _KEY.fullmatch(text):
        named = list(found.filter(journal_number=int(key[1]), audit_number=int(key[2]))[:2])
    else:
        named = list(found.filter(pk=int(text))) if _ID.fullmatch(text) else []
    if not named:
        raise CommandError(f"There is no payment {text!r} in {organisation}.")
    if len(named) > 1:
        raise CommandError(f"Several clients have a payment {text}; say which with --client.")
    one: Payment = named[0]
    return one


def one_of(matches: "QuerySet[Settlement]", *, invoice: str) -> Settlement | None:
    """
    Return the match with that invoice, or the only one; None if there is none.

    :raises CommandError: if there are several
    """
    if invoice:
        matches = matches.filter(invoice__number=invoice)
    found = list(matches.select_related("invoice", "organisation").order_by("pk"))
    if len(found) > 1:
        numbers = ", ".join(one.invoice.number for one in found)
        raise CommandError(f"It is matched to several invoices ({numbers}); use --invoice.")
    return found[0] if found else None


def payment_values(payment: Payment) -> dict[str, Any]:
    """Return where a payment stands now, as plain values."""
    (values,) = list_values(Payment.objects.filter(pk=payment.pk))
    return values | {"events": events(Q(payment=payment))}


def list_values(payments: "QuerySet[Payment]", *, limit: int | None = None) -> list[dict[str, Any]]:
    """Return payments as plain values, without their events."""
    found = list(with_assigned(payments).select_related("client")[:limit])
    offered = suggestions_for(found)
    return [
        {
            "id": payment.pk,
            "payment": row.key,
            "client": payment.client.number,
            "customer": row.customer,
            "paid_on": row.paid_on.isoformat(),
            "amount": str(row.amount),
            "currency": row.currency,
            "unmatched": str(row.rest),
            "why": row.why,
            "mark": payment.mark,
            "mark_reason": row.mark_reason,
            "suggestions": [
                {
                    "words": one.words,
                    "invoice": one.invoice,
                    "invoices": [
                        {"invoice": part.number, "amount": str(part.amount)} for part in one.parts
                    ],
                    "credit_note": one.credit_note,
                    "amount": str(one.amount),
                }
                for one in offered.get(payment.pk, ())
            ],
        }
        for payment, row in zip(found, payment_rows(found), strict=True)
    ]


def events(condition: Q) -> list[dict[str, Any]]:
    """Return what was set against invoices and taken off again, in its order."""
    return [_event(event) for event in events_of(condition)]


def _event(event: EventRow) -> dict[str, Any]:
    return {
        "invoice": event.invoice,
        "amount": str(event.amount),
        "how": event.how,
        "outcome": event.outcome,
        "by": event.by,
        "reason": event.reason,
        "is_undo": event.is_undo,
        "is_undone": event.is_undone,
        "registration": event.registration_state,
        "registration_words": event.registration[0] if event.registration else "",
        "failure": failure_text(event.failure) if event.failure else "",
    }


def payment_words(values: dict[str, Any]) -> str:
    """Return the same to read."""
    return "\n".join((line_of(values), *event_lines(values["events"])))


def line_of(values: dict[str, Any]) -> str:
    """Return a payment as one line to read."""
    words = "{payment} {paid_on} {customer}: {amount} {currency}, {unmatched} unmatched"
    offers = (f"{one['words']} ({one['amount']})" for one in values["suggestions"])
    return " · ".join(
        filter(None, (words.format_map(values), values["why"], values["mark_reason"], *offers))
    )


def event_lines(rows: list[dict[str, Any]]) -> list[str]:
    """Return events as lines to read."""
    lines = []
    for row in rows:
        how = "undone" if row["is_undo"] else f"{row['how']} {row['outcome']}".strip()
        parts = (how, row["by"], row["reason"], row["registration_words"], row["failure"])
        lines.append(f"  {row['invoice']} {row['amount']}: " + " · ".join(filter(None, parts)))
    return lines
