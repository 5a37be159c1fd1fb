"""What journals wait for, where their state says only that something is under way."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext

from accounts.models import Connection
from journals.models import Batch, Journal
from journals.queries.wording import batch_state_words, journal_state_words, look_of
from journals.rules.states import BatchState
from journals.rules.waiting import NEEDS_ACCESS, WAIT_LABELS, cause_now
from outbox.waiting import Cause

SIGN_IN = "sign_in"
"""In the address of a list: the journals that wait for a sign-in."""
UNDER_WAY = frozenset({"checking", "sending", "held"})
"""States that say less than the cause of a wait does."""
MERELY_QUEUED = frozenset({BatchState.READY, BatchState.POSTPONED, BatchState.HELD})
"""Those of a batch."""
_SAYS_LESS = {
    Cause.SIGN_IN: UNDER_WAY,
    Cause.VENDOR: frozenset({"checking", "sending"}),
    Cause.LIMIT: frozenset({"checking", "sending"}),
}
_WORST_FIRST = tuple(_SAYS_LESS)
_LOOKS = {Cause.SIGN_IN: "waits_for_sign_in"}


def wait_for_sign_in() -> Q:
    """Return the condition that a journal goes no further until somebody signs in."""
    stuck = Batch.objects.without_access().filter(journal=OuterRef("pk"))
    return Q(Exists(stuck), state__in=UNDER_WAY)


def without_access(journals: QuerySet[Journal]) -> QuerySet[Journal]:
    """Return those of which a batch needs an account that lets nobody in."""
    return journals.filter(Exists(Batch.objects.without_access().filter(journal=OuterRef("pk"))))


def causes_of(journal_ids: Iterable[int]) -> dict[int, Cause]:
    """Return for each journal that waits the cause that a person should know first; one query."""
    found: dict[int, set[Cause]] = {}
    waiting = Batch.objects.filter(journal_id__in=list(journal_ids), state__in=NEEDS_ACCESS)
    columns = waiting.values_list("journal_id", "state", "waits_for", "connection__state")
    for journal_id, state, stored, access in columns.distinct():
        has_access = access in (None, Connection.State.AUTHORISED)
        cause = cause_now(BatchState(state), stored=stored, has_access=has_access)
        if cause is not None:
            found.setdefault(journal_id, set()).add(cause)
    named = {journal_id: worst(causes) for journal_id, causes in found.items()}
    return {journal_id: cause for journal_id, cause in named.items() if cause is not None}


def worst(causes: Iterable[Cause | None]) -> Cause | None:
    """Return the cause that a person should know first, of those that a state may not hide."""
    there = set(causes)
    return next((one for one in _WORST_FIRST if one in there), None)


def shown_state(state: str, cause: Cause | None) -> tuple[str, str]:
    """Return look and words of a journal's state: the cause where the state says less."""
    if cause is not None and state in _SAYS_LESS.get(cause, ()):
        return _LOOKS.get(cause, "postponed"), gettext(WAIT_LABELS[cause])
    return look_of(state), journal_state_words(state)


def shown_batch_state(state: BatchState, cause: Cause | None) -> tuple[str, str]:
    """Return look and words of a batch's state: that somebody must sign in says more."""
    if cause is Cause.SIGN_IN and state in MERELY_QUEUED:
        return _LOOKS[cause], gettext(WAIT_LABELS[cause])
    return look_of(state), batch_state_words(state)


def words_of(journal: Journal) -> str:
    """Return the state of one journal in words, or what it waits for."""
    return shown_state(journal.state, causes_of([journal.pk]).get(journal.pk))[1]
