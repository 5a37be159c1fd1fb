"""A person matches a payment with an invoice, or takes it off again, with a reason (B11)."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext

from accounts.models import User
from accounts.operations import audit
from accounts.operations.waking import wake
from connectors.base import ZERO
from payments.domain import matching as rules
from payments.domain.refusals import MatchRefused
from payments.domain.states import RegistrationState
from payments.models import Invoice, Payment, Registration, Settlement
from payments.models.money import Total
from payments.operations import placing
from payments.operations.rights import check_right, integration_of

_S = RegistrationState


def assigned_of(payment: Payment) -> Decimal:
    """Return how much of a payment stands on invoices."""
    found = Settlement.objects.filter(payment=payment).aggregate(total=Total("amount"))["total"]
    return found or ZERO


def open_of(invoice: Invoice) -> Decimal | None:
    """Return what is open on one invoice, computed from its events."""
    if invoice.posted_amount is None:
        return None
    total: Decimal = placing.settled_on([invoice.pk]).get(invoice.pk, placing.Open()).total
    amount: Decimal = invoice.posted_amount
    if invoice.is_credit_note:
        return amount + placing.used_of([invoice.pk]).get(invoice.pk, ZERO) - total
    return amount - total


def match_by_hand(
    *,
    payment: Payment,
    invoice: Invoice,
    amount: Decimal | None,
    reason: str,
    by: User | None,
    now: datetime,
) -> Settlement:
    """
    Set so much of a payment against an invoice.

    :param amount: None: all that is left of the payment
    :raises MatchRefused: if it would break a rule, in words
    """
    check_right(payment.organisation, by)
    if invoice.client_id != payment.client_id:
        raise MatchRefused(why=gettext("the invoice belongs to another invoice client."))
    with transaction.atomic():
        # Whoever places it at the same time waits for this row.
        payment = (
            Payment.objects.select_for_update(of=("self",))
            .select_related("client__source", "client__organisation")
            .get(pk=payment.pk)
        )
        left = payment.amount - assigned_of(payment)
        share = left if amount is None else amount
        if share == 0 or (share > 0) != (payment.amount > 0) or abs(share) > abs(left):
            raise MatchRefused(
                why=gettext("%(left)s is left of the payment, not %(share)s.")
                % {"left": left, "share": share}
            )
        if invoice.is_credit_note:
            raise MatchRefused(why=gettext("it is a credit note."))
        opened = open_of(invoice)
        if opened is None:
            raise MatchRefused(
                why=gettext("the invoice has no amount in %(currency)s.")
                % {"currency": payment.client.currency}
            )
        there = Settlement.objects.filter(payment=payment, invoice=invoice, undoes=None)
        if there.filter(undone_by=None).exists():
            raise MatchRefused(why=gettext("it stands on this invoice already."))
        settlement = Settlement(
            organisation_id=payment.organisation_id,
            client=payment.client,
            invoice=invoice,
            payment=payment,
            amount=share,
            rule=rules.Rule.MANUAL,
            outcome=rules.outcome_of(share=share, open=opened),
            round=there.count(),
            made_at=now,
            made_by=by,
            reason=reason[:200],
        )
        placing.store_settlement(payment.client, settlement, now=now)
        changes = {"left": ""}
        Payment.objects.filter(pk=payment.pk).update(**changes)
        if payment.client.target_id is None and payment.client.marker_in(
            integration_of(payment.client.organisation)
        ):
            Payment.objects.filter(pk=payment.pk, mark="", mark_at=None).update(mark_at=now)
        audit.record(
            organisation=payment.client.organisation,
            action="payment.matched",
            subject=payment,
            user=by,
            details={"invoice": invoice.number, "amount": str(share), "reason": reason},
        )
    wake("payments.tasks.serve_client", client_id=payment.client_id)
    return settlement


def undo(*, settlement: Settlement, reason: str, by: User | None, now: datetime) -> bool:
    """
    Take a payment, or credit note, off its invoice again; say whether it was still on it.

    What stands in the target already is nulled there.

    :raises MatchRefused: while its registration is on its way, or without a reason
    """
    check_right(settlement.organisation, by)
    if not reason.strip():
        raise MatchRefused(why=gettext("say why it is undone."))
    with transaction.atomic():
        settlement = (
            Settlement.objects.select_for_update(of=("self",))
            .select_related("payment", "invoice", "client__organisation")
            .get(pk=settlement.pk)
        )
        gone = Settlement.objects.filter(undoes=settlement).exists()
        if gone or settlement.undoes_id is not None:
            return False
        registration = Registration.objects.filter(settlement=settlement).first()
        if registration is not None:
            _withdraw(registration, now=now)
        Settlement.objects.create(
            organisation_id=settlement.organisation_id,
            client=settlement.client,
            invoice=settlement.invoice,
            payment=settlement.payment,
            credit_note_id=settlement.credit_note_id,
            amount=-settlement.amount,
            rule=settlement.rule,
            made_at=now,
            made_by=by,
            reason=reason.strip()[:200],
            undoes=settlement,
        )
        if settlement.payment is not None:
            Payment.objects.filter(pk=settlement.payment.pk).update(left="undone")
        audit.record(
            organisation=settlement.client.organisation,
            action="payment.match_undone",
            subject=settlement.payment or settlement.invoice,
            user=by,
            details={
                "invoice": settlement.invoice.number,
                "amount": str(settlement.amount),
                "reason": reason,
            },
        )
    wake("payments.tasks.serve_client", client_id=settlement.client_id)
    return True


def _withdraw(registration: Registration, *, now: datetime) -> None:
    """Keep it out of the target, or have it nulled there."""
    match RegistrationState(registration.state):
        case _S.NEEDS_PERSON:
            raise MatchRefused(
                why=gettext("say first whether it stands in the invoicing system already.")
            )
        case _S.READY if Registration.objects.filter(pk=registration.pk).in_doubt(now=now).exists():
            # It may stand there since the backup: withdrawn now, nobody would ever ask.
            raise MatchRefused(
                why=gettext("the invoicing system is asked about it first; try again in a minute.")
            )
        case _S.READY | _S.REJECTED:
            new = _S.WITHDRAWN
        case _S.REGISTERED:
            new = _S.TO_REVERSE
        case _S.REVERSED | _S.WITHDRAWN:
            return
        case _:
            raise MatchRefused(
                why=gettext("it is on its way to the invoicing system; try again in a minute.")
            )
    if not registration.become(new, now=now, not_before=now):
        raise MatchRefused(
            why=gettext("it is on its way to the invoicing system; try again in a minute.")
        )
