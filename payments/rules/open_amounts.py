"""
What is open on an invoice: always its amount less its events, never something that was stored.

An event is a payment (above zero), a returned payment (below zero) or the part of a credit note
that was set off. Whoever undoes one adds its mirror.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from connectors.base import ZERO


class InvoiceState(StrEnum):
    """Where an invoice stands."""

    OPEN = "open"
    PART = "part"
    PAID = "paid"
    OVER = "over"
    CREDITED = "credited"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Settled:
    """The sums of an invoice's events; what was undone is in none of them."""

    paid: Decimal = ZERO
    returned: Decimal = ZERO
    """Below zero, or nothing."""
    credited: Decimal = ZERO
    rounded: Decimal = ZERO
    """Differences of rounding that were closed."""

    @property
    def total(self) -> Decimal:
        """Return by how much the events lower the open amount."""
        return self.paid + self.returned + self.credited + self.rounded


def open_amount(*, amount: Decimal, settled: Settled) -> Decimal:
    """Return what is open; below zero when too much was paid, or on a credit note in hand."""
    return amount - settled.total


def state_of(*, amount: Decimal, settled: Settled) -> InvoiceState:
    """
    Return where an invoice stands, by its events alone.

    A credit note has an amount below zero; what is set off of it comes as `credited`, below
    zero too.
    """
    left = open_amount(amount=amount, settled=settled)
    if amount < 0:
        if left == 0:
            paid_out = settled.paid + settled.returned
            return InvoiceState.PAID if paid_out and not settled.credited else InvoiceState.CREDITED
        return InvoiceState.OPEN if left <= amount else InvoiceState.PART
    if left < 0:
        return InvoiceState.OVER
    if left == 0:
        wholly = settled.credited and settled.paid + settled.returned == 0
        return InvoiceState.CREDITED if wholly else InvoiceState.PAID
    if settled.returned and left == amount - settled.credited - settled.rounded:
        return InvoiceState.RETURNED
    return InvoiceState.PART if left < amount else InvoiceState.OPEN
