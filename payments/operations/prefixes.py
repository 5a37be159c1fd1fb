"""What a match by hand teaches: the prefix before an invoice number, once a person confirms it."""

from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from audit import trail
from organisations.models import User
from payments.models import LearntPrefix, Payment, Settlement
from payments.operations.rights import check_right
from payments.rules import refusals
from payments.rules.matching import Rule
from payments.rules.prefixes import Prefix, prefix_of

_BY_HAND = (Rule.MANUAL, Rule.ACROSS)


class Offer(NamedTuple):
    """A prefix that a match by hand shows, and the invoice that it led a person to."""

    prefix: Prefix
    invoice: str


def offer_of(payment: Payment) -> Offer | None:
    """Return the prefix that the payment's matches by hand show and its client does not know."""
    matches = Settlement.objects.filter(
        payment=payment, rule__in=_BY_HAND, undoes=None, undone_by=None
    )
    offers = []
    for number in matches.order_by("pk").values_list("invoice__number", flat=True):
        found = prefix_of(number, reference=payment.invoice_number, text=payment.text)
        if found is not None:
            offers.append(Offer(found, number))
    if not offers:
        return None
    rows = LearntPrefix.objects.filter(client_id=payment.client_id)
    known = set(rows.values_list("key", "side"))
    return next((one for one in offers if (one.prefix.key, one.prefix.side) not in known), None)


def learn(*, payment: Payment, text: str, by: User | None, now: datetime) -> LearntPrefix:
    """
    Let numbers behind the offered prefix count as invoice numbers of the payment's client.

    :param text: the prefix that the person was shown
    :raises NoPrefixToLearn: if that is not what the payment's match shows, or it is learnt already
    """
    check_right(payment.organisation, by)
    offer = offer_of(payment)
    if offer is None or offer.prefix.text != text:
        raise refusals.NoPrefixToLearn(payment=str(payment))
    with transaction.atomic():
        learnt, is_new = LearntPrefix.objects.get_or_create(
            client=payment.client,
            key=offer.prefix.key,
            side=offer.prefix.side.value,
            defaults={
                "organisation": payment.organisation,
                "text": offer.prefix.text,
                "learnt_at": now,
                "learnt_by": by,
            },
        )
        if is_new:
            trail.record(
                organisation=payment.organisation,
                action="invoice_client.prefix_learnt",
                subject=payment.client,
                user=by,
                details={
                    "prefix": offer.prefix.text,
                    "side": offer.prefix.side.value,
                    "payment": str(payment),
                    "invoice": offer.invoice,
                },
            )
    return learnt


def forget(*, learnt: LearntPrefix, by: User | None) -> bool:
    """Let a prefix count no longer; what was matched by it stays. Say whether it was there."""
    check_right(learnt.organisation, by)
    with transaction.atomic():
        gone, _rows = LearntPrefix.objects.filter(pk=learnt.pk).delete()
        if gone:
            trail.record(
                organisation=learnt.organisation,
                action="invoice_client.prefix_forgotten",
                subject=learnt.client,
                user=by,
                details={"prefix": learnt.text, "side": learnt.side},
            )
    return bool(gone)
