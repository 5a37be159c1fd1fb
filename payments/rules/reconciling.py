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
    REFUSED = "refused"
    UNKNOWN_OUTCOME = "unknown_outcome"
    NOT_JOINED = "not_joined"
    UNMATCHED = "unmatched"
    PLACED_HERE = "placed_here"
    ACROSS = "across"
    BEFORE_START = "before_start"
    WRITTEN_OFF = "written_off"
    COMPRESSED = "compressed"
    ROUNDED = "rounded"
    CURRENCY = "currency"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"


@dataclass
class Sides:
    """
    One invoice, or what a customer has open without one, on the three sides.

    None on a side: it does not know the invoice, which is as if nothing were open there.

    :param in_transit: matched in the hub and not yet registered in the target, for whatever reason
    :param refused: how much of that the target has refused
    :param unknown_outcome: how much of that may stand there already, or must be decided by a person
    :param not_joined: registered there, and not joined to the invoice by the target
    :param waits: what waits here for an invoice, which is never registered in the target
    :param across: of payments of another customer that were matched with it here
    :param before_start: of payments in the source before the date from which they are fetched
    :param unmatched: payments of the customer that the hub could not place
    :param placed_here: payments of the customer that the hub has placed and the source has not
    :param written_off: what the target wrote off on it
    :param written_off_in_source: what the source wrote off on it, which the hub was not notified of
    :param compressed: payments that the source replaced by others when it compressed its rows
    :param rounded: what the hub closed on it as a difference of rounding
    :param foreign: the invoice is in another currency than the client's own
    """

    source: Decimal | None = None
    hub: Decimal | None = None
    target: Decimal | None = None
    in_transit: Decimal = ZERO
    refused: Decimal = ZERO
    unknown_outcome: Decimal = ZERO
    not_joined: Decimal = ZERO
    waits: Decimal = ZERO
    across: Decimal = ZERO
    before_start: Decimal = ZERO
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
    there = _reason_there(sides, beyond=beyond)
    if there and above == 0:
        return there
    settled_there = beyond == 0 or there is not None
    if settled_there and (known := _reason_in_source(sides, above=above)):
        # What a person must see is not hidden behind a reason on the other side.
        return there if there in (Difference.REFUSED, Difference.UNKNOWN_OUTCOME) else known
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


def _reason_there(sides: Sides, *, beyond: Decimal) -> Difference | None:
    """Return what accounts for all that the target has more open than the hub."""
    going = sides.in_transit
    if beyond and going and beyond in (going, going - sides.unknown_outcome):
        if sides.refused:
            return Difference.REFUSED
        return Difference.UNKNOWN_OUTCOME if sides.unknown_outcome else Difference.IN_TRANSIT
    if going and sides.unknown_outcome == going and not beyond:
        # The target holds it already, and the hub does not know that yet.
        return Difference.UNKNOWN_OUTCOME
    if beyond and sides.not_joined and beyond in (sides.not_joined, sides.not_joined + going):
        return Difference.NOT_JOINED
    if beyond and sides.waits and beyond in (sides.waits, sides.waits + sides.not_joined):
        return Difference.UNMATCHED
    return None


def _reason_in_source(sides: Sides, *, above: Decimal) -> Difference | None:
    """Return what accounts for all that the hub has more open than the source."""
    if sides.written_off_in_source and above == sides.written_off_in_source:
        # Before UNMATCHED: it names the invoice, a waiting payment only might belong to it.
        return Difference.WRITTEN_OFF
    if sides.before_start and above == sides.before_start:
        return Difference.BEFORE_START
    if sides.across and -above == sides.across:
        return Difference.ACROSS
    if sides.unmatched and 0 < above <= sides.unmatched:
        # Visma has placed a payment that waits in our queue.
        return Difference.UNMATCHED
    if sides.placed_here and 0 < -above <= sides.placed_here:
        # A person has placed a payment here that still waits in Visma.
        return Difference.PLACED_HERE
    return None


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
