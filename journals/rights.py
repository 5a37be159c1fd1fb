"""The rights of journals: what a role may do there."""

from connectors.words import gettext_noop as _
from organisations import domain
from organisations.domain import Level

JOURNALS = "journals"
UNDO = "undo"

RIGHTS = (
    domain.Right(
        JOURNALS,
        _("Journals"),
        _("See journals. Changing means: import and send them."),
        order=30,
        built_in={
            domain.ADMINISTRATOR: Level.WRITE,
            domain.PAYROLL: Level.WRITE,
            domain.FINANCE: Level.READ,
            domain.AUDITOR: Level.READ,
        },
    ),
    domain.Right(
        UNDO,
        _("Reverse journals"),
        _("Reverse a batch that is in the ledger, and resend the journal."),
        order=40,
        levels=domain.GIVEN_OR_NOT,
        built_in={domain.ADMINISTRATOR: Level.WRITE},
    ),
)
