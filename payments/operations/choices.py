"""What may be chosen for an invoice client: marker, clearing account, rounding differences."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext

from connectors.base import ZERO
from connectors.registry import CONNECTORS
from organisations.models import Organisation
from payments.models import InvoiceClient
from payments.rules import markers
from payments.rules.cells import amount_from

CONTROL_ACCOUNTS = "control_accounts"
"""Where the findings of a client keep the accounts on which nothing is posted; None: not known."""
MOST_ROUNDED = Decimal(10)
"""Whoever closes more writes off; that is done in the ledger."""


class ClientRefused(Exception):
    """The settings of a client would break a rule; `field` and words for the person."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


def refuse_marker(
    marker: str, value: str, *, field: str, vendors: Iterable[str], shown: str = ""
) -> None:
    """
    Let no column be chosen that cannot hold the mark, as far as its name and value tell.

    What only the company's own schema tells is found by the set-up check.

    :raises ClientRefused: naming the field
    """
    for key in sorted(vendors):
        trouble = CONNECTORS[key].marker_trouble
        code = trouble(marker, value) if trouble is not None else ""
        if code:
            column = marker.partition(":")[0].strip()
            text = gettext(markers.TROUBLE[code])
            where = "marker_value" if code.startswith("marker_value") and shown else field
            raise ClientRefused(where, text.format(column=column, value=value))


def sources_in_use(organisation: Organisation) -> set[str]:
    """Return the vendors that the clients fetch from; all of them before one does."""
    used = InvoiceClient.objects.of(organisation).exclude(source=None)
    found = set(used.order_by().values_list("source__vendor", flat=True).distinct())
    return found & set(CONNECTORS) or {k for k, v in CONNECTORS.items() if v.make_source}


def refuse_control_account(client: InvoiceClient, values: dict[str, Any]) -> None:
    """Let no account be chosen on which nothing can be posted directly."""
    target = values.get("target", client.target)
    account = values.get("clearing_account", client.clearing_account)
    if target is None or (account, target) == (client.clearing_account, client.target):
        return
    checked = client.setup.get(CONTROL_ACCOUNTS) if target == client.target else None
    vendor = CONNECTORS.get(target.vendor)
    known = checked if checked is not None else vendor.control_accounts if vendor else ()
    if account in known:
        raise ClientRefused(
            "clearing_account",
            gettext(
                "%(account)s is a control account: nothing can be posted to it directly. "
                "Choose a separate clearing account."
            )
            % {"account": account},
        )


def tolerance_from(text: str) -> Decimal:
    """
    Return up to which amount a difference is closed as one of rounding; nothing: none is.

    :raises ClientRefused: if it is no such amount
    """
    words = gettext("Enter an amount from 0.00 to %(most)s, with two decimals at most.")
    refused = ClientRefused("rounding_tolerance", words % {"most": f"{MOST_ROUNDED:.2f}"})
    try:
        found = amount_from(text) if text.strip() else ZERO
    except ValueError:
        raise refused from None
    if not 0 <= found <= MOST_ROUNDED:
        raise refused
    return found
