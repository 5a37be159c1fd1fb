"""
Our shapes to Visma.net's, and back. Pure functions; every field name is the contract's.

A field that is missing or odd is a :class:`~connectors.errors.BadAnswer` that names it.
Nothing gets a default, except text that the vendor leaves out when it is empty.
"""

from connectors.vismanet.payloads.facts import (
    accounts,
    administration,
    branches,
    currencies,
    dimensions,
    ledgers,
    number_series,
    periods,
    subaccounts_are_off,
)
from connectors.vismanet.payloads.journals import Piece, ledger_batch, pieces
from connectors.vismanet.payloads.posting import journal
from connectors.vismanet.payloads.strict import bad

__all__ = [
    "Piece",
    "accounts",
    "administration",
    "bad",
    "branches",
    "currencies",
    "dimensions",
    "journal",
    "ledger_batch",
    "ledgers",
    "number_series",
    "periods",
    "pieces",
    "subaccounts_are_off",
]
