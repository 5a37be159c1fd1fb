"""
Before a payment is registered the target is asked what is open on its invoice (B17).

What a person has registered there by hand since, or before the hub went live, is not doubled: the
person is asked. The balances of the next payments are read in one call, for one turn of a worker.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from connectors.base import ZERO
from connectors.receivables.target import PaymentTarget
from payments.models import Invoice, Registration, Settlement
from payments.models.money import total_of
from payments.rules import already_there as rules
from payments.rules.matching import Rule
from payments.rules.refusals import PaidThereAlready
from payments.rules.states import RegistrationState

_S = RegistrationState
_SURE = (_S.REGISTERED, _S.TO_REVERSE, _S.REVERSING)
_UNSURE = (_S.SENDING, _S.UNKNOWN, _S.NEEDS_PERSON)
_AHEAD = 50


class BalancesThere:
    """What the target has open on invoices, as far as it was asked in this turn."""

    def __init__(self, target: PaymentTarget) -> None:
        self._target = target
        self._read: dict[str, Decimal | None] = {}

    def question(
        self, registration: Registration, *, ahead: "Sequence[str]"
    ) -> PaidThereAlready | None:
        """
        Return what to ask a person before it is registered, or None.

        :param ahead: numbers of the invoices whose turn comes next, to be read together
        :raises ConnectorError: if the target cannot be asked
        """
        invoice = Invoice.objects.get(settlements=registration.settlement_id)
        balance = self._balance_of(invoice.number, ahead)
        if balance is None or invoice.posted_amount is None:
            return None
        if registration.confirmed_balance is not None and balance >= registration.confirmed_balance:
            return None
        known = standing_of(invoice, besides=registration, balance=balance)
        beyond = rules.already_there(registration.amount, known)
        if not beyond:
            return None
        return PaidThereAlready(
            invoice=invoice.number,
            balance=str(balance),
            expected=str(known.explained),
            beyond=str(beyond),
            amount=str(registration.amount),
        )

    def note(self, registration: Registration, *, is_registered: bool) -> None:
        """Remember what a registration did to the balance; what is uncertain is read again."""
        number = Invoice.objects.values_list("number", flat=True).get(
            settlements=registration.settlement_id
        )
        balance = self._read.get(number)
        if is_registered and balance is not None:
            self._read[number] = balance - registration.amount
        else:
            self._read.pop(number, None)

    def _balance_of(self, number: str, ahead: Sequence[str]) -> Decimal | None:
        if number not in self._read:
            wanted = list(dict.fromkeys((number, *ahead)))
            found = self._target.read_balances_of(wanted)
            self._read |= {one: found.get(one) for one in wanted}
        return self._read[number]


def next_numbers(registrations: Any) -> list[str]:
    """Return the invoice numbers of the next registrations, to be read in one call."""
    found = registrations.order_by("not_before", "pk")
    return list(found.values_list("settlement__invoice__number", flat=True)[:_AHEAD])


def standing_of(invoice: Invoice, *, besides: Registration, balance: Decimal) -> rules.Standing:
    """Return what is known of an invoice just before one more payment is registered on it."""
    others = Registration.objects.filter(settlement__invoice=invoice).exclude(pk=besides.pk)
    sums = {
        (state, matched): total
        for state, matched, total in others.order_by()
        .values_list("state", "matched_there")
        .annotate(total=total_of("amount"))
    }

    def of(*states: str) -> Decimal:
        return sum((t for (s, matched), t in sums.items() if s in states), ZERO)

    registered = sum(
        (t for (s, matched), t in sums.items() if s in _SURE and matched is not False), ZERO
    )
    offs = Settlement.objects.filter(rule=Rule.CREDIT)
    offs = (
        offs.filter(credit_note=invoice) if invoice.is_credit_note else offs.filter(invoice=invoice)
    )
    return rules.Standing(
        posted=invoice.posted_amount or ZERO,
        balance=balance,
        registered=registered,
        unsure=of(*_UNSURE),
        waiting=of(_S.READY),
        credited=offs.aggregate(total=total_of("amount"))["total"] or ZERO,
    )


def confirmed(registration: Registration) -> dict[str, Any]:
    """Return what is remembered when a person says that it does not stand there: never for less."""
    if registration.failure_code != PaidThereAlready.code():
        return {}
    return {"confirmed_balance": Decimal(registration.failure_params["balance"])}
