"""
Whether a payment may stand in the target already, because a person registered it there by hand.

The target's own balance of the invoice is compared with what the hub can account for. Only what
somebody else settled there, and what would not fit beside it, is a question; a balance that the
hub itself has brought about is none.
"""

from dataclasses import dataclass
from decimal import Decimal

from connectors.base import ZERO


@dataclass(frozen=True, slots=True)
class Standing:
    """
    What is known of an invoice just before a payment is registered on it.

    :param posted: the invoice in the client's own currency; a credit note is below zero
    :param balance: what the target says is open on it, now
    :param registered: what the hub has registered there and the target did not refuse to match
    :param unsure: what of the hub's own may stand there, and is not known to
    :param waiting: the other payments on it that are still to be registered
    :param credited: what was set off by credit notes; of a credit note, what was set off of it
    """

    posted: Decimal
    balance: Decimal
    registered: Decimal = ZERO
    unsure: Decimal = ZERO
    waiting: Decimal = ZERO
    credited: Decimal = ZERO

    def turned(self) -> "Standing":
        """Return the same of a credit note as if it were an invoice."""
        return Standing(
            posted=-self.posted,
            balance=-self.balance,
            registered=-self.registered,
            unsure=-self.unsure,
            waiting=-self.waiting,
            credited=self.credited,
        )

    @property
    def explained(self) -> Decimal:
        """Return what would be open there if nobody but the hub had settled anything."""
        return self.posted - self.credited - self.registered


def already_there(amount: Decimal, standing: Standing) -> Decimal:
    """
    Return how much of a payment may stand in the target already; nothing: it can be registered.

    :param amount: above zero came in, below zero was returned or paid out
    """
    if standing.posted < 0:
        return already_there(-amount, standing.turned())
    if amount > 0:
        by_others = standing.explained - max(standing.unsure, ZERO) - standing.balance
        beyond = amount + max(standing.waiting, ZERO) - max(standing.balance, ZERO)
        return min(amount, beyond) if by_others > 0 and beyond > 0 else ZERO
    returned_by_others = standing.balance - standing.explained + min(standing.unsure, ZERO)
    beyond = -amount - max(standing.posted - standing.balance, ZERO)
    return min(-amount, beyond) if returned_by_others > 0 and beyond > 0 else ZERO
