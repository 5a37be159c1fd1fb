"""The states of the board in the reader's words, each with its icon and tone."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from journals.models import Journal
from office.rules import RowState
from ui.badges import Badge

ROW_STATES: dict[RowState, Badge] = {
    RowState.NEEDS_PERSON: Badge(pgettext_lazy("month", "Needs a decision"), "hand", "bad"),
    RowState.UNKNOWN: Badge(_("Outcome unknown"), "question", "warn"),
    RowState.BLOCKED: Badge(pgettext_lazy("month", "Blocked"), "stop", "bad"),
    RowState.LATE: Badge(pgettext_lazy("month", "Late"), "clock", "warn"),
    RowState.HELD: Badge(pgettext_lazy("month", "Held"), "pause", "quiet"),
    RowState.READY: Badge(pgettext_lazy("month", "Ready to send"), "send", "info"),
    RowState.UNDER_WAY: Badge(pgettext_lazy("month", "Under way"), "sending", "quiet"),
    RowState.PROVEN: Badge(pgettext_lazy("month", "Proven"), "check-circle", "good"),
    RowState.NOT_EXPECTED: Badge(pgettext_lazy("month", "Not expected yet"), "calendar", "quiet"),
    RowState.NOTHING: Badge(pgettext_lazy("month", "Nothing this month"), "minus", "quiet"),
    RowState.OFF: Badge(pgettext_lazy("month", "Off"), "unlink", "quiet"),
}

_SHORT = {
    "stopped": pgettext_lazy("month", "Stopped"),
    "held": pgettext_lazy("month", "Period closed"),
}


def words_of_journal(state: str) -> str:
    """Return the state of a journal in few words, as they fit into a cell."""
    return str(_SHORT.get(state) or Journal.State(state).label)
