"""The rights of accounts: what a role may do there."""

from connectors.registry import targets_of_journals
from connectors.words import gettext_noop as _
from organisations import domain
from organisations.domain import Level

VISMANET = "vismanet"

RIGHTS = (
    domain.Right(
        VISMANET,
        _("Visma.net integration"),
        _("Visma.net accounts and mappings. Changing means: create, authorise, disconnect, map."),
        order=20,
        built_in={
            domain.ADMINISTRATOR: Level.WRITE,
            domain.PAYROLL: Level.READ,
            domain.AUDITOR: Level.READ,
        },
    ),
)

rights_of_payment_vendors: list[str] = []
"""What it takes, all of it, to change accounts at vendors of payments: a higher app says so."""


def rights_to_change(vendor: str) -> tuple[str, ...]:
    """Return the rights that it takes, all of them, to change accounts at that vendor."""
    return (VISMANET,) if vendor in targets_of_journals() else tuple(rights_of_payment_vendors)
