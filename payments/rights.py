"""The rights of payments: what a role may do there."""

from connectors.words import gettext_noop as _
from organisations import domain
from organisations.domain import Level

BUSINESS = "business"
PAYMENTS_OVERVIEW = "payments_overview"
PAYMENTS_IMPORT = "payments_import"

RIGHTS = (
    domain.Right(
        BUSINESS,
        _("Visma Business integration"),
        _("See invoices and payments. Changing means: match and decide payments, block, compare."),
        order=60,
        built_in={domain.AUDITOR: Level.READ},
    ),
    domain.Right(
        PAYMENTS_OVERVIEW,
        _("Fetch payments from the invoice overview"),
        _("Fetch payments for one invoice client."),
        order=70,
        levels=domain.GIVEN_OR_NOT,
    ),
    domain.Right(
        PAYMENTS_IMPORT,
        _("Fetch payments from the import menu"),
        _("Fetch payments for many invoice clients."),
        order=80,
        levels=domain.GIVEN_OR_NOT,
    ),
)
