"""How states look and read: each app registers those of its own."""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy


class Badge(NamedTuple):
    """How one state looks and reads."""

    label: str | Promise
    icon: str
    tone: str


BADGES: dict[str, Badge] = {
    "ready": Badge(gettext_lazy("Ready to send"), "clock", "info"),
    "queued": Badge(gettext_lazy("Queued"), "clock", "info"),
    "waiting": Badge(gettext_lazy("Waiting"), "clock", "info"),
    "running": Badge(gettext_lazy("In progress"), "sending", "info"),
    "sending": Badge(gettext_lazy("Sending"), "sending", "info"),
    "unknown": Badge(gettext_lazy("Outcome unknown"), "question", "warn"),
    "postponed": Badge(gettext_lazy("Postponed"), "clock", "warn"),
    "held": Badge(gettext_lazy("On hold"), "pause", "warn"),
    "posted": Badge(gettext_lazy("Posted"), "check-circle", "good"),
    "rejected": Badge(gettext_lazy("Rejected"), "cross-circle", "bad"),
    "failed": Badge(gettext_lazy("Failed"), "cross-circle", "bad"),
    "needs_person": Badge(gettext_lazy("Needs a decision"), "hand", "warn"),
    "skipped": Badge(gettext_lazy("Skipped"), "minus", "quiet"),
    "done": Badge(gettext_lazy("Done"), "check-circle", "good"),
    "active": Badge(gettext_lazy("Active"), "check", "good"),
    "inactive": Badge(gettext_lazy("Inactive"), "minus", "quiet"),
}
"""The states that work of every kind can have."""


def register(badges: Mapping[str, Badge]) -> None:
    """
    Add the badges of an app.

    :raises ValueError: if a state has another badge already
    """
    for state, badge in badges.items():
        if BADGES.get(state, badge) != badge:
            raise ValueError(f"the state {state!r} has a badge already")
        BADGES[state] = badge
