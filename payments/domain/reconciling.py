"""
What is open on three sides at one time, and why they differ (S21).

A difference is explained only by something that accounts for all of it; else it is unknown and
listed as such.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from connectors.base import ZERO


class Difference(StrEnum):
    """Why the sides differ; the first ones need nobody."""

    NONE = "none"
    IN_TRANSIT = "in_transit"
    UNMATCHED = "unmatched"
    PLACED_HERE = "placed_here"
    WRITTEN_OFF = "written_off"
    COMPRESSED = "compressed"
    ROUNDED = "rounded"
    CURRENCY = "currency"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sides:
    """
    One invoice, or what a customer has open without one, on the three sides.

    None on a side: it does not know the invoice, which is as if nothing were open there.

    :param in_transit: matched in the hub and not yet registered in the target
    :param unmatched: payments of the customer that the hub could not place
    :param placed_here: payments of the customer that the hub has placed and the source has not
    :param written_off: what the target wrote off on it
    :param written_off_in_source: what the source wrote off on it, which nobody told the hub
    :param compressed: payments that the source replaced by others when it compressed its rows
    :param rounded: what the hub closed on it as a difference of rounding
    :param foreign: the invoice is in another currency than the client's own
    """

    source: Decimal | None
    hub: Decimal | None
    target: Decimal | None
    in_transit: Decimal = ZERO
    unmatched: Decimal = ZERO
    placed_here: Decimal = ZERO
    written_off: Decimal = ZERO
    written_off_in_source: Decimal = ZERO
    compressed: Decimal = ZERO
    rounded: Decimal = ZERO
    foreign: bool = False
    has_source: bool = True
    has_target: bool = True


@dataclass(frozen=True, slots=True)
class Explained:
    """The two differences and their reason."""

    hub_less_source: Decimal
    target_less_hub: Decimal
    difference: Difference


def explain(sides: Sides) -> Explained:
    """Return how far the sides are apart, and the one reason that accounts for all of it."""
    hub = sides.hub or ZERO
    above = hub - (sides.source or ZERO) if sides.has_source else ZERO
    beyond = (sides.target or ZERO) - hub if sides.has_target else ZERO
    return Explained(above, beyond, _reason(sides, above=above, beyond=beyond))


def _reason(sides: Sides, *, above: Decimal, beyond: Decimal) -> Difference:
    if above == 0 and beyond == 0:
        return Difference.NONE
    if above == 0 and beyond == sides.in_transit != 0:
        return Difference.IN_TRANSIT
    settled_there = beyond in (ZERO, sides.in_transit)
    if settled_there and sides.written_off_in_source and above == sides.written_off_in_source:
        # Before UNMATCHED: it names the invoice, a waiting payment only might belong to it.
        return Difference.WRITTEN_OFF
    if settled_there and sides.unmatched and 0 < above <= sides.unmatched:
        # Visma has placed a payment that waits in our queue.
        return Difference.UNMATCHED
    if settled_there and sides.placed_here and 0 < -above <= sides.placed_here:
        # A person has placed a payment here that still waits in Visma.
        return Difference.PLACED_HERE
    if sides.written_off and -beyond == sides.written_off and above in (ZERO, sides.written_off):
        return Difference.WRITTEN_OFF
    if sides.rounded and above in (ZERO, -sides.rounded) and beyond in (ZERO, sides.rounded):
        # Closed here; the ledgers keep it open until somebody books it.
        return Difference.ROUNDED
    if settled_there and sides.compressed and abs(above) == abs(sides.compressed):
        return Difference.COMPRESSED
    if sides.foreign:
        return Difference.CURRENCY
    return Difference.UNKNOWN


AGEING_DAYS = (0, 30, 60, 90)
"""Upper ends of the classes of age, in days past due; what is older is the last class."""


def ageing(items: Iterable[tuple[int, Decimal]]) -> list[Decimal]:
    """
    Return the open amounts by age: not due, to 30, to 60, to 90 days late, older.

    :param items: days past due (below zero or zero: not due) and open amount
    """
    sums = [ZERO] * (len(AGEING_DAYS) + 1)
    for days, amount in items:
        place = next((n for n, end in enumerate(AGEING_DAYS) if days <= end), len(AGEING_DAYS))
        sums[place] += amount
    return sums
