"""A person matches a payment with an invoice, with a reason (B11)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext

from audit import trail
from background.enqueueing import enqueue
from connectors.base import ZERO
from organisations.models import User
from payments.models import Customer, Invoice, Payment, Settlement
from payments.models.money import total_of
from payments.operations import matching
from payments.operations.rights import check_right, integration_of
from payments.rules import matching as rules
from payments.rules.refusals import MatchRefused, OtherCustomer
from ui.amounts import amount as shown


def assigned_of(payment: Payment) -> Decimal:
    """Return how much of a payment stands on invoices."""
    found = Settlement.objects.filter(payment=payment).aggregate(total=total_of("amount"))["total"]
    return found or ZERO


def open_of(invoice: Invoice) -> Decimal | None:
    """Return what is open on one invoice, computed from its events."""
    if invoice.posted_amount is None:
        return None
    total: Decimal = matching.settled_on([invoice.pk]).get(invoice.pk, matching.Open()).total
    amount: Decimal = invoice.posted_amount
    if invoice.is_credit_note:
        return amount + matching.used_of([invoice.pk]).get(invoice.pk, ZERO) - total
    return amount - total


def match_by_hand(
    *,
    payment: Payment,
    invoice: Invoice,
    amount: Decimal | None,
    reason: str,
    by: User | None,
    now: datetime,
    across: bool = False,
    credit_notes: Sequence[Invoice] = (),
) -> Settlement:
    """
    Set so much of a payment against an invoice, or pay a credit note out with it.

    :param amount: None: all that is left of the payment, and no more than is open
    :param across: the person has confirmed that the invoice is another customer's
    :param credit_notes: what is open on them is set off against the invoice first
    :raises MatchRefused: if it would break a rule, in words
    :raises OtherCustomer: if the invoice is another customer's and nobody confirmed that
    """
    check_right(payment.organisation, by)
    is_across = refuse_another(payment, invoice, across=across, reason=reason)
    with transaction.atomic():
        payment = hold(payment)
        notes = _locked(invoice, credit_notes)
        settlement = set_against(
            payment,
            invoice,
            amount=amount,
            reason=reason,
            by=by,
            now=now,
            is_across=is_across,
            notes=notes,
        )
    enqueue("payments.tasks.serve_client", client_id=payment.client_id)
    return settlement


def refuse_another(payment: Payment, invoice: Invoice, *, across: bool, reason: str) -> bool:
    """
    Return whether the invoice is another customer's, as somebody has confirmed with a reason.

    :raises MatchRefused: if it is another client's, or there is no reason
    :raises OtherCustomer: if nobody confirmed it
    """
    if invoice.client_id != payment.client_id:
        raise MatchRefused(why=gettext("the invoice belongs to another invoice client."))
    is_across = _is_across(payment, invoice)
    if is_across and not across:
        raise _asked(payment, invoice)
    if is_across and not reason.strip():
        raise MatchRefused(why=gettext("state why it settles another customer's invoice."))
    return is_across


def hold(payment: Payment) -> Payment:
    """Lock the payment, and what its client has open, for the rest of the transaction."""
    matching.hold(payment.client_id)
    held: Payment = (
        Payment.objects.select_for_update(of=("self",))
        .select_related("client__source", "client__organisation")
        .get(pk=payment.pk)
    )
    return held


def set_against(
    payment: Payment,
    invoice: Invoice,
    *,
    amount: Decimal | None,
    reason: str,
    by: User | None,
    now: datetime,
    is_across: bool,
    notes: Sequence[Invoice] = (),
) -> Settlement:
    """
    Set so much of a payment against an invoice, in a transaction that holds both, and the notes.

    :raises MatchRefused: if it would break a rule, in words
    """
    left = payment.amount - assigned_of(payment)
    opened = open_of(invoice)
    if opened is None:
        raise MatchRefused(
            why=gettext("the invoice has no amount in %(currency)s.")
            % {"currency": payment.client.currency}
        )
    for note in notes:
        opened += _set_off(note, invoice, opened=opened, reason=reason, by=by, now=now)
    share = _share(payment, invoice, amount, left=left, opened=opened)
    there = Settlement.objects.filter(payment=payment, invoice=invoice, undoes=None)
    if _stands_already(there):
        raise MatchRefused(why=gettext("it is already matched with this invoice."))
    part = _rounded(payment, invoice, share, asked=amount, left=left, opened=opened)
    settlement = Settlement(
        organisation_id=payment.organisation_id,
        client=payment.client,
        invoice=invoice,
        payment=payment,
        amount=part.amount,
        rule=rules.Rule.ACROSS if is_across else rules.Rule.MANUAL,
        outcome=part.outcome,
        round=there.count(),
        made_at=now,
        made_by=by,
        reason=reason.strip()[:200],
    )
    matching.store_settlement(payment.client, settlement, now=now)
    if part.outcome == rules.Outcome.RETURNED:
        matching.open_roundings_again([invoice.pk], now=now)
    if part.rounding:
        matching.rounding_of(payment.client, settlement.pk, part, run=None, now=now).save(
            force_insert=True
        )
    Payment.objects.filter(pk=payment.pk).update(left="")
    if payment.client.target_id is None and payment.client.marker_in(
        integration_of(payment.client.organisation)
    ):
        Payment.objects.filter(pk=payment.pk, mark="", mark_at=None).update(mark_at=now)
    _record(settlement, part, notes, is_across=is_across, reason=reason)
    return settlement


def _record(
    settlement: Settlement,
    part: rules.Part,
    notes: Sequence[Invoice],
    *,
    is_across: bool,
    reason: str,
) -> None:
    payment, invoice = settlement.payment, settlement.invoice
    assert payment is not None  # noqa: S101 (it was made of one)
    details = {"invoice": invoice.number, "amount": str(part.amount), "reason": reason}
    if is_across:
        asked = _asked(payment, invoice).params
        details |= {name: asked[name] for name in ("payer", "customer")}
    if notes:
        details["credit_notes"] = ", ".join(note.number for note in notes)
    if part.rounding:
        details["rounding"] = str(part.rounding)
    trail.record(
        organisation=payment.client.organisation,
        action="payment.matched",
        subject=payment,
        user=settlement.made_by,
        details=details,
    )


def _is_across(payment: Payment, invoice: Invoice) -> bool:
    customer = invoice.customer
    return bool(payment.customer_number and customer and customer.number != payment.customer_number)


def _asked(payment: Payment, invoice: Invoice) -> OtherCustomer:
    payer = Customer.objects.filter(
        client_id=payment.client_id, number=payment.customer_number
    ).first()
    return OtherCustomer(
        payer=str(payer) if payer else payment.customer_number,
        customer=str(invoice.customer),
        invoice=invoice.number,
    )


def _locked(invoice: Invoice, credit_notes: Sequence[Invoice]) -> list[Invoice]:
    """Lock the invoice and the credit notes for the rest of the transaction; return the notes."""
    wanted = {note.pk for note in credit_notes}
    rows = Invoice.objects.select_for_update().filter(pk__in=wanted | {invoice.pk})
    found = {one.pk: one for one in rows.order_by("pk")}
    notes = [found[pk] for pk in dict.fromkeys(note.pk for note in credit_notes)]
    for note in notes:
        if not note.is_credit_note or note.client_id != invoice.client_id:
            raise MatchRefused(
                why=gettext("%(number)s is not a credit note of this client.")
                % {"number": note.number}
            )
        if note.customer_id != invoice.customer_id or note.customer_id is None:
            raise MatchRefused(
                why=gettext("credit note %(number)s belongs to another customer than the invoice.")
                % {"number": note.number}
            )
        if note.currency != invoice.currency:
            raise MatchRefused(
                why=gettext("credit note %(number)s is in another currency than the invoice.")
                % {"number": note.number}
            )
    return notes


def _set_off(
    note: Invoice,
    invoice: Invoice,
    *,
    opened: Decimal,
    reason: str,
    by: User | None,
    now: datetime,
) -> Decimal:
    """Set what is open on a credit note off against the invoice; return by how much, below zero."""
    open_on_note = open_of(note)
    if open_on_note is None or open_on_note >= 0:
        raise MatchRefused(
            why=gettext("nothing is open on credit note %(number)s.") % {"number": note.number}
        )
    if -open_on_note > opened:
        raise MatchRefused(
            why=gettext("credit note %(number)s is larger than what is open on the invoice.")
            % {"number": note.number}
        )
    Settlement.objects.create(
        organisation_id=invoice.organisation_id,
        client_id=invoice.client_id,
        invoice=invoice,
        credit_note=note,
        amount=-open_on_note,
        rule=rules.Rule.CREDIT,
        made_at=now,
        made_by=by,
        reason=reason.strip()[:200],
    )
    return open_on_note


def _share(
    payment: Payment, invoice: Invoice, amount: Decimal | None, *, left: Decimal, opened: Decimal
) -> Decimal:
    """
    Return how much of the payment goes on the invoice.

    :raises MatchRefused: if that is nothing, or more than there is
    """
    if amount is None:
        share = rules.share_by_hand(left=left, open=opened, is_credit_note=invoice.is_credit_note)
        if not share and left:
            raise MatchRefused(
                why=gettext(
                    "nothing is open on it. Enter the amount if it should be matched anyway."
                )
            )
    else:
        share = amount
    if share == 0 or (share > 0) != (payment.amount > 0) or abs(share) > abs(left):
        raise MatchRefused(
            why=gettext("%(left)s is left of the payment, not %(share)s.")
            % {"left": shown(left), "share": shown(share)}
        )
    if invoice.is_credit_note and (share < opened if share < 0 else share > _paid_out(invoice)):
        raise MatchRefused(
            why=gettext("it is a credit note: it can only be paid out, up to what is open.")
        )
    return share


def _paid_out(note: Invoice) -> Decimal:
    found: Decimal = matching.settled_on([note.pk]).get(note.pk, matching.Open()).paid
    return -found


def _stands_already(there: "QuerySet[Settlement]") -> bool:
    """Return whether it is matched already, apart from an overpaid amount left over by itself."""
    alive = there.filter(undone_by=None)
    by_itself = {rules.Rule.KID, rules.Rule.INVOICE_NUMBER, rules.Rule.PREFIX}
    return (
        any(one.rule not in by_itself or one.outcome != rules.Outcome.OVER for one in alive)
        or alive.count() > 1
    )


def _rounded(
    payment: Payment,
    invoice: Invoice,
    share: Decimal,
    *,
    asked: Decimal | None,
    left: Decimal,
    opened: Decimal,
) -> rules.Part:
    """Return the share, and the difference of rounding that is closed with it."""
    tolerance = payment.client.rounding_tolerance
    if share > 0 and not invoice.is_credit_note:
        short, over = opened - share, left - share
        if share == left and rules.is_rounding(short, amount=share, tolerance=tolerance):
            return rules.Part(invoice.pk, share, rules.Outcome.SETTLED, rounding=short)
        if asked is None and rules.is_rounding(over, amount=share, tolerance=tolerance):
            return rules.Part(invoice.pk, left, rules.Outcome.SETTLED, rounding=-over)
    outcome = rules.outcome_of(share=share, open=opened, is_credit_note=invoice.is_credit_note)
    return rules.Part(invoice.pk, share, outcome)
