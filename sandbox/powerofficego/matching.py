"""What is open on the entries of a customer's ledger that share a match."""

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

ORIGINALS = ("OutgoingInvoice", "OutgoingCreditNote")


def open_amounts(entries: Sequence[Json]) -> dict[int, int]:
    """
    Return what is open on each entry of one match, in the smallest unit.

    The order is the sandbox's choice: what was returned undoes the latest payment, credit notes
    and payments then settle the invoices, the oldest first.
    """
    left = {entry["id"]: entry["cents"] for entry in entries}
    by_age = sorted(entries, key=lambda entry: (entry["posting_date"], entry["id"]))
    originals = [entry["id"] for entry in by_age if entry["voucher_type"] in ORIGINALS]
    others = [entry["id"] for entry in by_age if entry["voucher_type"] not in ORIGINALS]
    _settle(left, others, list(reversed(others)))
    _settle(left, originals, originals)
    _settle(left, originals, others)
    return left


def _settle(left: dict[int, int], some: Sequence[int], against: Sequence[int]) -> None:
    """Take amounts of opposite sign off each other."""
    for one in some:
        for other in against:
            if left[one] == 0:
                break
            if left[one] * left[other] < 0:
                amount = min(abs(left[one]), abs(left[other]))
                left[one] += amount if left[one] < 0 else -amount
                left[other] += amount if left[other] < 0 else -amount
