"""
Going live doubles nothing (B17): runs from before a mapping's first period are never sent.

What follows from the first period is written on batches and journals, so that they can be listed
and counted; that it still holds is asked again at the press, at the check and before the call.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from background.failures import NO_FAILURE
from journals.models import Batch, Journal
from journals.operations.sending import (
    is_booked_before,
    mapping_of,
)
from journals.rules.states import MAY_BE_BOOKED_BEFORE, BatchState
from mappings.models import Mapping
from mappings.sources import FirstPeriodEffect
from organisations.models import Company

_S = BatchState


@dataclass(frozen=True)
class FollowFirstPeriod:
    """Keeps the journals of a company in step with the first period of its mapping."""

    def effect(self, mapping: Mapping, first_period: str) -> FirstPeriodEffect:
        """Return how many journals that first period would move, and where."""
        before = _to_mark(mapping, first_period).count()
        return FirstPeriodEffect(before=before, to_send=_to_free(mapping, first_period).count())

    def changed(self, mapping: Mapping, *, now: datetime) -> None:
        """Mark what is from before the first period, and free what no longer is."""
        for journal in list(_to_mark(mapping, mapping.first_period)):
            mark(journal, mapping, now=now)
        for journal in list(_to_free(mapping, mapping.first_period)):
            _free(journal, mapping, now=now)


def _of(mapping: Mapping) -> QuerySet[Journal]:
    # What sends again what the hub had sent is never from before the hub.
    return Journal.objects.filter(company_id=mapping.company_id, resend_of__isnull=True)


def _to_mark(mapping: Mapping, first_period: str) -> QuerySet[Journal]:
    waiting = Batch.objects.filter(
        state__in=MAY_BE_BOOKED_BEFORE, claim_owner="", reverses__isnull=True
    ).values("journal")
    return _of(mapping).filter(run_period__lt=first_period, pk__in=waiting).order_by("pk")


def _to_free(mapping: Mapping, first_period: str) -> QuerySet[Journal]:
    """Return what the first period alone had marked: a person's own words stand."""
    marked = Batch.objects.filter(state=_S.BOOKED_BEFORE, reason="").values("journal")
    return _of(mapping).filter(run_period__gte=first_period, pk__in=marked).order_by("pk")


def mark(journal: Journal, mapping: Mapping, *, now: datetime) -> int:
    """Take the batches that are not sent out of the queue for good; return how many."""
    with transaction.atomic():
        marked = mark_booked_before(journal, now=now)
        if marked:
            journal.remember("booked_before", now=now, first_period=mapping.first_period)
        journal.refresh_state(now=now)
    return marked


def mark_booked_before(journal: Journal, *, now: datetime, **why: Any) -> int:
    """Mark what is not sent, for a person's reason or none; return how many batches it is."""
    waiting = Batch.objects.filter(
        journal=journal, state__in=MAY_BE_BOOKED_BEFORE, claim_owner="", reverses__isnull=True
    )
    return waiting.update(
        state=_S.BOOKED_BEFORE,
        state_at=now,
        prepared_at=None,
        waits_for="",
        mapping_digest="",
        problems=[],
        **why,
        **NO_FAILURE,
    )


def _free(journal: Journal, mapping: Mapping, *, now: datetime) -> None:
    with transaction.atomic():
        Batch.objects.filter(journal=journal, state=_S.BOOKED_BEFORE, reason="").update(
            state=_S.DRAFT, state_at=now
        )
        journal.remember("no_longer_booked_before", now=now, first_period=mapping.first_period)
        journal.refresh_state(now=now)


def keeps_out(batch: Batch, mapping: Mapping | None, *, now: datetime) -> bool:
    """
    Say, just before the call, whether the first period keeps the batch out; then it is marked.

    A reversal is never kept out: what it reverses was sent by the hub.
    """
    if batch.reverses_id is not None:
        return False
    if mapping is None or not is_booked_before(batch.journal, mapping):
        return False
    return bool(mark(batch.journal, mapping, now=now))


def mark_new(journal: Journal, *, now: datetime) -> None:
    """Mark a journal that was just imported, if its run is from before the first period."""
    mapping = mapping_of(Company.objects.get(pk=journal.company_id))
    if mapping is not None and is_booked_before(journal, mapping):
        mark(journal, mapping, now=now)
