"""What the sources of journals add to the apps below."""

from audit import actions
from connectors.words import gettext_noop as _

_JOURNAL_ACTIONS = {
    "journal.columns_confirmed": _("Columns of a payroll file confirmed"),
    "journal.reading_chosen": _("Chosen how a company's files are read"),
    "journal.reading_forgotten": _("Choice of how a company's files are read removed"),
    "journal.file_thrown_away": _("Uploaded file discarded"),
    "journal.file_discarded": _("Uploaded file discarded because nobody answered"),
}


def register() -> None:
    """Register it all; called once, when the app is ready."""
    actions.register("journal", _JOURNAL_ACTIONS)
