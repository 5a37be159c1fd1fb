"""
Before the first journal of a mapping is sent, the ledger is looked at (B17): what was booked
there before the hub would be there twice.

A look is a call or two and only reads. What looks like ours is a question that stops the journal
until a person has answered; where the ledger cannot be listed, a person is asked all the same.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import chain

from django.db import transaction

from accounts.models import Restore
from accounts.operations import installation
from accounts.operations.access import connector_for
from audit import trail
from connectors.base import LedgerBatch
from connectors.errors import ConnectorError, NotAuthorized, OutcomeUnknown, Unavailable
from journals.models import Batch, FirstLook, Journal
from journals.operations import going_live
from journals.operations.closing import REASON_LENGTH, clean_reason
from journals.rules import refusals
from journals.rules.going_live import Look, look, periods_to_look_in
from journals.rules.planning import PlannedBatch
from journals.rules.preflight_problems import PreflightProblem, ledger_not_listed, looks_booked
from journals.rules.states import BatchState
from mappings.models import Mapping
from mappings.operations.ledger import stored_facts
from organisations.models import User

_S = BatchState
_AT_ONCE = 500


def is_needed(journal: Journal, mapping: Mapping) -> bool:
    """
    Say whether the ledger is to be looked at before the journal is sent.

    Not once the hub has posted a run of the company there, of the same period or an earlier one,
    and had done so when Send was pressed: several that are pressed together are all looked at.
    """
    if journal.resend_of_id is not None:
        return False  # the hub itself had sent it
    posted = Batch.objects.filter(
        journal__company_id=journal.company_id,
        journal__run_period__lte=journal.run_period,
        connection__vendor=mapping.connection.vendor,
        connection__tenant_id=mapping.connection.tenant_id,
        reverses__isnull=True,
        proven_at__isnull=False,
    )
    if journal.send_requested_at is not None:
        posted = posted.filter(proven_at__lte=journal.send_requested_at)
    return not posted.exists()


def questions(
    journal: Journal, mapping: Mapping, planned: Sequence[PlannedBatch], *, now: datetime
) -> list[PreflightProblem]:
    """
    Return what a person must answer before the journal may be sent; calls the ledger.

    :raises Unavailable: if the ledger cannot be asked now
    :raises NotAuthorized: if somebody must sign in first
    """
    if not planned or not is_needed(journal, mapping):
        return []
    installation.refuse_while_stopped(now=now)
    seen = _ask(mapping, planned, journal, now=now)
    stored = _store(journal, seen, now=now)
    if not stored.is_open:
        return []
    if seen is None:
        return [ledger_not_listed()]
    return [
        looks_booked(number=one.number, day=one.posted_on or "–", total=one.total)
        for one in seen.alike
    ]


def _ask(
    mapping: Mapping, planned: Sequence[PlannedBatch], journal: Journal, *, now: datetime
) -> Look | None:
    """
    Return what the ledger holds, or None where it cannot be listed.

    While a restore is open, what bears the journal's own description is no question here: before
    it is sent the ledger is asked for it by name.
    """
    connector = connector_for(mapping.connection)
    if not connector.capabilities.search:
        return None
    facts = stored_facts(mapping.connection)
    periods = periods_to_look_in(planned, facts[0].periods if facts else ())
    try:
        held = list(chain.from_iterable(connector.list_journals(period=p) for p in periods))
    except (Unavailable, NotAuthorized, OutcomeUnknown):
        raise
    except ConnectorError:
        return None  # it answers, and gives no list: a person has to look
    return look(
        planned,
        held,
        known=_known(mapping, held) | _decided(journal),
        ours=_under_way(mapping, held, journal) | _asked_by_name(planned, now=now),
    )


def _asked_by_name(planned: Sequence[PlannedBatch], *, now: datetime) -> set[str]:
    if not Restore.objects.open(now=now).exists():
        return set()
    return {batch.description for batch in planned}


def _decided(journal: Journal) -> set[str]:
    """Return the numbers of which a person said already that they are not the journal's."""
    candidates = Batch.objects.filter(journal=journal).values_list("candidates", flat=True)
    return {str(number) for numbers in candidates for number in numbers}


def _of_the_ledger(mapping: Mapping) -> dict[str, str]:
    # Whoever's row it is: two companies may be posted to one administration.
    return {
        "connection__vendor": mapping.connection.vendor,
        "connection__tenant_id": mapping.connection.tenant_id,
    }


def _known(mapping: Mapping, held: Sequence[LedgerBatch]) -> set[str]:
    mine = Batch.objects.filter(**_of_the_ledger(mapping))
    numbers = [one.number for one in held]
    return {
        number
        for start in range(0, len(numbers), _AT_ONCE)
        for number in mine.filter(vendor_number__in=numbers[start : start + _AT_ONCE]).values_list(
            "vendor_number", flat=True
        )
    }


