"""The rights of journals: what a role may do there."""

from accounts.rights import CONNECTIONS
from accounts.uses import Use
from connectors.registry import targets_of_journals
from connectors.words import gettext_noop as _
from organisations import rules
from organisations.rules import Level

JOURNALS = "journals"
UNDO = "undo"

RIGHTS = (
    rules.Right(
        JOURNALS,
        _("Journals"),
        _("See journals. Changing means: import and send them."),
        order=30,
        built_in={
            rules.ADMINISTRATOR: Level.WRITE,
            rules.PAYROLL: Level.WRITE,
            rules.FINANCE: Level.READ,
            rules.AUDITOR: Level.READ,
        },
    ),
    rules.Right(
        UNDO,
        _("Reverse journals"),
        _("Reverse a batch that is in the ledger, and resend the journal."),
        order=40,
        levels=rules.GIVEN_OR_NOT,
        built_in={rules.ADMINISTRATOR: Level.WRITE},
    ),
)

USE = Use(
    is_at=lambda vendor: vendor in targets_of_journals(),
    page="accounts:connections",
    rights=(CONNECTIONS,),
    waits=_("Journals wait until then. None is lost, and none fails because of this."),
    sign_in_again=_("Sign in again: journals of this account wait until you have."),
    disconnected=_("The account is disconnected. Its mappings are kept."),
    in_use=_("This account is in use. Disconnect it and remove its mappings."),
    not_authorised=_(
        "Not authorised. Press the icon, sign in, press Allow and choose the company."
    ),
)
"""What journals do through the accounts at their targets."""
