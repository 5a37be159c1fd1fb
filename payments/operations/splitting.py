"""A person splits a payment over invoices: all parts stand, or none (B11)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext

from background.enqueueing import enqueue
from connectors.base import ZERO
from organisations.models import User
from payments.models import Invoice, Payment, Settlement
from payments.operations import matching_by_hand
from payments.operations.rights import check_right
from payments.rules.refusals import MatchRefused
from ui.amounts import amount as shown


class Share(NamedTuple):
    """An invoice, or credit note, and how much goes on it; None: what is left, as far as open."""

    invoice: Invoice
    amount: Decimal | None


def split(
    *,
    payment: Payment,
    shares: Sequence[Share],
    reason: str,
    by: User | None,
    now: datetime,
    across: bool = False,
) -> list[Settlement]:
    """
    Set a payment against invoices, in their order, and on none of them more than is open.

    What was open when the person looked may be settled since: then nothing is set.

    :param across: the person has confirmed that they are another customer's
    :raises MatchRefused: if it would break a rule, in words
    :raises OtherCustomer: if one is another customer's and nobody confirmed that
    """
    check_right(payment.organisation, by)
    if not shares:
        raise MatchRefused(why=gettext("choose an invoice first."))
    of_others = {
        one.invoice.pk: matching_by_hand.refuse_another(
            payment, one.invoice, across=across, reason=reason
        )
        for one in shares
    }
    with transaction.atomic():
        payment = matching_by_hand.hold(payment)
        held = Invoice.objects.select_for_update().filter(pk__in=of_others).order_by("pk")
        invoices = {one.pk: one for one in held}
        made = []
        for share in shares:
            invoice = invoices[share.invoice.pk]
            _refuse_more_than_open(invoice, share.amount)
            made.append(
                matching_by_hand.set_against(
                    payment,
                    invoice,
                    amount=share.amount,
                    reason=reason,
                    by=by,
                    now=now,
                    is_across=of_others[invoice.pk],
                )
            )
    enqueue("payments.tasks.serve_client", client_id=payment.client_id)
    return made


def _refuse_more_than_open(invoice: Invoice, amount: Decimal | None) -> None:
    opened = matching_by_hand.open_of(invoice)
    if amount is None or opened is None or invoice.is_credit_note or amount <= max(opened, ZERO):
        return
    raise MatchRefused(
        why=gettext("%(open)s is open on invoice %(number)s, not %(share)s.")
        % {"open": shown(opened), "number": invoice.number, "share": shown(amount)}
    )
