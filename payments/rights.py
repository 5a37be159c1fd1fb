"""The rights of payments: what a role may do there."""

from accounts.uses import Use
from connectors.registry import targets_of_journals
from connectors.words import gettext_noop as _
from organisations import rules
from organisations.rules import Level

BUSINESS = "business"
PAYMENTS_OVERVIEW = "payments_overview"
PAYMENTS_IMPORT = "payments_import"

RIGHTS = (
    rules.Right(
        BUSINESS,
        _("Visma Business integration"),
        _("See invoices and payments. Changing means: match and decide payments, block, compare."),
        order=60,
        built_in={rules.AUDITOR: Level.READ},
    ),
    rules.Right(
        PAYMENTS_OVERVIEW,
        _("Fetch payments from the invoice overview"),
        _("Fetch payments for one invoice client."),
        order=70,
        levels=rules.GIVEN_OR_NOT,
    ),
    rules.Right(
        PAYMENTS_IMPORT,
        _("Fetch payments from the import menu"),
        _("Fetch payments for many invoice clients."),
        order=80,
        levels=rules.GIVEN_OR_NOT,
    ),
)

USE = Use(
    is_at=lambda vendor: vendor not in targets_of_journals(),
    page="payments:settings",
    rights=(BUSINESS, rules.ORGANISATION),
    waits=_("Payments wait until then. None is lost, and none is registered twice."),
    sign_in_again=_("Sign in again: payments of this account wait until you have."),
    disconnected=_(
        "The account is disconnected. Everything fetched and registered through it is kept."
    ),
    in_use=_("This account is in use. Disconnect it and choose another in the invoice client."),
)
"""What payments do through the accounts at their sources and targets."""
