"""What the page of a bulk send shows: what will be sent, or what became of each batch."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.urls import reverse
from django.utils import timezone

from accounts.models import Connection
from background.queries import request_failure
from journals.models import Batch, BulkItem, BulkSend, Journal
from journals.models.batches import BatchQuerySet
from journals.operations.bulk_sending import Outcome, newest_background_request
from journals.queries.waits import MERELY_QUEUED, shown_batch_state
from journals.queries.wording import (
    batch_state_words,
    journal_state_words,
    label_of,
    look_of,
    shown_failure,
)
from journals.rules.states import DONE, BatchState
from journals.rules.waiting import cause_now
from mappings.models import Mapping
from organisations.models import Organisation
from outbox.waiting import Cause
from ui.failures import FailureRow

_S = BatchState
_ON_A_PAGE = 100
_LEFT_OUT_SHOWN = 50
_ON_THE_WAY = (_S.READY, _S.SENDING, _S.POSTPONED, _S.UNKNOWN, _S.ACCEPTED)
_NEEDS_SOMEBODY = (_S.NEEDS_PERSON, _S.REJECTED, _S.UNKNOWN)
_TO_SEND = (Outcome.WAITING, Outcome.QUEUED)


@dataclass(frozen=True, slots=True)
class BulkRow:
    """A journal that will be sent, or one batch of those that are."""

    pk: int
    url: str
    reference: str
    company: str
    period: str
    total: Decimal
    currency: str
    look: str
    state: str
    state_at: datetime
    administration: str = ""
    vendor_number: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A journal that is not sent, and why."""

    reference: str
    url: str
    company: str
    why: str


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How many batches came to the same state."""

    look: str
    state: str
    count: int


@dataclass(frozen=True, slots=True)
class BulkPage:
    """Everything that the page shows, finished."""

    bulk: BulkSend
    rows: "Page[Any]"
    totals: list[tuple[str, Decimal]]
    """What is sent in each currency."""
    journals: int
    outcomes: list[Outcomes]
    needs_somebody: int
    posted: int
    total: int
    live: bool
    failure: FailureRow | None
    may_go_on: bool
    """Journals wait although no worker will take them up by itself."""
    left_out: list[LeftOut]
    more_left_out: int

    @property
    def left_out_count(self) -> int:
        """Return how many journals are not sent."""
        return len(self.left_out) + self.more_left_out


def bulk_page(bulk: BulkSend, *, number: str = "1") -> BulkPage:
    """Return the page of a bulk send: before it is confirmed its journals, then their batches."""
    outcomes = dict(bulk.items.values_list("outcome").annotate(Count("pk")))
    waiting = outcomes.get(Outcome.WAITING, 0) if bulk.confirmed_at else 0
    batches = _batches(bulk)
    states = dict(batches.values_list("state").annotate(Count("pk"))) if bulk.confirmed_at else {}
    stuck = _without_access(batches) if bulk.confirmed_at else {}
    background_request = newest_background_request(bulk) if waiting else None
    stopped = bool(waiting) and (background_request is None or background_request.is_finished)
    left_out = sum(count for outcome, count in outcomes.items() if outcome not in _TO_SEND)
    shown = _left_out(bulk)
    return BulkPage(
        bulk=bulk,
        rows=_batch_rows(batches, number) if bulk.confirmed_at else _journal_rows(bulk, number),
        totals=_totals(bulk),
        journals=sum(outcomes.get(outcome, 0) for outcome in _TO_SEND),
        outcomes=_outcomes(states, stuck),
        needs_somebody=sum(states.get(state, 0) for state in _NEEDS_SOMEBODY) + sum(stuck.values()),
        posted=sum(count for state, count in states.items() if state in DONE),
        total=sum(states.values()),
        live=(bool(waiting) and not stopped) or any(state in states for state in _ON_THE_WAY),
        failure=request_failure(background_request) if background_request and stopped else None,
        may_go_on=stopped,
        left_out=shown,
        more_left_out=left_out - len(shown),
    )


def _without_access(batches: BatchQuerySet) -> dict[str, int]:
    """Return how many of those that are merely queued wait for a sign-in, by state."""
    stuck = batches.without_access().filter(state__in=MERELY_QUEUED).values_list("state")
    return dict(stuck.annotate(Count("pk")))


def _outcomes(states: dict[str, int], stuck: dict[str, int]) -> list[Outcomes]:
    first = Outcomes(*shown_batch_state(_S.READY, Cause.SIGN_IN), sum(stuck.values()))
    others = (
        Outcomes(
            look_of(state), batch_state_words(state), states.get(state, 0) - stuck.get(state, 0)
        )
        for state in _S
    )
    return [one for one in (first, *others) if one.count]


def _batches(bulk: BulkSend) -> BatchQuerySet:
    """Return the batches of the journals that are sent; not those that were reversed before."""
    return Batch.objects.filter(
        journal__bulk_items__bulk=bulk,
        journal__bulk_items__outcome__in=_TO_SEND,
        reverses__isnull=True,
    ).exclude(state=_S.REVERSED)


def _totals(bulk: BulkSend) -> list[tuple[str, Decimal]]:
    # The database of the trial adds decimals up as floats: added up here, they stay exact.
    sums: dict[str, Decimal] = {}
    sent = bulk.items.filter(outcome__in=_TO_SEND)
    for currency, total in sent.values_list("journal__currency", "journal__total"):
        sums[currency] = sums.get(currency, Decimal(0)) + total
    return sorted(sums.items())


def _batch_rows(batches: BatchQuerySet, number: str) -> "Page[Any]":
    first = Case(
        When(state__in=_NEEDS_SOMEBODY, then=Value(0)),
        When(
            ~Q(connection__state=Connection.State.AUTHORISED),
            state__in=MERELY_QUEUED,
            then=Value(0),
        ),
        When(state__in=[_S.HELD, _S.POSTPONED], then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    rows = (
        batches.select_related("journal__company", "connection")
        .defer("lines_json", "candidates_seen")
        .annotate(place=first)
        .order_by("place", "journal__run_period", "journal__reference", "period", "pk")
    )
    here: Page[Any] = Paginator(rows, _ON_A_PAGE).get_page(number)
    here.object_list = [_batch_row(batch) for batch in here.object_list]
    return here


def _batch_row(batch: Batch) -> BulkRow:
    journal = batch.journal
    has_access = batch.connection is None or batch.connection.is_authorised
    state = BatchState(batch.state)
    cause = cause_now(state, stored=batch.waits_for, has_access=has_access)
    look, state_words = shown_batch_state(state, cause)
    failure = shown_failure(
        code=batch.failure_code, params=batch.failure_params, company_id=journal.company_id
    )
    return BulkRow(
        pk=batch.pk,
        url=reverse("journals:detail", args=[journal.pk]),
        reference=journal.reference,
        company=journal.company.name,
        period=label_of(batch),
        total=batch.total,
        currency=journal.currency,
        look=look,
        state=state_words,
        state_at=batch.state_at,
        vendor_number=batch.vendor_number,
        why=failure.summary if failure and batch.state not in DONE else "",
    )


def _journal_rows(bulk: BulkSend, number: str) -> "Page[Any]":
    items = bulk.items.filter(outcome=Outcome.WAITING).select_related("journal__company")
    here: Page[Any] = Paginator(items.order_by("pk"), _ON_A_PAGE).get_page(number)
    journals = [item.journal for item in here.object_list]
    places = _administrations(journals)
    here.object_list = [
        BulkRow(
            pk=journal.pk,
            url=reverse("journals:detail", args=[journal.pk]),
            reference=journal.reference,
            company=journal.company.name,
            period=journal.run_period,
            total=journal.total,
            currency=journal.currency,
            look=look_of(journal.state),
            state=journal_state_words(journal.state),
            state_at=journal.state_at,
            administration=places.get(journal.company_id, ""),
        )
        for journal in journals
    ]
    return here


def _administrations(journals: Iterable[Journal]) -> dict[int, str]:
    mappings = Mapping.objects.filter(company_id__in={each.company_id for each in journals})
    names = mappings.order_by("-pk").values_list("company_id", "connection__administration_name")
    return dict(names)


def _left_out(bulk: BulkSend) -> list[LeftOut]:
    items = (
        bulk.items.exclude(outcome__in=_TO_SEND)
        .select_related("journal__company")
        .order_by("outcome", "pk")
    )
    return [_left_out_row(item) for item in items[:_LEFT_OUT_SHOWN]]


def _left_out_row(item: BulkItem) -> LeftOut:
    failure = refusal_of_item(item)
    return LeftOut(
        reference=item.journal.reference,
        url=reverse("journals:detail", args=[item.journal_id]),
        company=item.journal.company.name,
        why=failure.summary if failure else "",
    )


def refusal_of_item(item: BulkItem) -> FailureRow | None:
    """Return why a journal of a bulk send is not sent, in words."""
    return shown_failure(code=item.failure_code, params=item.failure_params)


@dataclass(frozen=True, slots=True)
class LatestBulk:
    """A bulk send that a list of journals leads to."""

    url: str
    at: datetime
    journals: int


def latest_bulk_sends(organisation: Organisation) -> list[LatestBulk]:
    """Return the last bulk sends of the day, the newest first."""
    since = timezone.now() - timedelta(days=1)
    found = (
        BulkSend.objects.of(organisation)
        .filter(confirmed_at__gte=since)
        .annotate(journals=Count("items", filter=Q(items__outcome__in=_TO_SEND)))
        .filter(journals__gt=1)
        .order_by("-confirmed_at")
    )
    return [
        LatestBulk(reverse("journals:bulk", args=[bulk.pk]), bulk.confirmed_at, bulk.journals)
        for bulk in found[:3]
    ]