def _under_way(mapping: Mapping, held: Sequence[LedgerBatch], journal: Journal) -> set[str]:
    others = Batch.objects.filter(
        **_of_the_ledger(mapping), state__in=[_S.SENDING, _S.UNKNOWN, _S.NEEDS_PERSON]
    ).exclude(journal=journal)
    there = {one.description for one in held}
    return there.intersection(others.values_list("description", flat=True)) - {""}


def _store(journal: Journal, seen: Look | None, *, now: datetime) -> FirstLook:
    """Keep what was seen; an answer stands as long as nothing new looks like ours."""
    with transaction.atomic():
        stored = FirstLook.objects.select_for_update().filter(journal=journal).first()
        stored = stored or FirstLook(organisation_id=journal.organisation_id, journal=journal)
        alike = {one.number for one in seen.alike} if seen else set()
        is_news = not alike <= set(stored.alike) or (seen is None and stored.listed)
        was_open = stored.is_open
        stored.looked_at, stored.listed = now, seen is not None
        stored.held = [asdict(one) for one in seen.held] if seen else []
        stored.held_count = seen.count if seen else 0
        if is_news:
            stored.answer, stored.answered_at, stored.answered_by = "", None, None
        stored.save()
        if stored.is_open and (is_news or not was_open):
            code = "looks_booked" if seen else "ledger_not_listed"
            journal.remember(code, now=now, numbers=", ".join(sorted(alike)))
    return stored


# --- What a person answers -----------------------------------------------------------------


def answer(
    *,
    journal: Journal,
    choice: str,
    reason: str = "",
    by: User | None,
    now: datetime,
) -> None:
    """
    Record that what the ledger holds is another run, or this one, booked before the hub.

    Nothing is sent by that: after *another* the journal is sent as any other.

    :raises NothingWasAsked: if no question is open
    :raises ValueError: if the choice is none of the two
    """
    chosen = FirstLook.Answer(choice)
    reason = " ".join(reason.replace("\0", "").split())[:REASON_LENGTH]
    with transaction.atomic():
        asked = FirstLook.objects.select_for_update().filter(journal=journal).first()
        if asked is None or not asked.is_open:
            raise refusals.NothingWasAsked(reference=journal.reference)
        asked.answer, asked.answered_at, asked.answered_by = chosen, now, by
        asked.reason = reason
        asked.save()
        if chosen is FirstLook.Answer.BOOKED_BEFORE:
            _mark(journal, reason or _booked_as(asked), by=by, now=now)
        _tell(journal, asked, reason, by=by, now=now)
        journal.refresh_state(now=now)


def _booked_as(asked: FirstLook) -> str:
    return ", ".join(asked.alike) or "–"


def _mark(journal: Journal, reason: str, *, by: User | None, now: datetime) -> None:
    going_live.mark_booked_before(journal, now=now, reason=reason, reason_by=by, reason_at=now)
    Journal.objects.filter(pk=journal.pk).update(preflight_problems=[])


def _tell(
    journal: Journal,
    asked: FirstLook,
    reason: str,
    *,
    by: User | None,
    now: datetime,
) -> None:
    another = asked.answer == FirstLook.Answer.ANOTHER
    journal.remember(
        "answered_another" if another else "answered_booked_before",
        now=now,
        user=by,
        reason=reason or _booked_as(asked),
    )
    trail.record(
        organisation=journal.organisation,
        action="journal.another_run" if another else "journal.booked_before",
        subject=journal,
        user=by,
        details={"numbers": asked.alike, "listed": asked.listed, "reason": reason},
    )


def withdraw(
    *,
    journal: Journal,
    reason: str,
    by: User | None,
    now: datetime,
) -> None:
    """
    Withdraw the answer that the journal was booked before the hub. That sends nothing.

    :raises ReasonMissing: without a reason
    :raises NotMarkedByAnswer: if no answer of a person says so
    """
    reason = clean_reason(reason)
    with transaction.atomic():
        asked = FirstLook.objects.select_for_update().filter(journal=journal).first()
        if asked is None or asked.answer != FirstLook.Answer.BOOKED_BEFORE:
            raise refusals.NotMarkedByAnswer(reference=journal.reference)
        asked.answer, asked.answered_at, asked.answered_by, asked.reason = "", None, None, ""
        asked.save()
        Batch.objects.filter(journal=journal, state=_S.BOOKED_BEFORE).update(
            state=_S.DRAFT, state_at=now, reason="", reason_by=None, reason_at=None
        )
        journal.remember("answer_withdrawn", now=now, user=by, reason=reason)
        trail.record(
            organisation=journal.organisation,
            action="journal.not_booked_before",
            subject=journal,
            user=by,
            details={"reason": reason},
        )
        journal.refresh_state(now=now)
