"""The rights of accounts: what a role may do there."""

from connectors.words import gettext_noop as _
from organisations import rules
from organisations.rules import Level

CONNECTIONS = "vismanet"
"""As roles have stored it since there was one vendor of ledgers."""

RIGHTS = (
    rules.Right(
        CONNECTIONS,
        _("Visma.net integration"),
        _("Visma.net accounts and mappings. Changing means: create, authorise, disconnect, map."),
        order=20,
        built_in={
            rules.ADMINISTRATOR: Level.WRITE,
            rules.PAYROLL: Level.READ,
            rules.AUDITOR: Level.READ,
        },
    ),
)
